/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that do not let a vCPU go on whose page is being invalidated
 */
#ifndef __KVM_X86_VCPU_INTERVAL_EVENTS_H
#define __KVM_X86_VCPU_INTERVAL_EVENTS_H

#include <linux/kvm_host.h>
#include <linux/kvm_interval_wait.h>
#include <asm/vmx.h>

#include "irq.h"
#include "lapic.h"
#include "x86.h"

#define KVM_INTERVAL_REQ(req)	BIT_ULL((req) & KVM_REQUEST_MASK)

/*
 * Requests that can wait for the next entry to the guest:
 *
 * KVM_REQ_EVENT is made whenever an event may be pending, also by a fault
 * during the delivery of one.  kvm_vcpu_has_events() tells if the guest can
 * take an event.  The next five are made whenever a vCPU is loaded that was
 * preempted or has slept.  The others do not wake a vCPU
 * (KVM_REQUEST_NO_WAKEUP), and whoever makes them waits only for running vCPUs.
 */
#define KVM_INTERVAL_QUIET_REQS						       \
	(KVM_INTERVAL_REQ(KVM_REQ_EVENT) |				       \
	 KVM_INTERVAL_REQ(KVM_REQ_STEAL_UPDATE) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_CLOCK_UPDATE) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_GLOBAL_CLOCK_UPDATE) |		       \
	 KVM_INTERVAL_REQ(KVM_REQ_MIGRATE_TIMER) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_PMU) |				       \
	 KVM_INTERVAL_REQ(KVM_REQ_TLB_FLUSH) |				       \
	 KVM_INTERVAL_REQ(KVM_REQ_TLB_FLUSH_CURRENT) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_TLB_FLUSH_GUEST) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_MCLOCK_INPROGRESS) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_APIC_PAGE_RELOAD) |			       \
	 KVM_INTERVAL_REQ(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS))

/*
 * Can the guest take an event?  While @vcpu waits with an event to be
 * reinjected, no other event can be delivered: that one comes first and needs
 * the page. INIT and SIPI need no delivery.
 */
static inline bool kvm_interval_heeds_events(struct kvm_vcpu *vcpu)
{
	if (likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	    !kvm_event_needs_reinjection(vcpu))
		return true;

	/* Sync posted interrupts to the IRR, else they wake the vCPU again. */
	kvm_cpu_has_interrupt(vcpu);

	return kvm_apic_has_pending_init_or_sipi(vcpu) &&
	       kvm_apic_init_sipi_allowed(vcpu);
}

/*
 * Has a halted vCPU been kicked by another one?  A vCPU that waits is not
 * halted; the kick is kept for its next halt.
 */
static inline bool kvm_interval_is_unhalted(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.pv.pv_unhalted &&
	       !kvm_interval_is_waiting(&vcpu->interval);
}

/*
 * Can a completed asynchronous page fault be delivered?  While a vCPU waits,
 * the first completion makes a request, which wakes it; the others stay queued
 * until the guest has taken that one.
 */
static inline bool kvm_interval_async_pf_is_done(struct kvm_vcpu *vcpu)
{
	return !list_empty_careful(&vcpu->async_pf.done) &&
	       !kvm_interval_is_waiting(&vcpu->interval);
}

#endif /* __KVM_X86_VCPU_INTERVAL_EVENTS_H */
