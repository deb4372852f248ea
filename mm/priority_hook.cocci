// SPDX-License-Identifier: GPL-2.0
/// The end of an invalidation makes its task pause for readers with priority.
// Files: mm/mmu_notifier_ranges.c mm/mmu_notifier_ranges.h

@@
identifier ranges;
@@
 void mn_ranges_init(struct mmu_interval_ranges *ranges)
 {
 ...
 init_waitqueue_head(&ranges->wq);
+INIT_LIST_HEAD(&ranges->priorities);
+init_waitqueue_head(&ranges->priority_wq);
 }

@@
identifier ranges, range;
statement S;
@@
 void mn_ranges_ended(struct mmu_interval_ranges *ranges,
		      struct mmu_notifier_range *range)
 {
 if (wq_has_sleeper(&ranges->wq)) S
+
+if (unlikely(READ_ONCE(ranges->nr_priorities)))
+	mn_ranges_give_way(ranges, range);
 }

@@ @@
+void mn_ranges_give_way(struct mmu_interval_ranges *ranges,
+			const struct mmu_notifier_range *range);
 void mn_ranges_ended(...);
