/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of interval.c that virt/kvm/kvm_main.c calls.  Architectures
 * that do not select KVM_INTERVAL_NOTIFIER keep the invalidation sequence of
 * kvm_main.c and get stubs.
 */
#ifndef __KVM_INTERVAL_H__
#define __KVM_INTERVAL_H__ 1

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

int kvm_interval_init_vm(struct kvm *kvm);
void kvm_interval_destroy_vm(struct kvm *kvm);
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old);
void kvm_interval_unsubscribe(struct kvm_memory_slot *slot);
void kvm_interval_unsubscribe_all(struct kvm *kvm);

#else /* !CONFIG_KVM_INTERVAL_NOTIFIER */

static inline int kvm_interval_init_vm(struct kvm *kvm)
{
	return 0;
}

static inline void kvm_interval_destroy_vm(struct kvm *kvm)
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

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_H__ */
