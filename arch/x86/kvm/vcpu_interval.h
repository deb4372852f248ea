/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest faults on the interval notifier: x86 KVM_RUN
 */
#ifndef __KVM_X86_VCPU_INTERVAL_H
#define __KVM_X86_VCPU_INTERVAL_H

#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>
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

/* Does @vcpu have a request that cannot be left for the next entry? */
static inline bool kvm_interval_has_request(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) & ~KVM_INTERVAL_QUIET_REQS;
}

/*
 * A vCPU whose page is being invalidated does not run unless it has a request.
 * Then it enters the guest, which repeats the fault.
 */
static inline bool kvm_interval_may_run(struct kvm_vcpu *vcpu)
{
	return likely(!kvm_interval_is_waiting(&vcpu->interval)) ||
	       kvm_interval_has_request(vcpu);
}

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

void kvm_interval_fault_again(struct kvm_vcpu *vcpu);

/*
 * Called when a blocked vCPU has become runnable, before the reason is
 * examined, as that may change the state in which the fault was put off.
 * Returns true if the fault was handled again and has to wait once more;
 * KVM_RUN's loop must then block the vCPU before it does anything else.
 */
static inline bool kvm_interval_unblock(struct kvm_vcpu *vcpu)
{
	if (kvm_interval_stop_waiting(vcpu))
		kvm_interval_fault_again(vcpu);

	return kvm_interval_is_waiting(&vcpu->interval);
}

/*
 * Fault injection: create the private memslot that Intel without unrestricted
 * guest needs for the TSS, so that the lifetime of private memslots is tested
 * on any CPU.
 */
static inline int kvm_interval_debug_set_tss(struct kvm *kvm,
					     unsigned long addr)
{
	void __user *hva = NULL;

	if (!kvm_interval_debug_wants_private_memslot())
		return 0;

	mutex_lock(&kvm->slots_lock);
	if (!id_to_memslot(kvm_memslots(kvm), TSS_PRIVATE_MEMSLOT))
		hva = __x86_set_memory_region(kvm, TSS_PRIVATE_MEMSLOT, addr,
					      3 * PAGE_SIZE);
	mutex_unlock(&kvm->slots_lock);

	return PTR_ERR_OR_ZERO((__force void *)hva);
}

#endif /* __KVM_X86_VCPU_INTERVAL_H */
