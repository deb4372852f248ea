// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs whose page is being taken away
 *
 * A fault on a page that is being invalidated does not sleep where it stands,
 * with kvm->srcu held.  It asks the mm to be told of the end, marks the vCPU as
 * waiting, and goes back as for any fault that has to be tried again.  A vCPU
 * that waits is not runnable, so the architecture blocks it as it blocks one
 * that waits for an asynchronous page fault: with nothing held, and until a
 * signal, a request, an interrupt or anything else that the guest should see
 * makes it runnable again, or the invalidation ends.  It may poll first, as
 * many an invalidation is shorter than a sleep.
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
 *   fault again, on behalf of the guest
 *   enter the guest
 *
 * Turns.  A page may be invalidated again and again so fast that a fault
 * collides every time.  A vCPU that has lost often enough in a row takes a turn:
 * from then until it has come back from the guest, blockable callbacks that
 * overlap its page wait before they announce anything, each for a millisecond
 * at most, after which the turn is forfeited.  So the host is never held up by
 * more than that, whatever a vCPU waits for and however many there are, and a
 * vCPU gets its page within a bounded number of losses, unless something else
 * keeps it for longer than a millisecond.
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
#include <linux/mmu_interval_range.h>
#include <linux/mmu_notifier.h>
#include <trace/events/kvm_interval.h>

#include "interval.h"

/* Losses in a row after which a vCPU is given a turn. */
#define KVM_INTERVAL_PATIENCE	8
/* For how long a callback waits for turns, at most. */
#define KVM_INTERVAL_HOLD_NS	NSEC_PER_MSEC

/* Prepare @vcpu, before it runs. */
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
	INIT_LIST_HEAD(&vcpu->interval.turn_node);
	vcpu->interval.brief = true;
}

/* Of the invalidation: what @wait is for has ended.  Interrupts are off. */
static void kvm_interval_wake(struct mmu_interval_wait *wait)
{
	struct kvm_vcpu *vcpu = container_of(wait, struct kvm_vcpu,
					     interval.wait);

	vcpu->interval.ended = ktime_get();
	/*
	 * rcuwait_wake_up() has a barrier that pairs with set_current_state()
	 * in kvm_vcpu_block().
	 */
	WRITE_ONCE(vcpu->interval.waiting, false);
	rcuwait_wake_up(kvm_arch_vcpu_get_wait(vcpu));
}

/* Take a turn for the page at @hva, or move the one that there is. */
static void kvm_interval_take_turn(struct kvm_vcpu *vcpu, unsigned long hva)
{
	struct kvm_interval *interval = &vcpu->kvm->interval;

	spin_lock(&interval->turn_lock);
	vcpu->interval.turn_start = hva;
	if (list_empty(&vcpu->interval.turn_node)) {
		list_add_tail(&vcpu->interval.turn_node, &interval->turns);
		WRITE_ONCE(interval->nr_turns, interval->nr_turns + 1);
		++vcpu->stat.generic.mmu_interval_turn;
	}
	spin_unlock(&interval->turn_lock);

	vcpu->interval.turn = KVM_INTERVAL_TURN_TAKEN;
	vcpu->interval.busy = true;
}

static void kvm_interval_del_turn(struct kvm_interval *interval,
				  struct kvm_vcpu_interval *vi)
{
	lockdep_assert_held(&interval->turn_lock);

	list_del_init(&vi->turn_node);
	WRITE_ONCE(interval->nr_turns, interval->nr_turns - 1);
}

static void kvm_interval_end_turn(struct kvm_vcpu *vcpu)
{
	struct kvm_interval *interval = &vcpu->kvm->interval;

	spin_lock(&interval->turn_lock);
	/* Unless it was forfeited */
	if (!list_empty(&vcpu->interval.turn_node))
		kvm_interval_del_turn(interval, &vcpu->interval);
	spin_unlock(&interval->turn_lock);

	vcpu->interval.turn = KVM_INTERVAL_NO_TURN;
	vcpu->interval.busy = vcpu->interval.armed;
	wake_up_all(&interval->turn_wq);
}

/* The fault of @vcpu on the page at @hva has collided. */
void kvm_interval_count_loss(struct kvm_vcpu *vcpu, unsigned long hva)
{
	if (++vcpu->interval.lost >= KVM_INTERVAL_PATIENCE)
		kvm_interval_take_turn(vcpu, hva);
}

/* The fault of @vcpu has not collided; its page is about to be mapped. */
void kvm_interval_count_success(struct kvm_vcpu *vcpu)
{
	vcpu->interval.lost = 0;
	if (unlikely(vcpu->interval.turn != KVM_INTERVAL_NO_TURN))
		vcpu->interval.turn = KVM_INTERVAL_TURN_MAPPED;
}

/**
 * kvm_interval_enter - a vCPU is about to enter the guest
 * @vcpu:	the vCPU
 *
 * To be called before each entry for which kvm_interval_is_busy().  A turn ends
 * when the vCPU has been in the guest with its page mapped, and is back.
 */
void kvm_interval_enter(struct kvm_vcpu *vcpu)
{
	kvm_interval_stop_waiting(vcpu);

	if (vcpu->interval.turn == KVM_INTERVAL_TURN_MAPPED)
		vcpu->interval.turn = KVM_INTERVAL_TURN_USED;
	else if (vcpu->interval.turn == KVM_INTERVAL_TURN_USED)
		kvm_interval_end_turn(vcpu);
}

