// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection: delays, refusals and detours that make rare races frequent
 *
 * Files in debugfs, kvm/interval/:
 *
 * delay_invalidate_us: a blockable callback sleeps after its zap, so that the
 *	whole invalidation takes that long
 * delay_task: thread whose invalidations are delayed; 0: those of all threads
 * delay_fault_us: a guest fault sleeps between kvm_interval_begin() and the
 *	lookup of its page
 * delay_gpc_us: the refresh of a gfn_to_pfn_cache sleeps between the lookup of
 *	its page and kvm_gpc_read_retry()
 * delay_gfns_us: an invalidation of guest frames, by guest_memfd or memory
 *	attributes, sleeps between its zap and what it changes
 * refuse: number of non-blockable callbacks that will refuse; counts down
 * cancel_entries: number of entries to the guest that are cancelled after a
 *	vCPU with priority has mapped its page
 * private_memslots: KVM_SET_TSS_ADDR creates KVM's private memslot even if the
 *	CPU does not need it
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/sched.h>

#include "interval_debug.h"
#include "interval_line.h"

/* Read by kvm_interval_debug_idle() */
u32 kvm_interval_debug_delay_fault_us;
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_debug_delay_fault_us);
/* Read by kvm_interval_debug_wants_private_memslot() */
u32 kvm_interval_debug_private_memslots;

static u32 delay_invalidate_us;
static u32 delay_task;
static u32 delay_gpc_us;
static u32 delay_gfns_us;
static u32 refuse;
static u32 cancel_entries;

static void kvm_interval_debug_sleep(u32 us)
{
	if (unlikely(us))
		fsleep(us);
}

/* Called where a blockable callback may sleep. */
void kvm_interval_debug_delay_invalidate(void)
{
	u32 us = READ_ONCE(delay_invalidate_us);
	u32 task = READ_ONCE(delay_task);

	if (unlikely(us) && (!task || task == task_pid_nr(current)))
		fsleep(us);
}

/* Called where a guest fault may sleep. */
void kvm_interval_debug_delay_fault(void)
{
	kvm_interval_debug_sleep(READ_ONCE(kvm_interval_debug_delay_fault_us));
}

/* Called where the refresh of a gfn_to_pfn_cache may sleep. */
void kvm_interval_debug_delay_gpc(void)
{
	kvm_interval_debug_sleep(READ_ONCE(delay_gpc_us));
}

/* Called where an invalidation of guest frames may sleep. */
void kvm_interval_debug_delay_gfns(void)
{
	kvm_interval_debug_sleep(READ_ONCE(delay_gfns_us));
}

/* Must a non-blockable callback refuse?  Callbacks may run concurrently. */
bool kvm_interval_debug_refuse(void)
{
	u32 left = READ_ONCE(refuse);

	while (unlikely(left)) {
		if (try_cmpxchg(&refuse, &left, left - 1))
			return true;
	}
	return false;
}

/* Called when a vCPU with priority has mapped its page. */
void kvm_interval_debug_mapped(struct kvm_vcpu *vcpu)
{
	vcpu->interval.cancelled = 0;
}

/*
 * Called when a vCPU with priority is about to enter the guest.  A request that
 * has no handler cancels one entry.  Sleep, so that other tasks can invalidate
 * the page meanwhile if the vCPU has lost its priority.
 */
void kvm_interval_debug_cancel_entry(struct kvm_vcpu *vcpu)
{
	if (likely(vcpu->interval.cancelled >= READ_ONCE(cancel_entries)))
		return;

	++vcpu->interval.cancelled;
	kvm_interval_debug_sleep(50);
	kvm_make_request(KVM_REQ_UNBLOCK, vcpu);
}

/* Create the files; they are removed with KVM's debugfs folder. */
void kvm_interval_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("interval", kvm_debugfs_dir);

	debugfs_create_u32("delay_invalidate_us", 0600, dir,
			   &delay_invalidate_us);
	debugfs_create_u32("delay_task", 0600, dir, &delay_task);
	debugfs_create_u32("delay_fault_us", 0600, dir,
			   &kvm_interval_debug_delay_fault_us);
	debugfs_create_u32("delay_gpc_us", 0600, dir, &delay_gpc_us);
	debugfs_create_u32("delay_gfns_us", 0600, dir, &delay_gfns_us);
	debugfs_create_u32("refuse", 0600, dir, &refuse);
	debugfs_create_u32("cancel_entries", 0600, dir, &cancel_entries);
	debugfs_create_u32("private_memslots", 0600, dir,
			   &kvm_interval_debug_private_memslots);
}
