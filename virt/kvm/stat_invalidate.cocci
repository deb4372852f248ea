// SPDX-License-Identifier: GPL-2.0
/// Add the statistic of invalidations.
// Files: include/linux/kvm_types.h

@@ @@
 struct kvm_vm_stat_generic {
 	...
 	u64 remote_tlb_flush_requests;
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	u64 mmu_interval_invalidate;
+#endif
 };
