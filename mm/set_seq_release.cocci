// SPDX-License-Identifier: GPL-2.0
/// The mm's sequence number becomes visible before the subscription's.
// Files: include/linux/mmu_notifier.h

@@
identifier interval_sub, cur_seq;
@@
 mmu_interval_set_seq(struct mmu_interval_notifier *interval_sub,
		      unsigned long cur_seq)
 {
-WRITE_ONCE(interval_sub->invalidate_seq, cur_seq);
+/* Pairs with the acquire in mmu_interval_read_begin() */
+smp_store_release(&interval_sub->invalidate_seq, cur_seq);
 }
