/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs that poll for the end of an invalidation before they sleep
 */
#ifndef __KVM_INTERVAL_POLL_H__
#define __KVM_INTERVAL_POLL_H__ 1

#include <linux/kvm_host.h>

/* kvm_main.c: -EINTR if @vcpu must not block, or must stop blocking */
int kvm_vcpu_check_block(struct kvm_vcpu *vcpu);
/* kvm_main.c: the longest time for which a vCPU polls, in ns */
unsigned int kvm_vcpu_max_halt_poll_ns(struct kvm_vcpu *vcpu);

void kvm_interval_note_length(struct kvm_vcpu *vcpu, ktime_t now);

#endif /* __KVM_INTERVAL_POLL_H__ */
