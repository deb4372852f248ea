/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invalidation state in struct kvm and struct kvm_vcpu
 *
 * Included by <linux/kvm_host.h>, unlike <linux/kvm_interval.h>, which needs
 * struct kvm_vcpu.
 */
#ifndef __LINUX_KVM_INTERVAL_TYPES_H
#define __LINUX_KVM_INTERVAL_TYPES_H

#include <linux/kvm_types.h>
#include <linux/ktime.h>
#include <linux/mmu_interval_range.h>

struct kvm_interval_subscription;

/* Length of a log of recent invalidations, a power of two. */
#define KVM_INTERVAL_HISTORY	128
/* A range that is among the last so many of a log reuses its entry. */
#define KVM_INTERVAL_REPEAT	4
/* Length of the table of invalidations that the VM has handled. */
#define KVM_INTERVAL_DONE	64

/**
 * struct kvm_interval_record - a range that was invalidated
 * @start:	the first HVA, or guest frame
 * @last:	the last HVA, or guest frame
 * @seq:	kvm_interval.seq before the last invalidation of this range
 */
struct kvm_interval_record {
	u64 start;
	u64 last;
	unsigned long seq;
};

/**
 * struct kvm_interval_log - recent invalidations of one kind
 * @nr_records:	ranges entered in @records so far
 * @records:	in the order of their sequence counts: a ring, the nth range at
 *		index n modulo KVM_INTERVAL_HISTORY
 *
 * Protected by mmu_lock.
 */
struct kvm_interval_log {
	unsigned long nr_records;
	struct kvm_interval_record records[KVM_INTERVAL_HISTORY];
};

/**
 * struct kvm_interval_state - what only invalidations and slow paths need
 * @hvas:	log of invalidations by the primary MMU
 * @gfns:	log of guest frames for which KVM zapped on its own account
 * @done:	IDs of invalidations for which all memslots have been zapped, ID
 *		n at index n modulo KVM_INTERVAL_DONE; written under mmu_lock
 *		(write)
 */
struct kvm_interval_state {
	struct kvm_interval_log hvas;
	struct kvm_interval_log gfns;
	u64 done[KVM_INTERVAL_DONE];
};

/**
 * struct kvm_interval - invalidation state of a VM
 * @seq:	sequence count: invalidations so far, plus one; written under
 *		mmu_lock (write)
 * @ranges:	ranges of the mm that are being invalidated; constant from before
 *		the VM is visible
 * @state:	allocated, as struct kvm must not grow beyond a page
 * @zapping:	number of HVA ranges that are being zapped; protected by mmu_lock
 */
struct kvm_interval {
	unsigned long seq;
	const struct mmu_interval_ranges *ranges;
	struct kvm_interval_state *state;
	unsigned int zapping;
};

/* Progress of a vCPU with priority */
enum kvm_interval_progress {
	KVM_INTERVAL_NO_PRIORITY,
	KVM_INTERVAL_FAULTING,	/* its page is not mapped */
	KVM_INTERVAL_MAPPED,
	KVM_INTERVAL_ENTERING,	/* mapped, entry to the guest was attempted */
};

/**
 * struct kvm_vcpu_interval - state of a vCPU that waits or has priority
 * @wait:	waits for the end of an invalidation if @armed
 * @busy:	@armed, or it has been given priority
 * @armed:	kvm_interval_stop_waiting() has to be called
 * @waiting:	that invalidation has not ended; cleared by whoever ends it
 * @brief:	the last invalidation that it waited for was shorter than its
 *		polling limit, so it polls for the end of the next one
 * @addr:	address of the fault that made it wait; set by the architecture
 * @error_code:	error code of that fault; set by the architecture
 * @since:	when it began to wait
 * @ended:	when the invalidation ended, set by whoever ended it; read after
 *		mmu_interval_wait_disarm() if @waiting is false
 * @collisions:	collisions since a fault last succeeded
 * @progress:	unless KVM_INTERVAL_NO_PRIORITY, it was given priority; it may
 *		have forfeited that since
 * @exits:	number of exits before it first tried to enter the guest with
 *		its page mapped
 * @cancelled:	entries cancelled for a test since its page was mapped
 * @priority:	protected by a lock of the mm
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
	u64 error_code;
	ktime_t since;
	ktime_t ended;
	unsigned int collisions;
	enum kvm_interval_progress progress;
	u64 exits;
#ifdef CONFIG_KVM_INTERVAL_DEBUG
	u32 cancelled;
#endif
	struct mmu_interval_priority priority;
};

/**
 * struct kvm_interval_snapshot - state read by a guest fault before its lookup
 * @seq:	kvm_interval.seq
 * @idle:	nothing in the mm or the VM was being invalidated; cleared by
 *		kvm_interval_retry() if the VM has been since
 * @uses_hva:	the page is looked up by its HVA
 * @may_wait:	the vCPU cannot go on without the page
 *
 * Lives on the stack of the fault.
 */
struct kvm_interval_snapshot {
	unsigned long seq;
	bool idle;
	bool uses_hva;
	bool may_wait;
};

#endif /* __LINUX_KVM_INTERVAL_TYPES_H */
