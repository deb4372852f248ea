/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that are handled again when the invalidation of their page has ended:
 * x86 KVM_RUN
 */
#ifndef __KVM_X86_FAULT_AGAIN_H
#define __KVM_X86_FAULT_AGAIN_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>

void kvm_interval_fault_again(struct kvm_vcpu *vcpu);

/*
 * Called when a blocked vCPU has become runnable, before the reason is
 * examined, as that may change the state in which the fault was put off.
 * Returns true if the fault was handled again and has to wait once more;
 * KVM_RUN's loop must then block the vCPU before it does anything else.
 */
static inline bool kvm_interval_unblock(struct kvm_vcpu *vcpu)
{
	if (kvm_interval_stop_waiting(vcpu))
		kvm_interval_fault_again(vcpu);

	return kvm_interval_is_waiting(&vcpu->interval);
}

#endif /* __KVM_X86_FAULT_AGAIN_H */
