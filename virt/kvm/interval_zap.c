// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations of the memory of a VM, on the shared interval notifier
 *
 * An invalidation calls each subscription that it overlaps: several memslots,
 * perhaps aliases of one HVA.  The first call for a VM announces, counts and
 * zaps for all of its memslots, and the later ones have nothing left to do.
 * The memslots are looked up with mmu_lock held: a fault that installed an SPTE
 * for a new memslot has seen the new memslots and released mmu_lock, so whoever
 * acquires mmu_lock afterwards finds the new memslot, and no memslot update has
 * to wait for invalidations.  A memslot that is activated between the first
 * call and the end need not be zapped, since its faults see the announced range
 * and wait.
 *
 * Lock order: mmap_lock, page locks and whatever else the primary MMU holds,
 * then kvm->srcu (read), then mmu_lock.  A callback takes rwlock_t mmu_lock and
 * yields it only if the invalidation may block; it does not sleep.
 */

#include <linux/interval_tree.h>
#include <linux/kvm_host.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <trace/events/kvm.h>

#include "interval_line.h"
#include "interval_zap.h"

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval.h>

/* Zap what @slot maps of @range.  Returns true if TLBs have to be flushed. */
static bool kvm_interval_zap_slot(struct kvm *kvm, struct kvm_memory_slot *slot,
				  const struct mmu_notifier_range *range)
{
	unsigned long slot_end = slot->userspace_addr +
				 (slot->npages << PAGE_SHIFT);
	unsigned long start = max(range->start, slot->userspace_addr);
	unsigned long end = min(range->end, slot_end);
	struct kvm_gfn_range gfn_range = {
		.slot		= slot,
		.may_block	= mmu_notifier_range_blockable(range),
	};

	if (WARN_ON_ONCE(start >= end))
		return false;

	/* Round outwards to whole pages. */
	gfn_range.start = hva_to_gfn_memslot(start, slot);
	gfn_range.end = hva_to_gfn_memslot(end + PAGE_SIZE - 1, slot);
	kvm_interval_init_gfn_range(&gfn_range);

	return kvm_unmap_gfn_range(kvm, &gfn_range);
}

/*
 * Zap what the memslots of @kvm map of @range, and flush TLBs if needed.
 * Returns true if there is such a memslot.
 *
 * Called with mmu_lock held: every SPTE was installed through a memslot that is
 * found here, since a memslot that moves or is deleted is zapped between the
 * two updates.  Pairs with rcu_assign_pointer() of kvm->memslots[] in
 * kvm_swap_active_memslots(), by way of a fault that has seen the new memslots
 * and has held mmu_lock since.  Litmus test: memslot-pointer.
 */
static bool kvm_interval_zap(struct kvm *kvm,
			     const struct mmu_notifier_range *range)
{
	struct interval_tree_node *node;
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	bool found = false, flush = false;
	int i;

	lockdep_assert_held_write(&kvm->mmu_lock);

	++kvm->interval.zapping;
	for (i = 0; i < kvm_interval_nr_address_spaces(kvm); i++) {
		slots = __kvm_memslots(kvm, i);
		/* Most VMs have no memslot of System Management Mode. */
		if (RB_EMPTY_ROOT(&slots->hva_tree.rb_root))
			continue;

		node = interval_tree_iter_first(&slots->hva_tree, range->start,
						range->end - 1);
		for (; node; node = interval_tree_iter_next(node, range->start,
							    range->end - 1)) {
			slot = container_of(node, struct kvm_memory_slot,
					    hva_node[slots->node_idx]);
			flush |= kvm_interval_zap_slot(kvm, slot, range);
			found = true;
		}
	}
	--kvm->interval.zapping;

	if (flush)
		kvm_flush_remote_tlbs(kvm);
	return found;
}

/* Refuse a non-blockable start, which the caller will repeat. */
static bool kvm_interval_refuse(const struct mmu_notifier_range *range)
{
	trace_kvm_interval_refuse(range->start, range->end);
	return false;
}

/*
 * Increment the sequence count before anything is zapped: from now on no fault
 * that began earlier can install what it found.  The zap may yield mmu_lock, so
 * it comes later.  Litmus test: zap-yield.
 */
void kvm_interval_advance(struct kvm *kvm)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	/*
	 * Make the range announced by mmu_interval_set_range(), or the changes
	 * before kvm_interval_restart_faults(), visible before the count.
	 * Pairs with smp_load_acquire() in kvm_interval_snapshot().  Litmus
	 * tests: fault-lookup, covers-all, gfn-zap.
	 */
	smp_store_release(&kvm->interval.seq, kvm->interval.seq + 1);
}

/*
 * Has an earlier callback of the same invalidation zapped all memslots?  The
 * callbacks of one invalidation run one after the other in one thread, which
 * sees its own writes.  A later invalidation may have overwritten the entry;
 * then the memslots are zapped again.
 */
static bool kvm_interval_is_done(const struct kvm_interval_state *state, u64 id)
{
	return READ_ONCE(state->done[id % KVM_INTERVAL_DONE]) == id;
}

static void kvm_interval_set_done(struct kvm_interval_state *state, u64 id)
{
	WRITE_ONCE(state->done[id % KVM_INTERVAL_DONE], id);
}

static bool kvm_interval_invalidate(struct mmu_interval_notifier *notifier,
				    const struct mmu_notifier_range *range,
				    unsigned long cur_seq)
{
	struct kvm_interval_subscription *sub =
		container_of(notifier, struct kvm_interval_subscription,
			     notifier);
	bool may_block = mmu_notifier_range_blockable(range);
	struct kvm *kvm = sub->kvm;
	struct kvm_interval_state *state = kvm->interval.state;
	bool found;
	int idx;

	if (kvm_interval_is_done(state, range->id))
		return true;

	trace_kvm_unmap_hva_range(range->start, range->end);

	idx = srcu_read_lock(&kvm->srcu);

	/*
	 * Where rwlock_t spins, its holders neither sleep nor are preempted, so
	 * the OOM reaper may wait for it.  With PREEMPT_RT it may sleep, so the
	 * reaper can only try.
	 */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || may_block) {
		write_lock(&kvm->mmu_lock);
	} else if (!write_trylock(&kvm->mmu_lock)) {
		srcu_read_unlock(&kvm->srcu, idx);
		return kvm_interval_refuse(range);
	}

	/* Announce even if no memslot is found: one may just be created. */
	mmu_interval_set_range(notifier, range);
	kvm_interval_advance(kvm);
	++kvm->stat.generic.mmu_interval_invalidate;

	found = kvm_interval_zap(kvm, range);
	kvm_interval_set_done(state, range->id);

	write_unlock(&kvm->mmu_lock);

	/* SEV flushes all caches of all CPUs, so call it only if needed. */
	if (found)
		kvm_arch_guest_memory_reclaimed(kvm);

	srcu_read_unlock(&kvm->srcu, idx);

	trace_kvm_interval_invalidate(range->start, range->end, may_block);
	return true;
}

const struct mmu_interval_notifier_ops kvm_interval_ops = {
	.invalidate = kvm_interval_invalidate,
};
