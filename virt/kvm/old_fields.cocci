// SPDX-License-Identifier: GPL-2.0
/// Compile the fields of the old scheme for other architectures only.
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
 };

// From Linux 6.12 on, guest_memfd and memory attributes use these fields as well.
@@ @@
 struct kvm {
 	...
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 	unsigned long mmu_invalidate_seq;
 	long mmu_invalidate_in_progress;
 	unsigned long mmu_invalidate_range_start;
 	unsigned long mmu_invalidate_range_end;
+#endif
 	...
 };
