// SPDX-License-Identifier: GPL-2.0
/// A subscription knows its memslot before faults can; no update waits for
/// invalidations.
// Files: virt/kvm/kvm_main.c

@@
identifier kvm, as_id, slots;
@@
 kvm_swap_active_memslots(struct kvm *kvm, int as_id)
 {
 ...
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 spin_lock(&kvm->mn_invalidate_lock);
 prepare_to_rcuwait(...);
 while (kvm->mn_active_invalidate_count) { ... }
 finish_rcuwait(...);
+#endif
 rcu_assign_pointer(kvm->memslots[as_id], slots);
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 spin_unlock(&kvm->mn_invalidate_lock);
+#endif
 ...
 }

@@
identifier kvm, old, new;
@@
 kvm_activate_memslot(struct kvm *kvm, struct kvm_memory_slot *old,
		      struct kvm_memory_slot *new)
 {
 ...
+kvm_interval_activate(kvm, old, new);
 kvm_swap_active_memslots(...);
 ...
 }

@@
identifier kvm, old, invalid;
@@
 kvm_invalidate_memslot(struct kvm *kvm, struct kvm_memory_slot *old,
			struct kvm_memory_slot *invalid)
 {
 ...
+kvm_interval_activate(kvm, old, invalid);
 kvm_swap_active_memslots(...);
 ...
 }
