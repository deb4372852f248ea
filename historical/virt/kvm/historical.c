// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection of historical.h, and a zero page close to its overflow
 */

#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/limits.h>
#include <linux/mm.h>

#include "historical.h"

u32 historical_delay_fault_us;
u32 historical_delay_start_us;

static u32 delay_yield_us;
static u32 refuse_first;

/*
 * Let one of eight zaps of the TDP MMU yield once more at its end, for
 * delay_yield_us.  Called with mmu_lock held; returns true if a TLB flush is
 * still needed.
 */
bool historical_yield(struct kvm *kvm, bool flush)
{
	static u32 zaps;

	if (!READ_ONCE(delay_yield_us) || ++zaps % 8)
		return flush;

	if (flush)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
	historical_delay(&delay_yield_us);
	write_lock(&kvm->mmu_lock);
	return false;
}

/* Must another notifier refuse?  It does so once in a process. */
bool historical_refuse(struct mm_struct *mm)
{
	static struct mm_struct *last;

	return READ_ONCE(refuse_first) && xchg(&last, mm) != mm;
}

/* Called when KVM's own folder has been created. */
void historical_init(void)
{
	struct dentry *dir = debugfs_create_dir("historical", kvm_debugfs_dir);
	struct page *zero = ZERO_PAGE(0);

	debugfs_create_u32("delay_fault_us", 0600, dir,
			   &historical_delay_fault_us);
	debugfs_create_u32("delay_start_us", 0600, dir,
			   &historical_delay_start_us);
	debugfs_create_u32("delay_yield_us", 0600, dir,
			   &delay_yield_us);
	debugfs_create_u32("refuse_first", 0600, dir, &refuse_first);
	kvm_mutation_init(dir);

	/* Start close to an overflow, which took faults months to reach. */
	page_ref_add(zero, INT_MAX - HISTORICAL_LEFT - page_count(zero));
}
