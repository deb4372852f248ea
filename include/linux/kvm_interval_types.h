/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What struct kvm and struct kvm_vcpu know of invalidations
 *
 * For <linux/kvm_host.h>, which has to come before <linux/kvm_interval.h>.
 */
#ifndef __LINUX_KVM_INTERVAL_TYPES_H
#define __LINUX_KVM_INTERVAL_TYPES_H

#include <linux/kvm_types.h>
#include <linux/ktime.h>
#include <linux/mmu_interval_range.h>

struct kvm_interval_subscription;

/* Ranges that a fault may sleep through, a power of two... */
#define KVM_INTERVAL_HISTORY	128
/* ...of which one is not new if it is among the last few. */
#define KVM_INTERVAL_REPEAT	4
/* Invalidations whose later callbacks are known to have nothing to do. */
#define KVM_INTERVAL_DONE	64

/**
 * struct kvm_interval_record - a range that was invalidated
 * @start:	HVA of the first byte
 * @last:	HVA of the last byte; ULONG_MAX if KVM zapped, for reasons of its own
 * @seq:	kvm_interval.seq before it was, the last time
 */
struct kvm_interval_record {
	unsigned long start;
	unsigned long last;
	unsigned long seq;
};

/**
 * struct kvm_interval - what a VM knows of invalidations
 * @seq:	sequence count: invalidations so far, plus one; written under
 *		mmu_lock (write)
 * @ranges:	those of the mm; constant from before the VM can be found
 * @nr_records:	ranges entered in @history so far; under mmu_lock
 * @history:	log of the last of them in the order of their sequence counts, a
 *		ring, range n at place n modulo KVM_INTERVAL_HISTORY; under
 *		mmu_lock
 * @done:	numbers of invalidations for which all memslots have been zapped,
 *		number n at place n modulo KVM_INTERVAL_DONE; written under
 *		mmu_lock (write)
 */
struct kvm_interval {
	unsigned long seq;
	const struct mmu_interval_ranges *ranges;
	unsigned long nr_records;
	struct kvm_interval_record history[KVM_INTERVAL_HISTORY];
	u64 done[KVM_INTERVAL_DONE];
};

/* How far has a vCPU come that collided again and again? */
enum kvm_interval_progress {
	KVM_INTERVAL_NO_PRIORITY,
	KVM_INTERVAL_FAULTING,	/* its page is not mapped yet */
	KVM_INTERVAL_MAPPED,
	KVM_INTERVAL_ENTERING,	/* mapped, and KVM has tried to enter the guest */
};

/**
 * struct kvm_vcpu_interval - a vCPU that waits, or has priority
 * @wait:	the invalidation that it waits for, if @armed
 * @busy:	@armed, or it has been given priority
 * @armed:	kvm_interval_stop_waiting() has to be called
 * @waiting:	that invalidation has not ended; cleared by whoever ends it
 * @brief:	the last invalidation that it waited for was shorter than its
 *		limit of polling, so it polls for the end of the next one
 * @addr:	of the fault that made it wait; the architecture's
 * @error_code:	likewise
 * @since:	when it began to wait
 * @ended:	when what it waited for ended, set by whoever ended it; to be read
 *		after mmu_interval_wait_disarm(), unless @waiting still
 * @lost:	collisions since a fault last succeeded
 * @progress:	unless KVM_INTERVAL_NO_PRIORITY, it was given priority; it may
 *		have forfeited that since
 * @exits:	how often it had left the guest when it was to enter with its page
 *		mapped
 * @cancelled:	entries cancelled for a test since its page was mapped
 * @priority:	under a lock of the mm's
 *
 * Unless noted, fields are accessed only by the vCPU thread.
 */
struct kvm_vcpu_interval {
	struct mmu_interval_wait wait;
	bool busy;
	bool armed;
	bool waiting;
	bool brief;
	gpa_t addr;
	u32 error_code;
	ktime_t since;
	ktime_t ended;
	unsigned int lost;
	enum kvm_interval_progress progress;
	u64 exits;
#ifdef CONFIG_KVM_INTERVAL_DEBUG
	u32 cancelled;
#endif
	struct mmu_interval_priority priority;
};

/**
 * struct kvm_interval_snapshot - what a guest fault has seen before its lookup
 * @seq:	kvm_interval.seq
 * @idle:	nothing in the mm was being invalidated, nor has been since in the
 *		VM, as far as kvm_interval_retry() has seen
 *
 * Lives on the stack of the fault.
 */
struct kvm_interval_snapshot {
	unsigned long seq;
	bool idle;
};

#endif /* __LINUX_KVM_INTERVAL_TYPES_H */
