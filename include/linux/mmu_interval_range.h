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

#include <linux/wait.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_notifier_range;

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
bool mmu_interval_idle(struct mm_struct *mm);
bool mmu_interval_range_active(struct mm_struct *mm, unsigned long start,
			       unsigned long last);
bool mmu_interval_wait_arm(struct mm_struct *mm,
			   struct mmu_interval_wait *wait);
void mmu_interval_wait_disarm(struct mm_struct *mm,
			      struct mmu_interval_wait *wait);
int mmu_interval_wait_killable(struct mm_struct *mm, unsigned long start,
			       unsigned long last);

#endif /* __LINUX_MMU_INTERVAL_RANGE_H */
