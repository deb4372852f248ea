// SPDX-License-Identifier: GPL-2.0
/// Include the list of mutations, and create the debugfs file.
// Files: virt/kvm/interval.c virt/kvm/interval_debug.c

@@ @@
 #include "interval_debug.h"
+#include "mutation.h"

@@
expression dir;
@@
 debugfs_create_u32("delay_task", 0600, dir, ...);
+kvm_mutation_init(dir);
