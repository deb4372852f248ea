// SPDX-License-Identifier: GPL-2.0
/// Do not wake a vCPU that waits for a posted interrupt.
// Files: arch/x86/kvm/vmx/common.h

@@
identifier vcpu;
@@
 kvm_vcpu_trigger_posted_interrupt(struct kvm_vcpu *vcpu, ...)
 {
 ...
+if (kvm_mutated(posted_asleep) &&
+    kvm_interval_is_waiting(&vcpu->interval))
+	return;
 kvm_vcpu_wake_up(vcpu);
 }

@@ @@
 #include "mmu.h"
+#include "vcpu_interval.h"
