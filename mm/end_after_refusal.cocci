// SPDX-License-Identifier: GPL-2.0
/// End the interval side if an hlist notifier refuses a non-blockable start.
// Files: mm/mmu_notifier.c

@@
identifier subscriptions, range, ret;
@@
 int __mmu_notifier_invalidate_range_start(...)
 {
 ...
 int ret;
 ...
 if (!hlist_empty(&subscriptions->list))
-	return mn_hlist_invalidate_range_start(subscriptions, range);
+{
+	ret = mn_hlist_invalidate_range_start(subscriptions, range);
+	if (!ret || mmu_notifier_range_blockable(range))
+		return ret;
+	/*
+		 * The caller will not call invalidate_range_end(), so the
+		 * interval side, which has started, has to be ended here.
+		 */
+	if (subscriptions->has_itree)
+		mn_itree_inv_end(subscriptions);
+	return ret;
+}
 ...
 }
