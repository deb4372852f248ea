// SPDX-License-Identifier: GPL-2.0
/// Make small mappings huge only if no page of the huge one is being invalidated.
// Files: arch/x86/kvm/mmu/tdp_mmu.c

@@
identifier vm, slot, iter;
statement S;
@@
 recover_huge_pages_range(struct kvm *vm, ..., const struct kvm_memory_slot *slot)
 {
 <...
 if (iter.gfn < start || iter.gfn >= end) S
+
+if (!kvm_interval_covers(vm, slot, iter.gfn, KVM_PAGES_PER_HPAGE(iter.level)))
+	continue;
 ...>
 }

@@ @@
 #include "mmu_internal.h"
+#include "mmu_interval.h"
