// SPDX-License-Identifier: GPL-2.0
/// Keep the ranges that are being invalidated in a table for readers.
// Files: mm/mmu_notifier.c

@@ @@
 struct mmu_notifier_subscriptions {
 	...
 	struct hlist_head deferred_list;
+	struct mmu_interval_ranges ranges;
 };

@@
identifier subs, range, seq, node, res;
@@
 mn_itree_inv_start_range(struct mmu_notifier_subscriptions *subs,
-			 const
			 struct mmu_notifier_range *range,
			 unsigned long *seq)
 {
 ...
 spin_lock(&subs->lock);
 subs->active_invalidate_ranges++;
+range->place = 0;
 node = interval_tree_iter_first(...);
 if (node) {
 	subs->invalidate_seq |= 1;
+	mn_ranges_add(&subs->ranges, range);
 	...
 }
 ...
 }

@@
identifier subs, range;
@@
 mn_itree_invalidate(struct mmu_notifier_subscriptions *subs,
-		    const
		    struct mmu_notifier_range *range)
 { ... }
