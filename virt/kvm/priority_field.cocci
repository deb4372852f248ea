// SPDX-License-Identifier: GPL-2.0
/// A vCPU counts its collisions and can have priority.
// Files: include/linux/kvm_vcpu_interval.h

@@ @@
 struct kvm_vcpu_interval {
 	...
 	ktime_t since;
+	/** @collisions: number since a fault last succeeded */
+	unsigned int collisions;
+	/** @progress: if not 0, it was given priority, perhaps forfeited */
+	enum kvm_interval_progress progress;
+	/** @exits: number before its first entry with the page mapped */
+	u64 exits;
+	/** @priority: protected by a lock of the mm */
+	struct mmu_interval_priority priority;
 	...
 };

@@ @@
+#include <linux/kvm_interval_priority.h>
 #include <linux/kvm_types.h>
