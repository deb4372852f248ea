// SPDX-License-Identifier: GPL-2.0
/// Annotate interval callbacks of a non-blockable invalidation, so that might_sleep() warns.
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

// Linux 7.3 has callbacks in two passes as well.
@@
identifier interval_sub, range, ret, cur_seq, finish;
@@
 int mn_itree_invalidate(...)
 {
 <...
+if (!mmu_notifier_range_blockable(range))
+	non_block_start();
 ret = interval_sub->ops->invalidate_start(interval_sub, range, cur_seq, &finish);
+if (!mmu_notifier_range_blockable(range))
+	non_block_end();
 ...>
 }

@@
identifier subscriptions, range, passes;
@@
 int mn_itree_invalidate(struct mmu_notifier_subscriptions *subscriptions,
			 const struct mmu_notifier_range *range)
 {
 <...
+if (!mmu_notifier_range_blockable(range))
+	non_block_start();
 mn_itree_finish_pass(&passes);
+if (!mmu_notifier_range_blockable(range))
+	non_block_end();
 ...>
 }
