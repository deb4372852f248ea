// SPDX-License-Identifier: GPL-2.0
/// Create the debugfs files, and include the list of bugs.
// Files: virt/kvm/kvm_main.c virt/kvm/pfncache.c

@@ @@
 kvm_debugfs_dir = debugfs_create_dir("kvm", NULL);
+historical_init();

@@ @@
 #include "kvm_mm.h"
+#include "historical.h"
