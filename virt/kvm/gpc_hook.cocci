// SPDX-License-Identifier: GPL-2.0
/// Remove the list walk: caches have subscriptions of their own.
// Files: virt/kvm/kvm_mm.h virt/kvm/kvm_main.c

@@ @@
-void gfn_to_pfn_cache_invalidate_start(...);
+int kvm_gpc_read_begin(struct kvm *kvm, struct gfn_to_pfn_cache *gpc,
+		       unsigned long *seq);
+bool kvm_gpc_read_retry(struct gfn_to_pfn_cache *gpc, unsigned long seq);
+void kvm_gpc_unsubscribe(struct gfn_to_pfn_cache *gpc);

@@ @@
-static inline void gfn_to_pfn_cache_invalidate_start(...)
-{ ... }

@@
identifier f;
@@
 f(...)
 {
 <...
-gfn_to_pfn_cache_invalidate_start(...);
 ...>
 }
