// SPDX-License-Identifier: GPL-2.0
/// Compile the hlist start and end, and their state, for other architectures only.
// Files: virt/kvm/kvm_main.c

@hvas@
identifier kvm, start, end;
@@
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 void kvm_mmu_invalidate_begin(struct kvm *kvm, unsigned long start,
			       unsigned long end)
 { ... }

@depends on hvas@ @@
 static void kvm_mmu_notifier_invalidate_range_end(...)
 { ... }
+#endif /* !CONFIG_KVM_INTERVAL_NOTIFIER */

// In Linux 6.12 and 7.3 guest_memfd and memory attributes call what is in between.
@depends on !hvas@ @@
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 static int kvm_mmu_notifier_invalidate_range_start(...)
 { ... }
+#endif /* !CONFIG_KVM_INTERVAL_NOTIFIER */

@depends on !hvas@ @@
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 static void kvm_mmu_notifier_invalidate_range_end(...)
 { ... }
+#endif /* !CONFIG_KVM_INTERVAL_NOTIFIER */

@@ @@
 struct mmu_notifier_ops kvm_mmu_notifier_ops = {
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 	.invalidate_range_start = kvm_mmu_notifier_invalidate_range_start,
 	.invalidate_range_end = kvm_mmu_notifier_invalidate_range_end,
+#endif
 };

@@
expression vm;
@@
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 spin_lock_init(&vm->mn_invalidate_lock);
 rcuwait_init(&vm->mn_memslots_update_rcuwait);
+#endif

@@
expression vm;
@@
 mmu_notifier_unregister(&vm->mmu_notifier, vm->mm);
 kvm_interval_unsubscribe_all(vm);
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 WARN_ON(rcuwait_active(&vm->mn_memslots_update_rcuwait));
(
 vm->mn_active_invalidate_count = 0;
+#endif
|
 if (vm->mn_active_invalidate_count) vm->mn_active_invalidate_count = 0;
 else WARN_ON(...);
+#endif
)
