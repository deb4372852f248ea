// SPDX-License-Identifier: GPL-2.0
/// Export the checks that polling needs, and the function of KVM_RUN.
// Files: virt/kvm/kvm_main.c include/linux/kvm_interval_wait.h

@has_check@
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

@depends on has_check@ @@
 #include "interval.h"
+#include "interval_poll.h"

@@ @@
 bool kvm_interval_stop_waiting(struct kvm_vcpu *vcpu);
+void kvm_interval_block(struct kvm_vcpu *vcpu);
