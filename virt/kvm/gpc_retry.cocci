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
expression vm, gpc, seq;
@@
(
-seq = vm->mmu_invalidate_seq;
|
-seq = vm->gpc_invalidate_seq;
)
-smp_rmb();
 write_unlock_irq(&gpc->lock);

@@
identifier vm, gpc, new_pfn;
@@
 hva_to_pfn_retry(struct kvm *vm, struct gfn_to_pfn_cache *gpc)
 {
 <...
 if (new_pfn != KVM_PFN_ERR_FAULT) { ... }
+if (kvm_gpc_read_begin(vm, gpc, &mmu_seq))
+	goto out_error;
 new_pfn = hva_to_pfn(gpc->uhva, ...);
 ...>
 }

// In Linux 6.12 and 7.3 the cache knows its VM.
@@
expression new_pfn, gpc;
identifier seq;
@@
 if (new_pfn != KVM_PFN_ERR_FAULT) { ... }
+if (kvm_gpc_read_begin(gpc->kvm, gpc, &seq))
+	goto out_error;
 new_pfn = hva_to_pfn(...);
 ...
-mmu_notifier_retry_cache(gpc->kvm, seq)
+kvm_gpc_read_retry(gpc, seq)

@@
identifier vm, gpc;
expression seq;
@@
 hva_to_pfn_retry(struct kvm *vm, struct gfn_to_pfn_cache *gpc)
 {
 <...
-mmu_notifier_retry_cache(vm, seq)
+kvm_gpc_read_retry(gpc, seq)
 ...>
 }
