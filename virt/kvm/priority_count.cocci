// SPDX-License-Identifier: GPL-2.0
/// Collisions are counted, and a fault that succeeds resets the count.
// Files: virt/kvm/interval_log.c virt/kvm/interval_wait.c

@@
identifier vcpu, snap;
expression hva, cause;
@@
 kvm_interval_retry_slow(struct kvm_vcpu *vcpu, ..., struct kvm_interval_snapshot *snap)
 {
 <...
-if (cause == KVM_INTERVAL_NONE)
-	return false;
+if (cause == KVM_INTERVAL_NONE) {
+	if (snap->may_wait)
+		kvm_interval_count_success(vcpu);
+	return false;
+}
 ...>
 }

@@
identifier vcpu, snap;
expression hva, cause;
@@
 kvm_interval_retry_slow(struct kvm_vcpu *vcpu, ..., struct kvm_interval_snapshot *snap)
 {
 <...
+/* Only what the guest cannot go on without may get priority. */
+if (snap->may_wait && cause != KVM_INTERVAL_INTERNAL)
+	kvm_interval_count_collision(vcpu, hva);
 trace_kvm_interval_retry(vcpu->vcpu_id, hva, cause);
 ...>
 }

@@
identifier vcpu, hva, vi;
@@
 kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 struct kvm_vcpu_interval *vi = ...;
 kvm_interval_stop_waiting(vcpu);
+kvm_interval_lose_patience(vcpu, hva);
 ...
 }

@@
identifier vcpu, hva, vi;
@@
 kvm_interval_wait(struct kvm_vcpu *vcpu, unsigned long hva)
 {
 <...
-if (vi->armed)
-	vi->busy = true;
-else
-	WRITE_ONCE(vi->waiting, false);
+if (vi->armed) {
+	vi->busy = true;
+	return;
+}
+
+/* Too late is a collision as well, else it might never get priority. */
+WRITE_ONCE(vi->waiting, false);
+vi->collisions++;
 ...>
 }

@@
identifier vi;
@@
 kvm_interval_stop_waiting(...)
 {
 <...
-vi->busy = false;
+vi->busy = vi->progress != KVM_INTERVAL_NO_PRIORITY;
 ...>
 }

@@
identifier ended, vi;
@@
 kvm_interval_stop_waiting(...)
 {
 <...
+/* A wait to the end is a collision, until a fault succeeds. */
+vi->collisions += ended;
 WRITE_ONCE(vi->waiting, false);
 return ended;
 ...>
 }

@@ @@
 #include "interval_wait.h"
+#include "interval_priority.h"

@@ @@
 #include "interval_log.h"
+#include "interval_priority.h"
