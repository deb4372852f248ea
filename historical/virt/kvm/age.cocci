// SPDX-License-Identifier: GPL-2.0
/// Start a VM with the sequence count of one that has run for months.
// Files: virt/kvm/kvm_main.c

@@
expression vm;
@@
 kvm_create_vm(...)
 {
 ...
 xa_init(&vm->vcpu_array);
+vm->mmu_invalidate_seq = INT_MAX - HISTORICAL_LEFT;
 ...
 }
