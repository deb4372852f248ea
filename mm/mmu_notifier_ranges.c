// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ranges of an mm that are being invalidated
 *
 * An invalidation that hits an interval subscription has a place in a table
 * from its start to its end.  It is published, i.e. readers must check it, once
 * a subscriber has called mmu_interval_set_range(): under its own lock, before
 * it tears down its shadow PTEs.  If all places are taken, the range is put on
 * a list and is published from its start.
 *
 * Readers take no lock, unless the list is in use:
 *
 *   CPU 0: invalidation                  CPU 1: reader
 *   -------------------                  -------------
 *   mn_ranges_add()
 *   user_lock
 *     mn_ranges_publish()
 *     user's sequence count++ (release)
 *     tear down shadow PTEs
 *   user_unlock
 *                                        user's sequence count (acquire)
 *                                        mn_ranges_overlap()
 *                                        read PTEs
 *   change PTEs
 *   mn_ranges_del() (release)
 *                                        user_lock
 *                                          user's sequence count unchanged?
 *                                          set up shadow PTEs
 *                                        user_unlock
 *
 * If CPU 1 has not read the new sequence count, it detects that under
 * user_lock. If it has, it also sees the range, or that the range was released
 * and with that the changed PTEs.
 */

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "mmu_notifier_ranges.h"

/* Returns the place of @range, or MMU_INTERVAL_OVERFLOW. */
static unsigned int mn_range_place(const struct mmu_notifier_range *range)
{
	return range->place - 1;
}

void mn_ranges_init(struct mmu_interval_ranges *ranges)
{
	INIT_LIST_HEAD(&ranges->overflow);
	init_waitqueue_head(&ranges->wq);
}

/*
 * Put @range on the list, published at once, as it has no bit that a callback
 * could set later.  Rare, so kept out of line.
 */
static noinline void mn_overflow_add(struct mmu_interval_ranges *ranges,
				     struct mmu_notifier_range *range)
{
	unsigned long flags;

	/* A reader may hold a lock of its own that is taken in interrupts. */
	spin_lock_irqsave(&ranges->wq.lock, flags);
	list_add(&range->overflow, &ranges->overflow);
	set_bit(MMU_INTERVAL_OVERFLOW, &ranges->published);
	spin_unlock_irqrestore(&ranges->wq.lock, flags);
}

static noinline void mn_overflow_del(struct mmu_interval_ranges *ranges,
				     struct mmu_notifier_range *range)
{
	unsigned long flags;

	spin_lock_irqsave(&ranges->wq.lock, flags);
	list_del(&range->overflow);
	/*
	 * Pairs with smp_load_acquire() in mn_ranges_overlap(), and wq.lock
	 * with that in mn_overflow_overlap().  Litmus tests: overflow-end,
	 * overflow-list.
	 */
	if (list_empty(&ranges->overflow))
		clear_bit_unlock(MMU_INTERVAL_OVERFLOW, &ranges->published);
	spin_unlock_irqrestore(&ranges->wq.lock, flags);
}

static noinline bool
mn_overflow_overlap(const struct mmu_interval_ranges *ranges,
		    unsigned long start, unsigned long last)
{
	spinlock_t *lock = (spinlock_t *)&ranges->wq.lock;
	const struct mmu_notifier_range *range;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(lock, flags);
	list_for_each_entry(range, &ranges->overflow, overflow) {
		found = range->start <= last && range->end - 1 >= start;
		if (found)
			break;
	}
	spin_unlock_irqrestore(lock, flags);
	return found;
}

/*
 * Give @range a place and an ID.  The caller holds subscriptions->lock, which
 * also orders mn_ranges_del() of the previous owner of the place before the
 * stores here: a reader that sees the new values sees the PTEs that the
 * previous owner has changed.  Pairs with smp_rmb() in mn_ranges_overlap().
 * Litmus test: place-reuse.
 */
