/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table of the ranges of an mm that are being invalidated
 *
 * An invalidation that hits an interval subscription has a place in the table
 * from its start to its end.  It is published there, i.e. of interest to
 * readers, once a subscriber has called mmu_interval_set_range(), which also
 * means: has torn its shadow PTEs down, or is about to, under its own lock.
 *
 * Readers take no lock:
 *
 *   CPU 0: invalidation                  CPU 1: reader
 *   -------------------                  -------------
 *   mn_ranges_add()
 *   user_lock
 *     mn_ranges_publish()
 *     user's sequence number++ (release)
 *     tear down shadow PTEs
 *   user_unlock
 *                                        user's sequence number (acquire)
 *                                        mn_ranges_overlap()
 *                                        read PTEs
 *   change PTEs
 *   mn_ranges_del() (release)
 *                                        user_lock
 *                                          user's sequence number unchanged?
 *                                          set up shadow PTEs
 *                                        user_unlock
 *
 * If CPU 1 has not seen the new sequence number, then it finds out under
 * user_lock.  If it has, then it also sees the range, or that it is gone, and
 * with that the changed PTEs.
 */
#ifndef __MM_MMU_NOTIFIER_RANGES_H
#define __MM_MMU_NOTIFIER_RANGES_H

#include <linux/bitops.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>

static inline void mn_ranges_init(struct mmu_interval_ranges *ranges)
{
	init_waitqueue_head(&ranges->wq);
}

/*
 * Give @range a place.  Caller holds subscriptions->lock, which also orders the
 * end of a former owner of the place before what is written here: a reader that
 * sees the new values sees the PTEs that the former owner has changed.
 */
static inline void mn_ranges_add(struct mmu_interval_ranges *ranges,
				 struct mmu_notifier_range *range)
{
	unsigned long taken = ranges->used | BIT(MMU_INTERVAL_RANGE_ANY);
	unsigned long start = range->start, last = range->end - 1;
	unsigned int place;

	if (likely(~taken)) {
		place = ffz(taken);
	} else {
		place = MMU_INTERVAL_RANGE_ANY;
		ranges->sharers++;
		start = 0;
		last = ULONG_MAX;
	}

	ranges->used |= BIT(place);
	/* A reader that is late may be looking */
	WRITE_ONCE(ranges->range[place].start, start);
	WRITE_ONCE(ranges->range[place].last, last);
	range->place = place + 1;
}

/* Caller holds the lock of the subscriber whose callback it is. */
static inline void mn_ranges_publish(struct mmu_interval_ranges *ranges,
				     const struct mmu_notifier_range *range)
{
	unsigned int place = range->place - 1;

	/* Another subscriber has, or it shares a place with one that has */
	if (test_bit(place, &ranges->published))
		return;

	/* The range before its bit.  Pairs with smp_load_acquire() in ..._overlap() */
	smp_mb__before_atomic();
	set_bit(place, &ranges->published);
}

/*
 * Release the place of @range, if it has one.  Caller holds
 * subscriptions->lock.  Returns true if somebody may be waiting for it.
 */
static inline bool mn_ranges_del(struct mmu_interval_ranges *ranges,
				 const struct mmu_notifier_range *range)
{
	unsigned int place = range->place - 1;
	bool published;

	if (!range->place)
		return false;

	published = test_bit(place, &ranges->published);
	if (place == MMU_INTERVAL_RANGE_ANY && --ranges->sharers)
		return published;

	/* The PTEs before the bit.  Pairs with smp_load_acquire() in ..._overlap() */
	clear_bit_unlock(place, &ranges->published);
	ranges->used &= ~BIT(place);
	return published;
}

/* Wake who waits for the end of @range, after mn_ranges_del() said so. */
static inline void mn_ranges_wake(struct mmu_interval_ranges *ranges,
				  struct mmu_notifier_range *range)
{
	/* The barrier in it pairs with the one in mmu_interval_wait_arm() */
	if (wq_has_sleeper(&ranges->wq))
		__wake_up(&ranges->wq, TASK_NORMAL, 0, range);
}

/* Does a published range overlap?  See above for the order of things. */
static inline bool mn_ranges_overlap(const struct mmu_interval_ranges *ranges,
				     unsigned long start, unsigned long last)
{
	unsigned long map;
	unsigned int i;

	/* Pairs with set_bit() in ..._publish() and clear_bit_unlock() in ..._del() */
	map = smp_load_acquire(&ranges->published);
	if (likely(!map))
		return false;

	for_each_set_bit(i, &map, MMU_INTERVAL_RANGES) {
		if (READ_ONCE(ranges->range[i].start) <= last &&
		    READ_ONCE(ranges->range[i].last) >= start)
			return true;
	}

	/*
	 * A place may have changed hands since the map was read.  Whoever sees
	 * the new range must see the PTEs of the old one; pairs with the lock
	 * around mn_ranges_add().
	 */
	smp_rmb();
	return false;
}

#endif /* __MM_MMU_NOTIFIER_RANGES_H */
