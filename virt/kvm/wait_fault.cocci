// SPDX-License-Identifier: GPL-2.0
/// A fault on a page that is being invalidated makes its vCPU wait.
// Files: virt/kvm/interval_fault.c

@@
identifier vcpu, may_wait, active;
@@
 kvm_interval_begin_slow(struct kvm_vcpu *vcpu, ..., bool may_wait, ...)
 {
 <...
-if (active)
-	return -EAGAIN;
+if (active) {
+	if (may_wait)
+		kvm_interval_wait(vcpu, hva);
+	return -EAGAIN;
+}
 ...>
 }

@@ @@
 #include "interval_line.h"
+#include "interval_wait.h"
