// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest fault may install beside its own page
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>

/**
 * kvm_interval_covers - may a range of guest frames be looked up and installed?
 * @kvm:	the VM
 * @slot:	memslot of the frames; frames outside of it are ignored, as they
 *		cannot be installed through it
 * @gfn:	the first guest frame
 * @nr_pages:	number of frames; at least one is in @slot
 *
 * Called for huge mappings and prefetch, which install more than the page of
 * the fault.  The pages are looked up after this and installed in the same
 * critical section of mmu_lock: no invalidation can change PTEs before mmu_lock
 * is released, except those that were announced earlier.
 *
 * Return: true if no page of the range is being invalidated.
 */
bool kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
			 gfn_t gfn, gfn_t nr_pages)
{
	gfn_t end = min(gfn + nr_pages, slot->base_gfn + slot->npages);
	unsigned long hva, last;

	lockdep_assert_held(&kvm->mmu_lock);

	if (kvm_interval_gfns_overlap(kvm, gfn, nr_pages))
		return false;

	gfn = max(gfn, slot->base_gfn);
	hva = __gfn_to_hva_memslot(slot, gfn);
	last = hva + ((end - gfn) << PAGE_SHIFT) - 1;
	return !mmu_interval_range_active(kvm->mm, hva, last);
}
