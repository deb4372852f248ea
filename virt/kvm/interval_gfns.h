/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of interval_gfns.c that virt/kvm/kvm_main.c calls
 */
#ifndef __KVM_INTERVAL_GFNS_H__
#define __KVM_INTERVAL_GFNS_H__ 1

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

#include <linux/kvm_interval_gfns.h>

#else /* !CONFIG_KVM_INTERVAL_NOTIFIER */

static inline void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start,
					       gfn_t end)
{
}

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_GFNS_H__ */
