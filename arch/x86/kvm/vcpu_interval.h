/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM_RUN's side of guest faults on the interval notifier
 */
#ifndef __KVM_X86_VCPU_INTERVAL_H
#define __KVM_X86_VCPU_INTERVAL_H

#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <asm/vmx.h>

#include "lapic.h"
#include "x86.h"

/*
 * Does @vcpu have a request that somebody expects to be served?  KVM_REQ_EVENT alone
 * does not count: it is set whenever an event may have to be looked at, also by a fault
 * that hit the delivery of one, and if there is an event that the guest can take,
 * kvm_vcpu_has_events() says so.
 */
static inline bool kvm_interval_has_request(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) &
	       ~BIT_ULL(KVM_REQ_EVENT & KVM_REQUEST_MASK);
}

/*
 * A vCPU whose page is being invalidated does not run, but a request is served
 * first, by way of the guest: the fault comes back if the page still is.
 */
static inline bool kvm_interval_may_run(struct kvm_vcpu *vcpu)
{
	return likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	       kvm_interval_has_request(vcpu);
}

/*
 * Can the guest take an event?  Not while it waits with the delivery of another one
 * unfinished, which comes first and needs the page.  INIT and SIPI need no delivery.
 */
static inline bool kvm_interval_heeds_events(struct kvm_vcpu *vcpu)
{
	return likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	       !kvm_event_needs_reinjection(vcpu) ||
	       kvm_apic_has_pending_init_or_sipi(vcpu);
}

/*
 * Has a halted vCPU been kicked by another one?  If it waits, it is not halted, and the
 * kick is for when it will be.
 */
static inline bool kvm_interval_is_unhalted(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.pv.pv_unhalted &&
	       !kvm_interval_is_waiting(&vcpu->interval);
}

void kvm_interval_fault_again(struct kvm_vcpu *vcpu);

/*
 * A blocked vCPU has become runnable.  To be called before anything else looks at why,
 * as that may change the state in which the fault was put off.
 */
static inline void kvm_interval_unblock(struct kvm_vcpu *vcpu)
{
	if (kvm_interval_stop_waiting(vcpu))
		kvm_interval_fault_again(vcpu);
}

/*
 * Fault injection: have VMs the private memslot that Intel without unrestricted guests
 * needs for the TSS, so that what becomes of private memslots is seen on any CPU.
 */
static inline int kvm_interval_debug_set_tss(struct kvm *kvm, unsigned long addr)
{
	void __user *hva = NULL;

	if (!kvm_interval_debug_wants_private_memslot())
		return 0;

	mutex_lock(&kvm->slots_lock);
	if (!id_to_memslot(kvm_memslots(kvm), TSS_PRIVATE_MEMSLOT))
		hva = __x86_set_memory_region(kvm, TSS_PRIVATE_MEMSLOT, addr,
					      3 * PAGE_SIZE);
	mutex_unlock(&kvm->slots_lock);

	return PTR_ERR_OR_ZERO((__force void *)hva);
}

#endif /* __KVM_X86_VCPU_INTERVAL_H */
