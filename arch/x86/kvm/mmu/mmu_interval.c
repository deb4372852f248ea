// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest faults on the interval notifier: slow paths
 */

#include "mmu_interval.h"

/* Slow path of kvm_interval_max_level() */
u8 kvm_interval_limit_level(struct kvm *kvm, const struct kvm_page_fault *fault)
{
	u8 level = fault->max_level;
	gfn_t pages;

	lockdep_assert_held(&kvm->mmu_lock);

	for (; level > PG_LEVEL_4K; --level) {
		pages = KVM_PAGES_PER_HPAGE(level);
		/* Check the whole huge page, also below the fault's gfn. */
		if (kvm_interval_covers(kvm, fault->slot,
					fault->gfn & -pages, pages))
			break;
	}

	return level;
}