/* Does any turn overlap?  Those that do are taken away if @forfeit. */
static bool kvm_interval_find_turn(struct kvm_interval *interval,
				   const struct mmu_notifier_range *range,
				   bool forfeit)
{
	struct kvm_vcpu_interval *vi, *next;
	bool found = false;

	spin_lock(&interval->turn_lock);
	list_for_each_entry_safe(vi, next, &interval->turns, turn_node) {
		if (vi->turn_start >= range->end ||
		    vi->turn_start + PAGE_SIZE <= range->start)
			continue;
		found = true;
		if (!forfeit)
			break;
		kvm_interval_del_turn(interval, vi);
	}
	spin_unlock(&interval->turn_lock);

	return found;
}

/*
 * Let vCPUs whose turn it is map their pages before @range is announced.  May
 * sleep for KVM_INTERVAL_HOLD_NS.  No lock of KVM's may be held; what the primary
 * MMU holds may well be what the vCPU needs, hence the limit.
 */
void kvm_interval_hold(struct kvm *kvm, const struct mmu_notifier_range *range)
{
	struct kvm_interval *interval = &kvm->interval;

	/* A turn that is taken just now is for the next to come */
	if (likely(!READ_ONCE(interval->nr_turns)) ||
	    !kvm_interval_find_turn(interval, range, false))
		return;

	++kvm->stat.generic.mmu_interval_hold;
	if (wait_event_hrtimeout(interval->turn_wq,
				 !kvm_interval_find_turn(interval, range, false),
				 ns_to_ktime(KVM_INTERVAL_HOLD_NS)))
		kvm_interval_find_turn(interval, range, true);
}

/*
 * The page at @hva is being taken away: make @vcpu wait for the end, as soon as
 * it is back in KVM_RUN's loop.
 */
void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
{
	struct kvm_vcpu_interval *vi = &vcpu->interval;

	kvm_interval_stop_waiting(vcpu);
	if (vi->lost >= KVM_INTERVAL_PATIENCE)
		kvm_interval_take_turn(vcpu, hva);

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

/*
 * Wait awake for halt_poll_ns, or until the scheduler wants the CPU, as a mutex's
 * waiter does.  A halted vCPU stops as soon as anybody else could run.  Here that is
 * most often the next vCPU that will run into the same invalidation.  Returns true
 * if the vCPU need not sleep.
 */
static bool kvm_interval_poll(struct kvm_vcpu *vcpu)
{
	ktime_t stop = ktime_add_ns(vcpu->interval.since,
				    READ_ONCE(halt_poll_ns));

	++vcpu->stat.generic.mmu_interval_attempted_poll;
	do {
		if (kvm_vcpu_check_block(vcpu) < 0) {
			if (!kvm_interval_is_waiting(&vcpu->interval))
				++vcpu->stat.generic.mmu_interval_successful_poll;
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
 * In place of kvm_vcpu_block().  One that waits for the end of an invalidation polls
 * before it sleeps if the last of them was brief: what wakes it, and lets it have
 * its CPU again, may take longer than what it waits for.
 *
 * Context: may sleep; kvm->srcu not held.
 */
void kvm_interval_block(struct kvm_vcpu *vcpu)
{
	if (kvm_interval_is_waiting(&vcpu->interval) &&
	    vcpu->interval.brief && READ_ONCE(halt_poll_ns) &&
	    kvm_interval_poll(vcpu))
		return;

	kvm_vcpu_block(vcpu);
}

/* Was the invalidation so brief that the vCPU had better poll for the next one? */
static void kvm_interval_judge(struct kvm_vcpu_interval *vi, ktime_t now)
{
	/* Not how long it slept: that says more of the scheduler */
	ktime_t end = vi->waiting ? now : vi->ended;
	s64 ns = ktime_to_ns(ktime_sub(end, vi->since));
	bool brief = ns < READ_ONCE(halt_poll_ns);

	/* A short wait that something else has ended says nothing */
	if (!vi->waiting || !brief)
		vi->brief = brief;
}

/**
 * kvm_interval_stop_waiting - a vCPU does not wait any more
 * @vcpu:	the vCPU, whether it waits or not
 *
 * To be called when a blocked vCPU has become runnable, for whatever reason: if
 * the page is still being taken away, the next fault will say so.
 *
 * Return: true if it has waited, and what it waited for has ended.
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
	vi->busy = vi->turn != KVM_INTERVAL_NO_TURN;

	now = ktime_get();
	ns = ktime_to_ns(ktime_sub(now, vi->since));
	++vcpu->stat.generic.mmu_interval_wait;
	vcpu->stat.generic.mmu_interval_wait_ns += ns;
	KVM_STATS_LOG_HIST_UPDATE(vcpu->stat.generic.mmu_interval_wait_hist,
				  ns);
	trace_kvm_interval_wait(vcpu->vcpu_id, vi->wait.start, ns,
				ended);

	kvm_interval_judge(vi, now);
	/* To have waited to the end and to meet another one is a loss */
	if (ended)
		vi->lost++;
	WRITE_ONCE(vi->waiting, false);

	return ended;
}

/**
 * kvm_interval_leave - a vCPU leaves KVM_RUN
 * @vcpu:	the vCPU
 *
 * Nothing that refers to the vCPU is left behind.
 */
void kvm_interval_leave(struct kvm_vcpu *vcpu)
{
	kvm_interval_stop_waiting(vcpu);
	if (unlikely(vcpu->interval.turn != KVM_INTERVAL_NO_TURN))
		kvm_interval_end_turn(vcpu);
}
