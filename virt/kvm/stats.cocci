// SPDX-License-Identifier: GPL-2.0
/// Add the statistics that KVM_INTERVAL_VM_STATS() and KVM_INTERVAL_VCPU_STATS() describe.
// Files: include/linux/kvm_types.h

@@ @@
 struct kvm_vm_stat_generic {
 	...
 	u64 remote_tlb_flush_requests;
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	u64 mmu_interval_invalidate;
+	u64 mmu_interval_nonblock;
+	u64 mmu_interval_refuse;
+#endif
 };

@@ @@
 struct kvm_vcpu_stat_generic {
 	...
 	u64 blocking;
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	u64 mmu_interval_wait;
+	u64 mmu_interval_wait_ns;
+	u64 mmu_interval_wait_hist[HALT_POLL_HIST_COUNT];
+	u64 mmu_interval_attempted_poll;
+	u64 mmu_interval_successful_poll;
+	u64 mmu_interval_fault_again;
+	u64 mmu_interval_priority;
+	u64 mmu_interval_pause;
+	u64 mmu_interval_retry_overlap;
+	u64 mmu_interval_retry_overflow;
+	u64 mmu_interval_retry_memslot;
+	u64 mmu_interval_retry_internal;
+#endif
 };
