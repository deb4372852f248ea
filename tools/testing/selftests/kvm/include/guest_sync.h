/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For guests whose only message is that they are done.  An exception, or any
 * other exit, ends the program after printing the vCPU's state:
 *
 *	guard_catch_exceptions(vm, vcpus, n, guard_trap)
 *	GUEST_SYNC(GUEST_SYNC_DONE)	in the guest
 *	guest_sync_check(vcpu)		on the vCPU's thread, after KVM_RUN returned 0
 */
#ifndef SELFTEST_KVM_GUEST_SYNC_H
#define SELFTEST_KVM_GUEST_SYNC_H

#include "framework.h"
#include "vcpu_guard.h"

enum guest_sync_message { GUEST_SYNC_DONE };

/* Ends the program unless the guest sent GUEST_SYNC_DONE. */
static inline void guest_sync_check(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	if (get_ucall(vcpu, &uc) == UCALL_SYNC && uc.args[1] == GUEST_SYNC_DONE)
		return;
	if (guard_exception(vcpu, &uc))
		guard_dump(vcpu);
	else
		guard_unexpected(vcpu);
	exit(KSFT_FAIL);
}

#endif /* SELFTEST_KVM_GUEST_SYNC_H */
