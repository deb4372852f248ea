// SPDX-License-Identifier: GPL-2.0
/// Revert a955cad84cda: a fault proceeds in a root that a memslot update made obsolete.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vcpu, fault, sp;
@@
 is_page_fault_stale(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
 {
 struct kvm_mmu_page *sp = ...;
+if (kvm_mutated(obsolete_root))
+	return fault->slot &&
+	       mmu_invalidate_retry_hva(vcpu->kvm, fault->mmu_seq, fault->hva);
 ...
 }
