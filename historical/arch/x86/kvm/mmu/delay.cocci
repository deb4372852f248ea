// SPDX-License-Identifier: GPL-2.0
/// Delay faults, and zaps that yield.
// Files: arch/x86/kvm/mmu/mmu.c arch/x86/kvm/mmu/tdp_mmu.c

@@
expression fault;
@@
 orig_pfn = fault->pfn;
+historical_delay(&historical_delay_fault_us);

@@
identifier vm, root, start, end, can_yield, flush;
@@
 tdp_mmu_zap_leafs(struct kvm *vm, struct kvm_mmu_page *root, gfn_t start, gfn_t end,
		   bool can_yield, bool flush)
 {
 ...
+if (can_yield)
+	flush = historical_yield(vm, flush);
 return flush;
 }
