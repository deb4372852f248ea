/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest faults on the interval notifier: x86 MMU
 */
#ifndef __KVM_X86_MMU_MMU_INTERVAL_H
#define __KVM_X86_MMU_MMU_INTERVAL_H

#include <linux/kvm_interval.h>

#include "mmu_internal.h"

int kvm_interval_put_off(struct kvm_vcpu *vcpu,
			 const struct kvm_page_fault *fault);
int kvm_interval_limit_mapping_level(struct kvm *kvm,
				     const struct kvm_page_fault *fault);

/*
 * Call kvm_mmu_max_mapping_level() for a level of which no page is being
 * invalidated.  kvm_interval_retry() has checked only the page of the fault,
 * and a huge mapping covers more.  Both are called in one critical section of
 * mmu_lock.
 */
static inline int
kvm_interval_mapping_level(struct kvm *kvm, const struct kvm_page_fault *fault)
{
	if (likely(kvm_interval_covers_all(&fault->snap)))
		return kvm_mmu_max_mapping_level(kvm, fault->slot, fault->gfn,
						 fault->max_level);

	return kvm_interval_limit_mapping_level(kvm, fault);
}

#endif /* __KVM_X86_MMU_MMU_INTERVAL_H */
