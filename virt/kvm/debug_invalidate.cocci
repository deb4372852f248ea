// SPDX-License-Identifier: GPL-2.0
/// Fault injection: refuse and delay invalidations; statistics of them.
// Files: virt/kvm/interval_zap.c

@@ @@
 trace_kvm_unmap_hva_range(...);
+
+if (!may_block && kvm_interval_debug_refuse())
+	return kvm_interval_refuse(range);

@@
identifier range;
@@
 kvm_interval_invalidate(..., const struct mmu_notifier_range *range, ...)
 {
 <...
-return kvm_interval_refuse(range);
+return kvm_interval_debug_refused(kvm, kvm_interval_refuse(range));
 ...>
 }

@@
expression vm;
@@
 ++vm->stat.generic.mmu_interval_invalidate;
+vm->stat.generic.mmu_interval_nonblock += !may_block;

@@
identifier start, end;
@@
 trace_kvm_interval_invalidate(...);
+if (may_block)
+	kvm_interval_debug_delay_invalidate();
 return true;

@@ @@
 #include "interval_zap.h"
+#include "interval_debug.h"
