/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Logs of recent invalidations in struct kvm_interval_state
 */
#ifndef __LINUX_KVM_INTERVAL_LOG_H
#define __LINUX_KVM_INTERVAL_LOG_H

#include <linux/types.h>

/* Length of a log of recent invalidations, a power of two. */
#define KVM_INTERVAL_HISTORY	128
/* A range that is among the last so many of a log reuses its entry. */
#define KVM_INTERVAL_REPEAT	4

/**
 * struct kvm_interval_record - a range that was invalidated
 * @start:	the first HVA, or guest frame
 * @last:	the last HVA, or guest frame
 * @seq:	kvm_interval.seq before the last invalidation of this range
 */
struct kvm_interval_record {
	u64 start;
	u64 last;
	unsigned long seq;
};

/**
 * struct kvm_interval_log - recent invalidations of one kind
 * @nr_records:	ranges entered in @records so far
 * @records:	in the order of their sequence counts: a ring, the nth range at
 *		index n modulo KVM_INTERVAL_HISTORY
 *
 * Protected by mmu_lock.
 */
struct kvm_interval_log {
	unsigned long nr_records;
	struct kvm_interval_record records[KVM_INTERVAL_HISTORY];
};

#endif /* __LINUX_KVM_INTERVAL_LOG_H */
