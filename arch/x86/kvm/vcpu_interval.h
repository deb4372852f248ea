/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs whose page is being invalidated: x86 KVM_RUN
 */
#ifndef __KVM_X86_VCPU_INTERVAL_H
#define __KVM_X86_VCPU_INTERVAL_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>

#include "x86.h"

/* Does @vcpu have a request that cannot be left for the next entry? */
static inline bool kvm_interval_has_request(struct kvm_vcpu *vcpu)
{
	return kvm_request_pending(vcpu);
}

/*
 * A vCPU whose page is being invalidated does not run unless it has a request.
 * Then it enters the guest, which repeats the fault.
 */
static inline bool kvm_interval_may_run(struct kvm_vcpu *vcpu)
{
	return likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	       kvm_interval_has_request(vcpu);
}

#endif /* __KVM_X86_VCPU_INTERVAL_H */
