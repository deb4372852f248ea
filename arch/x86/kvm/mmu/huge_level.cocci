// SPDX-License-Identifier: GPL-2.0
/// A huge mapping is installed only if no page of it is being taken away.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier kvm, slot, gfn, max_level;
@@
 kvm_mmu_max_mapping_level(struct kvm *kvm,
			   const struct kvm_memory_slot *slot, gfn_t gfn,
			   int max_level)
 {
 ...
+/* It reaches beyond the page for which kvm_interval_retry() has spoken. */
+max_level = kvm_interval_max_level(kvm, slot, gfn, max_level);
 if (max_level == PG_LEVEL_4K)
	return PG_LEVEL_4K;
 ...
 }
