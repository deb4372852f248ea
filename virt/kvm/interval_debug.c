// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection: delays, refusals and detours at named points, for tests of
 * what is too rare otherwise
 *
 * Files in debugfs, kvm/interval/:
 *
 * delay_invalidate_us: a blockable callback sleeps after its zap, so that the
 *	whole invalidation takes that long
 * delay_task: thread id; 0: everybody's invalidations are delayed
 * delay_fault_us: a guest fault sleeps between kvm_interval_begin() and the
 *	lookup of its page
 * delay_gpc_us: the refresh of a gfn_to_pfn_cache sleeps between the lookup of
 *	its page and kvm_gpc_read_retry()
 * refuse: so many non-blockable callbacks refuse; counts down
 * cancel_entries: when a vCPU with priority has mapped its page, so many of its
 *	next entries to the guest are cancelled
 * private_memslots: KVM_SET_TSS_ADDR creates KVM's private memslot where the CPU
 *	does not need it, too
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/sched.h>

#include "interval_debug.h"

/* Asked for by kvm_interval_begin(), inline. */
u32 kvm_interval_debug_delay_fault_us;
/* Asked for by the architecture. */
u32 kvm_interval_debug_private_memslots;

static u32 delay_invalidate_us;
static u32 delay_task;
static u32 delay_gpc_us;
static u32 refuse;
static u32 cancel_entries;

static void kvm_interval_debug_sleep(u32 us)
{
	if (unlikely(us))
		fsleep(us);
}

/* To be called where a blockable callback may sleep. */
void kvm_interval_debug_delay_invalidate(void)
{
	u32 us = READ_ONCE(delay_invalidate_us);
	u32 task = READ_ONCE(delay_task);

	if (unlikely(us) && (!task || task == task_pid_nr(current)))
		fsleep(us);
}

/* To be called where a guest fault may sleep. */
void kvm_interval_debug_delay_fault(void)
{
	kvm_interval_debug_sleep(READ_ONCE(kvm_interval_debug_delay_fault_us));
}

/* To be called where the refresh of a gfn_to_pfn_cache may sleep. */
void kvm_interval_debug_delay_gpc(void)
{
	kvm_interval_debug_sleep(READ_ONCE(delay_gpc_us));
}

/*
 * Has a non-blockable callback to refuse?  Callbacks may run at the same time.
 */
bool kvm_interval_debug_refuse(void)
{
	u32 left = READ_ONCE(refuse);

	while (unlikely(left)) {
		if (try_cmpxchg(&refuse, &left, left - 1))
			return true;
	}
	return false;
}

/* A vCPU with priority has mapped its page. */
void kvm_interval_debug_mapped(struct kvm_vcpu *vcpu)
{
	vcpu->interval.cancelled = 0;
}

/*
 * A vCPU with priority is about to enter the guest.  A request that nobody
 * serves keeps it from that, once.  It sleeps, so that others can use the
 * moment if it has lost its priority.
 */
void kvm_interval_debug_cancel_entry(struct kvm_vcpu *vcpu)
{
	if (likely(vcpu->interval.cancelled >= READ_ONCE(cancel_entries)))
		return;

	++vcpu->interval.cancelled;
	kvm_interval_debug_sleep(50);
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
}

/* Make the files; they go with KVM's own folder. */
void kvm_interval_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("interval", kvm_debugfs_dir);

	debugfs_create_u32("delay_invalidate_us", 0600, dir,
			   &delay_invalidate_us);
	debugfs_create_u32("delay_task", 0600, dir, &delay_task);
	debugfs_create_u32("delay_fault_us", 0600, dir,
			   &kvm_interval_debug_delay_fault_us);
	debugfs_create_u32("delay_gpc_us", 0600, dir, &delay_gpc_us);
	debugfs_create_u32("refuse", 0600, dir, &refuse);
	debugfs_create_u32("cancel_entries", 0600, dir, &cancel_entries);
	debugfs_create_u32("private_memslots", 0600, dir,
			   &kvm_interval_debug_private_memslots);
}
