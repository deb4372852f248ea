// SPDX-License-Identifier: GPL-2.0
/// vCPUs that do not wait, wait for ever, or get no turn.
// Files: virt/kvm/interval_wait.c

@@
identifier wait, vcpu;
@@
 kvm_interval_wake(struct mmu_interval_wait *wait)
 {
 struct kvm_vcpu *vcpu = ...;
+if (kvm_sabotaged(lost_wakeup))
+	return;
 ...
 }

@@
identifier vcpu, hva;
@@
 kvm_interval_take_turn(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 struct kvm_interval *interval = ...;
+if (kvm_sabotaged(no_turn))
+	return;
 ...
 }

@@
identifier vi, now;
@@
 kvm_interval_judge(struct kvm_vcpu_interval *vi, ktime_t now)
 {
 ...
 bool brief = ...;
+if (kvm_sabotaged(keen_wait))
+	return;
+if (kvm_sabotaged(sleepy_wait))
+	brief = false;
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_poll(struct kvm_vcpu *vcpu)
 {
 <...
-kvm_vcpu_check_block(vcpu) < 0
+kvm_sabotaged(deaf_poll) ? !kvm_interval_is_waiting(&vcpu->interval) :
+kvm_vcpu_check_block(vcpu) < 0
 ...>
 }

@@
identifier vcpu, hva, vi;
@@
 kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 struct kvm_vcpu_interval *vi = ...;
+if (kvm_sabotaged(deaf_wait))
+	mmu_interval_wait_killable(vcpu->kvm->mm, hva, hva + PAGE_SIZE - 1);
+if (kvm_sabotaged(deaf_wait) || kvm_sabotaged(no_wait))
+	return;
 ...
 }

@@ @@
 #include "interval.h"
+#include "sabotage.h"
