// SPDX-License-Identifier: GPL-2.0
/// A VM has a log of invalidations by the primary MMU, and one of guest frames.
// Files: include/linux/kvm_interval_types.h

@@ @@
 struct kvm_interval_state {
+	/** @hvas: log of invalidations by the primary MMU */
+	struct kvm_interval_log hvas;
+	/** @gfns: log of guest frames that KVM zapped on its own account */
+	struct kvm_interval_log gfns;
 	...
 };

@@ @@
+#include <linux/kvm_interval_log.h>
 #include <linux/kvm_types.h>
