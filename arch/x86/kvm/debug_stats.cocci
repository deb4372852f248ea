// SPDX-License-Identifier: GPL-2.0
/// Add the statistics that only tests read to the descriptors.
// Files: arch/x86/kvm/x86.c arch/x86/kvm/mmu/fault_again.c

@@
identifier T = {_kvm_stats_desc, kvm_stats_desc};
@@
 const struct T kvm_vm_stats_desc[] = {
 	...,
 	KVM_INTERVAL_VM_STATS(),
+	KVM_INTERVAL_DEBUG_VM_STATS(),
 	...
 };

@@
identifier T = {_kvm_stats_desc, kvm_stats_desc};
@@
 const struct T kvm_vcpu_stats_desc[] = {
 	...,
 	KVM_INTERVAL_WAIT_STATS(),
+	KVM_INTERVAL_DEBUG_VCPU_STATS(),
 	...
 };

@@
identifier vcpu;
@@
 kvm_interval_fault_again(struct kvm_vcpu *vcpu)
 {
+u64 fixed = vcpu->stat.pf_fixed;
 ...
 kvm_interval_do_page_fault(...);
+vcpu->stat.generic.mmu_interval_fault_again += vcpu->stat.pf_fixed - fixed;
 }
