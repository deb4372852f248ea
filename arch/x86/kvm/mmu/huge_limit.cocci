// SPDX-License-Identifier: GPL-2.0
/// A huge mapping is as large as what is being invalidated allows.
// Files: arch/x86/kvm/mmu/mmu_interval.h

@@
typedef u8;
identifier kvm, fault;
@@
+u8 kvm_interval_limit_level(struct kvm *kvm,
+			    const struct kvm_page_fault *fault);
+
 static inline u8 kvm_interval_max_level(struct kvm *kvm,
					 const struct kvm_page_fault *fault)
 {
 ...
-return PG_LEVEL_4K;
+return kvm_interval_limit_level(kvm, fault);
 }
