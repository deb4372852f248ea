// SPDX-License-Identifier: GPL-2.0
/// Leave a fault that has waited to the guest; check only half of a huge mapping.
// Files: arch/x86/kvm/mmu/mmu_interval.c arch/x86/kvm/mmu/fault_again.c

@@
identifier vcpu, fixed;
@@
 kvm_interval_fault_again(struct kvm_vcpu *vcpu)
 {
 u64 fixed = ...;
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
 #include "fault_again_line.h"
+#include "../../../../virt/kvm/mutation.h"

@@ @@
 #include "mmu_interval.h"
+#include "../../../../virt/kvm/mutation.h"
