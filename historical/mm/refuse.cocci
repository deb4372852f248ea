// SPDX-License-Identifier: GPL-2.0
/// Act like another hlist notifier that refuses a non-blockable start.
// Files: mm/mmu_notifier.c

@@
identifier range;
@@
 mn_hlist_invalidate_range_start(..., struct mmu_notifier_range *range)
 {
 ...
+if (!mmu_notifier_range_blockable(range) && historical_refuse(range->mm))
+	ret = -EAGAIN;
 if (ret) { ... }
 ...
 }

@@ @@
 #include <linux/slab.h>
+#include "../virt/kvm/historical.h"
