/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Range-precise collision-retry for users of mmu_interval_notifier
 *
 * A subscription may be much larger than the range that a user reads at a time.
 * mmu_interval_read_begin() and mmu_interval_read_retry() check the
 * subscription as a whole, and wait until no invalidation of the mm is under
 * way.  A user that calls mmu_interval_set_range() in place of
 * mmu_interval_set_seq() can check, and wait for, only those invalidations that
 * overlap its range:
 *
 *	again:
 *		ret = mmu_interval_range_begin(mm, start, last, &user->seq,
 *					       &seq);
 *		if (ret)
 *			return ret;
 *		look the PTEs up
 *		take the user's lock
 *		if (user->seq != seq) {
 *			release the lock
 *			goto again;
 *		}
 *		set up shadow PTEs
 *		release the lock
 *
 * ops->invalidate() increments user->seq under the same lock.
 * mmu_interval_range_begin() returns a sequence count that was read while no
 * invalidation of the range was under way: an invalidation that was announced
 * before the count was read does not increment it again.
 */
#ifndef __LINUX_MMU_INTERVAL_RANGE_H
#define __LINUX_MMU_INTERVAL_RANGE_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_notifier_range;

/* Places of the table; the last bit of the word says that the list is used. */
#define MMU_INTERVAL_RANGES	(BITS_PER_LONG - 1)
#define MMU_INTERVAL_OVERFLOW	MMU_INTERVAL_RANGES

/**
 * struct mmu_interval_ranges - the ranges of an mm that are being invalidated
 * @used:	places in use; protected by mmu_notifier_subscriptions.lock
 * @published:	places that readers must check, and whether @overflow is not
 *		empty; atomic bits
 * @last_id:	ID of the last invalidation that has hit a subscription;
 *		protected like @used
 * @range:	written before publication, then constant until the end
 * @overflow:	invalidations that found no place; protected by @wq.lock
 * @wq:		waiters for the end of a published range
 *
 * Lives as long as the mm.  Private to mm/mmu_notifier_ranges.c, except for
 * mmu_interval_idle().
 */
struct mmu_interval_ranges {
	unsigned long used;
	unsigned long published;
	u64 last_id;
	struct {
		unsigned long start;
		unsigned long last;
	} range[MMU_INTERVAL_RANGES];
	struct list_head overflow;
	wait_queue_head_t wq;
};

/**
 * struct mmu_interval_wait - a waiter for the end of an invalidation
 * @start:	first byte of the range
 * @last:	last byte of the range
 * @wake:	called once, when an invalidation that overlaps has ended, with
 *		a spinlock held, and with interrupts off unless spinlocks sleep
 * @entry:	internal
 *
 * The user fills in @start, @last and @wake before mmu_interval_wait_arm().
 * The memory must be zeroed before the first call.
 */
struct mmu_interval_wait {
	unsigned long start;
	unsigned long last;
	void (*wake)(struct mmu_interval_wait *wait);
	struct wait_queue_entry entry;
};

int mmu_interval_prepare(struct mm_struct *mm);
struct mmu_interval_ranges *mmu_interval_ranges(struct mm_struct *mm);
void mmu_interval_set_range(struct mmu_interval_notifier *interval_sub,
			    const struct mmu_notifier_range *range);
bool mmu_interval_range_active(struct mm_struct *mm, unsigned long start,
			       unsigned long last);
bool mmu_interval_range_try_begin(struct mm_struct *mm, unsigned long start,
				  unsigned long last,
				  const unsigned long *user_seq,
				  unsigned long *seq);
int mmu_interval_range_begin(struct mm_struct *mm, unsigned long start,
			     unsigned long last, const unsigned long *user_seq,
			     unsigned long *seq);
bool mmu_interval_wait_arm(struct mm_struct *mm,
			   struct mmu_interval_wait *wait);
void mmu_interval_wait_disarm(struct mm_struct *mm,
			      struct mmu_interval_wait *wait);

/**
 * mmu_interval_idle - Is nothing being invalidated?
 * @ranges: Return value of mmu_interval_ranges()
 *
 * Inline check by which a reader can skip mmu_interval_range_active().
 *
 * Return: true if mmu_interval_range_active() is false for every range.
 */
static inline bool mmu_interval_idle(const struct mmu_interval_ranges *ranges)
{
	/*
	 * Pairs with clear_bit_unlock() in mn_ranges_del().  Litmus test:
	 * fault-lookup.
	 */
	return !smp_load_acquire(&ranges->published);
}

#endif /* __LINUX_MMU_INTERVAL_RANGE_H */
