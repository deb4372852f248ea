// SPDX-License-Identifier: GPL-2.0
/// Leave a fault that has waited to the guest; check only half of a huge mapping.
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
