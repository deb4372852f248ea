// SPDX-License-Identifier: GPL-2.0
/// Initialize the invalidation state of a VM.
// Files: virt/kvm/kvm_main.c

@@
identifier kvm;
@@
 kvm_init_mmu_notifier(struct kvm *kvm)
 {
+int r = kvm_interval_init_vm(kvm);
+
+if (r)
+	return r;
 kvm->mmu_notifier.ops = ...;
 return mmu_notifier_register(&kvm->mmu_notifier, current->mm);
 }

@@
identifier f = {kvm_create_vm, kvm_destroy_vm};
expression vm;
@@
 f(...)
 {
 <...
+kvm_interval_destroy_vm(vm);
 kvm_arch_free_vm(vm);
 ...>
 }
