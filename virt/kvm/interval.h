/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that virt/kvm/kvm_main.c, interval.c and interval_wait.c share.
 * Architectures that do not select KVM_INTERVAL_NOTIFIER keep the invalidation
 * sequence of kvm_main.c and get stubs.
 */
#ifndef __KVM_INTERVAL_H__
#define __KVM_INTERVAL_H__ 1

#include <linux/kvm_host.h>

#include "interval_line.h"

/* kvm_main.c: -EINTR if @vcpu must not block, or must stop blocking */
int kvm_vcpu_check_block(struct kvm_vcpu *vcpu);
/* kvm_main.c: the longest time for which a vCPU polls, in ns */
unsigned int kvm_vcpu_max_halt_poll_ns(struct kvm_vcpu *vcpu);

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

#include <linux/kvm_interval.h>

int kvm_interval_init_vm(struct kvm *kvm);
void kvm_interval_destroy_vm(struct kvm *kvm);
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu);
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old);
void kvm_interval_unsubscribe(struct kvm_memory_slot *slot);
void kvm_interval_unsubscribe_all(struct kvm *kvm);

void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_collision(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_success(struct kvm_vcpu *vcpu);

#else /* !CONFIG_KVM_INTERVAL_NOTIFIER */

static inline int kvm_interval_init_vm(struct kvm *kvm)
{
	return 0;
}

static inline void kvm_interval_destroy_vm(struct kvm *kvm)
{
}

static inline void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
}

static inline int kvm_interval_subscribe(struct kvm *kvm,
					 struct kvm_memory_slot *new,
					 const struct kvm_memory_slot *old)
{
	return 0;
}

static inline void kvm_interval_unsubscribe(struct kvm_memory_slot *slot)
{
}

static inline void kvm_interval_unsubscribe_all(struct kvm *kvm)
{
}

static inline void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start,
					       gfn_t end)
{
}

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_H__ */
