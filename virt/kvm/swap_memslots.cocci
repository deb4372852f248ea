// SPDX-License-Identifier: GPL-2.0
/// Memslot updates no longer wait for invalidations.
// Files: virt/kvm/kvm_main.c

@@
identifier kvm, as_id, slots;
expression gen;
@@
 kvm_swap_active_memslots(struct kvm *kvm, int as_id)
 {
 ...
 slots->generation = gen;
+
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
