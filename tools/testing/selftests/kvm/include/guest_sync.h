/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For guests that only say when they are done; an exception, or another exit, ends the
 * program with what there is to see of it:
 *
 *	guard_catch_exceptions(vm, vcpus, n, guard_trap)
 *	GUEST_SYNC(GUEST_SYNC_DONE)	in the guest
 *	guest_sync_check(vcpu)		on the vCPU's thread, when KVM_RUN has returned 0
 */
#ifndef SELFTEST_KVM_GUEST_SYNC_H
#define SELFTEST_KVM_GUEST_SYNC_H

#include "framework.h"
#include "vcpu_guard.h"

enum guest_sync_message { GUEST_SYNC_DONE };

/* Does not return if the guest did anything but say that it is done. */
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
