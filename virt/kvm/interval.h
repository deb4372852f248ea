/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that virt/kvm/kvm_main.c, interval.c and interval_wait.c share.
 * Architectures that do not select KVM_INTERVAL_NOTIFIER keep the invalidation
 * sequence of kvm_main.c and get stubs.
 */
#ifndef __KVM_INTERVAL_H__
#define __KVM_INTERVAL_H__ 1

#include <linux/kvm_host.h>

/* kvm_main.c: -EINTR if @vcpu must not block, or must stop blocking */
int kvm_vcpu_check_block(struct kvm_vcpu *vcpu);
/* kvm_main.c: the longest time for which a vCPU polls, in ns */
unsigned int kvm_vcpu_max_halt_poll_ns(struct kvm_vcpu *vcpu);

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

int kvm_interval_init_vm(struct kvm *kvm);
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu);
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old);
void kvm_interval_unsubscribe(struct kvm_memory_slot *slot);
void kvm_interval_unsubscribe_all(struct kvm *kvm);

void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_collision(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_success(struct kvm_vcpu *vcpu);

/*
 * The primary MMU calls ->change_pte() within an invalidation, which has zapped
 * the page and keeps faults from mapping it again.  That cannot be checked
 * here, nor is there a cheaper way than a walk of the memslots to see that KVM
 * has nothing to change.
 */
static inline bool kvm_change_pte_is_bracketed(struct kvm *kvm)
{
	return true;
}

static inline bool kvm_change_pte_is_relevant(struct kvm *kvm)
{
	return true;
}

#else /* !CONFIG_KVM_INTERVAL_NOTIFIER */

static inline int kvm_interval_init_vm(struct kvm *kvm)
{
	return 0;
}

static inline void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu)
{
}

static inline int kvm_interval_subscribe(struct kvm *kvm,
					 struct kvm_memory_slot *new,
					 const struct kvm_memory_slot *old)
{
	return 0;
}

static inline void kvm_interval_unsubscribe(struct kvm_memory_slot *slot)
{
}

static inline void kvm_interval_unsubscribe_all(struct kvm *kvm)
{
}

#if defined(CONFIG_MMU_NOTIFIER) && defined(KVM_ARCH_WANT_MMU_NOTIFIER)
/* Is ->change_pte() called between a start and its end? */
static inline bool kvm_change_pte_is_bracketed(struct kvm *kvm)
{
	return READ_ONCE(kvm->mn_active_invalidate_count);
}

/* KVM has nothing to change unless a start found a memslot. */
static inline bool kvm_change_pte_is_relevant(struct kvm *kvm)
{
	return READ_ONCE(kvm->mmu_invalidate_in_progress);
}
#endif

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_H__ */
