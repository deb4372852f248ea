// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM guest faults on the shared interval notifier
 *
 * Every memslot has one subscription (struct mmu_interval_notifier) for its
 * HVA range.  The primary MMU calls it before it takes a page of that range
 * away; the callback announces the range to readers, enters it in the history
 * of the VM, which moves the VM's sequence number, and zaps, all in one critical
 * section of mmu_lock.  A guest fault reads the number, waits if its page is being
 * taken away, looks the page up, and installs it under mmu_lock only if no range
 * that was entered since overlaps:
 *
 *   CPU 0: guest fault                   CPU 1: primary MMU
 *   ------------------                   ------------------
 *   kvm_interval_begin()
 *     read the number (acquire)
 *     page being invalidated? no
 *   pfn = lookup of the HVA
 *                                        mmu_notifier_invalidate_range_start()
 *                                          kvm_interval_invalidate()
 *                                            write_lock(mmu_lock)
 *                                            mmu_interval_set_range()
 *                                            history, number (release)
 *                                            zap, flush
 *                                            write_unlock(mmu_lock)
 *   read_lock(mmu_lock)
 *   kvm_interval_retry(): the range is
 *     in the history, nothing is
 *     installed
 *   read_unlock(mmu_lock)
 *                                        change PTEs, free the page
 *                                        mmu_notifier_invalidate_range_end()
 *
 * If CPU 0 takes mmu_lock first, it installs, and the zap of CPU 1 finds what
 * was installed.  If CPU 0 begins after CPU 1 has moved the number, it has
 * acquired that number and so sees the announced range, until CPU 1 has
 * changed the PTEs; it waits (virt/kvm/interval_wait.c).
 *
 * The subscription belongs to the HVA range and not to struct kvm_memory_slot,
 * which KVM replaces when only the flags or the gfn change: old and new struct
 * then point to the same subscription, and it to the one that is active.  That
 * pointer changes before the memslots do, and the callback reads it with mmu_lock
 * held: a fault that installed an SPTE for a new memslot has seen the new
 * memslots and released mmu_lock, so whoever acquires mmu_lock afterwards finds
 * the new memslot, and no memslot update has to wait for invalidations.
 *
 * Memslots may alias one HVA.  Each has its own subscription, and each
 * callback zaps the gfns of its own memslot.  The history is of HVAs, so it
 * does for all.
 *
 * Lock order: mmap_lock, page locks and whatever else the primary MMU holds,
 * then kvm->srcu (read), then mmu_lock.  A callback takes rwlock_t mmu_lock and
 * yields it only if the invalidation may block; it sleeps only if it may block,
 * before it takes anything, in kvm_interval_hold().
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>
#include <trace/events/kvm.h>

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval.h>

#include "interval.h"
#include "interval_debug.h"
#include "kvm_mm.h"

/**
 * struct kvm_interval_subscription - a memslot's interest in its HVA range
 * @notifier:	the interval, from creation to deletion of the memslot
 * @kvm:	the VM; outlives the subscription
 * @slot:	the memslot, valid in a read side section of kvm->srcu; NULL if
 *		it is not active: not yet, or, when it is being deleted and its
 *		SPTEs are gone, not any more
 */
struct kvm_interval_subscription {
	struct mmu_interval_notifier notifier;
	struct kvm *kvm;
	struct kvm_memory_slot __rcu *slot;
};

/*
 * The memslots of @kvm are about to be replaced by such that have @new in place of
 * @old; either may be NULL.  To be called before they are: kvm_interval_slot()
 * says why.  Whoever has found @old is done with it when kvm->srcu has been
 * synchronized after that, which it is before @old is freed.
 */
void kvm_interval_activate(struct kvm *kvm, const struct kvm_memory_slot *old,
			   struct kvm_memory_slot *new)
{
	lockdep_assert_held(&kvm->slots_lock);

	rcu_assign_pointer((new ?: old)->subscription->slot, new);
}

