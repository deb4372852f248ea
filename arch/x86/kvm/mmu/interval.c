// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest faults on the interval notifier: what is too rare to be inline
 */

#include "interval.h"

/*
 * The part of kvm_interval_mapping_level() for which there is something to look at.
 * Returns the largest page size of which no page is being taken away, nor is larger
 * than the host's; may lock as kvm_mmu_max_mapping_level() does.
 */
int kvm_interval_limit_mapping_level(struct kvm *kvm,
				     const struct kvm_page_fault *fault)
{
	int level = fault->max_level;
	gfn_t pages;

	lockdep_assert_held(&kvm->mmu_lock);

	for (; level > PG_LEVEL_4K; --level) {
		pages = KVM_PAGES_PER_HPAGE(level);
		if (kvm_interval_covers(kvm, fault->slot, fault->gfn & -pages,
					pages))
			break;
	}

	return kvm_mmu_max_mapping_level(kvm, fault->slot, fault->gfn, level);
}
