// SPDX-License-Identifier: GPL-2.0
/// Let a sleeping callback of a non-blockable interval invalidation be noticed.
// Files: mm/mmu_notifier.c

@@
identifier interval_sub, range, ret, cur_seq;
@@
 int mn_itree_invalidate(...)
 {
 <...
+if (!mmu_notifier_range_blockable(range))
+	non_block_start();
 ret = interval_sub->ops->invalidate(interval_sub, range, cur_seq);
+if (!mmu_notifier_range_blockable(range))
+	non_block_end();
 ...>
 }
