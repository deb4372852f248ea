// SPDX-License-Identifier: GPL-2.0
/// End the interval side after the hlist notifiers, in the reverse order of the start.
// Files: mm/mmu_notifier.c

@@
expression subscriptions;
expression list es;
@@
 __mmu_notifier_invalidate_range_end(...)
 {
 ...
+if (!hlist_empty(&subscriptions->list))
+	mn_hlist_invalidate_end(subscriptions, es);
+
+/* Readers proceed from here, so all other callbacks come first. */
 if (subscriptions->has_itree)
 	mn_itree_inv_end(subscriptions);
-if (!hlist_empty(&subscriptions->list))
-	mn_hlist_invalidate_end(subscriptions, es);
 ...
 }
