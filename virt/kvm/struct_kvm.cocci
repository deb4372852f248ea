// SPDX-License-Identifier: GPL-2.0
/// Compile the fields of the old scheme for other architectures only; add the new ones.
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

@@ @@
 struct kvm {
 	...
 	char stats_id[...];
+#ifdef CONFIG_KVM_INTERVAL_NOTIFIER
+	/* Last, as it is large: keeps the fields that faults read close */
+	struct kvm_interval interval;
+#endif
 };

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
 #include <linux/kvm_types.h>
+#include <linux/kvm_interval_types.h>
