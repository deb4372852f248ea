// SPDX-License-Identifier: GPL-2.0
/// Install a huge mapping only if none of its pages is being invalidated.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vcpu, fault, slot;
@@
 kvm_mmu_hugepage_adjust(...)
 {
 ...
 fault->req_level =
-kvm_mmu_max_mapping_level(vcpu->kvm, slot, fault->gfn, fault->max_level)
+kvm_interval_mapping_level(vcpu->kvm, fault)
 ;
 ...
 }

@@ @@
 #include "mmu_internal.h"
+#include "mmu_interval.h"
