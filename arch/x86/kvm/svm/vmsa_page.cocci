// SPDX-License-Identifier: GPL-2.0
/// The lookup of a VMSA, which is private, begins and retries through the interval notifier.
// Files: arch/x86/kvm/svm/sev.c

@@
identifier vcpu, gpa, mmu_seq;
expression vm;
@@
 __sev_snp_reload_vmsa(struct kvm_vcpu *vcpu, gpa_t gpa)
 {
 <...
-mmu_seq = vm->mmu_invalidate_seq;
-smp_rmb();
+if (!kvm_interval_snapshot(vcpu, gfn, &snap)) {
+	WRITE_ONCE(svm->sev_es.snp_guest_vmsa_gpa, gpa);
+	kvm_make_request(KVM_REQ_VMSA_PAGE_RELOAD, vcpu);
+	return;
+}
 ...>
 }

@@
identifier vcpu;
expression vm, seq;
@@
 __sev_snp_reload_vmsa(struct kvm_vcpu *vcpu, ...)
 {
 <...
-mmu_invalidate_retry_gfn(vm, seq, gfn)
+kvm_interval_retry(vcpu, slot, gfn, &snap)
 ...>
 }

@@ @@
 __sev_snp_reload_vmsa(...)
 {
 <...
-unsigned long mmu_seq;
+struct kvm_interval_snapshot snap;
 ...>
 }

@@ @@
 #include <linux/kvm_host.h>
+#include <linux/kvm_interval.h>
