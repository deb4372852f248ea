// SPDX-License-Identifier: GPL-2.0
/// The length of an invalidation decides whether the vCPU polls for the end of the next.
// Files: virt/kvm/interval_wait.c

@@
identifier wait, vcpu;
@@
 kvm_interval_wake(struct mmu_interval_wait *wait)
 {
 struct kvm_vcpu *vcpu = ...;
+
+vcpu->interval.ended = ktime_get();
 ...
 }

@@
expression vcpu, hva, ns, ended, now;
@@
 now = ktime_get();
 ...
 trace_kvm_interval_wait(vcpu->vcpu_id, hva, ns, ended);
+
+kvm_interval_note_length(vcpu, now);

@@ @@
 #include "interval_wait.h"
+#include "interval_poll.h"
