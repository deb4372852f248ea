/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts the interval notifier to the KVM of this kernel
 */
#ifndef __KVM_INTERVAL_LINE_H__
#define __KVM_INTERVAL_LINE_H__ 1

#include <linux/kvm_host.h>

static inline int kvm_interval_nr_address_spaces(struct kvm *kvm)
{
	return kvm_arch_nr_memslot_as_ids(kvm);
}

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
/*
 * Initialize what the zap of an HVA range needs, beside slot, start and end.
 * Memory that has an HVA is shared with the host.
 */
static inline void kvm_interval_init_gfn_range(struct kvm_gfn_range *range)
{
	range->attr_filter = KVM_FILTER_SHARED;
}
#endif

#endif /* __KVM_INTERVAL_LINE_H__ */
