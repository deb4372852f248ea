// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs whose faults collide again and again
 *
 * A page may be invalidated so often that a fault collides every time.  A vCPU
 * that has collided KVM_INTERVAL_PATIENCE times in a row is given priority:
 * until it has been in the guest with its page mapped, tasks that invalidate
 * its page pause on their way back to user mode, each for a millisecond at
 * most, after which the vCPU loses its priority and must collide once more to
 * get it again (mm/mmu_notifier_priority.c).  Callbacks do not pause, as they
 * run with locks of the primary MMU held.
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>
#include <linux/mmu_interval_priority.h>
#include <linux/moduleparam.h>

#include "interval_priority.h"

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval_priority.h>

/* Number of collisions in a row after which a vCPU is given priority */
#define KVM_INTERVAL_PATIENCE	8

/* May vCPUs be given priority? */
static bool interval_priority = true;
module_param(interval_priority, bool, 0644);

/* Initialize @vcpu, before it runs. */
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
	mmu_interval_priority_init(&vcpu->interval.priority);
}

/* Give the fault of @vcpu on the page at @hva priority over invalidations. */
static void kvm_interval_prioritize(struct kvm_vcpu *vcpu, unsigned long hva)
{
	bool given;

	given = mmu_interval_prioritize(vcpu->kvm->mm,
					&vcpu->interval.priority, hva,
					hva + PAGE_SIZE - 1);
	if (given)
		trace_kvm_interval_prioritize(vcpu->vcpu_id, hva);

	vcpu->interval.progress = KVM_INTERVAL_FAULTING;
	vcpu->interval.busy = true;
}

static void kvm_interval_unprioritize(struct kvm_vcpu *vcpu)
{
	unsigned long pauses;

	pauses = mmu_interval_unprioritize(vcpu->kvm->mm,
					   &vcpu->interval.priority);
	trace_kvm_interval_unprioritize(vcpu->vcpu_id, pauses);

	vcpu->interval.progress = KVM_INTERVAL_NO_PRIORITY;
	vcpu->interval.busy = vcpu->interval.armed;
}

/* Called before the fault of @vcpu on the page at @hva waits or retries. */
void kvm_interval_lose_patience(struct kvm_vcpu *vcpu, unsigned long hva)
{
	if (vcpu->interval.collisions >= KVM_INTERVAL_PATIENCE &&
	    READ_ONCE(interval_priority))
		kvm_interval_prioritize(vcpu, hva);
}

/*
 * Called when the fault of @vcpu on the page at @hva has collided, unless the
 * guest can go on without the page, or KVM has zapped it on its own account.
 */
void kvm_interval_count_collision(struct kvm_vcpu *vcpu, unsigned long hva)
{
	++vcpu->interval.collisions;
	kvm_interval_lose_patience(vcpu, hva);
}

/* Called when the fault of @vcpu may map its page. */
void kvm_interval_count_success(struct kvm_vcpu *vcpu)
{
	vcpu->interval.collisions = 0;
	if (likely(vcpu->interval.progress == KVM_INTERVAL_NO_PRIORITY))
		return;

	vcpu->interval.progress = KVM_INTERVAL_MAPPED;
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
