/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs whose page is being invalidated: functions for KVM_RUN
 */
#ifndef __LINUX_KVM_INTERVAL_WAIT_H
#define __LINUX_KVM_INTERVAL_WAIT_H

#include <linux/kvm_host.h>

/* Called from the architecture's KVM_RUN by the vCPU's own thread. */
bool kvm_interval_stop_waiting(struct kvm_vcpu *vcpu);

/**
 * kvm_interval_is_waiting - is the page that a vCPU needs being invalidated?
 * @vi:		of the vCPU
 *
 * A vCPU for which this is true is not runnable, like one that waits for an
 * asynchronous page fault, and is woken by the same events.
 */
static inline bool kvm_interval_is_waiting(const struct kvm_vcpu_interval *vi)
{
	/* Cleared by kvm_interval_wake(), which then wakes the vCPU. */
	return READ_ONCE(vi->waiting);
}

/* Does kvm_interval_stop_waiting() have to be called? */
static inline bool kvm_interval_is_busy(const struct kvm_vcpu_interval *vi)
{
	return vi->busy;
}

/* Descriptors of the vCPU statistics, beside KVM_INTERVAL_VCPU_STATS(). */
#define KVM_INTERVAL_WAIT_STATS()					       \
	STATS_DESC_COUNTER(VCPU_GENERIC, mmu_interval_wait),		       \
	STATS_DESC_TIME_NSEC(VCPU_GENERIC, mmu_interval_wait_ns)

#endif /* __LINUX_KVM_INTERVAL_WAIT_H */
