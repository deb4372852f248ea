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
#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "interval_debug.h"

/* On if delay_fault_us, as every fault asks for it: inline, in kvm_interval_begin(). */
DEFINE_STATIC_KEY_FALSE(kvm_interval_debug_delays_faults);
static u32 delay_fault_us;
static DEFINE_MUTEX(delay_fault_lock);	/* makes them one */

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
	u32 us = READ_ONCE(delay_fault_us);

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

static int delay_fault_get(void *data, u64 *us)
{
	*us = READ_ONCE(delay_fault_us);
	return 0;
}

static int delay_fault_set(void *data, u64 us)
{
	if (us > UINT_MAX)
		return -EINVAL;

	mutex_lock(&delay_fault_lock);
	WRITE_ONCE(delay_fault_us, us);
	if (us)
		static_branch_enable(&kvm_interval_debug_delays_faults);
	else
		static_branch_disable(&kvm_interval_debug_delays_faults);
	mutex_unlock(&delay_fault_lock);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(delay_fault_fops, delay_fault_get, delay_fault_set,
			 "%llu\n");

/* Make the files; they go with KVM's own folder. */
void kvm_interval_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("interval", kvm_debugfs_dir);

	debugfs_create_u32("delay_invalidate_us", 0600, dir,
			   &delay_invalidate_us);
	debugfs_create_file("delay_fault_us", 0600, dir, NULL,
			    &delay_fault_fops);
	debugfs_create_u32("delay_task", 0600, dir, &delay_task);
	debugfs_create_u32("refuse", 0600, dir, &refuse);
}
