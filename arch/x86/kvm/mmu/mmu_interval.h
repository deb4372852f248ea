/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest faults on the interval notifier: x86 MMU
 */
#ifndef __KVM_X86_MMU_MMU_INTERVAL_H
#define __KVM_X86_MMU_MMU_INTERVAL_H

#include <linux/kvm_interval.h>

#include "mmu_internal.h"

/*
 * Returns the largest level, at most fault->max_level, of which no page is
 * being invalidated.  kvm_interval_retry() has checked only the page of the
 * fault, and a huge mapping covers more.  Called before the level of the host's
 * mapping is looked up, in the critical section of mmu_lock in which that is
 * used.
 */
static inline u8 kvm_interval_max_level(struct kvm *kvm,
					const struct kvm_page_fault *fault)
{
	if (likely(kvm_interval_covers_all(&fault->snap)))
		return fault->max_level;

	return PG_LEVEL_4K;
}

#endif /* __KVM_X86_MMU_MMU_INTERVAL_H */
