// SPDX-License-Identifier: GPL-2.0
/// The test of priority includes its header.
// Files: mm/mmu_notifier_test.c

@@ @@
+#include <linux/mmu_interval_priority.h>
 #include <linux/mmu_interval_range.h>
