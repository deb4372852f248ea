/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapts the interval notifier to the KVM of this kernel
 */
#ifndef __KVM_INTERVAL_LINE_H__
#define __KVM_INTERVAL_LINE_H__ 1

#include <linux/kvm_host.h>

/* Neither kvm-intel nor kvm-amd calls the interval notifier. */
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(symbol)

static inline int kvm_interval_nr_address_spaces(struct kvm *kvm)
{
	return KVM_ADDRESS_SPACE_NUM;
}

#if defined(CONFIG_KVM_INTERVAL_NOTIFIER)
/* Initialize what the zap of an HVA range needs, beside slot, start and end. */
static inline void kvm_interval_init_gfn_range(struct kvm_gfn_range *range)
{
	range->pte = __pte(0);
}

/*
 * The primary MMU calls ->change_pte() within an invalidation, which has zapped
 * the page and keeps faults from mapping it again.  That cannot be checked
 * here, nor is there a cheaper way than a walk of the memslots to see that KVM
 * has nothing to change.
 */
static inline bool kvm_change_pte_is_bracketed(struct kvm *kvm)
{
	return true;
}

static inline bool kvm_change_pte_is_relevant(struct kvm *kvm)
{
	return true;
}
#elif defined(CONFIG_MMU_NOTIFIER) && defined(KVM_ARCH_WANT_MMU_NOTIFIER)
/* Is ->change_pte() called between a start and its end? */
static inline bool kvm_change_pte_is_bracketed(struct kvm *kvm)
{
	return READ_ONCE(kvm->mn_active_invalidate_count);
}

/* KVM has nothing to change unless a start found a memslot. */
static inline bool kvm_change_pte_is_relevant(struct kvm *kvm)
{
	return READ_ONCE(kvm->mmu_invalidate_in_progress);
}
#endif

#endif /* __KVM_INTERVAL_LINE_H__ */
