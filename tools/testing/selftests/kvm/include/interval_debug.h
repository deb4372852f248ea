/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection of CONFIG_KVM_INTERVAL_DEBUG: makes an invalidation, or a
 * guest fault, last as long as a test needs.  Restored at exit and on signals.
 *
 *	delay_invalidate_us	a blockable invalidation sleeps that long after
 *				it has zapped, without holding a lock of KVM
 *	delay_fault_us		a guest fault sleeps that long between reading the
 *				sequence count and taking mmu_lock
 *	delay_gpc_us		the refresh of a pfn cache sleeps that long between
 *				the lookup of its page and the retry check
 *	delay_gfns_us		an invalidation of guest frames, by guest_memfd or memory
 *				attributes, sleeps that long between its zap and the change
 *	delay_task		delay only this thread's invalidations; 0: everyone's
 *	cancel_entries		cancel that many entries of a vCPU that has mapped its
 *				page with priority, by a request
 *	private_memslots	1: KVM_SET_TSS_ADDR makes a private memslot on AMD, too
 */
#ifndef SELFTEST_KVM_INTERVAL_DEBUG_H
#define SELFTEST_KVM_INTERVAL_DEBUG_H

#include <inttypes.h>

#include "knob.h"
#include "test_util.h"

#define INTERVAL_DEBUG		KNOB_DEBUGFS "/kvm/interval/"
#define DELAY_INVALIDATE	INTERVAL_DEBUG "delay_invalidate_us"
#define DELAY_FAULT		INTERVAL_DEBUG "delay_fault_us"
#define DELAY_GPC		INTERVAL_DEBUG "delay_gpc_us"
#define DELAY_GFNS		INTERVAL_DEBUG "delay_gfns_us"
#define DELAY_TASK		INTERVAL_DEBUG "delay_task"
#define CANCEL_ENTRIES		INTERVAL_DEBUG "cancel_entries"
#define PRIVATE_MEMSLOTS	INTERVAL_DEBUG "private_memslots"

/* Returns why fault injection is not available, or NULL. */
static inline const char *interval_debug_why_not(void)
{
	const char *why = knob_debugfs_why_not();

	if (!why && access(DELAY_INVALIDATE, W_OK))
		return "no fault injection in this kernel (CONFIG_KVM_INTERVAL_DEBUG)";
	return why;
}

static inline void interval_debug_set(const char *path, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", (unsigned long)value);
	TEST_ASSERT(knob_set(path, text), "%s can't be set to %s: %s", path, text,
		    strerror(errno));
}

/*
 * Makes each invalidation by thread @tid last @us longer; 0 turns the delay
 * off.
 */
static inline void interval_debug_delay(pid_t tid, uint64_t us)
{
	interval_debug_set(DELAY_TASK, tid);
	interval_debug_set(DELAY_INVALIDATE, us);
}

#endif /* SELFTEST_KVM_INTERVAL_DEBUG_H */
