// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM guest faults on the shared interval notifier
 *
 * Every memslot has one subscription (struct mmu_interval_notifier) for its HVA
 * range.  The primary MMU calls it before it changes PTEs of that range; the
 * callback announces the range to readers, enters it in the VM's log of recent
 * invalidations, increments the VM's sequence count, and zaps, all in one
 * critical section of mmu_lock.  A guest fault reads the count, waits if its
 * page is being invalidated, looks the page up, and installs it under mmu_lock
 * only if no range that was entered since overlaps:
 *
 *   CPU 0: guest fault                   CPU 1: primary MMU
 *   ------------------                   ------------------
 *   kvm_interval_snapshot()
 *     read the sequence count (acquire)
 *   kvm_interval_begin()
 *     page being invalidated? no
 *   pfn = lookup of the HVA
 *                                        mmu_notifier_invalidate_range_start()
 *                                          kvm_interval_invalidate()
 *                                            write_lock(mmu_lock)
 *                                            mmu_interval_set_range()
 *                                            log, sequence count (release)
 *                                            zap, flush
 *                                            write_unlock(mmu_lock)
 *   read_lock(mmu_lock)
 *   kvm_interval_retry(): the range is
 *     in the log, nothing is installed
 *   read_unlock(mmu_lock)
 *                                        change PTEs, free the page
 *                                        mmu_notifier_invalidate_range_end()
 *
 * If CPU 0 takes mmu_lock first, it installs, and the zap of CPU 1 finds what
 * was installed.  If CPU 0 begins after CPU 1 has moved the count, it has
 * acquired that count and so sees the announced range, until CPU 1 has
 * changed the PTEs; it waits (virt/kvm/interval_wait.c).
 *
 * An invalidation calls each subscription that it overlaps: several memslots,
 * perhaps aliases of one HVA.  The first call for a VM announces, enters and
 * zaps for all of its memslots, and the later ones have nothing left to do.
 * The memslots are looked up with mmu_lock held: a fault that installed an SPTE
 * for a new memslot has seen the new memslots and released mmu_lock, so whoever
 * acquires mmu_lock afterwards finds the new memslot, and no memslot update has
 * to wait for invalidations.  A memslot that is activated between the first
 * call and the end need not be zapped, since its faults see the announced range
 * and wait.
 *
 * A subscription belongs to an HVA range and not to struct kvm_memory_slot,
 * which KVM replaces when only the flags or the gfn change: the new struct
 * inherits the pointer.  Only the deletion of the memslot reads it.
 *
 * Lock order: mmap_lock, page locks and whatever else the primary MMU holds,
 * then kvm->srcu (read), then mmu_lock.  A callback takes rwlock_t mmu_lock and
 * yields it only if the invalidation may block; it does not sleep.
 */

#include <linux/interval_tree.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>
#include <trace/events/kvm.h>

#include "interval.h"
#include "interval_debug.h"
#include "kvm_mm.h"

/* Why a fault has to be retried; named like the statistics. */
enum kvm_interval_cause {
	KVM_INTERVAL_NONE,
	KVM_INTERVAL_OVERLAP,
	KVM_INTERVAL_OVERFLOW,
	KVM_INTERVAL_INTERNAL,
};

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval.h>

/**
 * struct kvm_interval_subscription - subscription of a memslot's HVA range
 * @notifier:	inserted from creation to deletion of the memslot
 * @kvm:	the VM; outlives the subscription
 */
struct kvm_interval_subscription {
	struct mmu_interval_notifier notifier;
	struct kvm *kvm;
};

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
static bool kvm_interval_refuse(struct kvm *kvm,
				const struct mmu_notifier_range *range)
{
	trace_kvm_interval_refuse(range->start, range->end);
	++kvm->stat.generic.mmu_interval_refuse;
	return false;
}

