// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM guest faults on the shared interval notifier
 *
 * Every memslot has one subscription (struct mmu_interval_notifier) for its
 * HVA range.  The primary MMU calls it before it takes a page of that range
 * away; the callback moves the subscription's sequence number and zaps, both
 * in one critical section of mmu_lock.  A guest fault takes a snapshot of the
 * number, looks its page up, and installs it under mmu_lock only if the number
 * has not moved:
 *
 *   CPU 0: guest fault                   CPU 1: primary MMU
 *   ------------------                   ------------------
 *   kvm_interval_begin()
 *     snapshot of seq; waits if an
 *     invalidation is under way
 *   pfn = lookup of the HVA
 *                                        mmu_notifier_invalidate_range_start()
 *                                          kvm_interval_invalidate()
 *                                            write_lock(mmu_lock)
 *                                            mmu_interval_set_seq()
 *                                            zap, flush
 *                                            write_unlock(mmu_lock)
 *   read_lock(mmu_lock)
 *   kvm_interval_retry(): seq has moved,
 *     nothing is installed
 *   read_unlock(mmu_lock)
 *                                        change PTEs, free the page
 *                                        mmu_notifier_invalidate_range_end()
 *
 * If CPU 0 takes mmu_lock first, it installs, and the zap of CPU 1 finds what
 * was installed.  No barrier is needed beyond mmu_lock and the spinlock inside
 * mmu_interval_read_begin(), see there.
 *
 * The subscription belongs to the HVA range and not to struct kvm_memory_slot,
 * which KVM replaces when only the flags or the gfn change: old and new struct
 * then point to the same subscription.  The callback therefore looks up the
 * memslot that is current.  It does so with mmu_lock held: a fault that
 * installed an SPTE for a new memslot has seen the new memslots and released
 * mmu_lock, so whoever acquires mmu_lock afterwards sees them as well, and no
 * memslot update has to wait for invalidations.
 *
 * Memslots may alias one HVA.  Each has its own subscription, and each
 * callback zaps the gfns of its own memslot.
 *
 * Lock order: mmap_lock, page locks and whatever else the primary MMU holds,
 * then kvm->srcu (read), then mmu_lock.  A callback never sleeps: it takes
 * rwlock_t mmu_lock, and yields it only if the invalidation may block.
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>
#include <trace/events/kvm.h>

#include "interval.h"
#include "kvm_mm.h"

/**
 * struct kvm_interval_subscription - a memslot's interest in its HVA range
 * @notifier:	the interval, from creation to deletion of the memslot
 * @kvm:	the VM; outlives the subscription
 * @as_id:	address space of the memslot
 * @id:		id of the memslot within @as_id
 *
 * Constant after kvm_interval_subscribe(), but for the sequence number inside
 * @notifier, which mmu_lock protects.
 */
struct kvm_interval_subscription {
	struct mmu_interval_notifier notifier;
	struct kvm *kvm;
	u16 as_id;
	short id;
};

/*
 * The memslot that owns @sub now, or NULL if it is not active: not yet, when it
 * is being created, or not any more, when it is being deleted.
 */
static struct kvm_memory_slot *
kvm_interval_slot(const struct kvm_interval_subscription *sub)
{
	struct kvm_memory_slot *slot;

	lockdep_assert_held_write(&sub->kvm->mmu_lock);

	slot = id_to_memslot(__kvm_memslots(sub->kvm, sub->as_id), sub->id);
	if (!slot || slot->subscription != sub)
		return NULL;

	return slot;
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
		return false;
	}

	/*
	 * Before the zap, which may yield mmu_lock: from here on no fault that
	 * began earlier can install anything.  Pairs with the check in
	 * kvm_interval_retry(), by mmu_lock.
	 */
	mmu_interval_set_seq(notifier, cur_seq);

	slot = kvm_interval_slot(sub);
	if (slot)
		kvm_interval_zap(kvm, slot, range->start, range->end,
				 may_block);

	write_unlock(&kvm->mmu_lock);

	kvm_arch_guest_memory_reclaimed(kvm);

	srcu_read_unlock(&kvm->srcu, idx);
	return true;
}

static const struct mmu_interval_notifier_ops kvm_interval_ops = {
	.invalidate = kvm_interval_invalidate,
};