void mn_ranges_add(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range)
{
	unsigned long taken = ranges->used | BIT(MMU_INTERVAL_OVERFLOW);
	unsigned int place = MMU_INTERVAL_OVERFLOW;

	range->id = ++ranges->last_id;
	if (unlikely(!~taken)) {
		range->place = place + 1;
		mn_overflow_add(ranges, range);
		return;
	}

	place = ffz(taken);
	range->place = place + 1;
	ranges->used |= BIT(place);
	/* A reader may still read the values of the previous owner. */
	WRITE_ONCE(ranges->range[place].start, range->start);
	WRITE_ONCE(ranges->range[place].last, range->end - 1);
}

/* Called from a callback that holds its subscriber's lock. */
static void mn_ranges_publish(struct mmu_interval_ranges *ranges,
			      const struct mmu_notifier_range *range)
{
	unsigned int place = mn_range_place(range);

	/* Published by another subscriber, or from its start */
	if (place == MMU_INTERVAL_OVERFLOW ||
	    test_bit(place, &ranges->published))
		return;

	/*
	 * Make the range visible before its bit.  Pairs with smp_load_acquire()
	 * in mn_ranges_overlap().  Litmus tests: publish, publish-fault.
	 */
	smp_mb__before_atomic();
	set_bit(place, &ranges->published);
}

/*
 * Release the place of @range, which has one.  The caller holds
 * subscriptions->lock.  Returns true if mn_ranges_ended() has to be called.
 */
bool mn_ranges_del(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range)
{
	unsigned int place = mn_range_place(range);
	bool published;

	if (unlikely(place == MMU_INTERVAL_OVERFLOW)) {
		mn_overflow_del(ranges, range);
		return true;
	}

	published = test_bit(place, &ranges->published);
	/*
	 * Make the changed PTEs visible before the bit is cleared.  Pairs with
	 * smp_load_acquire() in mn_ranges_overlap() and mmu_interval_idle().
	 * Litmus tests: fault-lookup, fault-overlap, covers.
	 */
	clear_bit_unlock(place, &ranges->published);
	ranges->used &= ~BIT(place);
	return published;
}

/*
 * Does a published range overlap?  The comment at the top of the file has the
 * ordering.  Without subscriptions->lock a place may be reused while it is
 * read, so the answer may be yes although no published range overlaps.
 */
bool mn_ranges_overlap(const struct mmu_interval_ranges *ranges,
		       unsigned long start, unsigned long last)
{
	unsigned long map;
	unsigned int i;

	/*
	 * Pairs with smp_mb__before_atomic() in mn_ranges_publish(), and with
	 * clear_bit_unlock() in mn_ranges_del() and mn_overflow_del().  Litmus
	 * tests: publish, fault-overlap, covers, overflow-end.
	 */
	map = smp_load_acquire(&ranges->published);
	if (likely(!map))
		return false;

	for_each_set_bit(i, &map, MMU_INTERVAL_RANGES) {
		if (READ_ONCE(ranges->range[i].start) <= last &&
		    READ_ONCE(ranges->range[i].last) >= start)
			return true;
	}
	if (unlikely(map & BIT(MMU_INTERVAL_OVERFLOW)) &&
	    mn_overflow_overlap(ranges, start, last))
		return true;

	/*
	 * A place may have been reused since the map was read.  A reader that
	 * saw the new range must see the PTEs changed before the end of the old
	 * one.  Pairs with subscriptions->lock around mn_ranges_add().  Litmus
	 * test: place-reuse.
	 */
	smp_rmb();
	return false;
}

/*
 * Wake the waiters of @range.  Called after the end of @range if
 * mn_ranges_del() returned true, without subscriptions->lock.
 */
void mn_ranges_ended(struct mmu_interval_ranges *ranges,
		     struct mmu_notifier_range *range)
{
	/* Pairs with smp_mb() in mmu_interval_wait_arm().  Litmus: arm-end. */
	if (wq_has_sleeper(&ranges->wq))
		__wake_up(&ranges->wq, TASK_NORMAL, 0, range);
}