/* Returns the @back'th entry from the end of a log, 1 being the newest. */
static struct kvm_interval_record *
kvm_interval_history(struct kvm_interval_log *log, unsigned long back)
{
	return &log->records[(log->nr_records - back) % KVM_INTERVAL_HISTORY];
}

/*
 * Make room for a range at the end of a log, whose newest entry is another
 * range.  A repeat of a recent range moves its entry to the end, so that a few
 * ranges that alternate do not push out all others.  The log stays ordered by
 * sequence counts.
 */
static struct kvm_interval_record *
kvm_interval_new_record(struct kvm_interval_log *log, u64 start, u64 last)
{
	struct kvm_interval_record *record;
	unsigned long back;

	for (back = 2; back <= KVM_INTERVAL_REPEAT; back++) {
		record = kvm_interval_history(log, back);
		if (record->start == start && record->last == last)
			break;
	}

	if (back > KVM_INTERVAL_REPEAT)
		log->nr_records++;
	else
		for (; back > 1; back--)
			*kvm_interval_history(log, back) =
				*kvm_interval_history(log, back - 1);

	return kvm_interval_history(log, 1);
}

/*
 * Enter a range in a log before it is zapped: from now on no fault that began
 * earlier can install any of it.  The zap may yield mmu_lock, so it comes
 * later.  Litmus test: zap-yield.
 */
static void kvm_interval_record(struct kvm *kvm, struct kvm_interval_log *log,
				u64 start, u64 last)
{
	struct kvm_interval_record *record = kvm_interval_history(log, 1);
	unsigned long seq = kvm->interval.seq;

	lockdep_assert_held_write(&kvm->mmu_lock);

	if (record->start != start || record->last != last)
		record = kvm_interval_new_record(log, start, last);

	*record = (struct kvm_interval_record) { start, last, seq };

	/*
	 * Make the range announced by mmu_interval_set_range(), or the changes
	 * before kvm_interval_restart_faults(), visible before the count.
	 * Pairs with smp_load_acquire() in kvm_interval_snapshot().  Litmus
	 * tests: fault-lookup, covers-all, gfn-zap.
	 */
	smp_store_release(&kvm->interval.seq, seq + 1);
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

	if (!may_block && kvm_interval_debug_refuse())
		return kvm_interval_refuse(kvm, range);

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
		return kvm_interval_refuse(kvm, range);
	}

	/* Announce even if no memslot is found: one may just be created. */
	mmu_interval_set_range(notifier, range);
	kvm_interval_record(kvm, &state->hvas, range->start, range->end - 1);
	++kvm->stat.generic.mmu_interval_invalidate;
	kvm->stat.generic.mmu_interval_nonblock += !may_block;

	found = kvm_interval_zap(kvm, range);
	kvm_interval_set_done(state, range->id);

	write_unlock(&kvm->mmu_lock);

	/* SEV flushes all caches of all CPUs, so call it only if needed. */
	if (found)
		kvm_arch_guest_memory_reclaimed(kvm);

	srcu_read_unlock(&kvm->srcu, idx);

	trace_kvm_interval_invalidate(range->start, range->end, may_block);
	if (may_block)
		kvm_interval_debug_delay_invalidate();
	return true;
}

static const struct mmu_interval_notifier_ops kvm_interval_ops = {
	.invalidate = kvm_interval_invalidate,
};

/* Slow path of kvm_interval_snapshot(): KVM is invalidating guest frames. */
bool kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (likely(!kvm_interval_gfns_overlap(vcpu->kvm, gfn, 1)))
		return true;

	++vcpu->stat.generic.mmu_interval_retry_internal;
	return false;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_may_begin);

