// SPDX-License-Identifier: GPL-2.0
/// A range remembers its place in the table of ranges being invalidated.
// Files: include/linux/mmu_notifier.h

@@ @@
 struct mmu_notifier_range {
 	...
 	void *owner;
+	/* In struct mmu_interval_ranges, plus one; 0 if it has hit no subscription. */
+	unsigned int place;
 };
