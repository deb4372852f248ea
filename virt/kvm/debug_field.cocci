// SPDX-License-Identifier: GPL-2.0
/// Fault injection: a vCPU counts the entries that a test has cancelled.
// Files: include/linux/kvm_vcpu_interval.h

@@ @@
 struct kvm_vcpu_interval {
 	...
 	u64 exits;
+#ifdef CONFIG_KVM_INTERVAL_DEBUG
+	/** @cancelled: entries, for a test, since its page was mapped */
+	u32 cancelled;
+#endif
 	...
 };
