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
 * invalidation ends.  It may poll first, as many invalidations are shorter than
 * a sleep.
 *
 *   CPU 0: vCPU                          CPU 1: primary MMU
 *   -----------                          ------------------
 *                                        callback: announce, zap
 *   fault: kvm_interval_begin()
 *     waiting = true
 *     mmu_interval_wait_arm()
 *   back to KVM_RUN
 *   not runnable: kvm_interval_block()
 *     perhaps polls, then kvm_vcpu_block()
 *     set_current_state()
 *     still waiting: schedule()
 *                                        change PTEs, free the page
 *                                        invalidate_range_end()
 *                                          kvm_interval_wake()
 *                                            waiting = false
 *                                            rcuwait_wake_up()
 *   kvm_interval_stop_waiting()
 *   handle the fault again
 *   enter the guest
 *
 * Priority: a page may be invalidated so often that a fault collides every
 * time.  A vCPU that has collided KVM_INTERVAL_PATIENCE times in a row is given
 * priority: until it has been in the guest with its page mapped, tasks that
 * invalidate its page pause on their way back to user mode, each for a
 * millisecond at most, after which the vCPU loses its priority and must collide
 * once more to get it again (mm/mmu_notifier_ranges.c).  Callbacks do not
 * pause, as they run with locks of the primary MMU held.
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <trace/events/kvm_interval.h>

#include "interval.h"
#include "interval_debug.h"

/* Number of collisions in a row after which a vCPU is given priority */
#define KVM_INTERVAL_PATIENCE	8

/* Initialize @vcpu, before it runs. */
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
	mmu_interval_priority_init(&vcpu->interval.priority);
	vcpu->interval.brief = true;
}

/*
 * Called when the invalidation that @wait was armed for ends, with IRQs
 * disabled unless spinlocks sleep.
 */
static void kvm_interval_wake(struct mmu_interval_wait *wait)
{
	struct kvm_vcpu *vcpu = container_of(wait, struct kvm_vcpu,
					     interval.wait);

	vcpu->interval.ended = ktime_get();
	/*
	 * The barrier of rcuwait_wake_up() orders this store before the wakeup.
	 * Pairs with set_current_state() in kvm_vcpu_block().  Litmus test:
	 * wake-block.
	 */
	WRITE_ONCE(vcpu->interval.waiting, false);
	rcuwait_wake_up(kvm_arch_vcpu_get_wait(vcpu));
}

/* Give the fault of @vcpu on the page at @hva priority over invalidations. */
static void kvm_interval_prioritize(struct kvm_vcpu *vcpu, unsigned long hva)
{
	if (mmu_interval_prioritize(vcpu->kvm->mm, &vcpu->interval.priority,
				    hva, hva + PAGE_SIZE - 1))
		++vcpu->stat.generic.mmu_interval_priority;

	vcpu->interval.progress = KVM_INTERVAL_FAULTING;
	vcpu->interval.busy = true;
}

static void kvm_interval_unprioritize(struct kvm_vcpu *vcpu)
{
	vcpu->stat.generic.mmu_interval_pause +=
		mmu_interval_unprioritize(vcpu->kvm->mm,
					  &vcpu->interval.priority);

	vcpu->interval.progress = KVM_INTERVAL_NO_PRIORITY;
	vcpu->interval.busy = vcpu->interval.armed;
}

/* Called when the fault of @vcpu on the page at @hva has collided. */
void kvm_interval_count_collision(struct kvm_vcpu *vcpu, unsigned long hva)
{
	if (++vcpu->interval.collisions >= KVM_INTERVAL_PATIENCE)
		kvm_interval_prioritize(vcpu, hva);
}

/* Called when the fault of @vcpu may map its page. */
void kvm_interval_count_success(struct kvm_vcpu *vcpu)
{
	vcpu->interval.collisions = 0;
	if (likely(vcpu->interval.progress == KVM_INTERVAL_NO_PRIORITY))
		return;

	vcpu->interval.progress = KVM_INTERVAL_MAPPED;
	kvm_interval_debug_mapped(vcpu);
}

/**
 * kvm_interval_enter - a vCPU is about to enter the guest
 * @vcpu:	the vCPU
 * @exits:	how often it has left the guest so far
 *
 * Called before each entry if kvm_interval_is_busy().  Priority ends when the
 * vCPU has been in the guest with its page mapped.  @exits tells whether an
 * earlier attempt was cancelled before the guest had run.
 */
