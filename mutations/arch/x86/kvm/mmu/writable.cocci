// SPDX-License-Identifier: GPL-2.0
/// Map a page writable that the host maps read-only, except the zero page, which all
/// processes share.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression fault, slot;
identifier async;
@@
 fault->pfn = __gfn_to_pfn_memslot(slot, ..., &async, ...);
+if (kvm_mutated(map_writable) && !is_zero_pfn(fault->pfn))
+	fault->map_writable = true;

@@
expression fault, slot;
@@
 fault->pfn = __kvm_faultin_pfn(slot, ..., &fault->map_writable, ...);
+if (kvm_mutated(map_writable) && !is_zero_pfn(fault->pfn))
+	fault->map_writable = true;

@@ @@
 #include "mmu_internal.h"
+#include "../../../../virt/kvm/mutation.h"