/**
 * mmu_interval_set_range - Let readers know of the range of an invalidation
 * @interval_sub: The interval subscription
 * @range: The range that was given to ops->invalidate()
 *
 * Called from ops->invalidate(), in place of mmu_interval_set_seq(), with the
 * user's lock held, before the user increments its own sequence count (with
 * release semantics) and before it tears down shadow PTEs.  From then on until
 * the invalidation ends, mmu_interval_range_active() is true for every part of
 * @range.  A user with several subscriptions in the range may do all of its
 * work in the first call for one value of @range->id.
 *
 * A subscription may be inserted while an invalidation is under way that does
 * not call it.  After mmu_interval_notifier_insert(), call
 * mmu_interval_read_begin() once: it returns after the end of each invalidation
 * that had begun when the subscription was inserted.  All that begin later call
 * the subscription.
 */
void mmu_interval_set_range(struct mmu_interval_notifier *interval_sub,
			    const struct mmu_notifier_range *range)
{
	if (!WARN_ON_ONCE(!range->place))
		mn_ranges_publish(mmu_interval_ranges(interval_sub->mm), range);
}
EXPORT_SYMBOL_GPL(mmu_interval_set_range);

/**
 * mmu_interval_range_active - Is part of a range being invalidated?
 * @mm: The mm, which has an interval subscription that covers the range
 * @start: First byte of the range
 * @last: Last byte of the range
 *
 * Called with the user's lock held.  If it returns false, PTEs of the range
 * that are read afterwards may be used to set up shadow PTEs until the lock is
 * released.  Readers without the lock use mmu_interval_range_begin().
 *
 * Context: Any; takes a spinlock if more invalidations are under way than the
 * table has places.
 * Return: true if an invalidation that was announced by
 * mmu_interval_set_range() overlaps and has not ended.
 */
bool mmu_interval_range_active(struct mm_struct *mm, unsigned long start,
			       unsigned long last)
{
	return mn_ranges_overlap(mmu_interval_ranges(mm), start, last);
}
EXPORT_SYMBOL_GPL(mmu_interval_range_active);

/**
 * mmu_interval_range_try_begin - Begin to read a range, unless it is
 * invalidated
 * @mm: The mm, which has an interval subscription that covers the range
 * @start: First byte of the range
 * @last: Last byte of the range
 * @user_seq: The user's sequence count, which ops->invalidate() increments with
 *            release semantics under the user's lock
 * @seq: Set to the count with which to compare @user_seq under the user's lock
 *
 * For users that wait in their own way, e.g. with mmu_interval_wait_arm().
 * They must call this again after each wait.
 *
 * Context: Any.
 * Return: true if the lookup may begin, false if part of the range is being
 * invalidated.
 */
bool mmu_interval_range_try_begin(struct mm_struct *mm, unsigned long start,
				  unsigned long last,
				  const unsigned long *user_seq,
				  unsigned long *seq)
{
	/*
	 * Read the count first: ranges announced before it was incremented are
	 * seen below.  Pairs with the release in ops->invalidate(), e.g. in
	 * kvm_interval_advance() and kvm_gpc_invalidate().  Litmus test:
	 * pfn-cache.
	 */
	*seq = smp_load_acquire(user_seq);
	return !mmu_interval_range_active(mm, start, last);
}
EXPORT_SYMBOL_GPL(mmu_interval_range_try_begin);

/* @key is the range that has ended.  Called with wq.lock held. */
static int mn_ranges_wake_entry(struct wait_queue_entry *entry,
				unsigned int mode, int sync, void *key)
{
	struct mmu_interval_wait *wait =
		container_of(entry, struct mmu_interval_wait, entry);
	struct mmu_notifier_range *range = key;

	if (range->start > wait->last || range->end - 1 < wait->start)
		return 0;

	/* Remove it first: ->wake() may free @wait. */
	list_del_init(&entry->entry);
	wait->wake(wait);
	return 1;
}

/**
 * mmu_interval_wait_arm - Ask to be told when an invalidation has ended
 * @mm: The mm
 * @wait: Range and ->wake() function
 *
 * Does not sleep.  @wait must not be armed.  ->wake() is called at the end of
 * the first invalidation that overlaps.  Others may still be under way: begin
 * again, with mmu_interval_range_try_begin().
 *
 * Return: true if @wait is armed, i.e. ->wake() will be called unless @wait is
 * disarmed first; false if no invalidation of its range is under way.
 */
