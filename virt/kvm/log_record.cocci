// SPDX-License-Identifier: GPL-2.0
/// Invalidations are entered in the logs.
// Files: virt/kvm/interval_zap.c virt/kvm/interval_gfns.c

@@
expression vm, notifier, range;
@@
 mmu_interval_set_range(notifier, range);
-kvm_interval_advance(vm);
+kvm_interval_record(vm, &state->hvas, range->start, range->end - 1);

@@
identifier vm, start, end;
@@
 kvm_interval_restart_faults(struct kvm *vm, gfn_t start, gfn_t end)
 {
 ...
-kvm_interval_advance(vm);
+kvm_interval_record(vm, &vm->interval.state->gfns, start, end - 1);
 }

@@ @@
 #include "interval_line.h"
+#include "interval_log.h"
