// SPDX-License-Identifier: GPL-2.0
/// A vCPU whose page is being invalidated is not runnable.
// Files: arch/x86/kvm/x86.c

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 ...
 if (!kvm_arch_vcpu_runnable(vcpu)) { ... }
+kvm_interval_stop_waiting(vcpu);
 if (is_guest_mode(vcpu)) { ... }
 ...
 }

@@
expression vcpu;
@@
 kvm_vcpu_running(...)
 {
 ...
-!vcpu->arch.apf.halted
+!vcpu->arch.apf.halted && kvm_interval_may_run(vcpu)
 ...
 }

@@
expression r, vcpu;
@@
+if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
+	kvm_interval_stop_waiting(vcpu);
 r = vcpu_enter_guest(vcpu);

@@
expression vcpu;
@@
 kvm_arch_vcpu_ioctl_run(...)
 {
 <...
+if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
+	kvm_interval_stop_waiting(vcpu);
 kvm_put_guest_fpu(vcpu);
 ...>
 }

@@
identifier T = {_kvm_stats_desc, kvm_stats_desc};
@@
 const struct T kvm_vcpu_stats_desc[] = {
 	KVM_GENERIC_VCPU_STATS(),
 	KVM_INTERVAL_VCPU_STATS(),
+	KVM_INTERVAL_WAIT_STATS(),
 	...
 };

@@ @@
 #include "x86.h"
+#include "vcpu_interval.h"
