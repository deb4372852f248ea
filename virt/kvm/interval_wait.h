/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs whose page is being invalidated
 */
#ifndef __KVM_INTERVAL_WAIT_H__
#define __KVM_INTERVAL_WAIT_H__ 1

#include <linux/kvm_host.h>

void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva);

#endif /* __KVM_INTERVAL_WAIT_H__ */
