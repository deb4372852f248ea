// SPDX-License-Identifier: GPL-2.0
/// Hand the fault on to whatever prefetches for it; INVLPG has none.
// Files: arch/x86/kvm/mmu/mmu.c arch/x86/kvm/mmu/paging_tmpl.h

@@
expression vcpu, E;
@@
(
 direct_pte_prefetch_many(
-	vcpu
+	vcpu, fault
	, E, ...)
|
 __direct_pte_prefetch(
-	vcpu
+	vcpu, fault
	, E, ...)
|
 direct_pte_prefetch(
-	vcpu
+	vcpu, fault
	, E)
|
 pte_prefetch(
-	vcpu
+	vcpu, fault
	, E, ...)
|
 prefetch_gpte(vcpu,
-	E
+	E, NULL
	, ..., false)
|
 prefetch_gpte(vcpu,
-	E
+	E, fault
	, ..., true)
)
