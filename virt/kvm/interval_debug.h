/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: delays, refusals and detours that make rare races frequent
 */
#ifndef __KVM_INTERVAL_DEBUG_H__
#define __KVM_INTERVAL_DEBUG_H__ 1

#include <linux/kvm_host.h>

struct dentry;

extern struct dentry *kvm_debugfs_dir;

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
/* Count a refusal; returns @refused, the result of the callback. */
static inline bool kvm_interval_debug_refused(struct kvm *kvm, bool refused)
{
	++kvm->stat.generic.mmu_interval_refuse;
	return refused;
}
#endif

#ifdef CONFIG_KVM_INTERVAL_DEBUG

void kvm_interval_debug_init(void);
void kvm_interval_debug_delay_invalidate(void);
void kvm_interval_debug_delay_fault(void);
void kvm_interval_debug_delay_gpc(void);
void kvm_interval_debug_delay_gfns(void);
bool kvm_interval_debug_refuse(void);
void kvm_interval_debug_mapped(struct kvm_vcpu *vcpu);
void kvm_interval_debug_cancel_entry(struct kvm_vcpu *vcpu);

#else /* !CONFIG_KVM_INTERVAL_DEBUG */

static inline void kvm_interval_debug_init(void)
{
}

static inline void kvm_interval_debug_delay_invalidate(void)
{
}

static inline void kvm_interval_debug_delay_fault(void)
{
}

static inline void kvm_interval_debug_delay_gpc(void)
{
}

static inline void kvm_interval_debug_delay_gfns(void)
{
}

static inline bool kvm_interval_debug_refuse(void)
{
	return false;
}

static inline void kvm_interval_debug_mapped(struct kvm_vcpu *vcpu)
{
}

static inline void kvm_interval_debug_cancel_entry(struct kvm_vcpu *vcpu)
{
}

#endif /* CONFIG_KVM_INTERVAL_DEBUG */

#endif /* __KVM_INTERVAL_DEBUG_H__ */
