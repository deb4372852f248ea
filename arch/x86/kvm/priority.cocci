// SPDX-License-Identifier: GPL-2.0
/// Priority ends when the vCPU has been in the guest, or leaves KVM_RUN.
// Files: arch/x86/kvm/x86.c

@@
expression r, vcpu;
@@
 if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
-	kvm_interval_stop_waiting(vcpu);
+	kvm_interval_enter(vcpu, vcpu->stat.exits);
 r = vcpu_enter_guest(vcpu);

@@
expression vcpu;
@@
 if (unlikely(kvm_interval_is_busy(&vcpu->interval)))
-	kvm_interval_stop_waiting(vcpu);
+	kvm_interval_leave(vcpu);
 kvm_put_guest_fpu(vcpu);
