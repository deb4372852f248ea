/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutations of virt/kvm/interval*.c, mm/mmu_notifier_ranges.c and x86
 */
#ifndef __KVM_MUTATION_LIST_H__
#define __KVM_MUTATION_LIST_H__ 1

#include <linux/kvm_host.h>

#define KVM_MUTATIONS(each)						\
	each(none)							\
	/* Guest faults */						\
	each(skip_retry)	/* kvm_interval_retry() is always false */ \
	each(no_record)		/* no log entry, same sequence count */	\
	each(late_record)	/* log entry after the zap */		\
	each(no_announce)	/* no mmu_interval_set_range() */	\
	each(ignore_active)	/* begin during an invalidation */	\
	each(unborn)		/* memslot active before subscription */ \
	each(huge_overlap)	/* huge page with an invalidated page */ \
	each(huge_forward)	/* ... below the gfn of the fault */	\
	each(blind_prefetch)	/* prefetch of invalidated pages */	\
	each(map_writable)	/* writable SPTE of a read-only page */	\
	each(coarse_retry)	/* any invalidation in the VM */	\
	/* Invalidations of guest frames */				\
	each(gfns_no_record)	/* no log entry */			\
	each(gfns_no_wait)	/* begin during one */			\
	each(gfns_no_end)	/* never ends */			\
	/* Zaps of callbacks */						\
	each(skip_zap)		/* skip one of eight */			\
	each(half_zap)		/* only half of each range */		\
	each(skip_flush)	/* no TLB flush */			\
	each(forget_alias)	/* only the first memslot of an HVA */	\
	each(nonblock_lies)	/* success without a zap */		\
	each(lost_on_flags)	/* no zap after a change of flags */	\
	each(lost_on_move)	/* ... after a move */			\
	/* pfn caches */						\
	each(stale_gpc)		/* stays valid */			\
	each(gpc_no_retry)	/* ignores the sequence count */	\
	each(gpc_trusts)	/* does not check again after a wait */	\
	each(no_users)		/* subscribes to an mm without users */	\
	/* Lifetimes */							\
	each(after_end)		/* access to a freed subscription */	\
	each(late_prepare)	/* a signal interrupts a memslot ioctl */ \
	/* Waiting */							\
	each(no_wait)		/* retry without waiting */		\
	each(lost_wakeup)	/* the end does not wake */		\
	each(deaf_wait)		/* only the end wakes */		\
	each(coarse_wait)	/* wait for any range in the mm */	\
	each(overflow_all)	/* ... if the table is full */		\
	each(event_spins)	/* woken by the event that faulted */	\
	each(event_behind)	/* ... by an event behind that one */	\
	each(stale_kick)	/* ... by a kick meant for a halt */	\
	each(stale_async)	/* ... by an undeliverable async fault */ \
	each(armed_at_init)	/* INIT does not end the wait */	\
	each(keen_wait)		/* always poll first */			\
	each(sleepy_wait)	/* never poll */			\
	each(deaf_poll)		/* only the end stops polling */	\
	each(uncapped_poll)	/* ignore the VM's polling limit */	\
	each(poll_anyway)	/* kvm.interval_poll=0 has no effect */	\
	each(no_again)		/* the guest must fault again */	\
	/* Intel */							\
	each(hv_timer_stays)	/* preemption timer while blocked */	\
	each(posted_asleep)	/* posted interrupt does not wake */	\
	each(posted_spins)	/* ... wakes without effect */		\
	each(no_reload)		/* VMCS keeps the old APIC page */	\
	/* Priority */							\
	each(no_priority)	/* never given */			\
	each(patient_wait)	/* not given to a vCPU that only waits */ \
	each(priority_anyway)	/* kvm.interval_priority=0 has no effect */ \
	each(early_end)		/* ends before the guest has run */	\
	each(no_forfeit)	/* never forfeited */			\
	each(pause_self)	/* owner pauses for itself */

/*
 * Does a memslot with a lower id map the same memory as @slot?  Called under
 * kvm->srcu.
 */
static inline bool kvm_mutation_is_alias(struct kvm *kvm,
					 const struct kvm_memory_slot *slot)
{
	struct kvm_memory_slot *other;
	int bkt;

	if (!slot)
		return false;

	kvm_for_each_memslot(other, bkt, __kvm_memslots(kvm, slot->as_id)) {
		if (other->id < slot->id &&
		    other->userspace_addr == slot->userspace_addr)
			return true;
	}
	return false;
}

#endif /* __KVM_MUTATION_LIST_H__ */
