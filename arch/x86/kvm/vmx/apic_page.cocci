// SPDX-License-Identifier: GPL-2.0
/// The lookup of the APIC access page begins and retries through the interval notifier.
// Files: arch/x86/kvm/vmx/vmx.c

@@
identifier vcpu, mmu_seq;
expression vm;
@@
 vmx_set_apic_access_page_addr(struct kvm_vcpu *vcpu)
 {
 <...
-mmu_seq = vm->mmu_invalidate_seq;
-smp_rmb();
+if (kvm_interval_begin_now(vcpu, slot, gfn, false, &snap)) {
+	kvm_make_request(KVM_REQ_APIC_PAGE_RELOAD, vcpu);
+	return;
+}
 ...>
 }

@@
identifier vcpu;
expression vm, seq;
@@
 vmx_set_apic_access_page_addr(struct kvm_vcpu *vcpu)
 {
 <...
-mmu_invalidate_retry_gfn(vm, seq, gfn)
+kvm_interval_retry(vcpu, slot, gfn, &snap)
 ...>
 }

@@ @@
 vmx_set_apic_access_page_addr(...)
 {
 <...
-unsigned long mmu_seq;
+struct kvm_interval_snapshot snap;
 ...>
 }

@@ @@
 #include <linux/kvm_host.h>
+#include <linux/kvm_interval.h>
