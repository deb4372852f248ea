// SPDX-License-Identifier: GPL-2.0
/// A page fault carries a snapshot instead of a sequence count and an HVA.
// Files: arch/x86/kvm/mmu/mmu_internal.h

@@ @@
 struct kvm_page_fault {
 	...
-	unsigned long mmu_seq;
+	struct kvm_interval_snapshot snap;
 	...
-	hva_t hva;
	...
 };
