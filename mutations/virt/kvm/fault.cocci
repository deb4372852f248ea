// SPDX-License-Identifier: GPL-2.0
/// Wrong results of kvm_interval_begin(), _retry() and _covers().
// Files: virt/kvm/interval_log.c virt/kvm/interval_fault.c virt/kvm/interval_covers.c

@@ @@
 kvm_interval_find_cause(...)
 {
+if (kvm_mutated(skip_retry))
+	return KVM_INTERVAL_NONE;
+if (kvm_mutated(coarse_retry))
+	return KVM_INTERVAL_OVERLAP;
 ...
 }

@@
expression mm, start, last, seq, now;
@@
 kvm_interval_begin_slow(...)
 {
 <...
-!mmu_interval_range_try_begin(mm, start, last, seq, now)
+!mmu_interval_range_try_begin(mm, kvm_mutated(coarse_wait) ? 0 : start,
+			       kvm_mutated(coarse_wait) ? ULONG_MAX : last, seq, now) &&
+!kvm_mutated(ignore_active)
 ...>
 }

@@
identifier nr_pages;
@@
 kvm_interval_covers(struct kvm *kvm, const struct kvm_memory_slot *slot,
		     gfn_t gfn, gfn_t nr_pages)
 {
 ...
 lockdep_assert_held(&kvm->mmu_lock);
+if (nr_pages > PTRS_PER_PTE / 2 ? kvm_mutated(huge_overlap) :
+    kvm_mutated(blind_prefetch))
+	return true;
 ...
 }

@@ @@
 #include "interval_wait.h"
+#include "mutation.h"

@has_covers@ @@
 kvm_interval_covers(...)
 { ... }

@depends on has_covers@ @@
 #include <linux/mmu_interval_range.h>
+#include "mutation.h"
