// SPDX-License-Identifier: GPL-2.0
/// Delay invalidations and the refresh of a pfn cache.
// Files: virt/kvm/kvm_main.c virt/kvm/pfncache.c

@@
identifier range;
@@
 gfn_to_pfn_cache_invalidate_start(...);
+if (range.may_block)
+	historical_delay(&historical_delay_start_us);
 __kvm_handle_hva_range(kvm, &range);

@@
expression pfn, gpc;
@@
 pfn = hva_to_pfn(gpc->uhva, ...);
+historical_delay(&historical_delay_fault_us);
