// SPDX-License-Identifier: GPL-2.0
/// Include the list of mutations, and create the debugfs file.
// Files: virt/kvm/interval.c virt/kvm/interval_zap.c virt/kvm/interval_gfns.c
// Files: virt/kvm/interval_log.c virt/kvm/interval_debug.c

@@ @@
 #include "interval_zap.h"
+#include "mutation.h"

@has_dir@
expression dir;
@@
 debugfs_create_u32("delay_task", 0600, dir, ...);
+kvm_mutation_init(dir);

@depends on has_dir@ @@
 #include "interval_debug.h"
+#include "mutation.h"
