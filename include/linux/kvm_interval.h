/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM guest faults on the shared interval notifier
 *
 * A guest fault reads host page tables without any lock that the primary MMU
 * respects, and installs what it read under mmu_lock.  In between, the host may
 * invalidate the page.  kvm_interval_snapshot(), kvm_interval_begin() and
 * kvm_interval_retry() tell a fault whether that happened,
 * kvm_interval_covers() whether it may install more than its own page.
 * virt/kvm/interval.c implements them with subscriptions to the mm and logs of
 * recent invalidations, virt/kvm/interval_wait.c blocks and wakes vCPUs.
 */
#ifndef __LINUX_KVM_INTERVAL_H
#define __LINUX_KVM_INTERVAL_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval_gfns.h>
#include <linux/kvm_interval_types.h>
#include <linux/mmu_interval_range.h>

#ifdef CONFIG_KVM_INTERVAL_DEBUG
extern u32 kvm_interval_debug_delay_fault_us;
extern u32 kvm_interval_debug_private_memslots;
#endif

/* Fault injection: does a test want faults to be delayed? */
static inline bool kvm_interval_debug_delays_faults(void)
{
#ifdef CONFIG_KVM_INTERVAL_DEBUG
	return READ_ONCE(kvm_interval_debug_delay_fault_us);
#else
	return false;
#endif
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

bool kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn);
int kvm_interval_begin_slow(struct kvm_vcpu *vcpu,
			    const struct kvm_memory_slot *slot, gfn_t gfn,
			    bool may_wait, struct kvm_interval_snapshot *snap);
bool kvm_interval_retry_slow(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot, gfn_t gfn,
			     struct kvm_interval_snapshot *snap);

/**
 * kvm_interval_snapshot - begin the collision-retry section of a guest fault
 * @vcpu:	vCPU that faulted
 * @gfn:	guest frame that it hit
 * @snap:	filled in, for kvm_interval_begin() and kvm_interval_retry()
 *
 * Called before the fault reads anything that KVM changes between the start and
 * the end of an invalidation of guest frames: memory attributes, pages of
 * guest_memfd.  Takes no lock and does not sleep.
 *
 * Return: false if @gfn is being invalidated, so that the fault must be given
 * up and retried by way of KVM_RUN's loop.
 */
static inline bool kvm_interval_snapshot(struct kvm_vcpu *vcpu, gfn_t gfn,
					 struct kvm_interval_snapshot *snap)
{
	*snap = (struct kvm_interval_snapshot) {};
	/*
	 * Read the sequence count before the state that it guards: announced
	 * ranges, or e.g. whether the APIC page is in use.  Pairs with
	 * smp_store_release() in kvm_interval_record().  Litmus test:
	 * fault-lookup.
	 */
	snap->seq = smp_load_acquire(&vcpu->kvm->interval.seq);
	snap->idle = kvm_interval_gfns_idle(vcpu->kvm);
	return likely(snap->idle) || kvm_interval_may_begin(vcpu, gfn);
}

/**
 * kvm_interval_begin - prepare the lookup of a page by its HVA
 * @vcpu:	vCPU that faulted
 * @slot:	memslot that it hit, or NULL
 * @gfn:	guest frame that it hit, within @slot
 * @may_wait:	the vCPU cannot go on without the page
 * @snap:	filled in by kvm_interval_snapshot()
 *
 * Called by the vCPU's own thread between the lookup of the memslot and that of
 * the host page, in the kvm->srcu read section in which @slot was found.  Takes
 * no lock and does not sleep.  If the page is being invalidated and @may_wait
 * is true, the vCPU is not runnable until the invalidation has ended.  Not
 * called for a page that has no HVA.
 *
 * Return: 0, or -EAGAIN if the fault must be given up and retried by way of
 * KVM_RUN's loop.
 */
static inline int kvm_interval_begin(struct kvm_vcpu *vcpu,
				     const struct kvm_memory_slot *slot,
				     gfn_t gfn, bool may_wait,
				     struct kvm_interval_snapshot *snap)
{
	if (!slot)
		return 0;

	snap->uses_hva = true;
	snap->may_wait = may_wait;
	if (likely(mmu_interval_idle(vcpu->kvm->interval.ranges) &&
		   !(slot->flags & KVM_MEMSLOT_INVALID) &&
		   !kvm_interval_debug_delays_faults()))
		return 0;

	return kvm_interval_begin_slow(vcpu, slot, gfn, may_wait, snap);
}

