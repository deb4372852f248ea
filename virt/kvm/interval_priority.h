/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs whose faults collide again and again
 */
#ifndef __KVM_INTERVAL_PRIORITY_H__
#define __KVM_INTERVAL_PRIORITY_H__ 1

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu);
void kvm_interval_lose_patience(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_collision(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_success(struct kvm_vcpu *vcpu);

#else /* !CONFIG_KVM_INTERVAL_NOTIFIER */

static inline void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
}

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_PRIORITY_H__ */
