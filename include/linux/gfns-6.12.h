/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest frames that KVM invalidates itself, between a start and an end
 *
 * guest_memfd and memory attributes change what a guest frame is mapped to
 * without the primary MMU, and sleep meanwhile:
 *
 *   CPU 0: guest fault                   CPU 1: e.g. punch hole
 *   ------------------                   ----------------------
 *                                        kvm_mmu_invalidate_start() and
 *                                        kvm_mmu_invalidate_range_add(),
 *                                        under mmu_lock (write)
 *                                          mark the frames
 *                                          log, sequence count (release)
 *                                          zap, flush
 *   kvm_interval_snapshot()
 *     read the sequence count (acquire)
 *     frame marked? yes: give up
 *                                        free pages, change attributes
 *                                        kvm_mmu_invalidate_end()
 *
 * A fault that read the count earlier finds the frames in the log when it
 * holds mmu_lock.  One that sees no mark because of the end also sees what was
 * changed before it, as it has read the mark with acquire semantics, before the
 * attributes or the page.
 */
#ifndef __LINUX_KVM_INTERVAL_GFNS_H
#define __LINUX_KVM_INTERVAL_GFNS_H

#include <linux/kvm_host.h>

bool kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn);
void kvm_interval_restart_faults(struct kvm *kvm, gfn_t start, gfn_t end);

/* Is KVM invalidating no guest frame? */
static inline bool kvm_interval_gfns_idle(const struct kvm *kvm)
{
	/*
	 * Pairs with smp_wmb() in kvm_mmu_invalidate_end().  Litmus test:
	 * gfn-state.
	 */
	return !smp_load_acquire(&kvm->mmu_invalidate_in_progress);
}

/* Is KVM invalidating a part of a range of guest frames? */
static inline bool kvm_interval_gfns_overlap(const struct kvm *kvm, gfn_t gfn,
					     gfn_t nr_pages)
{
	if (kvm_interval_gfns_idle(kvm))
		return false;

	if (gfn < READ_ONCE(kvm->mmu_invalidate_range_end) &&
	    gfn + nr_pages > READ_ONCE(kvm->mmu_invalidate_range_start))
		return true;

	/*
	 * Without mmu_lock the range may be that of an invalidation that began
	 * after the mark was read, and after the end of one that overlapped: see
	 * what that has changed.  Pairs with mmu_lock, which is held around
	 * kvm_mmu_invalidate_end() and kvm_mmu_invalidate_start().  Litmus
	 * test: gfn-reuse.
	 */
	smp_rmb();
	return false;
}

/* For assertions: is something invalidated that faults know about? */
static inline bool kvm_interval_is_zapping(const struct kvm *kvm)
{
	return kvm->interval.zapping || kvm->mmu_invalidate_in_progress;
}

#endif /* __LINUX_KVM_INTERVAL_GFNS_H */
