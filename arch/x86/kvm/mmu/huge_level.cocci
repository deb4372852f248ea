// SPDX-License-Identifier: GPL-2.0
/// A huge mapping is installed only if no page of it is being taken away.
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
