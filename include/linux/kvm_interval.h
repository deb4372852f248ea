/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM guest faults on the shared interval notifier
 *
 * A guest fault reads host page tables without any lock that the primary MMU
 * respects, and installs what it read under mmu_lock.  In between, the host
 * may take the page away.  kvm_interval_begin() and kvm_interval_retry() tell a
 * fault whether that happened, kvm_interval_covers() whether it may install
 * more than its own page.  How they know (subscriptions to the mm, a history of
 * what was invalidated) concerns virt/kvm/interval.c alone, and how a vCPU
 * waits virt/kvm/interval_wait.c.
 */
#ifndef __LINUX_KVM_INTERVAL_H
#define __LINUX_KVM_INTERVAL_H

#include <linux/compiler.h>
#include <linux/kvm_types.h>
#include <linux/list.h>
#include <linux/mmu_interval_range.h>
#include <linux/spinlock_types.h>
#include <linux/wait.h>

struct kvm;
struct kvm_interval_subscription;
struct kvm_memory_slot;
struct kvm_vcpu;

/* Invalidations that a fault may sleep through, a power of two. */
#define KVM_INTERVAL_HISTORY	128

/**
 * struct kvm_interval - what a VM knows of invalidations
 * @seq:	number of invalidations so far; written under mmu_lock (write)
 * @zapping:	sections of kvm_interval_zap_begin(); under mmu_lock (write)
 * @nr_turns:	length of @turns, to be read without @turn_lock
 * @history:	HVAs, first and last byte, of invalidation n at place n modulo
 *		KVM_INTERVAL_HISTORY; under mmu_lock
 * @turn_lock:	taken under mmu_lock; innermost
 * @turns:	vCPUs that callbacks wait for, see virt/kvm/interval_wait.c
 * @turn_wq:	the callbacks that do
 */
struct kvm_interval {
	unsigned long seq;
	unsigned int zapping;
	unsigned int nr_turns;
	struct {
		unsigned long start;
		unsigned long last;
	} history[KVM_INTERVAL_HISTORY];
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
 * @armed:	kvm_interval_stop_waiting() has to be called
 * @waiting:	that invalidation has not ended; cleared by whoever ends it
 * @since:	when it began to wait
 * @lost:	collisions since a fault last succeeded
 * @turn:	state of its turn
 * @turn_node:	in kvm_interval.turns, unless empty; under its turn_lock
 * @turn_start:	first byte of the page that the turn is for, likewise
 *
 * What is not said otherwise belongs to the vCPU's own thread.
 */
struct kvm_vcpu_interval {
	struct mmu_interval_wait wait;
	bool armed;
	bool waiting;
	ktime_t since;
	unsigned int lost;
	enum kvm_interval_turn turn;
	struct list_head turn_node;
	unsigned long turn_start;
};

/**
 * struct kvm_interval_snapshot - what a guest fault has seen before its lookup
 * @seq:	kvm_interval.seq
 * @hva:	of the page that the fault maps
 *
 * Lives on the stack of the fault.
 */
struct kvm_interval_snapshot {
	unsigned long seq;
	unsigned long hva;
};

int kvm_interval_begin(struct kvm_vcpu *vcpu,
		       const struct kvm_memory_slot *slot, gfn_t gfn,
		       bool may_wait, struct kvm_interval_snapshot *snap);
bool kvm_interval_retry(struct kvm_vcpu *vcpu,
			const struct kvm_interval_snapshot *snap);
bool kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
			 gfn_t gfn, gfn_t nr_pages);

void kvm_interval_zap_begin(struct kvm *kvm);
void kvm_interval_zap_end(struct kvm *kvm);

/* For the architecture's KVM_RUN, called by the vCPU's own thread. */
void kvm_interval_stop_waiting(struct kvm_vcpu *vcpu);
void kvm_interval_enter(struct kvm_vcpu *vcpu);
void kvm_interval_leave(struct kvm_vcpu *vcpu);

/**
 * kvm_interval_is_waiting - is the page that a vCPU needs being taken away?
 * @vi:		of the vCPU
 *
 * A vCPU for which this is true is not runnable, like one that waits for an
 * asynchronous page fault.  What would wake that one wakes it.
 */
static inline bool kvm_interval_is_waiting(const struct kvm_vcpu_interval *vi)
{
	/* Cleared by kvm_interval_wake(), which then wakes the vCPU */
	return READ_ONCE(vi->waiting);
}

/* Is there anything to do for kvm_interval_enter() or kvm_interval_leave()? */
static inline bool kvm_interval_is_busy(const struct kvm_vcpu_interval *vi)
{
	return vi->armed || vi->turn != KVM_INTERVAL_NO_TURN;
}

/* Descriptors of the statistics, beside KVM_GENERIC_VM_STATS()... */
#define KVM_INTERVAL_VM_STATS()						       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_invalidate),	       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_nonblock),		       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_refuse),		       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_hold)

/* ...and KVM_GENERIC_VCPU_STATS() */
#define KVM_INTERVAL_VCPU_STATS()					       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_wait),		       \
	STATS_DESC_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_ns),	       \
	STATS_DESC_LOGHIST_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_hist,     \
				     HALT_POLL_HIST_COUNT),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_turn),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overlap),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overflow),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_memslot),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_internal)

#endif /* __LINUX_KVM_INTERVAL_H */
