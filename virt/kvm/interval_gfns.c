// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations of guest frames by KVM itself, without an HVA
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval_gfns.h>

#include "interval_gfns.h"
#include "interval_line.h"
#include "interval_zap.h"

/* Slow path of kvm_interval_snapshot(): KVM is invalidating guest frames. */
bool kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	return likely(!kvm_interval_gfns_overlap(vcpu->kvm, gfn, 1));
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_may_begin);

/**
 * kvm_interval_restart_faults - make faults on guest frames retry
 * @kvm:	the VM
 * @start:	the first guest frame
 * @end:	the frame behind the last
 *
 * Used for zaps that have no HVA and no mm, e.g. kvm_zap_gfn_range() when
 * memory types or the use of the APIC page change.  Called before the zap,
 * which may yield mmu_lock: a fault that has begun can no longer install what
 * it found.  A fault that begins later must see what has changed, or
 * kvm_interval_gfns_overlap() until it can.
 *
 * Context: mmu_lock held for write.
 */
void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start, gfn_t end)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	kvm_interval_advance(kvm);
}
