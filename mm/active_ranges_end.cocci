// SPDX-License-Identifier: GPL-2.0
/// Release the place of an invalidation when it ends, and wake its waiters.
// Files: mm/mmu_notifier.c

@@
identifier subs;
@@
-mn_itree_inv_end(struct mmu_notifier_subscriptions *subs)
+mn_itree_inv_end(struct mmu_notifier_subscriptions *subs,
+		 struct mmu_notifier_range *range)
 {
 ...
 struct hlist_node *next;
+bool ended;
 ...
 spin_lock(&subs->lock);
+ended = range->place && mn_ranges_del(&subs->ranges, range);
 if (...) {
 	spin_unlock(&subs->lock);
+	if (ended)
+		mn_ranges_ended(&subs->ranges, range);
 	return;
 }
 ...
 spin_unlock(&subs->lock);
+if (ended)
+	mn_ranges_ended(&subs->ranges, range);
 ...
 }

@@
expression subs;
@@
 mn_itree_release(...)
 {
 <...
 mn_itree_inv_end(
-	subs
+	subs, &range
	)
 ...>
 }

@@
identifier f = {mn_itree_invalidate, __mmu_notifier_invalidate_range_start, __mmu_notifier_invalidate_range_end};
expression subs;
@@
 f(...)
 {
 <...
 mn_itree_inv_end(
-	subs
+	subs, range
	)
 ...>
 }

@@
expression subs;
@@
 init_waitqueue_head(&subs->wq);
+mn_ranges_init(&subs->ranges);

@@ @@
 #include <linux/slab.h>
+
+#include "mmu_notifier_ranges.h"
