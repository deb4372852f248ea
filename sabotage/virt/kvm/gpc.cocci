// SPDX-License-Identifier: GPL-2.0
/// A pfn cache that is not told.
// Files: virt/kvm/pfncache_interval.c

@@
identifier notifier, gpc;
@@
 kvm_gpc_invalidate(struct mmu_interval_notifier *notifier, ...)
 {
 struct gfn_to_pfn_cache *gpc = ...;
 ...
+if (kvm_sabotaged(stale_gpc))
+	return true;
 if (...) write_lock_irq(&gpc->lock);
 else if (...) return false;
 ...
 }

@@ @@
 #include "kvm_mm.h"
+#include "sabotage.h"
