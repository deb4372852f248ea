// SPDX-License-Identifier: GPL-2.0
/// Store in a range its place in the table of ranges that are being invalidated.
// Files: include/linux/mmu_notifier.h

@@ @@
 struct mmu_notifier_range {
 	...
 	void *owner;
+	/* Index in mmu_interval_ranges plus one; 0: hit no subscription */
+	unsigned int place;
+	/* Unique among invalidations of the mm; valid if place is not 0 */
+	u64 id;
+	/* Entry of mmu_interval_ranges.overflow if the table is full */
+	struct list_head overflow;
 };
