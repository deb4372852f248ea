// SPDX-License-Identifier: GPL-2.0
/// Revert f268f6cf875f (CVE-2022-48991): free a page table of shared memory without
/// calling notifiers.
// Files: mm/khugepaged.c

@@
identifier range;
@@
 collapse_and_free_pmd(...)
 {
 ...
 struct mmu_notifier_range range;
+bool tell = !kvm_mutated(silent_collapse);
 ...
-mmu_notifier_invalidate_range_start(&range);
+if (tell)
+	mmu_notifier_invalidate_range_start(&range);
 ...
-mmu_notifier_invalidate_range_end(&range);
+if (tell)
+	mmu_notifier_invalidate_range_end(&range);
 ...
 }

@@ @@
 #include "internal.h"
+#include "../virt/kvm/mutation.h"
