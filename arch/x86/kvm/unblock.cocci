// SPDX-License-Identifier: GPL-2.0
/// A vCPU that has waited handles its fault again.
// Files: arch/x86/kvm/x86.c

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 <...
-kvm_interval_stop_waiting(vcpu);
+if (kvm_interval_unblock(vcpu))
+	return 1;
 ...>
 }

@@ @@
 #include "vcpu_interval.h"
+#include "fault_again.h"
