/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs whose faults collide again and again
 */
#ifndef __LINUX_KVM_INTERVAL_PRIORITY_H
#define __LINUX_KVM_INTERVAL_PRIORITY_H

#include <linux/mmu_interval_priority.h>

/* Progress of a vCPU with priority */
enum kvm_interval_progress {
	KVM_INTERVAL_NO_PRIORITY,
	KVM_INTERVAL_FAULTING,	/* its page is not mapped */
	KVM_INTERVAL_MAPPED,
	KVM_INTERVAL_ENTERING,	/* mapped, entry to the guest was attempted */
};

#endif /* __LINUX_KVM_INTERVAL_PRIORITY_H */
