// SPDX-License-Identifier: GPL-2.0
/// Guest frames that guest_memfd and memory attributes invalidate are logged.
// Files: virt/kvm/kvm_main.c

@@
typedef gfn_t;
identifier kvm, start, end;
@@
 void kvm_mmu_invalidate_range_add(struct kvm *kvm, gfn_t start, gfn_t end)
 {
 ...
+
+/* After the frames were marked: a fault that does not see this sees that. */
+kvm_interval_restart_faults(kvm, start, end);
 }

@@ @@
 #include "interval.h"
+#include "interval_gfns.h"
