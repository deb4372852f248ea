/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Logs of recent invalidations
 */
#ifndef __KVM_INTERVAL_LOG_H__
#define __KVM_INTERVAL_LOG_H__ 1

#include <linux/kvm_host.h>

void kvm_interval_record(struct kvm *kvm, struct kvm_interval_log *log,
			 u64 start, u64 last);

#endif /* __KVM_INTERVAL_LOG_H__ */
