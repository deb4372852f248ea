// SPDX-License-Identifier: GPL-2.0
/// A new vCPU has no priority.
// Files: virt/kvm/kvm_main.c

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

@@ @@
 #include "interval.h"
+#include "interval_priority.h"
