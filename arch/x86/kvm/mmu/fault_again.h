/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that are handled again when the invalidation of their page has ended
 */
#ifndef __KVM_X86_MMU_FAULT_AGAIN_H
#define __KVM_X86_MMU_FAULT_AGAIN_H

#include "mmu_internal.h"

int kvm_interval_put_off(struct kvm_vcpu *vcpu,
			 const struct kvm_page_fault *fault);

#endif /* __KVM_X86_MMU_FAULT_AGAIN_H */
