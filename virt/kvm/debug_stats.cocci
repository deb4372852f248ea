// SPDX-License-Identifier: GPL-2.0
/// Add the statistics that only tests read.
// Files: include/linux/kvm_types.h

@@ @@
 struct kvm_vm_stat_generic {
 	...
 	u64 mmu_interval_invalidate;
+	u64 mmu_interval_nonblock;
+	u64 mmu_interval_refuse;
 	...
 };

@@ @@
 struct kvm_vcpu_stat_generic {
 	...
 	u64 mmu_interval_wait_ns;
+	u64 mmu_interval_wait_hist[HALT_POLL_HIST_COUNT];
+	u64 mmu_interval_attempted_poll;
+	u64 mmu_interval_successful_poll;
+	u64 mmu_interval_fault_again;
+	u64 mmu_interval_priority;
+	u64 mmu_interval_pause;
+	u64 mmu_interval_retry_overflow;
+	u64 mmu_interval_retry_memslot;
+	u64 mmu_interval_retry_internal;
 	...
 };
