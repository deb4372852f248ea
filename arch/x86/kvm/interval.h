/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's side of guest faults on the interval notifier
 */
#ifndef __KVM_X86_INTERVAL_H
#define __KVM_X86_INTERVAL_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>

/*
 * A vCPU whose page is being taken away does not run, but a request is served
 * first, by way of the guest: the fault comes back if the page still is.
 */
static inline bool kvm_interval_may_run(struct kvm_vcpu *vcpu)
{
	return likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	       kvm_request_pending(vcpu);
}

/*
 * Lower @max_level until no page of such a mapping is being taken away.  To be
 * called after kvm_interval_retry() and before the host's page tables are looked
 * up, in the same critical section of mmu_lock in which the result is installed.
 */
static inline void
kvm_interval_limit_level(struct kvm *kvm,
			 const struct kvm_interval_snapshot *snap,
			 const struct kvm_memory_slot *slot, gfn_t gfn,
			 u8 *max_level)
{
	gfn_t pages;

	if (likely(kvm_interval_covers_all(snap)))
		return;

	for (; *max_level > PG_LEVEL_4K; --*max_level) {
		pages = KVM_PAGES_PER_HPAGE(*max_level);
		if (kvm_interval_covers(kvm, slot, gfn & -pages, pages))
			break;
	}
}

#endif /* __KVM_X86_INTERVAL_H */
