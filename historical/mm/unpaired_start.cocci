// SPDX-License-Identifier: GPL-2.0
/// Revert c2655835fd8c: if one notifier refuses, do not call the end of the others.
// Files: mm/mmu_notifier.c

@@ @@
 mn_hlist_invalidate_range_start(...)
 {
 ...
-if (ret)
+if (ret && !kvm_mutated(unpaired_start))
 { ... }
 ...
 }
