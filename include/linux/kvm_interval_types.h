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
#include <linux/list.h>
#include <linux/mmu_interval_range.h>
#include <linux/spinlock_types.h>
#include <linux/wait.h>

struct kvm_interval_subscription;

/* Ranges that a fault may sleep through, a power of two... */
#define KVM_INTERVAL_HISTORY	128
/* ...of which one is not new if it is among the last few. */
#define KVM_INTERVAL_REPEAT	4

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
 * @seq:	number of invalidations so far, plus one; written under mmu_lock
 *		(write)
 * @ranges:	those of the mm; set when there is a memslot
 * @nr_turns:	length of @turns, to be read without @turn_lock
 * @nr_records:	ranges entered in @history so far; under mmu_lock
 * @history:	the last of them by their numbers, a ring, range n at place n
 *		modulo KVM_INTERVAL_HISTORY; under mmu_lock
 * @turn_lock:	taken under mmu_lock; innermost
 * @turns:	vCPUs that callbacks wait for, see virt/kvm/interval_wait.c
 * @turn_wq:	the callbacks that do
 */
struct kvm_interval {
	unsigned long seq;
	const struct mmu_interval_ranges *ranges;
	unsigned int nr_turns;
	unsigned long nr_records;
	struct kvm_interval_record history[KVM_INTERVAL_HISTORY];
	spinlock_t turn_lock;	/* @turns, and nothing else */
	struct list_head turns;
	wait_queue_head_t turn_wq;
};

/* Has a vCPU that lost its page again and again been given a turn? */
enum kvm_interval_turn {
	KVM_INTERVAL_NO_TURN,
	KVM_INTERVAL_TURN_TAKEN,	/* its page is not mapped yet */
	KVM_INTERVAL_TURN_MAPPED,	/* not yet back in the guest */
	KVM_INTERVAL_TURN_USED,		/* in the guest */
};

/**
 * struct kvm_vcpu_interval - a vCPU that waits, or has a turn
 * @wait:	the invalidation that it waits for, if @armed
 * @busy:	@armed, or it has a turn
 * @armed:	kvm_interval_stop_waiting() has to be called
 * @waiting:	that invalidation has not ended; cleared by whoever ends it
 * @brief:	the last invalidation that it waited for was shorter than
 *		halt_poll_ns, so it polls for the end of the next one
 * @addr:	of the fault that made it wait; the architecture's
 * @error_code:	likewise
 * @since:	when it began to wait
 * @ended:	when what it waited for ended, set by whoever ended it; to be read
 *		after mmu_interval_wait_disarm(), unless @waiting still
 * @lost:	collisions since a fault last succeeded
 * @turn:	state of its turn
 * @turn_node:	in kvm_interval.turns, unless empty; under its turn_lock
 * @turn_start:	first byte of the page that the turn is for, likewise
 *
 * What is not said otherwise belongs to the vCPU's own thread.
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
	enum kvm_interval_turn turn;
	struct list_head turn_node;
	unsigned long turn_start;
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
