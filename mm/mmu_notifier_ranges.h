/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/mmu_notifier.c needs of mm/mmu_notifier_ranges.c
 */
#ifndef __MM_MMU_NOTIFIER_RANGES_H
#define __MM_MMU_NOTIFIER_RANGES_H

#include <linux/mmu_interval_range.h>

struct mmu_notifier_range;

void mn_ranges_init(struct mmu_interval_ranges *ranges);
void mn_ranges_add(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range);
bool mn_ranges_del(struct mmu_interval_ranges *ranges,
		   struct mmu_notifier_range *range);
void mn_ranges_ended(struct mmu_interval_ranges *ranges,
		     struct mmu_notifier_range *range);

#endif /* __MM_MMU_NOTIFIER_RANGES_H */
