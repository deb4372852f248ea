// SPDX-License-Identifier: GPL-2.0
/// Undoes 7df003c85218: the zero page is reserved, so its reference is not put.
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
