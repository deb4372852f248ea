// SPDX-License-Identifier: GPL-2.0
/// A zap that has no HVA makes faults on its guest frames that began earlier retry.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vm, start, end;
@@
 kvm_zap_gfn_range(struct kvm *vm, gfn_t start, gfn_t end)
 {
 <...
-kvm_mmu_invalidate_begin(vm, 0, -1ul);
+kvm_interval_restart_faults(vm, start, end);
 ...>
 }

@@
expression vm;
@@
-kvm_mmu_invalidate_end(vm, 0, -1ul);
