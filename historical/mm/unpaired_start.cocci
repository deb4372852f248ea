// SPDX-License-Identifier: GPL-2.0
/// Undoes c2655835fd8c: if one notifier refuses, the others are not told of the end.
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
