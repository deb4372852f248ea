// SPDX-License-Identifier: GPL-2.0
/// Install a huge mapping only if none of its pages is being invalidated.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vcpu, fault;
expression level;
@@
 kvm_mmu_hugepage_adjust(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
 {
 ...
+fault->max_level = kvm_interval_max_level(vcpu->kvm, fault);
 fault->req_level = level;
 ...
 }

@@ @@
 #include "mmu_internal.h"
+#include "mmu_interval.h"
