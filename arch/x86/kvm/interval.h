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

void kvm_interval_fault_again(struct kvm_vcpu *vcpu);

/* A blocked vCPU has become runnable. */
static inline void kvm_interval_unblock(struct kvm_vcpu *vcpu)
{
	if (kvm_interval_stop_waiting(vcpu))
		kvm_interval_fault_again(vcpu);
}

#endif /* __KVM_X86_INTERVAL_H */
