/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reintroduce old bugs in the stock kernel, one at a time
 *
 * For make historical only.  Files in debugfs, kvm/historical/: "mutation" selects
 * a bug, the others inject delays and refusals.
 */
#ifndef __KVM_HISTORICAL_H__
#define __KVM_HISTORICAL_H__ 1

#include <linux/compiler.h>
#include <linux/delay.h>

#include "mutation.h"

/* Invalidations, and faults on the zero page, left until an overflow */
#define HISTORICAL_LEFT	64

/* Delay of a fault between the lookup of its page and mmu_lock */
extern u32 historical_delay_fault_us;

/* Delay of a blockable invalidation between pfn caches and page tables */
extern u32 historical_delay_start_us;

static inline void historical_delay(const u32 *delay)
{
	u32 us = READ_ONCE(*delay);

	if (us)
		fsleep(us);
}

struct kvm;
struct mm_struct;

bool historical_yield(struct kvm *kvm, bool flush);
bool historical_refuse(struct mm_struct *mm);
void historical_init(void);

#endif /* __KVM_HISTORICAL_H__ */
