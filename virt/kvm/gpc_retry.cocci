// SPDX-License-Identifier: GPL-2.0
/// Retry a refresh only if its own page was invalidated.
// Files: virt/kvm/pfncache.c

@@ @@
-void gfn_to_pfn_cache_invalidate_start(...)
-{ ... }

@@ @@
-mmu_notifier_retry_cache(...)
-{ ... }

@@
expression vm, gpc, mmu_seq;
@@
-mmu_seq = vm->mmu_invalidate_seq;
-smp_rmb();
 write_unlock_irq(&gpc->lock);

@@
identifier vm, gpc, new_pfn, mmu_seq;
@@
 hva_to_pfn_retry(struct kvm *vm, struct gfn_to_pfn_cache *gpc)
 {
 <...
 unsigned long mmu_seq;
 ...>
 }

@@
expression new_pfn, gpc;
@@
 if (new_pfn != KVM_PFN_ERR_FAULT) { ... }
+if (kvm_gpc_read_begin(kvm, gpc, &mmu_seq))
+	goto out_error;
 new_pfn = hva_to_pfn(gpc->uhva, ...);

@@
expression vm, mmu_seq;
@@
-mmu_notifier_retry_cache(vm, mmu_seq)
+kvm_gpc_read_retry(gpc, mmu_seq)

@@
expression new_pfn;
statement S;
@@
 if (is_error_noslot_pfn(new_pfn)) S
+kvm_interval_debug_delay_gpc();

@@ @@
 #include "kvm_mm.h"
+#include "interval_debug.h"