/*
 * The memslot that owns @sub now, or NULL.  With mmu_lock held, because then
 * every SPTE that exists was installed through the memslot that is found, or, when
 * that is a newer one, has the same gfn or is gone: a memslot that moves or is
 * deleted is zapped between the two updates.  Pairs with the update of
 * kvm->memslots[] that follows kvm_interval_activate(), through the fault that
 * has seen it and has held mmu_lock since.
 */
static struct kvm_memory_slot *
kvm_interval_slot(const struct kvm_interval_subscription *sub)
{
	lockdep_assert_held_write(&sub->kvm->mmu_lock);

	return srcu_dereference(sub->slot, &sub->kvm->srcu);
}

/* Zap what @slot maps of [@start, @end), in HVAs, and flush TLBs if needed. */
static void kvm_interval_zap(struct kvm *kvm, struct kvm_memory_slot *slot,
			     unsigned long start, unsigned long end,
			     bool may_block)
{
	unsigned long slot_end = slot->userspace_addr +
				 (slot->npages << PAGE_SHIFT);
	struct kvm_gfn_range range = {
		.slot		= slot,
		.pte		= __pte(0),
		.may_block	= may_block,
	};

	lockdep_assert_held_write(&kvm->mmu_lock);

	start = max(start, slot->userspace_addr);
	end = min(end, slot_end);
	if (WARN_ON_ONCE(start >= end))
		return;

	/* Round outwards: a page that is touched in part is taken away whole. */
	range.start = hva_to_gfn_memslot(start, slot);
	range.end = hva_to_gfn_memslot(end + PAGE_SIZE - 1, slot);

	if (kvm_unmap_gfn_range(kvm, &range))
		kvm_flush_remote_tlbs(kvm);
}

/* A non-blockable start that cannot be served now; it will come again. */
static bool kvm_interval_refuse(struct kvm *kvm,
				const struct mmu_notifier_range *range)
{
	trace_kvm_interval_refuse(range->start, range->end);
	++kvm->stat.generic.mmu_interval_refuse;
	return false;
}

/* The @back'th range from the end of the history, 1 being the newest. */
static struct kvm_interval_record *
kvm_interval_history(struct kvm_interval *interval, unsigned long back)
{
	return &interval->history[(interval->nr_records - back) %
				  KVM_INTERVAL_HISTORY];
}

/*
 * Make room for a range at the end of the history, which is ordered by numbers.
 * A range that is invalidated again and again, or a few that take turns, move up
 * instead of pushing everything else out.
 */
static struct kvm_interval_record *
kvm_interval_new_record(struct kvm_interval *interval, unsigned long start,
			unsigned long last)
{
	struct kvm_interval_record *record;
	unsigned long back;

	for (back = 1; back <= KVM_INTERVAL_REPEAT; back++) {
		record = kvm_interval_history(interval, back);
		if (record->start == start && record->last == last)
			break;
	}

	if (back > KVM_INTERVAL_REPEAT)
		interval->nr_records++;
	else
		for (; back > 1; back--)
			*kvm_interval_history(interval, back) =
				*kvm_interval_history(interval, back - 1);

	return kvm_interval_history(interval, 1);
}

/*
 * Enter what is about to be zapped: from here on no fault that began earlier
 * can install any of it.  To be called before the zap, which may yield mmu_lock.
 */
static void kvm_interval_record(struct kvm *kvm, unsigned long start,
				unsigned long last)
{
	struct kvm_interval *interval = &kvm->interval;
	unsigned long seq = interval->seq;

	lockdep_assert_held_write(&kvm->mmu_lock);

	*kvm_interval_new_record(interval, start, last) =
		(struct kvm_interval_record) { start, last, seq };

	/*
	 * What was announced by mmu_interval_set_range(), or changed before
	 * kvm_interval_restart_faults(), is visible before the number.  Pairs
	 * with the acquire in kvm_interval_begin().
	 */
	smp_store_release(&interval->seq, seq + 1);
}