bool mmu_interval_wait_arm(struct mm_struct *mm,
			   struct mmu_interval_wait *wait)
{
	struct mmu_interval_ranges *ranges = mmu_interval_ranges(mm);

	init_waitqueue_func_entry(&wait->entry, mn_ranges_wake_entry);
	add_wait_queue(&ranges->wq, &wait->entry);

	/*
	 * Either the check below sees the end, or the end sees the waiter.
	 * Pairs with wq_has_sleeper() in mn_ranges_ended().  Litmus test:
	 * arm-end.
	 */
	smp_mb();
	/*
	 * A range that was reused has no end that wakes, so check it again.
	 * Litmus test: arm-reuse.
	 */
	if (mn_ranges_overlap(ranges, wait->start, wait->last) &&
	    mn_ranges_overlap_stable(mm, wait->start, wait->last))
		return true;

	mmu_interval_wait_disarm(mm, wait);
	return false;
}
EXPORT_SYMBOL_GPL(mmu_interval_wait_arm);

/**
 * mmu_interval_wait_disarm - Stop waiting
 * @mm: The mm
 * @wait: Was armed; ->wake() may have been called since
 *
 * Upon return ->wake() is not running and will not be called.  Does not sleep.
 */
void mmu_interval_wait_disarm(struct mm_struct *mm,
			      struct mmu_interval_wait *wait)
{
	struct mmu_interval_ranges *ranges = mmu_interval_ranges(mm);
	unsigned long flags;

	/*
	 * Take the lock even if it was woken: ->wake() may still run.  Litmus
	 * test: wake-time.
	 */
	spin_lock_irqsave(&ranges->wq.lock, flags);
	list_del_init(&wait->entry.entry);
	spin_unlock_irqrestore(&ranges->wq.lock, flags);
}
EXPORT_SYMBOL_GPL(mmu_interval_wait_disarm);

struct mn_killable_wait {
	struct mmu_interval_wait wait;
	struct completion ended;
};

static void mn_killable_wake(struct mmu_interval_wait *wait)
{
	complete(&container_of(wait, struct mn_killable_wait, wait)->ended);
}

/* Sleep until one invalidation has ended; others may still be under way. */
static int mn_wait_for_one(struct mm_struct *mm, unsigned long start,
			   unsigned long last)
{
	struct mn_killable_wait w = {
		.wait.start	= start,
		.wait.last	= last,
		.wait.wake	= mn_killable_wake,
	};
	int ret;

	init_completion(&w.ended);
	if (!mmu_interval_wait_arm(mm, &w.wait))
		return 0;

	ret = wait_for_completion_killable(&w.ended);
	mmu_interval_wait_disarm(mm, &w.wait);
	return ret;
}

/**
 * mmu_interval_range_begin - Begin to read a range once it is not invalidated
 * @mm: The mm, which has an interval subscription that covers the range
 * @start: First byte of the range
 * @last: Last byte of the range
 * @user_seq: The user's sequence count, which ops->invalidate() increments with
 *            release semantics under the user's lock
 * @seq: Set to the count with which to compare @user_seq under the user's lock
 *
 * PTEs of the range that are read afterwards may be used to set up shadow PTEs
 * if the user's sequence count still equals @seq under the user's lock.
 *
 * Context: May sleep until no overlapping invalidation is under way, without a
 * bound.  The caller must not hold a lock that an invalidation needs to end.
 * Return: 0, or -ERESTARTSYS if the task is being killed.
 */
int mmu_interval_range_begin(struct mm_struct *mm, unsigned long start,
			     unsigned long last, const unsigned long *user_seq,
			     unsigned long *seq)
{
	int ret;

	might_sleep();
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);

	/* Check again after a wakeup: other invalidations may be under way. */
	while (!mmu_interval_range_try_begin(mm, start, last, user_seq, seq)) {
		ret = mn_wait_for_one(mm, start, last);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(mmu_interval_range_begin);
