// SPDX-License-Identifier: GPL-2.0
/// Shadow prefetch: only pages that the snapshot of the fault covers, and none without a fault.
// Files: arch/x86/kvm/mmu/paging_tmpl.h

@@
identifier vcpu;
@@
 pte_prefetch(struct kvm_vcpu *vcpu,
+	      const struct kvm_page_fault *fault,
	      ...)
 {
 ...
-if (unlikely(vcpu->kvm->mmu_invalidate_in_progress))
-	return;
 ...
 }

@@
identifier vcpu, sp, slot;
@@
 prefetch_gpte(struct kvm_vcpu *vcpu, struct kvm_mmu_page *sp,
+	       const struct kvm_page_fault *fault,
	       ...)
 {
 <...
-if (!slot)
+if (!slot || !fault || !kvm_interval_covers(&fault->snap, slot))
	return false;
 ...>
 }
