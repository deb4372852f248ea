/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways in which virt/kvm/interval*.c can be broken
 */
#ifndef __KVM_MUTATION_LIST_H__
#define __KVM_MUTATION_LIST_H__ 1

#include <linux/kvm_host.h>

#define KVM_MUTATIONS(each)						\
	each(none)							\
	/* What a fault must not install */				\
	each(skip_retry)	/* kvm_interval_retry(): never */	\
	each(no_record)		/* history and number stay */		\
	each(late_record)	/* ... until after the zap */		\
	each(no_announce)	/* readers don't learn of the range */	\
	each(ignore_active)	/* a fault begins in the middle */	\
	each(unborn)		/* memslot before its subscription */	\
	each(huge_overlap)	/* huge mapping over an invalidated page */ \
	each(huge_forward)	/* ... that lies before the fault's */	\
	each(blind_prefetch)	/* neighbours that are invalidated */	\
	each(map_writable)	/* what the host maps read-only */	\
	/* What a callback must zap */					\
	each(skip_zap)		/* one in eight */			\
	each(half_zap)		/* only half of each range */		\
	each(skip_flush)						\
	each(forget_alias)	/* only the first memslot of an HVA */	\
	each(nonblock_lies)	/* success without a zap */		\
	each(lost_on_flags)	/* subscription lost by an update */	\
	each(lost_on_move)						\
	/* pfn caches */						\
	each(stale_gpc)		/* stays valid */			\
	each(gpc_no_retry)	/* uses what was invalidated meanwhile */ \
	each(gpc_trusts)	/* ... what is, when one end has come */ \
	each(no_users)		/* subscribes to an mm that has ended */ \
	/* Life and death */						\
	each(after_end)		/* looks at a subscription that is gone */ \
	each(late_prepare)	/* a memslot's ioctl is interrupted */	\
	/* How a vCPU waits */						\
	each(no_wait)		/* it faults again and again */		\
	each(lost_wakeup)	/* the end wakes nobody */		\
	each(deaf_wait)		/* only the end wakes it */		\
	each(coarse_wait)	/* for anything in the mm */		\
	each(overflow_all)	/* ... if there are many */		\
	each(event_spins)	/* the event that faulted wakes it */	\
	each(event_behind)	/* ... or one that has to come later */	\
	each(stale_kick)	/* ... or a kick for when it halts */	\
	each(stale_async)	/* ... or an answer that it cannot take */ \
	each(armed_at_init)	/* it waits when it has no page to wait for */ \
	each(keen_wait)		/* always polls first */		\
	each(sleepy_wait)	/* never polls */			\
	each(deaf_poll)		/* only the end ends it */		\
	each(uncapped_poll)	/* whatever the VM's limit */		\
	each(no_again)		/* and then the guest faults again */	\
	/* ... on Intel */						\
	each(hv_timer_stays)	/* its timer needs it to run */		\
	each(posted_asleep)	/* a posted interrupt does not wake it */ \
	each(posted_spins)	/* ... or keeps it awake in vain */	\
	each(no_reload)		/* the VMCS keeps the old APIC access page */ \
	each(coarse_retry)	/* for anything in the VM */		\
	/* Whom others give way to */					\
	each(no_priority)						\
	each(early_end)		/* before the guest has run */		\
	each(no_forfeit)	/* however slow it is */		\
	each(pause_self)	/* it pauses for itself */

/* Does a memslot with a lower id map the same memory as @slot?  Under kvm->srcu. */
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
