/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Range-precise collision-retry for users of mmu_interval_notifier
 *
 * A subscription may be much larger than what one of its users reads at a
 * time.  mmu_interval_read_begin() and mmu_interval_read_retry() know only of
 * the subscription as a whole, and of all invalidations of the mm until the last
 * one has ended.  A user that calls mmu_interval_set_range() in place of
 * mmu_interval_set_seq() can ask for, and wait for, what overlaps its range.
 */
#ifndef __LINUX_MMU_INTERVAL_RANGE_H
#define __LINUX_MMU_INTERVAL_RANGE_H

#include <linux/bits.h>
#include <linux/wait.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_notifier_range;

/* As many as fit a word; the last place is shared by all that find no other. */
#define MMU_INTERVAL_RANGES	BITS_PER_LONG
#define MMU_INTERVAL_RANGE_ANY	(MMU_INTERVAL_RANGES - 1)

/**
 * struct mmu_interval_ranges - the ranges of an mm that are being invalidated
 * @used:	places in use; protected by mmu_notifier_subscriptions.lock
 * @published:	those of them that readers must heed; atomic bits
 * @sharers:	invalidations at MMU_INTERVAL_RANGE_ANY; protected like @used
 * @range:	written before publication, then constant until it ends
 * @wq:		those who wait for the end of a published range
 *
 * Lives as long as the mm.  Only mm/mmu_notifier.c looks into it, but for
 * mmu_interval_idle().
 */
struct mmu_interval_ranges {
	unsigned long used;
	unsigned long published;
	unsigned int sharers;
	struct {
		unsigned long start;
		unsigned long last;
	} range[MMU_INTERVAL_RANGES];
	wait_queue_head_t wq;
};

/**
 * struct mmu_interval_wait - somebody who waits for the end of an invalidation
 * @start:	first byte of interest
 * @last:	last byte of interest
 * @wake:	called once, when an invalidation that overlaps has ended, with
 *		interrupts off and a spinlock held
 * @entry:	internal
 *
 * The user fills in @start, @last and @wake before mmu_interval_wait_arm(); the
 * memory must be zero before the first.
 */
struct mmu_interval_wait {
	unsigned long start;
	unsigned long last;
	void (*wake)(struct mmu_interval_wait *wait);
	struct wait_queue_entry entry;
};

void mmu_interval_set_range(struct mmu_interval_notifier *interval_sub,
			    const struct mmu_notifier_range *range);
struct mmu_interval_ranges *mmu_interval_ranges(struct mm_struct *mm);
bool mmu_interval_range_active(struct mm_struct *mm, unsigned long start,
			       unsigned long last);
bool mmu_interval_wait_arm(struct mm_struct *mm,
			   struct mmu_interval_wait *wait);
void mmu_interval_wait_disarm(struct mm_struct *mm,
			      struct mmu_interval_wait *wait);
int mmu_interval_wait_killable(struct mm_struct *mm, unsigned long start,
			       unsigned long last);

/**
 * mmu_interval_idle - Is nothing being invalidated?
 * @ranges: What mmu_interval_ranges() says of the mm
 *
 * mmu_interval_range_active() for the whole mm, inline, for whoever wants to know
 * first whether to ask at all.
 *
 * Return: true if mmu_interval_range_active() would be false of any range.
 */
static inline bool mmu_interval_idle(const struct mmu_interval_ranges *ranges)
{
	/* Pairs with set_bit() and clear_bit_unlock() in mm/mmu_notifier_ranges.h */
	return !smp_load_acquire(&ranges->published);
}

#endif /* __LINUX_MMU_INTERVAL_RANGE_H */
