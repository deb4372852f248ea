// SPDX-License-Identifier: GPL-2.0
// Litmus test: apic-page
/// End the interval side after the hlist notifiers, in the reverse order of the start.
// Files: mm/mmu_notifier.c

// Conditions and calls are exchanged, not statements, so that every version of Coccinelle keeps
// the empty lines.
@@
expression subscriptions;
expression list es;
@@
 __mmu_notifier_invalidate_range_end(...)
 {
 ...
+/* The interval side ends last, because its readers proceed from there. */
 if (
-subscriptions->has_itree
+!hlist_empty(&subscriptions->list)
    )
-mn_itree_inv_end(subscriptions)
+mn_hlist_invalidate_end(subscriptions, es)
 ;
 if (
-!hlist_empty(&subscriptions->list)
+subscriptions->has_itree
    )
-mn_hlist_invalidate_end(subscriptions, es)
+mn_itree_inv_end(subscriptions)
 ;
 ...
 }
