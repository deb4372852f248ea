// SPDX-License-Identifier: GPL-2.0
/// Add the statistic of retries.
// Files: include/linux/kvm_types.h

@@ @@
 struct kvm_vcpu_stat_generic {
 	...
 	u64 blocking;
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	u64 mmu_interval_retry_overlap;
+#endif
 };
