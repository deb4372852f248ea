// SPDX-License-Identifier: GPL-2.0
/// Make a vCPU that waits runnable for events that the guest cannot take.
// Files: arch/x86/kvm/vcpu_interval.h arch/x86/kvm/vcpu_interval_events.h
// Files: arch/x86/kvm/fault_again.h

@@
identifier vcpu;
@@
 kvm_interval_has_request(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(event_spins))
+	return kvm_request_pending(vcpu);
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_heeds_events(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(event_behind))
+	return true;
 ...
+if (!kvm_mutated(posted_spins))
	kvm_cpu_has_interrupt(vcpu);
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_is_unhalted(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(stale_kick))
+	return vcpu->arch.pv.pv_unhalted;
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_async_pf_is_done(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(stale_async))
+	return !list_empty_careful(&vcpu->async_pf.done);
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_unblock(struct kvm_vcpu *vcpu)
 {
+if (kvm_mutated(armed_at_init) && kvm_apic_has_pending_init_or_sipi(vcpu))
+	return false;
 ...
 }

@has_unblock@ @@
 kvm_interval_unblock(...)
 { ... }

@depends on has_unblock@ @@
 #include <linux/kvm_interval_wait.h>
+#include "lapic.h"

@@ @@
 #include <linux/kvm_interval_wait.h>
+#include "../../../virt/kvm/mutation.h"
