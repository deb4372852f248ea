/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM guest faults on the shared interval notifier
 *
 * A guest fault reads host page tables without any lock that the primary MMU
 * respects, and installs what it read under mmu_lock.  In between, the host may
 * invalidate the page.  kvm_interval_snapshot(), kvm_interval_begin() and
 * kvm_interval_retry() tell a fault whether that happened.
 */
#ifndef __LINUX_KVM_INTERVAL_H
#define __LINUX_KVM_INTERVAL_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval_gfns.h>
#include <linux/mmu_interval_range.h>

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
	 * smp_store_release() in kvm_interval_advance().  Litmus test:
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
 * no lock and does not sleep.  Not called for a page that has no HVA.
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
		   !(slot->flags & KVM_MEMSLOT_INVALID)))
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
 * see kvm_interval_idle().
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

	if (likely(interval->seq == snap->seq))
		return false;

	return kvm_interval_retry_slow(vcpu, slot, gfn, snap);
}

/**
 * kvm_interval_idle - is nothing in the mm or the VM being invalidated?
 * @kvm:	the VM
 *
 * Called with mmu_lock held, before pages are looked up that are installed in
 * the same critical section: no invalidation can change PTEs before mmu_lock is
 * released, except those that were announced earlier.
 *
 * Return: true if any page may be looked up and installed.
 */
static inline bool kvm_interval_idle(const struct kvm *kvm)
{
	return mmu_interval_idle(kvm->interval.ranges) &&
	       kvm_interval_gfns_idle(kvm);
}

/**
 * kvm_interval_covers_all - may a fault install anything around its page?
 * @snap:	of a fault for which kvm_interval_retry() has returned false in
 *		this critical section of mmu_lock
 *
 * True if all invalidations announced before the fault began had ended, and
 * none has been announced since.
 *
 * Return: true if kvm_interval_idle() need not be called.
 */
static inline bool
kvm_interval_covers_all(const struct kvm_interval_snapshot *snap)
{
	return snap->idle;
}

/* Descriptors of the VM statistics, used beside KVM_GENERIC_VM_STATS(). */
#define KVM_INTERVAL_VM_STATS()						       \
	STATS_DESC_COUNTER(VM_GENERIC, mmu_interval_invalidate)

/* Descriptors of the vCPU statistics, beside KVM_GENERIC_VCPU_STATS(). */
#define KVM_INTERVAL_VCPU_STATS()					       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_retry_overlap)

#endif /* __LINUX_KVM_INTERVAL_H */
