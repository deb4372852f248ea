// SPDX-License-Identifier: GPL-2.0
/// Fault injection: create the folder in debugfs.
// Files: virt/kvm/kvm_main.c

// Static in Linux 6.12 and 7.3.
@@ @@
-static struct dentry *kvm_debugfs_dir;
+struct dentry *kvm_debugfs_dir;

@@ @@
 kvm_debugfs_dir = debugfs_create_dir("kvm", NULL);
+kvm_interval_debug_init();

@@ @@
 #include "interval.h"
+#include "interval_debug.h"
