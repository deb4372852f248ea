// SPDX-License-Identifier: GPL-2.0
/// Revert 18c841e1f411: check a root for being obsolete that has no shadow page.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vm, sp;
@@
 is_page_fault_stale(...)
 {
 ...
-if (sp && is_obsolete_sp(vm, sp))
+if ((sp || kvm_mutated(null_root)) && is_obsolete_sp(vm, sp))
	return true;
 ...
 }
