// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readers that have priority over invalidations of their range
 *
 * A range may be invalidated so often that a reader collides every time.  A
 * reader that has collided too often asks for priority.  Invalidations are not
 * delayed for it, as they run under locks of the primary MMU.  Instead a task
 * that has invalidated an overlapping range pauses on its way back to user
 * mode, where it holds no lock, until the reader gives up its priority, or for
 * MN_PAUSE_NS, after which the reader loses its priority.  Kernel threads do
 * not pause; none of them invalidates the same range again and again.
 */

#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/mmu_interval_priority.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/mm.h>
#include <linux/sched/rt.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "mmu_notifier_ranges.h"

/* Longest pause of a task for readers that have priority */
#define MN_PAUSE_NS	NSEC_PER_MSEC

/*
 * Pause of a task before it returns to user mode, for a range that it has
 * invalidated
 */
struct mn_pause {
	struct callback_head work;
	struct mm_struct *mm;
	unsigned long start;
	unsigned long last;
};

static void mn_priority_del(struct mmu_interval_ranges *ranges,
			    struct mmu_interval_priority *priority)
{
	lockdep_assert_held(&ranges->priority_wq.lock);

	list_del_init(&priority->entry);
	WRITE_ONCE(ranges->nr_priorities, ranges->nr_priorities - 1);
}

/*
 * Returns a reader for which the current task has to pause, or NULL.  A task
 * that has priority itself does not pause for others, who may pause for it.
 */
static struct mmu_interval_priority *
mn_priority_find(struct mmu_interval_ranges *ranges, unsigned long start,
		 unsigned long last)
{
	struct mmu_interval_priority *priority, *found = NULL;

	lockdep_assert_held(&ranges->priority_wq.lock);

	list_for_each_entry(priority, &ranges->priorities, entry) {
		if (priority->owner == current)
			return NULL;
		if (priority->start <= last && priority->last >= start)
			found = priority;
	}
	return found;
}

static bool mn_priority_exists(struct mmu_interval_ranges *ranges,
			       unsigned long start, unsigned long last)
{
	bool found;

	spin_lock_irq(&ranges->priority_wq.lock);
	found = mn_priority_find(ranges, start, last);
	spin_unlock_irq(&ranges->priority_wq.lock);
	return found;
}

/*
 * Take priority from the readers that had it when the pause began, at @since,
 * and have not finished within MN_PAUSE_NS.
 */
static void mn_priority_forfeit(struct mmu_interval_ranges *ranges,
				const struct mn_pause *pause, ktime_t since)
{
	struct mmu_interval_priority *priority, *next;

	spin_lock_irq(&ranges->priority_wq.lock);
	list_for_each_entry_safe(priority, next, &ranges->priorities, entry) {
		if (priority->start <= pause->last &&
		    priority->last >= pause->start &&
		    !ktime_after(priority->since, since))
			mn_priority_del(ranges, priority);
	}
	spin_unlock_irq(&ranges->priority_wq.lock);
}

/* Count the pause; false if no reader with priority is left. */
static bool mn_pause_begin(struct mmu_interval_ranges *ranges,
			   const struct mn_pause *pause)
{
	struct mmu_interval_priority *priority;

	spin_lock_irq(&ranges->priority_wq.lock);
	priority = mn_priority_find(ranges, pause->start, pause->last);
	if (priority)
		priority->pauses++;
	spin_unlock_irq(&ranges->priority_wq.lock);
	return priority;
}

static void mn_pause_wait(struct mmu_interval_ranges *ranges,
			  const struct mn_pause *pause)
{
	unsigned long start = pause->start, last = pause->last;
	wait_queue_head_t *wq = &ranges->priority_wq;
	ktime_t limit = ns_to_ktime(MN_PAUSE_NS);
	ktime_t since = ktime_get();

	if (wait_event_interruptible_hrtimeout(*wq,
					       !mn_priority_exists(ranges,
								   start, last),
					       limit) == -ETIME)
		mn_priority_forfeit(ranges, pause, since);
}

static void mn_pause_free(struct mn_pause *pause)
{
	mmdrop(pause->mm);
	kfree(pause);
}

/* Task work: runs on the way to user mode, with no lock held. */
static void mn_pause_task(struct callback_head *work)
{
	struct mn_pause *pause = container_of(work, struct mn_pause, work);
	struct mmu_interval_ranges *ranges = mmu_interval_ranges(pause->mm);

	if (!(current->flags & PF_EXITING) && mn_pause_begin(ranges, pause))
		mn_pause_wait(ranges, pause);

	mn_pause_free(pause);
}

static bool mn_is_pause(struct callback_head *work, void *unused)
{
	return work->func == mn_pause_task;
}

/*
 * Take back the pause that the current task has queued in this system call, or
 * NULL.  A task pauses once, for the mm that it has invalidated last.
 */
static struct mn_pause *mn_pause_take_back(struct mm_struct *mm)
{
	struct callback_head *work;
	struct mn_pause *pause;

