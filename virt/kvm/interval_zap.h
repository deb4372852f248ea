/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subscriptions to invalidations of the memory of a VM
 */
#ifndef __KVM_INTERVAL_ZAP_H__
#define __KVM_INTERVAL_ZAP_H__ 1

#include <linux/kvm_host.h>
#include <linux/mmu_notifier.h>

/**
 * struct kvm_interval_subscription - subscription of a memslot's HVA range
 * @notifier:	inserted from creation to deletion of the memslot
 * @kvm:	the VM; outlives the subscription
 */
struct kvm_interval_subscription {
	struct mmu_interval_notifier notifier;
	struct kvm *kvm;
};

extern const struct mmu_interval_notifier_ops kvm_interval_ops;

void kvm_interval_advance(struct kvm *kvm);

#endif /* __KVM_INTERVAL_ZAP_H__ */
