// SPDX-License-Identifier: GPL-2.0
/// Do not reload the APIC access page, and keep the preemption timer of a vCPU that
/// waits.
// Files: arch/x86/kvm/x86.c

@@
identifier kvm, apic_address;
@@
 kvm_arch_mmu_notifier_invalidate_range(struct kvm *kvm, ...)
 {
 unsigned long apic_address;
+if (kvm_mutated(no_reload))
+	return;
 ...
 }

@@
identifier vcpu, hv_timer;
@@
 vcpu_block(struct kvm_vcpu *vcpu)
 {
 <...
-if (hv_timer)
+if (hv_timer && !(kvm_mutated(hv_timer_stays) &&
+		  kvm_interval_is_waiting(&vcpu->interval)))
	kvm_lapic_switch_to_sw_timer(vcpu);
 ...>
 }