/**
 * kvm_interval_begin_now - kvm_interval_snapshot() and kvm_interval_begin()
 * @vcpu:	vCPU that faulted
 * @slot:	memslot that it hit, or NULL
 * @gfn:	guest frame that it hit, within @slot
 * @may_wait:	the vCPU cannot go on without the page
 * @snap:	filled in, for kvm_interval_retry()
 *
 * For lookups that depend on nothing but the HVA.
 *
 * Return: as kvm_interval_begin().
 */
static inline int kvm_interval_begin_now(struct kvm_vcpu *vcpu,
					 const struct kvm_memory_slot *slot,
					 gfn_t gfn, bool may_wait,
					 struct kvm_interval_snapshot *snap)
{
	if (!kvm_interval_snapshot(vcpu, gfn, snap))
		return -EAGAIN;

	return kvm_interval_begin(vcpu, slot, gfn, may_wait, snap);
}

/**
 * kvm_interval_retry - end the collision-retry section of a guest fault
 * @vcpu:	vCPU that faulted
 * @slot:	memslot that it hit
 * @gfn:	guest frame that it hit
 * @snap:	filled in for the same @slot and @gfn
 *
 * Called with mmu_lock held, for read or write.  The answer holds until
 * mmu_lock is released, and only for the page of the fault; for a larger range
 * see kvm_interval_covers().
 *
 * Return: false if what was looked up since kvm_interval_snapshot() and
 * kvm_interval_begin() may be installed, true if the fault has to be tried
 * again.
 */
static inline bool kvm_interval_retry(struct kvm_vcpu *vcpu,
				      const struct kvm_memory_slot *slot,
				      gfn_t gfn,
				      struct kvm_interval_snapshot *snap)
{
	const struct kvm_interval *interval = &vcpu->kvm->interval;

	lockdep_assert_held(&vcpu->kvm->mmu_lock);

	/* A vCPU with priority has collisions, which the slow path resets. */
	if (likely(interval->seq == snap->seq && !vcpu->interval.collisions))
		return false;

	return kvm_interval_retry_slow(vcpu, slot, gfn, snap);
}

bool kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
			 gfn_t gfn, gfn_t nr_pages);

/**
 * kvm_interval_covers_all - may a fault install anything around its page?
 * @snap:	of a fault for which kvm_interval_retry() has returned false in
 *		this critical section of mmu_lock
 *
 * True if all invalidations announced before the fault began had ended, and
 * none has been announced since.
 *
 * Return: true if kvm_interval_covers() need not be called.
 */
static inline bool
kvm_interval_covers_all(const struct kvm_interval_snapshot *snap)
{
	return snap->idle;
}

void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start, gfn_t end);

/* Called from the architecture's KVM_RUN by the vCPU's own thread. */
void kvm_interval_block(struct kvm_vcpu *vcpu);
bool kvm_interval_stop_waiting(struct kvm_vcpu *vcpu);
void kvm_interval_enter(struct kvm_vcpu *vcpu, u64 exits);
void kvm_interval_leave(struct kvm_vcpu *vcpu);

/**
 * kvm_interval_is_waiting - is the page that a vCPU needs being invalidated?
 * @vi:		of the vCPU
 *
 * A vCPU for which this is true is not runnable, like one that waits for an
 * asynchronous page fault, and is woken by the same events.
 */
static inline bool kvm_interval_is_waiting(const struct kvm_vcpu_interval *vi)
{
	/* Cleared by kvm_interval_wake(), which then wakes the vCPU. */
	return READ_ONCE(vi->waiting);
}

/* Do kvm_interval_enter() and kvm_interval_leave() have to be called? */
static inline bool kvm_interval_is_busy(const struct kvm_vcpu_interval *vi)
{
	return vi->busy;
}

/* Descriptors of the VM statistics, used beside KVM_GENERIC_VM_STATS(). */
#define KVM_INTERVAL_VM_STATS()						       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_invalidate),	       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_nonblock),		       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_refuse)

/* Descriptors of the vCPU statistics, beside KVM_GENERIC_VCPU_STATS(). */
#define KVM_INTERVAL_VCPU_STATS()					       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_wait),		       \
	STATS_DESC_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_ns),	       \
	STATS_DESC_LOGHIST_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_hist,     \
				     HALT_POLL_HIST_COUNT),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_attempted_poll),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_successful_poll),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_fault_again),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_priority),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_pause),		       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overlap),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overflow),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_memslot),	       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_internal)

#endif /* __LINUX_KVM_INTERVAL_H */
