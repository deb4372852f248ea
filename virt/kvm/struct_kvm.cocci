// SPDX-License-Identifier: GPL-2.0
/// A VM has invalidation state.
// Files: include/linux/kvm_host.h

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
 #include <linux/kvm_types.h>
+#include <linux/kvm_interval_types.h>
