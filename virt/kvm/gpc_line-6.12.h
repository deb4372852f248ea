/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts gfn_to_pfn_cache on the interval notifier to the KVM of this kernel
 */
#ifndef __KVM_GPC_LINE_H__
#define __KVM_GPC_LINE_H__ 1

#include <linux/kvm_host.h>

/* No vCPU uses the pfn of a cache in guest mode. */
static inline bool kvm_gpc_evict_vcpu(struct gfn_to_pfn_cache *gpc,
				      bool may_block)
{
	return true;
}

#endif /* __KVM_GPC_LINE_H__ */
