/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts gfn_to_pfn_cache on the interval notifier to the KVM of this kernel
 */
#ifndef __KVM_GPC_LINE_H__
#define __KVM_GPC_LINE_H__ 1

#include <linux/kvm_host.h>

/*
 * Make a vCPU that uses the pfn in guest mode leave it before the page is
 * freed. A non-blockable invalidation cannot wait for that: it makes the
 * request, and refuses if a vCPU was in guest mode.
 */
static inline bool kvm_gpc_evict_vcpu(struct gfn_to_pfn_cache *gpc,
				      bool may_block)
{
	DECLARE_BITMAP(vcpus, KVM_MAX_VCPUS);
	unsigned int req = KVM_REQ_OUTSIDE_GUEST_MODE;

	if (!(gpc->usage & KVM_GUEST_USES_PFN))
		return true;

	bitmap_zero(vcpus, KVM_MAX_VCPUS);
	__set_bit(gpc->vcpu->vcpu_idx, vcpus);

	if (!may_block)
		req &= ~KVM_REQUEST_WAIT;

	return !kvm_make_vcpus_request_mask(gpc->kvm, req, vcpus) || may_block;
}

#endif /* __KVM_GPC_LINE_H__ */
