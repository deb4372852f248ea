// SPDX-License-Identifier: GPL-2.0
/// Revert 82d811ff5665 (upstream: ba6e3fe25543): keep the sequence count in an int.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression fault, vm;
@@
 fault->mmu_seq = vm->mmu_invalidate_seq;
+if (kvm_mutated(seq_as_int))
+	fault->mmu_seq = (int)fault->mmu_seq;
