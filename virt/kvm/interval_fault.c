// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest faults on the shared interval notifier: slow paths
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>

#include "interval_line.h"

/* Slow path of kvm_interval_begin() */
int kvm_interval_begin_slow(struct kvm_vcpu *vcpu,
			    const struct kvm_memory_slot *slot, gfn_t gfn,
			    bool may_wait, struct kvm_interval_snapshot *snap)
{
	const struct kvm_interval *interval = &vcpu->kvm->interval;
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);
	unsigned long now;
	bool active;

	/*
	 * The memslot is being deleted or moved.  Its SPTEs must be zapped
	 * before an MMIO SPTE for the gfn may be installed.
	 */
	if (slot->flags & KVM_MEMSLOT_INVALID)
		return -EAGAIN;

	active = !mmu_interval_range_try_begin(vcpu->kvm->mm, hva,
					       hva + PAGE_SIZE - 1,
					       &interval->seq, &now);
	if (active)
		return -EAGAIN;

	/*
	 * Keep the count of kvm_interval_snapshot(), as it guards what the
	 * fault has read since.
	 */
	if (!mmu_interval_idle(interval->ranges))
		snap->idle = false;

	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_begin_slow);

/* Slow path of kvm_interval_retry() */
bool kvm_interval_retry_slow(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot, gfn_t gfn,
			     struct kvm_interval_snapshot *snap)
{
	lockdep_assert_held(&vcpu->kvm->mmu_lock);

	vcpu->stat.generic.mmu_interval_retry_overlap++;
	return true;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_retry_slow);
