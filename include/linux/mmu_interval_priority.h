/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Priority of a reader over invalidations of its range
 *
 * A reader that has collided too often with invalidations asks for priority.
 * Then tasks that invalidate its range pause before they return to user mode.
 */
#ifndef __LINUX_MMU_INTERVAL_PRIORITY_H
#define __LINUX_MMU_INTERVAL_PRIORITY_H

#include <linux/ktime.h>
#include <linux/list.h>

struct mm_struct;
struct task_struct;

/**
 * struct mmu_interval_priority - a reader for which invalidating tasks pause
 * @start:	first byte of its range
 * @last:	last byte of its range
 * @owner:	the reader's own thread, which does not pause for itself
 * @since:	when it was given priority for that range
 * @pauses:	number of pauses for it so far
 * @entry:	empty unless it has priority
 *
 * Protected by mmu_interval_ranges.priority_wq.lock.
 */
struct mmu_interval_priority {
	unsigned long start;
	unsigned long last;
	struct task_struct *owner;
	ktime_t since;
	unsigned long pauses;
	struct list_head entry;
};

void mmu_interval_priority_init(struct mmu_interval_priority *priority);
bool mmu_interval_prioritize(struct mm_struct *mm,
			     struct mmu_interval_priority *priority,
			     unsigned long start, unsigned long last);
unsigned long mmu_interval_unprioritize(struct mm_struct *mm,
					struct mmu_interval_priority *priority);

#endif /* __LINUX_MMU_INTERVAL_PRIORITY_H */
