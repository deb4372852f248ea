/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts the repeated fault to the x86 MMU of this kernel
 */
#ifndef __KVM_X86_MMU_FAULT_AGAIN_LINE_H
#define __KVM_X86_MMU_FAULT_AGAIN_LINE_H

#include "mmu_internal.h"

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

#endif /* __KVM_X86_MMU_FAULT_AGAIN_LINE_H */
