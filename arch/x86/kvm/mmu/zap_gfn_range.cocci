// SPDX-License-Identifier: GPL-2.0
/// A zap that has no HVA makes faults that began earlier retry.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vm;
@@
-kvm_mmu_invalidate_begin(vm, 0, -1ul);
+kvm_interval_restart_faults(vm);

@@
expression vm;
@@
-kvm_mmu_invalidate_end(vm, 0, -1ul);
