/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection in KVM on x86
 */
#ifndef __KVM_X86_INTERVAL_DEBUG_H
#define __KVM_X86_INTERVAL_DEBUG_H

#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval_debug.h>

/*
 * Fault injection: create the private memslot that Intel without unrestricted
 * guest needs for the TSS, so that the lifetime of private memslots is tested
 * on any CPU.
 */
static inline int kvm_interval_debug_set_tss(struct kvm *kvm,
					     unsigned long addr)
{
	void __user *hva = NULL;

	if (!kvm_interval_debug_wants_private_memslot())
		return 0;

	mutex_lock(&kvm->slots_lock);
	if (!id_to_memslot(kvm_memslots(kvm), TSS_PRIVATE_MEMSLOT))
		hva = __x86_set_memory_region(kvm, TSS_PRIVATE_MEMSLOT, addr,
					      3 * PAGE_SIZE);
	mutex_unlock(&kvm->slots_lock);

	return PTR_ERR_OR_ZERO((__force void *)hva);
}

#endif /* __KVM_X86_INTERVAL_DEBUG_H */
