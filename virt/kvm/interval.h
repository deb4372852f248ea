/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What virt/kvm/kvm_main.c needs of virt/kvm/interval.c, and what that shares
 * with virt/kvm/interval_wait.c.  Architectures that do not select
 * KVM_INTERVAL_NOTIFIER keep KVM's own scheme and get stubs.
 */
#ifndef __KVM_INTERVAL_H__
#define __KVM_INTERVAL_H__ 1

#include <linux/kvm_host.h>

/* In kvm_main.c: -EINTR if @vcpu must not block, or not any more. */
int kvm_vcpu_check_block(struct kvm_vcpu *vcpu);
/* In kvm_main.c: for how long a vCPU may poll before it blocks, in ns. */
unsigned int kvm_vcpu_max_halt_poll_ns(struct kvm_vcpu *vcpu);

#ifdef CONFIG_KVM_INTERVAL_NOTIFIER

int kvm_interval_init_vm(struct kvm *kvm);
void kvm_interval_init_vcpu(struct kvm_vcpu *vcpu);
int kvm_interval_subscribe(struct kvm *kvm, struct kvm_memory_slot *new,
			   const struct kvm_memory_slot *old);
void kvm_interval_unsubscribe(struct kvm_memory_slot *slot);
void kvm_interval_unsubscribe_all(struct kvm *kvm);

void kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_loss(struct kvm_vcpu *vcpu, unsigned long hva);
void kvm_interval_count_success(struct kvm_vcpu *vcpu);

/*
 * The primary MMU calls ->change_pte() within an invalidation, which has zapped
 * the page and keeps it from coming back.  That cannot be checked from here,
 * and there is no cheaper way to see that KVM has nothing to change than to
 * look.
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
/* ->change_pte() is called within an invalidation, start to end... */
static inline bool kvm_change_pte_is_bracketed(struct kvm *kvm)
{
	return READ_ONCE(kvm->mn_active_invalidate_count);
}

/* ...and is of interest only if a start, this or another, found a memslot. */
static inline bool kvm_change_pte_is_relevant(struct kvm *kvm)
{
	return READ_ONCE(kvm->mmu_invalidate_in_progress);
}
#endif

#endif /* CONFIG_KVM_INTERVAL_NOTIFIER */

#endif /* __KVM_INTERVAL_H__ */
