// SPDX-License-Identifier: GPL-2.0
/// Revert 13ec9308a857 and 2ed90cb0938a (arm64, RISC-V) as they would be on x86: read
/// the sequence count after the lookup that it guards.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression fault, slot;
identifier async;
@@
 fault->pfn = __gfn_to_pfn_memslot(slot, ..., &async, ...);
+if (kvm_mutated(late_seq))
+	fault->mmu_seq = vcpu->kvm->mmu_invalidate_seq;
