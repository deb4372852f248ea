// SPDX-License-Identifier: GPL-2.0
/// Requests that can wait for the next entry do not wake a vCPU.
// Files: arch/x86/kvm/vcpu_interval.h

@@
identifier vcpu;
@@
 kvm_interval_has_request(struct kvm_vcpu *vcpu)
 {
-return kvm_request_pending(vcpu);
+return READ_ONCE(vcpu->requests) & ~KVM_INTERVAL_QUIET_REQS;
 }

@@ @@
-#include "x86.h"
+#include "vcpu_interval_events.h"
