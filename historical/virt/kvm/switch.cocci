// SPDX-License-Identifier: GPL-2.0
/// The switch is in debugfs, and known where a bug can be brought back.
// Files: virt/kvm/kvm_main.c virt/kvm/pfncache.c

@@ @@
 kvm_debugfs_dir = debugfs_create_dir("kvm", NULL);
+historical_init();

@@ @@
 #include "kvm_mm.h"
+#include "historical.h"
