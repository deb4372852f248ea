// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs that poll for the end of an invalidation before they sleep
 *
 * Many invalidations are shorter than a sleep, a wakeup and the wait for a CPU.
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>
#include <linux/moduleparam.h>

#include "interval_poll.h"

/* May vCPUs poll before they sleep? */
static bool interval_poll = true;
module_param(interval_poll, bool, 0644);

/*
 * Poll for @limit ns, or until need_resched(), like a spinning waiter of a
 * mutex.  A halted vCPU stops polling as soon as any other task could run; here
 * that is most often another vCPU that will hit the same invalidation.  Returns
 * true if the vCPU need not sleep.
 */
static bool kvm_interval_poll(struct kvm_vcpu *vcpu, unsigned int limit)
{
	ktime_t stop = ktime_add_ns(vcpu->interval.since, limit);

	do {
		if (kvm_vcpu_check_block(vcpu) < 0)
			return true;
		cpu_relax();
	} while (!need_resched() && ktime_before(ktime_get(), stop));

	return false;
}

/**
 * kvm_interval_block - block a vCPU that is not halted, and not runnable
 * @vcpu:	the vCPU
 *
 * Called in place of kvm_vcpu_block().  A vCPU that waits for the end of an
 * invalidation polls before it sleeps if the last one was brief, as a wakeup
 * may take longer than the invalidation.
 *
 * Context: may sleep; kvm->srcu not held.
 */
void kvm_interval_block(struct kvm_vcpu *vcpu)
{
	unsigned int limit = kvm_vcpu_max_halt_poll_ns(vcpu);

	if (kvm_interval_is_waiting(&vcpu->interval) &&
	    !vcpu->interval.long_wait && limit && READ_ONCE(interval_poll) &&
	    kvm_interval_poll(vcpu, limit))
		return;

	kvm_vcpu_block(vcpu);
}

/* Note whether the vCPU should poll for the end of the next invalidation. */
void kvm_interval_note_length(struct kvm_vcpu *vcpu, ktime_t now)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;
	/*
	 * Sleep time includes scheduling latency, so use the invalidation's own
	 * duration.
	 */
	ktime_t end = vi->waiting ? now : vi->ended;
	s64 ns = ktime_to_ns(ktime_sub(end, vi->since));
	bool long_wait = ns >= kvm_vcpu_max_halt_poll_ns(vcpu);

	/* A short wait that an event has ended tells nothing. */
	if (!vi->waiting || long_wait)
		vi->long_wait = long_wait;
}
