// SPDX-License-Identifier: GPL-2.0
/// A page fault carries a snapshot instead of a sequence count and an HVA.
// Files: arch/x86/kvm/mmu/mmu_internal.h

@@ @@
 struct kvm_page_fault {
 	...
-	unsigned long mmu_seq;
+	struct kvm_interval_snapshot snap;
 	...
 };

// Linux 7.3 keeps no HVA.
@@ @@
 struct kvm_page_fault {
 	...
-	hva_t hva;
 	...
 };

@@
identifier fault;
@@
 kvm_mmu_do_page_fault(...)
 {
 <...
 struct kvm_page_fault fault = {
	...,
-	.hva = KVM_HVA_ERR_BAD,
 };
 ...>
 }

@@ @@
 #include <linux/kvm_host.h>
+#include <linux/kvm_interval.h>
