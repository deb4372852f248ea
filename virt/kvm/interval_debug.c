// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delays at named points, and refusals, for tests of what is too rare otherwise
 *
 * Files in debugfs, kvm/interval/:
 *	delay_invalidate_us	a blockable callback sleeps after its zap, so that
 *				the whole invalidation takes that long
 *	delay_fault_us		a guest fault sleeps between kvm_interval_begin()
 *				and the lookup of its page
 *	delay_task		thread id; 0: everybody's invalidations are delayed
 *	refuse			so many non-blockable callbacks refuse; counts down
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/sched.h>

#include "interval_debug.h"

/* Also asked for by kvm_interval_begin(), inline. */
u32 kvm_interval_debug_delay_fault_us;

static u32 delay_invalidate_us;
static u32 delay_task;
static u32 refuse;

/* To be called where a blockable callback may sleep. */
void kvm_interval_debug_delay_invalidate(void)
{
	u32 us = READ_ONCE(delay_invalidate_us);
	u32 task = READ_ONCE(delay_task);

	if (likely(!us))
		return;
	if (!task || task == task_pid_nr(current))
		fsleep(us);
}

/* To be called where a guest fault may sleep. */
void kvm_interval_debug_delay_fault(void)
{
	u32 us = READ_ONCE(kvm_interval_debug_delay_fault_us);

	if (unlikely(us))
		fsleep(us);
}

/* Has a non-blockable callback to refuse?  Callbacks may run at the same time. */
bool kvm_interval_debug_refuse(void)
{
	u32 left = READ_ONCE(refuse);

	while (unlikely(left)) {
		if (try_cmpxchg(&refuse, &left, left - 1))
			return true;
	}
	return false;
}

/* Make the files; they go with KVM's own folder. */
void kvm_interval_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("interval", kvm_debugfs_dir);

	debugfs_create_u32("delay_invalidate_us", 0600, dir,
			   &delay_invalidate_us);
	debugfs_create_u32("delay_fault_us", 0600, dir,
			   &kvm_interval_debug_delay_fault_us);
	debugfs_create_u32("delay_task", 0600, dir, &delay_task);
	debugfs_create_u32("refuse", 0600, dir, &refuse);
}
