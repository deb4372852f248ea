// SPDX-License-Identifier: GPL-2.0
/// A fault that has waited is left to the guest; a huge mapping of which half is looked at.
// Files: arch/x86/kvm/mmu/mmu_interval.c

@@
identifier vcpu;
@@
 kvm_interval_fault_again(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(no_again))
+	return;
 ...
 }

@@
expression fault, pages;
@@
-fault->gfn & -pages
+kvm_mutated(huge_forward) ? fault->gfn : fault->gfn & -pages

@@ @@
 #include "mmu_interval.h"
+#include "../../../../virt/kvm/mutation.h"