static bool kvm_interval_invalidate(struct mmu_interval_notifier *notifier,
				    const struct mmu_notifier_range *range,
				    unsigned long cur_seq)
{
	struct kvm_interval_subscription *sub =
		container_of(notifier, struct kvm_interval_subscription,
			     notifier);
	bool may_block = mmu_notifier_range_blockable(range);
	struct kvm_memory_slot *slot;
	struct kvm *kvm = sub->kvm;
	int idx;

	trace_kvm_unmap_hva_range(range->start, range->end);

	if (may_block)
		kvm_interval_hold(kvm, range);
	else if (kvm_interval_debug_refuse())
		return kvm_interval_refuse(kvm, range);

	idx = srcu_read_lock(&kvm->srcu);

	/*
	 * Where rwlock_t spins, its holders neither sleep nor are preempted, so
	 * that waiting for it is bounded and fit for the OOM reaper.  Where it
	 * sleeps, the reaper can only try.
	 */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || may_block) {
		write_lock(&kvm->mmu_lock);
	} else if (!write_trylock(&kvm->mmu_lock)) {
		srcu_read_unlock(&kvm->srcu, idx);
		return kvm_interval_refuse(kvm, range);
	}

	mmu_interval_set_range(notifier, range);
	kvm_interval_record(kvm, range->start, range->end - 1);
	++kvm->stat.generic.mmu_interval_invalidate;
	kvm->stat.generic.mmu_interval_nonblock += !may_block;

	slot = kvm_interval_slot(sub);
	if (slot)
		kvm_interval_zap(kvm, slot, range->start, range->end,
				 may_block);

	write_unlock(&kvm->mmu_lock);

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

/* The part of kvm_interval_begin() for which there is something to look at. */
int kvm_interval_begin_slow(struct kvm_vcpu *vcpu,
			    const struct kvm_memory_slot *slot, gfn_t gfn,
			    bool may_wait, struct kvm_interval_snapshot *snap)
{
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);

	/*
	 * The memslot is being deleted or moved.  Its SPTEs have to be gone
	 * before an MMIO SPTE for the gfn may be installed.
	 */
	if (slot->flags & KVM_MEMSLOT_INVALID) {
		++vcpu->stat.generic.mmu_interval_retry_memslot;
		return -EAGAIN;
	}

	if (mmu_interval_range_active(vcpu->kvm->mm, hva,
				      hva + PAGE_SIZE - 1)) {
		if (may_wait)
			kvm_interval_wait(vcpu, hva);
		return -EAGAIN;
	}

	kvm_interval_debug_delay_fault();
	return 0;
}

/* Why a fault has to be tried again; the names are those of the statistics. */
enum kvm_interval_cause {
	KVM_INTERVAL_NONE,
	KVM_INTERVAL_OVERLAP,
	KVM_INTERVAL_OVERFLOW,
	KVM_INTERVAL_INTERNAL,
};

/* Look the history up, newest first. */
static enum kvm_interval_cause
kvm_interval_find_cause(struct kvm_interval *interval, unsigned long hva,
			unsigned long since)
{
	const struct kvm_interval_record *record;
	unsigned long back;

	for (back = 1; back <= KVM_INTERVAL_HISTORY; back++) {
		record = kvm_interval_history(interval, back);
		if ((long)(record->seq - since) < 0)
			return KVM_INTERVAL_NONE;
		if (record->last == ULONG_MAX)
			return KVM_INTERVAL_INTERNAL;
		if (record->start <= hva + PAGE_SIZE - 1 && record->last >= hva)
			return KVM_INTERVAL_OVERLAP;
	}
	return KVM_INTERVAL_OVERFLOW;
}

/* The part of kvm_interval_retry() for which there is something to look at. */
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
		cause = kvm_interval_find_cause(interval, hva, snap->seq);
	}

	switch (cause) {
	case KVM_INTERVAL_NONE:
		kvm_interval_count_success(vcpu);
		return false;
	case KVM_INTERVAL_OVERLAP:
		++vcpu->stat.generic.mmu_interval_retry_overlap;
		kvm_interval_count_loss(vcpu, hva);
		break;
	case KVM_INTERVAL_OVERFLOW:
		++vcpu->stat.generic.mmu_interval_retry_overflow;
		kvm_interval_count_loss(vcpu, hva);
		break;
	case KVM_INTERVAL_INTERNAL:
		++vcpu->stat.generic.mmu_interval_retry_internal;
		break;
	}

	trace_kvm_interval_retry(vcpu->vcpu_id, hva, cause);
	return true;
}

