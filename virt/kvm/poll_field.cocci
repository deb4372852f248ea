// SPDX-License-Identifier: GPL-2.0
/// A vCPU remembers whether the last invalidation that it met was long.
// Files: include/linux/kvm_vcpu_interval.h

@@ @@
 struct kvm_vcpu_interval {
 	...
 	bool waiting;
+	/**
+	 * @long_wait: the last invalidation that it waited for was longer
+	 * than its polling limit, so it does not poll for the next end
+	 */
+	bool long_wait;
 	...
 	ktime_t since;
+	/**
+	 * @ended: when the invalidation ended, set by whoever ended it; read
+	 * after mmu_interval_wait_disarm() if @waiting is false
+	 */
+	ktime_t ended;
 	...
 };
