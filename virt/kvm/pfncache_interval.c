// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfn_to_pfn_cache on the shared interval notifier
 *
 * Each cache subscribes to the one page that it maps and is invalidated under
 * its own lock.  An invalidation elsewhere neither calls it nor makes its
 * refresh retry:
 *
 *   CPU 0: refresh                       CPU 1: primary MMU
 *   --------------                       ------------------
 *   kvm_gpc_read_begin(): wait while the
 *     page is being invalidated, count
 *   pfn = lookup of the HVA
 *                                        kvm_gpc_invalidate()
 *                                          write_lock_irq(gpc->lock)
 *                                          mmu_interval_set_range()
 *                                          count++ (release)
 *                                          gpc->valid = false
 *                                          write_unlock_irq(gpc->lock)
 *   write_lock_irq(gpc->lock)
 *   kvm_gpc_read_retry(): the count has
 *     changed, retry
 *
 * A subscription covers only the page of its cache, so a sequence count is
 * sufficient and no log is needed.
 *
 * Lock order: gpc->refresh_lock, then what mmu_interval_notifier_insert(),
 * ..._remove(), mmu_interval_read_begin() and mmu_interval_range_begin() take
 * or wait for; then gpc->lock, and what mmu_interval_set_range() takes.
 */

#include <linux/kvm_host.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>

#include "gpc_line.h"
#include "kvm_mm.h"

static bool kvm_gpc_invalidate(struct mmu_interval_notifier *notifier,
			       const struct mmu_notifier_range *range,
			       unsigned long cur_seq)
{
	struct gfn_to_pfn_cache *gpc =
		container_of(notifier, struct gfn_to_pfn_cache, notifier);
	bool may_block = mmu_notifier_range_blockable(range);

	/*
	 * With PREEMPT_RT the lock may sleep, so the OOM reaper can only try.
	 * A trylock that disables interrupts is not needed then: a sleeping
	 * lock is not taken in hard interrupts.
	 */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || may_block)
		write_lock_irq(&gpc->lock);
	else if (!write_trylock(&gpc->lock))
		return false;

	mmu_interval_set_range(notifier, range);
	/*
	 * Make the announced range visible before the count.  Pairs with
	 * smp_load_acquire() in mmu_interval_range_try_begin().  Litmus test:
	 * pfn-cache.
	 */
	smp_store_release(&gpc->invalidate_seq, gpc->invalidate_seq + 1);
	gpc->valid = false;

	write_unlock_irq(&gpc->lock);

	return kvm_gpc_evict_vcpu(gpc, may_block);
}

static const struct mmu_interval_notifier_ops kvm_gpc_interval_ops = {
	.invalidate = kvm_gpc_invalidate,
};

/*
 * End the subscription of @gpc, if it has one.  The cache is invalid and stays
 * so: either the caller refreshes it, or it is no longer active.  Waits,
 * uninterruptibly, for a moment in which nothing in the mm is being
 * invalidated.
 */
void kvm_gpc_unsubscribe(struct gfn_to_pfn_cache *gpc)
{
	lockdep_assert_held(&gpc->refresh_lock);

	if (!gpc->subscribed)
		return;

	mmu_interval_notifier_remove(&gpc->notifier);
	gpc->subscribed = false;
}

/*
 * Subscribe @gpc to the page at @start.  A refresh may run on behalf of an mm
 * without users, e.g. in irqfd's worker.  Then the page is gone, too, and no
 * subscription may be inserted.
 */
static int kvm_gpc_subscribe(struct kvm *kvm, struct gfn_to_pfn_cache *gpc,
			     unsigned long start)
{
	int r;

	if (!mmget_not_zero(kvm->mm))
		return -EFAULT;

	/* The callback may run at once and needs it. */
	gpc->kvm = kvm;
	r = mmu_interval_notifier_insert(&gpc->notifier, kvm->mm, start,
					 PAGE_SIZE, &kvm_gpc_interval_ops);
	/* The last mmput() takes locks that a refresh must not wait for. */
	mmput_async(kvm->mm);
	if (WARN_ON_ONCE(r))
		return r;

	gpc->subscribed = true;

	/*
	 * Invalidations that began before the insertion have not called the
	 * subscription.  Wait until all of them have ended.
	 */
	mmu_interval_read_begin(&gpc->notifier);

	/*
	 * If that did not have to sleep, it has read subscriptions->invalidate_seq
	 * without a lock: see the PTEs that were changed before.  Pairs with
	 * subscriptions->lock in mn_itree_inv_end().  Litmus test:
	 * subscribe-gpc.
	 */
	smp_rmb();
	return 0;
}

/*
 * Begin the collision-retry section of a refresh: subscribe @gpc to the page of
 * its uhva, if it is not, and read the sequence count for kvm_gpc_read_retry().
 * May sleep until the page is not being invalidated.
 *
 * Returns 0, -EFAULT if the mm has no users, or -ERESTARTSYS if the task is
 * being killed.
 */
int kvm_gpc_read_begin(struct kvm *kvm, struct gfn_to_pfn_cache *gpc,
		       unsigned long *seq)
{
	unsigned long start = gpc->uhva & PAGE_MASK;
	int r;

	/* Keeps gpc->uhva constant, which only a refresh changes. */
	lockdep_assert_held(&gpc->refresh_lock);

	if (gpc->subscribed && gpc->notifier.interval_tree.start != start)
		kvm_gpc_unsubscribe(gpc);

	if (!gpc->subscribed) {
		r = kvm_gpc_subscribe(kvm, gpc, start);
		if (r)
			return r;
	}

	return mmu_interval_range_begin(kvm->mm, start, start + PAGE_SIZE - 1,
					&gpc->invalidate_seq, seq);
}

/* End the section: was the page invalidated since kvm_gpc_read_begin()? */
bool kvm_gpc_read_retry(struct gfn_to_pfn_cache *gpc, unsigned long seq)
{
	lockdep_assert_held_write(&gpc->lock);

	return gpc->invalidate_seq != seq;
}
