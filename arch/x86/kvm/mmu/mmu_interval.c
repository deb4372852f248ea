// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest faults on the interval notifier: what is too rare to be inline
 */

#include "../mmu.h"
#include "../vcpu_interval.h"
#include "mmu_interval.h"

/*
 * kvm_interval_begin() has refused a fault, and its vCPU may have to wait.
 * Remember what kvm_interval_fault_again() needs.
 */
int kvm_interval_put_off(struct kvm_vcpu *vcpu,
			 const struct kvm_page_fault *fault)
{
	vcpu->interval.addr = fault->addr;
	vcpu->interval.error_code = fault->error_code;

	return RET_PF_RETRY;
}

/*
 * What @vcpu has waited for has ended: handle its fault as if the guest had
 * come back with it, which saves the way to the guest and back.  No instruction
 * of the guest's has run since, no event has been delivered, and KVM_RUN's loop
 * has looked at none, so the MMU is in the state in which the fault was put
 * off, and guest page tables are walked anew.  Whatever comes of it, the guest
 * is entered next, and faults if it has to.  May sleep; kvm->srcu held.
 */
void kvm_interval_fault_again(struct kvm_vcpu *vcpu)
{
	/* These go first, and the lookup may sleep, e.g. in userfaultfd */
	if (signal_pending(current) || kvm_interval_has_request(vcpu) ||
	    kvm_cpu_has_interrupt(vcpu) ||
	    kvm_apic_has_pending_init_or_sipi(vcpu))
		return;

	if (kvm_mmu_reload(vcpu))
		return;

	if (kvm_mmu_do_page_fault(vcpu, vcpu->interval.addr,
				  vcpu->interval.error_code, false,
				  NULL) == RET_PF_FIXED)
		++vcpu->stat.generic.mmu_interval_fault_again;
}

/*
 * The part of kvm_interval_mapping_level() for which there is something to look
 * at. Returns the largest page size, at most the host's, of which no page is
 * being invalidated.
 */
int kvm_interval_limit_mapping_level(struct kvm *kvm,
				     const struct kvm_page_fault *fault)
{
	int level = fault->max_level;
	gfn_t pages;

	lockdep_assert_held(&kvm->mmu_lock);

	for (; level > PG_LEVEL_4K; --level) {
		pages = KVM_PAGES_PER_HPAGE(level);
		/*
		 * All of the huge page, also what lies before the fault's page
		 */
		if (kvm_interval_covers(kvm, fault->slot,
					fault->gfn & -pages, pages))
			break;
	}

	return kvm_mmu_max_mapping_level(kvm, fault->slot, fault->gfn, level);
}
