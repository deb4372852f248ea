// SPDX-License-Identifier: GPL-2.0
/// Add the statistics of the interval notifier to the descriptors.
// Files: arch/x86/kvm/x86.c

@@
identifier T = {_kvm_stats_desc, kvm_stats_desc};
@@
 const struct T kvm_vm_stats_desc[] = {
 	KVM_GENERIC_VM_STATS(),
+	KVM_INTERVAL_VM_STATS(),
 	...
 };

@@
identifier T = {_kvm_stats_desc, kvm_stats_desc};
@@
 const struct T kvm_vcpu_stats_desc[] = {
 	KVM_GENERIC_VCPU_STATS(),
+	KVM_INTERVAL_VCPU_STATS(),
 	...
 };

@@ @@
 #include <linux/kvm_host.h>
+#include <linux/kvm_interval.h>
