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
+if (kvm_interval_unblock(vcpu))
+	return 1;
 if (is_guest_mode(vcpu)) { ... }
 ...
 }

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 <...
-kvm_vcpu_block(vcpu)
+kvm_interval_block(vcpu)
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
expression vcpu;
@@
 kvm_arch_vcpu_runnable(...)
 {
-return kvm_vcpu_running(vcpu) || kvm_vcpu_has_events(vcpu);
+if (kvm_vcpu_running(vcpu))
+	return true;
+return kvm_interval_heeds_events(vcpu) && kvm_vcpu_has_events(vcpu);
 }

// Linux 7.3 asks for a kick here.
@@
expression vcpu;
@@
 kvm_arch_vcpu_runnable(...)
 {
-return kvm_vcpu_running(vcpu) || vcpu->arch.pv.pv_unhalted || kvm_vcpu_has_events(vcpu);
+if (kvm_vcpu_running(vcpu) || kvm_interval_is_unhalted(vcpu))
+	return true;
+return kvm_interval_heeds_events(vcpu) && kvm_vcpu_has_events(vcpu);
 }

@@
expression vcpu;
@@
 kvm_vcpu_has_events(...)
 {
 <...
-if (vcpu->arch.pv.pv_unhalted)
+if (kvm_interval_is_unhalted(vcpu))
	return true;
 ...>
 }

@@
expression vcpu;
@@
 kvm_vcpu_has_events(...)
 {
-if (!list_empty_careful(&vcpu->async_pf.done))
+if (kvm_interval_async_pf_is_done(vcpu))
	return true;
 ...
 }

@@
expression r, vcpu;
@@
+if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
+	kvm_interval_enter(vcpu, vcpu->stat.exits);
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
+#include "vcpu_interval.h"