	work = task_work_cancel_match(current, mn_is_pause, NULL);
	if (!work)
		return NULL;

	pause = container_of(work, struct mn_pause, work);
	if (pause->mm == mm)
		return pause;

	mn_pause_free(pause);
	return NULL;
}

/* Fails rather than wait for memory under the locks held here. */
static struct mn_pause *mn_pause_new(struct mm_struct *mm)
{
	struct mn_pause *pause;

	pause = kmalloc(sizeof(*pause),
			GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC);
	if (!pause)
		return NULL;

	mmgrab(mm);
	init_task_work(&pause->work, mn_pause_task);
	pause->mm = mm;
	pause->start = ULONG_MAX;
	pause->last = 0;
	return pause;
}

/* Extend the pause by a range if they overlap, else replace its range. */
static void mn_pause_extend(struct mn_pause *pause, unsigned long start,
			    unsigned long last)
{
	if (start <= pause->last && last >= pause->start) {
		start = min(start, pause->start);
		last = max(last, pause->last);
	}
	pause->start = start;
	pause->last = last;
}

/*
 * Make the current task pause if it has invalidated a range for which a reader
 * has priority.  Called by mn_ranges_ended() if there is such a reader.
 */
void mn_ranges_give_way(struct mmu_interval_ranges *ranges,
			const struct mmu_notifier_range *range)
{
	unsigned long last = range->end - 1;
	struct mn_pause *pause;

	if (!mmu_notifier_range_blockable(range) ||
	    current->flags & (PF_KTHREAD | PF_IO_WORKER | PF_EXITING) ||
	    rt_task(current) || dl_task(current) ||
	    !mn_priority_exists(ranges, range->start, last))
		return;

	pause = mn_pause_take_back(range->mm) ?: mn_pause_new(range->mm);
	if (!pause)
		return;

	mn_pause_extend(pause, range->start, last);
	if (task_work_add(current, &pause->work, TWA_RESUME))
		mn_pause_free(pause);
}

/**
 * mmu_interval_priority_init - Prepare for mmu_interval_prioritize()
 * @priority: Priority of a reader
 */
void mmu_interval_priority_init(struct mmu_interval_priority *priority)
{
	INIT_LIST_HEAD(&priority->entry);
	priority->pauses = 0;
}
EXPORT_SYMBOL_GPL(mmu_interval_priority_init);

/**
 * mmu_interval_prioritize - Make tasks that invalidate a range pause
 * @mm: The mm
 * @priority: Must live until mmu_interval_unprioritize()
 * @start: First byte of the range that it reads
 * @last: Last byte of the range that it reads
 *
 * For a reader that has collided many times in a row; called by its own thread.
 * A task that has invalidated an overlapping range does not return to user mode
 * until mmu_interval_unprioritize(), for a millisecond at most, after which the
 * reader has lost its priority.  May be called again, to regain priority or for
 * another range.
 *
 * Context: Process context; does not sleep.
 * Return: true if @priority did not have it already.
 */
bool mmu_interval_prioritize(struct mm_struct *mm,
			     struct mmu_interval_priority *priority,
			     unsigned long start, unsigned long last)
{
	struct mmu_interval_ranges *ranges = mmu_interval_ranges(mm);
	bool fresh, moved;

	spin_lock_irq(&ranges->priority_wq.lock);
	moved = priority->start != start || priority->last != last;
	priority->start = start;
	priority->last = last;
	priority->owner = current;
	fresh = list_empty(&priority->entry);
	if (fresh || moved)
		priority->since = ktime_get();
	if (fresh) {
		list_add_tail(&priority->entry, &ranges->priorities);
		WRITE_ONCE(ranges->nr_priorities, ranges->nr_priorities + 1);
	}
	spin_unlock_irq(&ranges->priority_wq.lock);

	/* Wake the tasks that pause for the previous range. */
	if (moved && !fresh)
		wake_up_all(&ranges->priority_wq);
	return fresh;
}
EXPORT_SYMBOL_GPL(mmu_interval_prioritize);

/**
 * mmu_interval_unprioritize - Give up priority
 * @mm: The mm
 * @priority: May have been forfeited
 *
 * Context: Process context; does not sleep.
 * Return: number of pauses for it since the last call.
 */
unsigned long mmu_interval_unprioritize(struct mm_struct *mm,
					struct mmu_interval_priority *priority)
{
	struct mmu_interval_ranges *ranges = mmu_interval_ranges(mm);
	unsigned long pauses;

	spin_lock_irq(&ranges->priority_wq.lock);
	/* Empty if it was forfeited */
	if (!list_empty(&priority->entry))
		mn_priority_del(ranges, priority);
	pauses = priority->pauses;
	priority->pauses = 0;
	spin_unlock_irq(&ranges->priority_wq.lock);

	wake_up_all(&ranges->priority_wq);
	return pauses;
}
EXPORT_SYMBOL_GPL(mmu_interval_unprioritize);
