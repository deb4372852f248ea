// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest faults on the interval notifier: what is too rare to be inline
 */

#include "../interval.h"
#include "../mmu.h"
#include "interval.h"

/*
 * kvm_interval_begin() has refused a fault, and its vCPU may have to wait.  Remember
 * what kvm_interval_fault_again() needs: nothing if guest page tables were walked,
 * as they may have changed by then.
 */
int kvm_interval_put_off(struct kvm_vcpu *vcpu,
			 const struct kvm_page_fault *fault)
{
	vcpu->interval.addr = vcpu->arch.mmu->root_role.direct ? fault->addr :
								 INVALID_GPA;
	vcpu->interval.error_code = fault->error_code;

	return RET_PF_RETRY;
}

/*
 * What @vcpu has waited for has ended: handle its fault as if the guest had come back
 * with it, which saves the way to the guest and back.  Whatever comes of it, the guest
 * is entered next, and faults if it has to.  May sleep; kvm->srcu held.
 */
void kvm_interval_fault_again(struct kvm_vcpu *vcpu)
{
	/* These go first, and the lookup may sleep, e.g. in userfaultfd */
	if (signal_pending(current) || kvm_cpu_has_interrupt(vcpu))
		return;

	/* L2 with page tables of its own may be L1 by now, or the reverse */
	if (vcpu->interval.addr == INVALID_GPA ||
	    !vcpu->arch.mmu->root_role.direct || kvm_mmu_reload(vcpu))
		return;

	if (kvm_mmu_do_page_fault(vcpu, vcpu->interval.addr,
				  vcpu->interval.error_code, false,
				  NULL) == RET_PF_FIXED)
		++vcpu->stat.generic.mmu_interval_fault_again;
}

/*
 * The part of kvm_interval_mapping_level() for which there is something to look at.
 * Returns the largest page size, at most the host's, of which no page is being taken
 * away.
 */
int kvm_interval_limit_mapping_level(struct kvm *kvm,
				     const struct kvm_page_fault *fault)
{
	int level = fault->max_level;
	gfn_t pages;

	lockdep_assert_held(&kvm->mmu_lock);

	for (; level > PG_LEVEL_4K; --level) {
		pages = KVM_PAGES_PER_HPAGE(level);
		if (kvm_interval_covers(kvm, fault->slot, fault->gfn & -pages,
					pages))
			break;
	}

	return kvm_mmu_max_mapping_level(kvm, fault->slot, fault->gfn, level);
}
