// SPDX-License-Identifier: GPL-2.0
/// A fault after collisions takes the slow path; hooks of KVM_RUN.
// Files: include/linux/kvm_interval.h include/linux/kvm_interval_wait.h

@@
identifier vcpu, interval, snap;
@@
 kvm_interval_retry(struct kvm_vcpu *vcpu, ..., struct kvm_interval_snapshot *snap)
 {
 <...
+/* A vCPU with priority has collisions, which the slow path resets. */
-if (likely(interval->seq == snap->seq))
+if (likely(interval->seq == snap->seq && !vcpu->interval.collisions))
	return false;
 ...>
 }

@@ @@
 bool kvm_interval_stop_waiting(struct kvm_vcpu *vcpu);
+void kvm_interval_enter(struct kvm_vcpu *vcpu, u64 exits);
+void kvm_interval_leave(struct kvm_vcpu *vcpu);
