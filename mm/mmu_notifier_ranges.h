/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that mm/mmu_notifier.c and mm/mmu_notifier_ranges.c share
 */
#ifndef __MM_MMU_NOTIFIER_RANGES_H
#define __MM_MMU_NOTIFIER_RANGES_H

#include <linux/mmu_interval_range.h>

struct mm_struct;
struct mmu_notifier_range;

void mn_ranges_init(struct mmu_interval_ranges *ranges);
void mn_ranges_add(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range);
bool mn_ranges_del(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range);
bool mn_ranges_overlap(const struct mmu_interval_ranges *ranges,
		       unsigned long start, unsigned long last);
void mn_ranges_ended(struct mmu_interval_ranges *ranges,
		     struct mmu_notifier_range *range);

/* mm/mmu_notifier.c: the same under subscriptions->lock */
bool mn_ranges_overlap_stable(struct mm_struct *mm, unsigned long start,
			      unsigned long last);

#endif /* __MM_MMU_NOTIFIER_RANGES_H */
