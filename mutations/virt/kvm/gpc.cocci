// SPDX-License-Identifier: GPL-2.0
/// pfn caches that miss an invalidation, do not retry, or use an mm without users.
// Files: virt/kvm/pfncache_interval.c

@@
identifier notifier, gpc;
@@
 kvm_gpc_invalidate(struct mmu_interval_notifier *notifier, ...)
 {
 struct gfn_to_pfn_cache *gpc = ...;
 ...
+if (kvm_mutated(stale_gpc))
+	return true;
 if (...) write_lock_irq(&gpc->lock);
 else if (...) return false;
 ...
 }

@@
identifier gpc, seq;
@@
 kvm_gpc_read_retry(struct gfn_to_pfn_cache *gpc, unsigned long seq)
 {
 <...
-return gpc->invalidate_seq != seq;
+return gpc->invalidate_seq != seq && !kvm_mutated(gpc_no_retry);
 ...>
 }

@@
expression mm;
@@
-!mmget_not_zero(mm)
+!mmget_not_zero(mm) && !kvm_mutated(no_users)

@@
expression mm;
@@
-mmput_async(mm);
+if (!kvm_mutated(no_users) || atomic_read(&mm->mm_users) > 1)
+	mmput_async(mm);

@@ @@
 #include "kvm_mm.h"
+#include "mutation.h"
