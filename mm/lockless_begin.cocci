// SPDX-License-Identifier: GPL-2.0
/// Begin a read section without the lock of the mm's subscriptions.
// Files: mm/mmu_notifier.c

@@
identifier interval_sub, subscriptions, seq, is_invalidating;
@@
 mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub)
 {
 ...
-spin_lock(&subscriptions->lock);
-seq = READ_ONCE(interval_sub->invalidate_seq);
-is_invalidating = seq == subscriptions->invalidate_seq;
-spin_unlock(&subscriptions->lock);
+/* Pairs with the release in mmu_interval_set_seq(): B before A */
+seq = smp_load_acquire(&interval_sub->invalidate_seq);
+/* Pairs with the release in mn_itree_inv_end(): the PTEs after C */
+is_invalidating = seq == smp_load_acquire(&subscriptions->invalidate_seq);
 ...
 }

@@
expression subs;
@@
-subs->invalidate_seq |= 1;
+/* Read without the lock by mmu_interval_read_begin() */
+WRITE_ONCE(subs->invalidate_seq, subs->invalidate_seq | 1);

@@
identifier subs;
@@
 mn_itree_inv_end(struct mmu_notifier_subscriptions *subs)
 {
 ...
-subs->invalidate_seq++;
+smp_store_release(&subs->invalidate_seq, subs->invalidate_seq + 1);
 ...
 }
