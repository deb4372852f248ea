// SPDX-License-Identifier: GPL-2.0
/// Events that do not let a vCPU go on that waits do not make it runnable.
// Files: arch/x86/kvm/x86.c

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
+bool runs = kvm_vcpu_running(vcpu) || kvm_interval_is_unhalted(vcpu);
+
+return runs || (kvm_interval_heeds_events(vcpu) && kvm_vcpu_has_events(vcpu));
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
