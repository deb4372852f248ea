// SPDX-License-Identifier: GPL-2.0
/// HVA ranges are zapped without mmu_invalidate_in_progress.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vm;
@@
 kvm_unmap_gfn_range(struct kvm *vm, ...)
 {
 <...
-vm->mmu_invalidate_in_progress
+kvm_interval_is_zapping(vm)
 ...>
 }
