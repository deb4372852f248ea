// SPDX-License-Identifier: GPL-2.0
/// An mm has a list of readers with priority.
// Files: include/linux/mmu_interval_range.h

@@ @@
 struct mmu_interval_ranges {
 	...
 	unsigned long published;
+	/** @nr_priorities: length of @priorities, read without a lock */
+	unsigned int nr_priorities;
 	...
 	wait_queue_head_t wq;
+	/** @priorities: readers with priority; under @priority_wq.lock */
+	struct list_head priorities;
+	/** @priority_wq: tasks that pause for one of @priorities */
+	wait_queue_head_t priority_wq;
 };