/* Slow path of kvm_interval_begin() */
int kvm_interval_begin_slow(struct kvm_vcpu *vcpu,
			    const struct kvm_memory_slot *slot, gfn_t gfn,
			    bool may_wait, struct kvm_interval_snapshot *snap)
{
	const struct kvm_interval *interval = &vcpu->kvm->interval;
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);
	unsigned long now;

	/*
	 * The memslot is being deleted or moved.  Its SPTEs must be zapped
	 * before an MMIO SPTE for the gfn may be installed.
	 */
	if (slot->flags & KVM_MEMSLOT_INVALID) {
		++vcpu->stat.generic.mmu_interval_retry_memslot;
		return -EAGAIN;
	}

	if (!mmu_interval_range_try_begin(vcpu->kvm->mm, hva,
					  hva + PAGE_SIZE - 1, &interval->seq,
					  &now)) {
		if (may_wait)
			kvm_interval_wait(vcpu, hva);
		return -EAGAIN;
	}
	/*
	 * Keep the count of kvm_interval_snapshot(), as it guards what the
	 * fault has read since.
	 */
	if (!mmu_interval_idle(interval->ranges))
		snap->idle = false;

	kvm_interval_debug_delay_fault();
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_begin_slow);

/* Search a log, newest entry first. */
static enum kvm_interval_cause
kvm_interval_search(struct kvm_interval_log *log, u64 start, u64 last,
		    unsigned long since)
{
	const struct kvm_interval_record *record;
	unsigned long back;

	for (back = 1; back <= KVM_INTERVAL_HISTORY; back++) {
		record = kvm_interval_history(log, back);
		if ((long)(record->seq - since) < 0)
			return KVM_INTERVAL_NONE;
		if (record->start <= last && record->last >= start)
			return KVM_INTERVAL_OVERLAP;
	}
	return KVM_INTERVAL_OVERFLOW;
}

static enum kvm_interval_cause
kvm_interval_find_cause(struct kvm_interval_state *state, unsigned long hva,
			gfn_t gfn, const struct kvm_interval_snapshot *snap)
{
	if (kvm_interval_search(&state->gfns, gfn, gfn, snap->seq))
		return KVM_INTERVAL_INTERNAL;

	if (!snap->uses_hva)
		return KVM_INTERVAL_NONE;

	return kvm_interval_search(&state->hvas, hva, hva + PAGE_SIZE - 1,
				   snap->seq);
}

/* Slow path of kvm_interval_retry() */
bool kvm_interval_retry_slow(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot, gfn_t gfn,
			     struct kvm_interval_snapshot *snap)
{
	struct kvm_interval *interval = &vcpu->kvm->interval;
	enum kvm_interval_cause cause = KVM_INTERVAL_NONE;
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);

	lockdep_assert_held(&vcpu->kvm->mmu_lock);

	if (interval->seq != snap->seq) {
		snap->idle = false;
		cause = kvm_interval_find_cause(interval->state, hva, gfn,
						snap);
	}

	switch (cause) {
	case KVM_INTERVAL_NONE:
		if (snap->may_wait)
			kvm_interval_count_success(vcpu);
		return false;
	case KVM_INTERVAL_OVERLAP:
		++vcpu->stat.generic.mmu_interval_retry_overlap;
		break;
	case KVM_INTERVAL_OVERFLOW:
		++vcpu->stat.generic.mmu_interval_retry_overflow;
		break;
	case KVM_INTERVAL_INTERNAL:
		++vcpu->stat.generic.mmu_interval_retry_internal;
		break;
	}

	/* Only what the guest cannot go on without may get priority. */
	if (snap->may_wait && cause != KVM_INTERVAL_INTERNAL)
		kvm_interval_count_collision(vcpu, hva);

	trace_kvm_interval_retry(vcpu->vcpu_id, hva, cause);
	return true;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_retry_slow);

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

/**
 * kvm_interval_restart_faults - make faults on guest frames retry
 * @kvm:	the VM
 * @start:	the first guest frame
 * @end:	the frame behind the last
 *
 * Used for zaps that have no HVA and no mm, e.g. kvm_zap_gfn_range() when
 * memory types or the use of the APIC page change.  Called before the zap,
 * which may yield mmu_lock: a fault that has begun can no longer install what
 * it found.  A fault that begins later must see what has changed, or
 * kvm_interval_gfns_overlap() until it can.
 *
 * Context: mmu_lock held for write.
 */
