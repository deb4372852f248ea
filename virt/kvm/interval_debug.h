/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delays at named points, and refusals, for tests of what is too rare otherwise.
 */
#ifndef __KVM_INTERVAL_DEBUG_H__
#define __KVM_INTERVAL_DEBUG_H__ 1

#ifdef CONFIG_KVM_INTERVAL_DEBUG

void kvm_interval_debug_init(void);
void kvm_interval_debug_delay_invalidate(void);
void kvm_interval_debug_delay_fault(void);
bool kvm_interval_debug_refuse(void);

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

static inline bool kvm_interval_debug_refuse(void)
{
	return false;
}

#endif /* CONFIG_KVM_INTERVAL_DEBUG */

#endif /* __KVM_INTERVAL_DEBUG_H__ */
