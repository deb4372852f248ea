// SPDX-License-Identifier: GPL-2.0
/// Huge mappings and prefetch check exactly what they are about to install.
// Files: include/linux/kvm_interval.h

@@
typedef bool;
identifier kvm;
@@
-static inline bool kvm_interval_idle(const struct kvm *kvm)
-{ ... }

@@ @@
+bool kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
+			 gfn_t gfn, gfn_t nr_pages);
 bool kvm_interval_retry_slow(...);
