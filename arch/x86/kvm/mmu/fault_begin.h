/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Begins the lookup of the page of a fault
 */
#ifndef __KVM_X86_MMU_FAULT_BEGIN_H
#define __KVM_X86_MMU_FAULT_BEGIN_H

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

#endif /* __KVM_X86_MMU_FAULT_BEGIN_H */
