// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfn_to_pfn_cache on the shared interval notifier
 *
 * Each cache subscribes to the one page that it maps, under its own lock, so
 * that an invalidation elsewhere neither visits it nor makes its refresh start
 * again:
 *
 *   CPU 0: refresh                       CPU 1: primary MMU
 *   --------------                       ------------------
 *   kvm_gpc_read_begin(): seq
 *   pfn = lookup of the HVA
 *                                        kvm_gpc_invalidate()
 *                                          write_lock_irq(gpc->lock)
 *                                          mmu_interval_set_seq()
 *                                          gpc->valid = false
 *                                          write_unlock_irq(gpc->lock)
 *   write_lock_irq(gpc->lock)
 *   mmu_interval_read_retry(): seq has
 *     moved, start again
 *
 * Lock order: gpc->refresh_lock, then what mmu_interval_notifier_insert(),
 * ..._remove() and mmu_interval_read_begin() take or wait for; gpc->lock is
 * innermost, and all that a callback takes.
 */

#include <linux/kvm_host.h>
#include <linux/mmu_notifier.h>

#include "kvm_mm.h"

/*
 * If a guest uses the pfn, it has to leave guest mode before the page may go.
 * A non-blockable invalidation cannot wait for that: it asks, and is told to
 * come again if there was anybody to ask.
 */
static bool kvm_gpc_evict_vcpu(struct gfn_to_pfn_cache *gpc, bool may_block)
{
	DECLARE_BITMAP(vcpus, KVM_MAX_VCPUS);
	unsigned int req = KVM_REQ_OUTSIDE_GUEST_MODE;

	if (!(gpc->usage & KVM_GUEST_USES_PFN))
		return true;

	bitmap_zero(vcpus, KVM_MAX_VCPUS);
	__set_bit(gpc->vcpu->vcpu_idx, vcpus);

	if (!may_block)
		req &= ~KVM_REQUEST_WAIT;

	return !kvm_make_vcpus_request_mask(gpc->kvm, req, vcpus) || may_block;
}

static bool kvm_gpc_invalidate(struct mmu_interval_notifier *notifier,
			       const struct mmu_notifier_range *range,
			       unsigned long cur_seq)
{
	struct gfn_to_pfn_cache *gpc =
		container_of(notifier, struct gfn_to_pfn_cache, notifier);
	bool may_block = mmu_notifier_range_blockable(range);

	/* As with mmu_lock: where the lock sleeps, the reaper only tries. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || may_block)
		write_lock_irq(&gpc->lock);
	else if (!write_trylock(&gpc->lock))
		return false;

	/* Pairs with mmu_interval_read_retry() in the refresh, by gpc->lock. */
	mmu_interval_set_seq(notifier, cur_seq);
	gpc->valid = false;

	write_unlock_irq(&gpc->lock);

	return kvm_gpc_evict_vcpu(gpc, may_block);
}

static const struct mmu_interval_notifier_ops kvm_gpc_interval_ops = {
	.invalidate = kvm_gpc_invalidate,
};

/*
 * End the subscription of @gpc, if it has one.  The cache is invalid and stays
 * so: either it is being refreshed by the caller, or it is not active any more.
 * Waits for invalidations that are under way.
 */
void kvm_gpc_unsubscribe(struct gfn_to_pfn_cache *gpc)
{
	lockdep_assert_held(&gpc->refresh_lock);

	if (!gpc->kvm)
		return;

	mmu_interval_notifier_remove(&gpc->notifier);
	gpc->kvm = NULL;
}

/*
 * Begin the collision-retry section of a refresh: see to it that @gpc is
 * subscribed to the page of its uhva, and take a snapshot of the sequence
 * number for mmu_interval_read_retry().  May sleep, until invalidations that
 * are under way have ended.
 *
 * Returns 0, or the error of mmu_interval_notifier_insert().
 */
int kvm_gpc_read_begin(struct kvm *kvm, struct gfn_to_pfn_cache *gpc,
		       unsigned long *seq)
{
	unsigned long start = gpc->uhva & PAGE_MASK;
	int r;

	/* gpc->uhva changes only in a refresh, i.e. not now. */
	lockdep_assert_held(&gpc->refresh_lock);

	if (gpc->kvm && gpc->notifier.interval_tree.start != start)
		kvm_gpc_unsubscribe(gpc);

	if (!gpc->kvm) {
		r = mmu_interval_notifier_insert(&gpc->notifier, kvm->mm, start,
						 PAGE_SIZE,
						 &kvm_gpc_interval_ops);
		if (r)
			return r;
		gpc->kvm = kvm;
	}

	*seq = mmu_interval_read_begin(&gpc->notifier);
	return 0;
}
