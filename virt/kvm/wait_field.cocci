// SPDX-License-Identifier: GPL-2.0
/// A vCPU can wait for the end of an invalidation; statistics.
// Files: include/linux/kvm_host.h include/linux/kvm_types.h

@@ @@
 struct kvm_vcpu {
 	...
 	struct kvm_dirty_ring dirty_ring;
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	struct kvm_vcpu_interval interval;
+#endif
 	...
 };

@@ @@
 #include <linux/kvm_interval_types.h>
+#include <linux/kvm_vcpu_interval.h>

@@ @@
 struct kvm_vcpu_stat_generic {
 	...
 	u64 mmu_interval_retry_overlap;
+	u64 mmu_interval_wait;
+	u64 mmu_interval_wait_ns;
 	...
 };
