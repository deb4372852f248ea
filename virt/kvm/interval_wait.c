// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs whose page is being invalidated
 *
 * A fault on a page that is being invalidated does not sleep in place, as it
 * holds kvm->srcu.  It registers for the end of the invalidation, marks the
 * vCPU as waiting, and returns as for any fault that has to be retried.  A vCPU
 * that waits is not runnable, so the architecture blocks it like one that waits
 * for an asynchronous page fault: with no lock held, until a signal, a request,
 * an interrupt or any other event for the guest makes it runnable, or the
 * invalidation ends.
 *
 *   CPU 0: vCPU                          CPU 1: primary MMU
 *   -----------                          ------------------
 *                                        callback: announce, zap
 *   fault: kvm_interval_begin()
 *     waiting = true
 *     mmu_interval_wait_arm()
 *   back to KVM_RUN
 *   not runnable: kvm_vcpu_block()
 *     set_current_state()
 *     still waiting: schedule()
 *                                        change PTEs, free the page
 *                                        invalidate_range_end()
 *                                          kvm_interval_wake()
 *                                            waiting = false
 *                                            rcuwait_wake_up()
 *   kvm_interval_stop_waiting()
 *   enter the guest, which repeats the fault
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>
#include <linux/mmu_interval_range.h>

#include "interval_wait.h"

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval_wait.h>

/*
 * Called when the invalidation that @wait was armed for ends, with IRQs
 * disabled unless spinlocks sleep.
 */
static void kvm_interval_wake(struct mmu_interval_wait *wait)
{
	struct kvm_vcpu *vcpu = container_of(wait, struct kvm_vcpu,
					     interval.wait);

	/*
	 * The barrier of rcuwait_wake_up() orders this store before the wakeup.
	 * Pairs with set_current_state() in kvm_vcpu_block().  Litmus test:
	 * wake-block.
	 */
	WRITE_ONCE(vcpu->interval.waiting, false);
	rcuwait_wake_up(kvm_arch_vcpu_get_wait(vcpu));
}

/*
 * Called when the page at @hva is being invalidated: make @vcpu wait for the
 * end when it is back in KVM_RUN's loop.
 */
void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;

	kvm_interval_stop_waiting(vcpu);

	vi->wait.start = hva;
	vi->wait.last = hva + PAGE_SIZE - 1;
	vi->wait.wake = kvm_interval_wake;
	vi->since = ktime_get();
	WRITE_ONCE(vi->waiting, true);

	vi->armed = mmu_interval_wait_arm(vcpu->kvm->mm, &vi->wait);
	if (vi->armed)
		vi->busy = true;
	else
		WRITE_ONCE(vi->waiting, false);
}

/**
 * kvm_interval_stop_waiting - end the wait of a vCPU, if there is one
 * @vcpu:	the vCPU
 *
 * Called when a blocked vCPU has become runnable, whatever the reason.  If the
 * page is still being invalidated, the next fault makes the vCPU wait again.
 *
 * Return: true if the vCPU has waited and the invalidation has ended.
 */
bool kvm_interval_stop_waiting(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;
	bool ended;
	ktime_t now;
	u64 ns;

	if (likely(!vi->armed))
		return false;

	mmu_interval_wait_disarm(vcpu->kvm->mm, &vi->wait);
	ended = !vi->waiting;
	vi->armed = false;
	vi->busy = false;

	now = ktime_get();
	ns = ktime_to_ns(ktime_sub(now, vi->since));
	++vcpu->stat.generic.mmu_interval_wait;
	vcpu->stat.generic.mmu_interval_wait_ns += ns;
	trace_kvm_interval_wait(vcpu->vcpu_id, vi->wait.start, ns, ended);

	WRITE_ONCE(vi->waiting, false);

	return ended;
}
