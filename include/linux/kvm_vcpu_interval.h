/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State in struct kvm_vcpu of a vCPU whose page is being invalidated
 */
#ifndef __LINUX_KVM_VCPU_INTERVAL_H
#define __LINUX_KVM_VCPU_INTERVAL_H

#include <linux/ktime.h>
#include <linux/kvm_types.h>
#include <linux/mmu_interval_range.h>

/**
 * struct kvm_vcpu_interval - state of a vCPU that waits
 * @wait:	waits for the end of an invalidation if @armed
 * @busy:	KVM_RUN has something to do before the vCPU enters the guest
 * @armed:	kvm_interval_stop_waiting() has to be called
 * @waiting:	that invalidation has not ended; cleared by whoever ends it
 * @since:	when it began to wait
 *
 * Unless noted, fields are accessed only by the vCPU thread.
 */
struct kvm_vcpu_interval {
	struct mmu_interval_wait wait;
	bool busy;
	bool armed;
	bool waiting;
	ktime_t since;
};

#endif /* __LINUX_KVM_VCPU_INTERVAL_H */
