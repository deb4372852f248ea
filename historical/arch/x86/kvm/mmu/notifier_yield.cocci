// SPDX-License-Identifier: GPL-2.0
/// Revert 7533377215b6: the zap of a notifier yields without a reference to the root
/// from which it continues.
// Files: arch/x86/kvm/mmu/tdp_mmu.c

@@
identifier vm, range, flush, root;
iterator name for_each_tdp_mmu_root;
@@
 kvm_tdp_mmu_unmap_gfn_range(struct kvm *vm, struct kvm_gfn_range *range, bool flush)
 {
 struct kvm_mmu_page *root;
+if (kvm_mutated(notifier_yield)) {
+	for_each_tdp_mmu_root(vm, root, range->slot->as_id)
+		flush = tdp_mmu_zap_leafs(vm, root, range->start, range->end,
+					  range->may_block, flush);
+	return flush;
+}
 ...
 }
