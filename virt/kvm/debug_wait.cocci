// SPDX-License-Identifier: GPL-2.0
/// Statistics of waits, polls and priorities; fault injection: cancel entries.
// Files: virt/kvm/interval_wait.c virt/kvm/interval_poll.c virt/kvm/interval_priority.c

@@
expression vcpu, hva, ns, ended;
@@
+KVM_STATS_LOG_HIST_UPDATE(vcpu->stat.generic.mmu_interval_wait_hist, ns);
 trace_kvm_interval_wait(vcpu->vcpu_id, hva, ns, ended);

@@
identifier vcpu;
@@
 kvm_interval_poll(struct kvm_vcpu *vcpu, ...)
 {
+struct kvm_vcpu_stat_generic *stat = &vcpu->stat.generic;
 ...
 ktime_t stop = ...;
+
+stat->mmu_interval_attempted_poll++;
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_poll(struct kvm_vcpu *vcpu, ...)
 {
 <...
-if (kvm_vcpu_check_block(vcpu) < 0)
+if (kvm_vcpu_check_block(vcpu) < 0) {
+	if (!kvm_interval_is_waiting(&vcpu->interval))
+		++stat->mmu_interval_successful_poll;
 	return true;
+}
 ...>
 }

@@
identifier vcpu, given;
@@
 kvm_interval_prioritize(struct kvm_vcpu *vcpu, ...)
 {
 ...
 given = mmu_interval_prioritize(...);
+vcpu->stat.generic.mmu_interval_priority += given;
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_unprioritize(struct kvm_vcpu *vcpu)
 {
 ...
+vcpu->stat.generic.mmu_interval_pause += pauses;
 trace_kvm_interval_unprioritize(...);
 ...
 }

@@
identifier vcpu;
@@
 kvm_interval_count_success(struct kvm_vcpu *vcpu)
 {
 ...
 vcpu->interval.progress = KVM_INTERVAL_MAPPED;
+kvm_interval_debug_mapped(vcpu);
 }

@@
identifier vcpu, vi;
statement S;
@@
 kvm_interval_enter(struct kvm_vcpu *vcpu, ...)
 {
 struct kvm_vcpu_interval *vi = ...;
 ...
 if (vi->progress == KVM_INTERVAL_MAPPED) { ... } else S
+
+if (vi->progress == KVM_INTERVAL_ENTERING)
+	kvm_interval_debug_cancel_entry(vcpu);
 }

@has_enter@ @@
 kvm_interval_enter(...)
 { ... }

@depends on has_enter@ @@
 #include "interval_priority.h"
+#include "interval_debug.h"
