// SPDX-License-Identifier: GPL-2.0
/// A range remembers its place among the ranges that are being invalidated.
// Files: include/linux/mmu_notifier.h

@@ @@
 struct mmu_notifier_range {
 	...
 	void *owner;
+	/* In struct mmu_interval_ranges, plus one; 0 if it has hit no subscription. */
+	unsigned int place;
+	/* If it has: its number, which no other invalidation of the mm has. */
+	u64 id;
+	/* If the table is full: in mmu_interval_ranges.overflow. */
+	struct list_head overflow;
 };
