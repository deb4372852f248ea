/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM guest faults on the shared interval notifier
 *
 * A guest fault reads host page tables without any lock that the primary MMU
 * respects, and installs what it read under mmu_lock.  In between, the host
 * may take the page away.  The pair of functions below tells a fault whether
 * that happened; how (one mmu_interval_notifier for each memslot, and a
 * sequence of KVM's own for what has no HVA) is known to virt/kvm/interval.c
 * alone.
 */
#ifndef __LINUX_KVM_INTERVAL_H
#define __LINUX_KVM_INTERVAL_H

#include <linux/kvm_types.h>

struct kvm;
struct kvm_interval_subscription;
struct kvm_memory_slot;
struct kvm_vcpu;

/**
 * struct kvm_interval_snapshot - what a guest fault has seen before its lookup
 * @sub:	subscription of the memslot that the fault hit; NULL if the
 *		fault hit none, or a memslot that an architecture set up
 *		without one
 * @seq:	sequence number of @sub
 * @zap_seq:	KVM's own sequence number, see kvm_interval_zap_begin()
 *
 * Lives on the stack of the fault.  Valid as long as the kvm->srcu read
 * section in which kvm_interval_begin() filled it in.
 */
struct kvm_interval_snapshot {
	struct kvm_interval_subscription *sub;
	unsigned long seq;
	unsigned long zap_seq;
};

int kvm_interval_begin(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
		       gfn_t gfn, struct kvm_interval_snapshot *snap);
bool kvm_interval_retry(struct kvm *kvm,
			const struct kvm_interval_snapshot *snap);
/* For a fault that turns out not to map the memslot after all. */
static inline void kvm_interval_forget(struct kvm_interval_snapshot *snap)
{
	snap->sub = NULL;
}

bool kvm_interval_covers(const struct kvm_interval_snapshot *snap,
			 const struct kvm_memory_slot *slot);

void kvm_interval_zap_begin(struct kvm *kvm);
void kvm_interval_zap_end(struct kvm *kvm);

#endif /* __LINUX_KVM_INTERVAL_H */
