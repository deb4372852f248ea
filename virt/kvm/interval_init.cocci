// SPDX-License-Identifier: GPL-2.0
/// Initialize VM, vCPU and debugfs, and export the checks that polling needs.
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

@@
expression vcpu;
@@
 kvm_vcpu_init(...)
 {
 ...
 kvm_async_pf_vcpu_init(vcpu);
+kvm_interval_init_vcpu(vcpu);
 ...
 }

@@
identifier vcpu;
@@
-static
 int kvm_vcpu_check_block(struct kvm_vcpu *vcpu)
 {
 ...
 }

@@
identifier vcpu;
@@
-static
 unsigned int kvm_vcpu_max_halt_poll_ns(struct kvm_vcpu *vcpu)
 {
 ...
 }

// Static in Linux 6.12 and 7.3.
@@ @@
-static struct dentry *kvm_debugfs_dir;
+struct dentry *kvm_debugfs_dir;

@@ @@
 kvm_debugfs_dir = debugfs_create_dir("kvm", NULL);
+kvm_interval_debug_init();

@@ @@
 #include "kvm_mm.h"
+#include "interval_debug.h"
