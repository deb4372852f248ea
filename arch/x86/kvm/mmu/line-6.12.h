/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts the interval notifier to the x86 MMU of this kernel
 */
#ifndef __KVM_X86_MMU_MMU_INTERVAL_LINE_H
#define __KVM_X86_MMU_MMU_INTERVAL_LINE_H

#include <linux/kvm_interval.h>

#include "mmu_internal.h"

/* Prepare the lookup of the page of a fault, unless it is private: no HVA. */
static inline int kvm_interval_begin_fault(struct kvm_vcpu *vcpu,
					   struct kvm_page_fault *fault)
{
	if (fault->is_private)
		return 0;

	return kvm_interval_begin(vcpu, fault->slot, fault->gfn,
				  !fault->prefetch, &fault->snap);
}

/* Handle a fault as if it came from the guest, and count what it fixes. */
static inline int kvm_interval_do_page_fault(struct kvm_vcpu *vcpu, gpa_t addr,
					     u64 error_code)
{
	int r = kvm_mmu_do_page_fault(vcpu, addr, error_code, false, NULL,
				      NULL);

	if (r == RET_PF_FIXED)
		vcpu->stat.pf_fixed++;
	return r;
}

#endif /* __KVM_X86_MMU_MMU_INTERVAL_LINE_H */