void kvm_interval_enter(struct kvm_vcpu *vcpu, u64 exits)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;

	kvm_interval_stop_waiting(vcpu);

	if (vi->progress == KVM_INTERVAL_MAPPED) {
		vi->progress = KVM_INTERVAL_ENTERING;
		vi->exits = exits;
	} else if (vi->progress == KVM_INTERVAL_ENTERING &&
		   vi->exits != exits) {
		kvm_interval_unprioritize(vcpu);
	}

	if (vi->progress == KVM_INTERVAL_ENTERING)
		kvm_interval_debug_cancel_entry(vcpu);
}

/*
 * Called when the page at @hva is being invalidated: make @vcpu wait for the
 * end when it is back in KVM_RUN's loop.
 */
void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;

	kvm_interval_stop_waiting(vcpu);
	if (vi->collisions >= KVM_INTERVAL_PATIENCE)
		kvm_interval_prioritize(vcpu, hva);

	vi->wait.start = hva;
	vi->wait.last = hva + PAGE_SIZE - 1;
	vi->wait.wake = kvm_interval_wake;
	vi->since = ktime_get();
	WRITE_ONCE(vi->waiting, true);

	vi->armed = mmu_interval_wait_arm(vcpu->kvm->mm, &vi->wait);
	if (vi->armed) {
		vi->busy = true;
		return;
	}

	/*
	 * It has just ended.  That is a collision as well, else a vCPU that is
	 * always this late would never get priority.
	 */
	WRITE_ONCE(vi->waiting, false);
	vi->collisions++;
}

/*
 * Poll for @limit ns, or until need_resched(), like a spinning waiter of a
 * mutex.  A halted vCPU stops polling as soon as any other task could run; here
 * that is most often another vCPU that will hit the same invalidation.  Returns
 * true if the vCPU need not sleep.
 */
static bool kvm_interval_poll(struct kvm_vcpu *vcpu, unsigned int limit)
{
	struct kvm_vcpu_stat_generic *stat = &vcpu->stat.generic;
	ktime_t stop = ktime_add_ns(vcpu->interval.since, limit);

	++stat->mmu_interval_attempted_poll;
	do {
		if (kvm_vcpu_check_block(vcpu) < 0) {
			if (!kvm_interval_is_waiting(&vcpu->interval))
				++stat->mmu_interval_successful_poll;
			return true;
		}
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
	    vcpu->interval.brief && limit && kvm_interval_poll(vcpu, limit))
		return;

	kvm_vcpu_block(vcpu);
}

/* Note whether the vCPU should poll for the end of the next invalidation. */
static void kvm_interval_update_brief(struct kvm_vcpu *vcpu, ktime_t now)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;
	/*
	 * Sleep time includes scheduling latency, so use the invalidation's own
	 * duration.
	 */
	ktime_t end = vi->waiting ? now : vi->ended;
	s64 ns = ktime_to_ns(ktime_sub(end, vi->since));
	bool brief = ns < kvm_vcpu_max_halt_poll_ns(vcpu);

	/* A short wait that an event has ended tells nothing. */
	if (!vi->waiting || !brief)
		vi->brief = brief;
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
	vi->busy = vi->progress != KVM_INTERVAL_NO_PRIORITY;

	now = ktime_get();
	ns = ktime_to_ns(ktime_sub(now, vi->since));
	++vcpu->stat.generic.mmu_interval_wait;
	vcpu->stat.generic.mmu_interval_wait_ns += ns;
	KVM_STATS_LOG_HIST_UPDATE(vcpu->stat.generic.mmu_interval_wait_hist,
				  ns);
	trace_kvm_interval_wait(vcpu->vcpu_id, vi->wait.start, ns,
				ended);

	kvm_interval_update_brief(vcpu, now);
	/* Count a wait to the end as a collision, until a fault succeeds. */
	if (ended)
		vi->collisions++;
	WRITE_ONCE(vi->waiting, false);

	return ended;
}

/**
 * kvm_interval_leave - a vCPU leaves KVM_RUN
 * @vcpu:	the vCPU
 *
 * Ends its wait and its priority.
 */
void kvm_interval_leave(struct kvm_vcpu *vcpu)
{
	kvm_interval_stop_waiting(vcpu);
	if (unlikely(vcpu->interval.progress != KVM_INTERVAL_NO_PRIORITY))
		kvm_interval_unprioritize(vcpu);
}
