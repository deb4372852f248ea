/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's side of guest faults on the interval notifier
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
 * kvm_mmu_max_mapping_level() of what is not being invalidated: a huge mapping
 * reaches beyond the page for which kvm_interval_retry() has spoken, in the
 * same critical section of mmu_lock.
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
