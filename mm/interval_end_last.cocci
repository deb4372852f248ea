// SPDX-License-Identifier: GPL-2.0
/// The interval side ends after hlist notifiers have had their invalidate_range.
// Files: mm/mmu_notifier.c

@@
expression subscriptions, range, only_end;
@@
 __mmu_notifier_invalidate_range_end(...)
 {
 ...
+if (!hlist_empty(&subscriptions->list))
+	mn_hlist_invalidate_end(subscriptions, range, only_end);
+
+/* Readers go on from here: after the hlist's invalidate_range(). */
 if (subscriptions->has_itree)
 	mn_itree_inv_end(subscriptions);
-if (!hlist_empty(&subscriptions->list))
-	mn_hlist_invalidate_end(subscriptions, range, only_end);
 ...
 }
