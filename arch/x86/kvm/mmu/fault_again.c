// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that are handled again when the invalidation of their page has ended
 */

#include "../fault_again.h"
#include "../irq.h"
#include "../lapic.h"
#include "../mmu.h"
#include "../vcpu_interval.h"
#include "fault_again.h"
#include "fault_again_line.h"

/*
 * Called when kvm_interval_begin() returned -EAGAIN.  Remember what
 * kvm_interval_fault_again() needs if the vCPU has to wait.
 */
int kvm_interval_put_off(struct kvm_vcpu *vcpu,
			 const struct kvm_page_fault *fault)
{
	vcpu->interval.addr = fault->addr;
	vcpu->interval.error_code = fault->error_code;

	return RET_PF_RETRY;
}

/*
 * Called when the invalidation that @vcpu waited for has ended: handle its
 * fault again as if the guest had repeated it, which saves an entry and an
 * exit.  No guest instruction has run since, no event has been delivered, and
 * KVM_RUN's loop has not looked for one, so the MMU is in the state in which
 * the fault was put off; guest page tables are walked again.  Whatever the
 * result, the guest is entered next and repeats the fault if necessary.
 *
 * Context: may sleep; kvm->srcu is held.
 */
void kvm_interval_fault_again(struct kvm_vcpu *vcpu)
{
	/*
	 * Handle these first: the lookup may sleep for long, e.g. in
	 * userfaultfd.
	 */
	if (signal_pending(current) || kvm_interval_has_request(vcpu) ||
	    kvm_cpu_has_interrupt(vcpu) ||
	    kvm_apic_has_pending_init_or_sipi(vcpu))
		return;

	if (kvm_mmu_reload(vcpu))
		return;

	kvm_interval_do_page_fault(vcpu, vcpu->interval.addr,
				   vcpu->interval.error_code);
}
