// SPDX-License-Identifier: GPL-2.0
/// Direct prefetch: only pages that the snapshot of the fault covers.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vcpu, slot;
@@
 direct_pte_prefetch_many(struct kvm_vcpu *vcpu,
+			 const struct kvm_page_fault *fault,
			 ...)
 {
 <...
-if (!slot)
+if (!slot || !kvm_interval_covers(&fault->snap, slot))
	return -1;
 ...>
 }

@@
identifier vcpu;
@@
 __direct_pte_prefetch(struct kvm_vcpu *vcpu,
+		       const struct kvm_page_fault *fault,
		       ...)
 { ... }

@@
identifier vcpu;
@@
 direct_pte_prefetch(struct kvm_vcpu *vcpu,
+		     const struct kvm_page_fault *fault,
		     ...)
 {
 ...
-if (unlikely(vcpu->kvm->mmu_invalidate_in_progress))
-	return;
 ...
 }