void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start, gfn_t end)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	kvm_interval_record(kvm, &kvm->interval.state->gfns, start, end - 1);
}

/*
 * Prepare @kvm, before it is visible, and the mm of the current task for
 * subscriptions, so that a signal cannot interrupt a later insertion.  Takes
 * mmap_lock.
 *
 * Returns 0, -ENOMEM or -EINTR.  Whatever it returns, kvm_interval_destroy_vm()
 * is called before @kvm is freed.
 */
int kvm_interval_init_vm(struct kvm *kvm)
{
	int r;

	r = mmu_interval_prepare(kvm->mm);
	if (r)
		return r;

	kvm->interval.state = kvzalloc(sizeof(*kvm->interval.state),
				       GFP_KERNEL_ACCOUNT);
	if (!kvm->interval.state)
		return -ENOMEM;

	/* Unused entries of a log have count 0, older than any fault. */
	kvm->interval.seq = 1;
	kvm->interval.ranges = mmu_interval_ranges(kvm->mm);
	return 0;
}

/* Free what kvm_interval_init_vm() has allocated, if it was called. */
void kvm_interval_destroy_vm(struct kvm *kvm)
{
	kvfree(kvm->interval.state);
}

/*
 * Give @new a subscription: that of the @old memslot, whose HVA range is the
 * same, or a new one if @old is NULL.  Called before @new is activated, so that
 * every fault on it is covered.  A new subscription waits, uninterruptibly, for
 * a moment in which nothing in the mm is being invalidated.
 *
 * Returns 0, or -ENOMEM with nothing changed.
 */
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old)
{
	struct kvm_interval_subscription *sub;
	int r;

	lockdep_assert_held(&kvm->slots_lock);

	if (old) {
		new->subscription = old->subscription;
		return 0;
	}

	sub = kzalloc(sizeof(*sub), GFP_KERNEL_ACCOUNT);
	if (!sub)
		return -ENOMEM;

	sub->kvm = kvm;

	/* Fails only for a range that access_ok() would have refused. */
	r = mmu_interval_notifier_insert(&sub->notifier, kvm->mm,
					 new->userspace_addr,
					 new->npages << PAGE_SHIFT,
					 &kvm_interval_ops);
	if (WARN_ON_ONCE(r)) {
		kfree(sub);
		return r;
	}

	/*
	 * An invalidation that began before the insertion has not called the
	 * subscription and may be about to change PTEs of its range.  Wait
	 * until all of them have ended.  Litmus test: subscribe-memslot.
	 */
	mmu_interval_read_begin(&sub->notifier);

	new->subscription = sub;
	return 0;
}

/*
 * End the subscription of @slot, if it has one.  @slot must be invisible: never
 * activated, or kvm->srcu has been synchronized since it was removed.  Waits,
 * uninterruptibly, for a moment in which nothing in the mm is being
 * invalidated, so the caller must not hold a lock that an invalidation may
 * need.
 */
void kvm_interval_unsubscribe(struct kvm_memory_slot *slot)
{
	if (!slot->subscription)
		return;

	mmu_interval_notifier_remove(&slot->subscription->notifier);
	kfree(slot->subscription);
	slot->subscription = NULL;
}

/*
 * End all subscriptions of a VM that is being destroyed, after its last SPTE
 * was zapped and before the structures that callbacks read are freed.  Memslots
 * that the architecture deletes later then have no subscription.
 */
void kvm_interval_unsubscribe_all(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	int i, bkt;

	for (i = 0; i < kvm_interval_nr_address_spaces(kvm); i++) {
		struct kvm_memslots *slots = __kvm_memslots(kvm, i);

		kvm_for_each_memslot(slot, bkt, slots)
			kvm_interval_unsubscribe(slot);
	}
}
