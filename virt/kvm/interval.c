// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM guest faults on the shared interval notifier
 *
 * Every memslot has one subscription (struct mmu_interval_notifier) for its HVA
 * range.  The primary MMU calls it before it changes PTEs of that range; the
 * callback announces the range to readers, increments the VM's sequence count,
 * and zaps, all in one critical section of mmu_lock.  A guest fault reads the
 * count, looks its page up unless that is being invalidated, and installs it
 * under mmu_lock only if it was not invalidated since:
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
 *                                            sequence count (release)
 *                                            zap, flush
 *                                            write_unlock(mmu_lock)
 *   read_lock(mmu_lock)
 *   kvm_interval_retry(): nothing is
 *     installed
 *   read_unlock(mmu_lock)
 *                                        change PTEs, free the page
 *                                        mmu_notifier_invalidate_range_end()
 *
 * If CPU 0 takes mmu_lock first, it installs, and the zap of CPU 1 finds what
 * was installed.  If CPU 0 begins after CPU 1 has moved the count, it has
 * acquired that count and so sees the announced range, until CPU 1 has
 * changed the PTEs.
 *
 * A subscription belongs to an HVA range and not to struct kvm_memory_slot,
 * which KVM replaces when only the flags or the gfn change: the new struct
 * inherits the pointer.  Only the deletion of the memslot reads it.
 */

#include <linux/kvm_host.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "interval.h"
#include "interval_line.h"
#include "interval_zap.h"

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

	/* 0 is older than any fault. */
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
