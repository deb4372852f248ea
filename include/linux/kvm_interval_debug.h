/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection and statistics for tests of guest faults
 */
#ifndef __LINUX_KVM_INTERVAL_DEBUG_H
#define __LINUX_KVM_INTERVAL_DEBUG_H

#include <linux/kvm_host.h>
#include <linux/mmu_interval_range.h>

#ifdef CONFIG_KVM_INTERVAL_DEBUG
extern u32 kvm_interval_debug_delay_fault_us;
extern u32 kvm_interval_debug_private_memslots;
#endif

/* Is nothing being invalidated, and does no test want faults to be delayed? */
static inline bool
kvm_interval_debug_idle(const struct mmu_interval_ranges *ranges)
{
#ifdef CONFIG_KVM_INTERVAL_DEBUG
	if (READ_ONCE(kvm_interval_debug_delay_fault_us))
		return false;
#endif
	return mmu_interval_idle(ranges);
}

/* Fault injection: does a test want a private memslot on any CPU? */
static inline bool kvm_interval_debug_wants_private_memslot(void)
{
#ifdef CONFIG_KVM_INTERVAL_DEBUG
	return READ_ONCE(kvm_interval_debug_private_memslots);
#else
	return false;
#endif
}

/* Descriptors of the VM statistics, beside KVM_INTERVAL_VM_STATS(). */
#define KVM_INTERVAL_DEBUG_VM_STATS()					       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_nonblock),		       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_refuse)

/* Descriptors of the vCPU statistics, beside KVM_INTERVAL_WAIT_STATS(). */
#define KVM_INTERVAL_DEBUG_VCPU_STATS()					       \
	STATS_DESC_LOGHIST_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_hist,     \
				     HALT_POLL_HIST_COUNT),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_attempted_poll),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_successful_poll),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_fault_again),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_priority),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_pause),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overflow),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_memslot),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_internal)

#endif /* __LINUX_KVM_INTERVAL_DEBUG_H */
