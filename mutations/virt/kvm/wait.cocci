// SPDX-License-Identifier: GPL-2.0
/// vCPUs that do not wait, wait forever, or get no priority.
// Files: virt/kvm/interval_wait.c virt/kvm/interval_priority.c virt/kvm/interval_poll.c

@@
identifier wait, vcpu;
@@
 kvm_interval_wake(struct mmu_interval_wait *wait)
 {
 struct kvm_vcpu *vcpu = ...;
+if (kvm_mutated(lost_wakeup))
+	return;
 ...
 }

@@
identifier vcpu, hva, given;
@@
 kvm_interval_prioritize(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 bool given;
+if (kvm_mutated(no_priority))
+	return;
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_lose_patience(struct kvm_vcpu *vcpu, ...)
 {
 <...
-READ_ONCE(interval_priority)
+(kvm_mutated(priority_anyway) || READ_ONCE(interval_priority))
 ...>
 }

@@
identifier vcpu, exits, vi;
@@
 kvm_interval_enter(struct kvm_vcpu *vcpu, u64 exits)
 {
 <...
 vi->exits = exits;
+if (kvm_mutated(early_end))
+	mmu_interval_unprioritize(vcpu->kvm->mm, &vi->priority);
 ...>
 }

@@
identifier vcpu, now;
@@
 kvm_interval_note_length(struct kvm_vcpu *vcpu, ktime_t now)
 {
 ...
 bool long_wait = ...;
+if (kvm_mutated(keen_wait))
+	return;
+if (kvm_mutated(sleepy_wait))
+	long_wait = true;
 ...
 }

@@
identifier vcpu, limit;
@@
 kvm_interval_block(struct kvm_vcpu *vcpu)
 {
 unsigned int limit = ...;
+if (kvm_mutated(uncapped_poll))
+	limit = READ_ONCE(halt_poll_ns);
 <...
-READ_ONCE(interval_poll)
+(kvm_mutated(poll_anyway) || READ_ONCE(interval_poll))
 ...>
 }

@@
identifier vcpu;
@@
 kvm_interval_poll(struct kvm_vcpu *vcpu, ...)
 {
 <...
-kvm_vcpu_check_block(vcpu) < 0
+kvm_mutated(deaf_poll) ? !kvm_interval_is_waiting(&vcpu->interval) :
+kvm_vcpu_check_block(vcpu) < 0
 ...>
 }

@@
identifier vcpu, hva, vi;
@@
 kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 struct kvm_vcpu_interval *vi = ...;
+unsigned long seq;
+
+if (kvm_mutated(deaf_wait))
+	mmu_interval_range_begin(vcpu->kvm->mm, hva, hva + PAGE_SIZE - 1,
+				 &vcpu->kvm->interval.seq, &seq);
+if (kvm_mutated(deaf_wait) || kvm_mutated(no_wait))
+	return;
 ...
 }

@@
identifier vcpu, hva;
@@
 kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 <...
-kvm_interval_lose_patience(vcpu, hva);
+if (!kvm_mutated(patient_wait))
+	kvm_interval_lose_patience(vcpu, hva);
 ...>
 }

@@ @@
 #include <linux/kvm_interval_wait.h>
+#include "mutation.h"
