/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest frames that KVM invalidates itself, between a start and an end
 *
 * This KVM has none: it zaps guest frames in one go, and a fault that begins
 * afterwards sees what has changed.
 */
#ifndef __LINUX_KVM_INTERVAL_GFNS_H
#define __LINUX_KVM_INTERVAL_GFNS_H

#include <linux/kvm_types.h>

struct kvm;
struct kvm_vcpu;

bool kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn);
void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start, gfn_t end);

static inline bool kvm_interval_gfns_idle(const struct kvm *kvm)
{
	return true;
}

static inline bool kvm_interval_gfns_overlap(const struct kvm *kvm, gfn_t gfn,
					     gfn_t nr_pages)
{
	return false;
}

#endif /* __LINUX_KVM_INTERVAL_GFNS_H */
