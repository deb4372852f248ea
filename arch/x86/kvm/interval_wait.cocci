// SPDX-License-Identifier: GPL-2.0
/// A vCPU whose page is being taken away is not runnable.
// Files: arch/x86/kvm/x86.c

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 <...
 vcpu->arch.apf.halted = false;
+kvm_interval_unblock(vcpu);
 ...>
 }

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 <...
-kvm_vcpu_block(vcpu);
+kvm_interval_block(vcpu);
 ...>
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
+	kvm_interval_enter(vcpu);
 r = vcpu_enter_guest(vcpu);

@@
expression vcpu;
@@
 kvm_arch_vcpu_ioctl_run(...)
 {
 <...
+if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
+	kvm_interval_leave(vcpu);
 kvm_put_guest_fpu(vcpu);
 ...>
 }

@@ @@
 #include "x86.h"
+#include "interval.h"
