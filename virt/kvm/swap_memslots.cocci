// SPDX-License-Identifier: GPL-2.0
/// On the interval notifier, new memslots wait for no invalidation.
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
