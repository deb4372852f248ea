// SPDX-License-Identifier: GPL-2.0
/// Revert 7df003c85218: do not put the reference of the zero page, as it is reserved.
// Files: virt/kvm/kvm_main.c

@@
expression pfn;
@@
 kvm_pfn_to_refcounted_page(...)
 {
 <...
-if (is_zero_pfn(pfn))
+if (is_zero_pfn(pfn) && !kvm_mutated(zero_page))
	return ...;
 ...>
 }
