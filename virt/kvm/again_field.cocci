// SPDX-License-Identifier: GPL-2.0
/// A vCPU that waits remembers its fault.
// Files: include/linux/kvm_vcpu_interval.h

@@ @@
 struct kvm_vcpu_interval {
 	...
 	bool waiting;
+	/** @addr: address of the fault; set by the architecture */
+	gpa_t addr;
+	/** @error_code: error code of the fault; set by the architecture */
+	u64 error_code;
 	...
 };
