/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invalidation state in struct kvm
 */
#ifndef __LINUX_KVM_INTERVAL_TYPES_H
#define __LINUX_KVM_INTERVAL_TYPES_H

#include <linux/kvm_types.h>
#include <linux/mmu_interval_range.h>

struct kvm_interval_subscription;

/* Length of the table of invalidations that the VM has handled. */
#define KVM_INTERVAL_DONE	64

/**
 * struct kvm_interval_state - what only invalidations and slow paths need
 * @done:	IDs of invalidations for which all memslots have been zapped, ID
 *		n at index n modulo KVM_INTERVAL_DONE; written under mmu_lock
 *		(write)
 */
struct kvm_interval_state {
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

#endif /* __LINUX_KVM_INTERVAL_TYPES_H */
