// SPDX-License-Identifier: GPL-2.0
/// A fault that has waited is handled again from another file.
// Files: arch/x86/kvm/mmu/mmu.c arch/x86/kvm/mmu/mmu_internal.h

@@ @@
-static int kvm_mmu_do_page_fault(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, u64 err,
-				 bool prefetch, int *emulation_type, u8 *level)
+int kvm_mmu_do_page_fault(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, u64 err,
+			  bool prefetch, int *emulation_type, u8 *level)
 { ... }

@@ @@
+int kvm_mmu_do_page_fault(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, u64 err,
+			  bool prefetch, int *emulation_type, u8 *level);
 void kvm_mmu_hugepage_adjust(...);