/**
 * kvm_interval_begin - begin the collision-retry section of a guest fault
 * @vcpu:	vCPU that faulted
 * @slot:	memslot that it hit, or NULL
 * @gfn:	guest frame that it hit, within @slot
 * @snap:	filled in, for kvm_interval_retry()
 *
 * To be called after the memslot and before the host page was looked up, in a
 * kvm->srcu read section that lasts until kvm_interval_retry().  Must not be
 * called with mmu_lock held: may sleep, until the invalidations of the mm that
 * are under way have ended.
 *
 * Return: 0, or -EAGAIN if the fault should go back to the guest, or further,
 * before it is tried again.
 */
int kvm_interval_begin(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
		       gfn_t gfn, struct kvm_interval_snapshot *snap)
{
	struct kvm *kvm = vcpu->kvm;

	/*
	 * Read the number before anything that it stands for, e.g. whether the
	 * APIC page is in use.  Pairs with the release in kvm_interval_zap_end().
	 */
	snap->zap_seq = smp_load_acquire(&kvm->mmu_zap_seq);

	snap->sub = slot ? slot->subscription : NULL;
	if (snap->sub)
		snap->seq = mmu_interval_read_begin(&snap->sub->notifier);

	return 0;
}

/**
 * kvm_interval_retry - end the collision-retry section of a guest fault
 * @kvm:	the VM
 * @snap:	what kvm_interval_begin() has filled in
 *
 * To be called with mmu_lock held, for read or write.  The answer holds until
 * mmu_lock is released.
 *
 * Return: false if what was looked up since kvm_interval_begin() may be
 * installed, true if the fault has to be tried again.
 */
bool kvm_interval_retry(struct kvm *kvm,
			const struct kvm_interval_snapshot *snap)
{
	lockdep_assert_held(&kvm->mmu_lock);

	if (kvm->mmu_zap_in_progress || kvm->mmu_zap_seq != snap->zap_seq)
		return true;

	return snap->sub &&
	       mmu_interval_read_retry(&snap->sub->notifier, snap->seq);
}

/**
 * kvm_interval_covers - may a fault install more pages than its own?
 * @snap:	snapshot of the fault, for which kvm_interval_retry() has said
 *		false in this critical section of mmu_lock
 * @slot:	memslot of the further pages
 *
 * While the snapshot is good, no invalidation of any page of its memslot is
 * under way, so that pages which are looked up under the same mmu_lock may be
 * installed.  It says nothing about another memslot.
 *
 * Return: true if pages of @slot may be installed.
 */
bool kvm_interval_covers(const struct kvm_interval_snapshot *snap,
			 const struct kvm_memory_slot *slot)
{
	return snap->sub && slot->subscription == snap->sub;
}

/**
 * kvm_interval_zap_begin - KVM begins to zap for reasons of its own
 * @kvm:	the VM
 *
 * The counterpart of an invalidation for zaps that have no HVA and no mm, e.g.
 * kvm_zap_gfn_range() when memory types or the use of the APIC page change.
 * Faults that began before kvm_interval_zap_end() are tried again.  Sections
 * may nest and overlap: the zap inside may yield mmu_lock.
 *
 * Context: mmu_lock held for write.
 */
void kvm_interval_zap_begin(struct kvm *kvm)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	kvm->mmu_zap_in_progress++;
}

/**
 * kvm_interval_zap_end - end of what kvm_interval_zap_begin() began
 * @kvm:	the VM
 *
 * Context: mmu_lock held for write.
 */
void kvm_interval_zap_end(struct kvm *kvm)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	/*
	 * What the caller changed before it began to zap becomes visible before
	 * the number.  Pairs with the acquire in kvm_interval_begin().
	 */
	smp_store_release(&kvm->mmu_zap_seq, kvm->mmu_zap_seq + 1);
	WARN_ON_ONCE(--kvm->mmu_zap_in_progress < 0);
}

/*
 * Give @new a subscription: that of @old if there is an @old memslot, whose
 * HVA range cannot have changed, else one of its own.  Called before @new is
 * activated, so that no fault can find it without.  Takes mmap_lock for the
 * first subscription in an mm.
 *
 * Returns 0, or -ENOMEM, -EINTR or -EOVERFLOW with nothing changed.
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
	sub->as_id = new->as_id;
	sub->id = new->id;

	r = mmu_interval_notifier_insert(&sub->notifier, kvm->mm,
					 new->userspace_addr,
					 new->npages << PAGE_SHIFT,
					 &kvm_interval_ops);
	if (r) {
		kfree(sub);
		return r;
	}

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