/**
 * kvm_interval_covers - may a range of guest frames be looked up and installed?
 * @kvm:	the VM
 * @slot:	memslot of the frames
 * @gfn:	the first of them
 * @nr_pages:	how many
 *
 * For what is looked up after this, and installed, in one critical section of
 * mmu_lock: huge mappings, which reach beyond the page of their fault, and
 * prefetch.  While mmu_lock is held no invalidation can come as far as to
 * change PTEs, apart from those that were announced before.
 *
 * Return: true if no page of the range is being taken away.
 */
bool kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
			 gfn_t gfn, gfn_t nr_pages)
{
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);

	lockdep_assert_held(&kvm->mmu_lock);

	return !mmu_interval_range_active(kvm->mm, hva,
					  hva + (nr_pages << PAGE_SHIFT) - 1);
}

/**
 * kvm_interval_restart_faults - have all faults that have begun tried again
 * @kvm:	the VM
 *
 * The counterpart of an invalidation for zaps that have no HVA and no mm, e.g.
 * kvm_zap_gfn_range() when memory types or the use of the APIC page change.  To
 * be called after that change and before the zap, which may yield mmu_lock: what
 * was looked up before the change cannot be installed any more, and a fault that
 * begins from here on sees it.
 *
 * Context: mmu_lock held for write.
 */
void kvm_interval_restart_faults(struct kvm *kvm)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	kvm_interval_record(kvm, 0, ULONG_MAX);
}

/* Prepare @kvm, before anybody else can know of it. */
void kvm_interval_init_vm(struct kvm *kvm)
{
	struct kvm_interval *interval = &kvm->interval;

	/* Records that were never entered have number 0, older than any fault */
	interval->seq = 1;
	spin_lock_init(&interval->turn_lock);
	INIT_LIST_HEAD(&interval->turns);
	init_waitqueue_head(&interval->turn_wq);
}

/*
 * Give @new a subscription: that of @old if there is an @old memslot, whose
 * HVA range cannot have changed, else one of its own.  Called before @new is
 * activated, so that no fault can find it without.  Takes mmap_lock for the
 * first subscription in an mm, and waits for the invalidations of the mm that are
 * under way.
 *
 * Returns 0, or -ENOMEM, -EINTR or -EOVERFLOW with nothing changed.
 */
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old)
{
	struct kvm_interval_subscription *sub;
	int r;

	lockdep_assert_held(&kvm->slots_lock);

	/* For all faults: none can be on a memslot before there is one */
	kvm->interval.ranges = mmu_interval_ranges(kvm->mm);

	if (old) {
		new->subscription = old->subscription;
		return 0;
	}

	sub = kzalloc(sizeof(*sub), GFP_KERNEL_ACCOUNT);
	if (!sub)
		return -ENOMEM;

	sub->kvm = kvm;

	r = mmu_interval_notifier_insert(&sub->notifier, kvm->mm,
					 new->userspace_addr,
					 new->npages << PAGE_SHIFT,
					 &kvm_interval_ops);
	if (r) {
		kfree(sub);
		return r;
	}

	/*
	 * An invalidation that began before the insertion, and does not know of
	 * it, may be about to change PTEs of this range: let it end.
	 */
	mmu_interval_read_begin(&sub->notifier);

	new->subscription = sub;
	return 0;
}

/*
 * End the subscription of @slot, if it has one.  Nothing may be able to find
 * @slot any more: it was never activated, or kvm->srcu has been synchronized
 * since it was.  Waits for the invalidations of the mm that are under way, so
 * the caller must not hold a lock that they may need.
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
 * End all subscriptions of a VM that is being destroyed, after its last SPTE is
 * gone and before the structures that callbacks look at are freed.
 */
void kvm_interval_unsubscribe_all(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	int i, bkt;

	for (i = 0; i < KVM_ADDRESS_SPACE_NUM; i++) {
		struct kvm_memslots *slots = __kvm_memslots(kvm, i);

		kvm_for_each_memslot(slot, bkt, slots)
			kvm_interval_unsubscribe(slot);
	}
}
