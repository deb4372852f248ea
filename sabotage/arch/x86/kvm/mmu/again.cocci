// SPDX-License-Identifier: GPL-2.0
/// A fault that has waited is left to the guest.
// Files: arch/x86/kvm/mmu/interval.c

@@
identifier vcpu;
@@
 kvm_interval_fault_again(struct kvm_vcpu *vcpu)
 {
+if (kvm_sabotaged(no_again))
+	return;
 ...
 }

@@ @@
 #include "interval.h"
+#include "../../../../virt/kvm/sabotage.h"
