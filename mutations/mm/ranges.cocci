// SPDX-License-Identifier: GPL-2.0
/// Readers that do not check again after a wait or wait for any range; wrong priority.
// Files: mm/mmu_notifier_ranges.c mm/mmu_notifier_priority.c

@@
expression mm, start, last, now, seq, ret;
@@
 mmu_interval_range_begin(...)
 {
 <...
 while (!mmu_interval_range_try_begin(mm, start, last, now, seq)) {
 	ret = mn_wait_for_one(mm, start, last);
-	if (ret)
+	if (ret || kvm_mutated(gpc_trusts))
 		return ret;
 }
 ...>
 }

@@
identifier found;
@@
 mn_overflow_overlap(...)
 {
 ...
 bool found = false;
+if (kvm_mutated(overflow_all))
+	return true;
 ...
 }

@@
identifier ranges;
@@
 mn_priority_forfeit(struct mmu_interval_ranges *ranges, ...)
 {
 ...
+if (kvm_mutated(no_forfeit))
+	return;
 spin_lock_irq(&ranges->priority_wq.lock);
 ...
 }

@@
expression priority;
@@
-if (priority->owner == current)
+if (priority->owner == current && !kvm_mutated(pause_self))
 	return NULL;

@@ @@
 #include "mmu_notifier_ranges.h"
+#include "../virt/kvm/mutation.h"
