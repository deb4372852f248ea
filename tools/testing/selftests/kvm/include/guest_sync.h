/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For guests that only say when they are done; an exception, or another exit, ends the
 * program with what there is to see of it:
 *
 *	guard_catch_exceptions(vm, vcpus, n, guest_sync_trap)
 *	GUEST_SYNC(GUEST_SYNC_DONE)	in the guest
 *	guest_sync_check(vcpu)		on the vCPU's thread, when KVM_RUN has returned 0
 */
#ifndef SELFTEST_KVM_GUEST_SYNC_H
#define SELFTEST_KVM_GUEST_SYNC_H

#include "framework.h"
#include "ktap.h"
#include "vcpu_guard.h"

enum guest_sync_message { GUEST_SYNC_DONE, GUEST_SYNC_TRAP };

static void guest_sync_trap(struct ex_regs *regs)
{
	ucall(UCALL_SYNC, 5, "trap", GUEST_SYNC_TRAP, regs->vector, regs->rip, regs->error_code);
}

/* Does not return if the guest did anything but say that it is done. */
static inline void guest_sync_check(struct kvm_vcpu *vcpu)
{
	struct ucall uc;
	bool ours = get_ucall(vcpu, &uc) == UCALL_SYNC;

	if (ours && uc.args[1] == GUEST_SYNC_DONE)
		return;
	if (ours) {
		guard_rip(vcpu->id, uc.args[3]);
		ktap_info("vcpu=%u exception: vector=%lu rip=%#lx error=%#lx", vcpu->id,
			  uc.args[2], uc.args[3], uc.args[4]);
	} else {
		ktap_info("vcpu=%u unexpected exit %u (%s)", vcpu->id, vcpu->run->exit_reason,
			  exit_reason_str(vcpu->run->exit_reason));
	}
	guard_dump(vcpu);
	exit(KSFT_FAIL);
}

#endif /* SELFTEST_KVM_GUEST_SYNC_H */
