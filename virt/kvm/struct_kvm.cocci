// SPDX-License-Identifier: GPL-2.0
/// struct kvm: the fields of the old scheme are for other architectures only.
// Files: include/linux/kvm_host.h

@@ @@
 struct kvm {
 	...
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 	spinlock_t mn_invalidate_lock;
 	unsigned long mn_active_invalidate_count;
 	struct rcuwait mn_memslots_update_rcuwait;
+#endif
 	...
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	/* Zaps without an HVA, see kvm_interval_zap_begin(); by mmu_lock. */
+	unsigned long mmu_zap_seq;
+	long mmu_zap_in_progress;
+#else
 	unsigned long mmu_invalidate_seq;
 	long mmu_invalidate_in_progress;
 	unsigned long mmu_invalidate_range_start;
 	unsigned long mmu_invalidate_range_end;
+#endif
 	...
 };
