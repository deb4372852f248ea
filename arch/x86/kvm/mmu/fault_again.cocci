// SPDX-License-Identifier: GPL-2.0
/// A fault that waits is remembered, and handled again.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vcpu, fault, slot;
@@
 if (kvm_interval_begin_now(vcpu, slot, fault->gfn, !fault->prefetch, &fault->snap))
-	return RET_PF_RETRY;
+	return kvm_interval_put_off(vcpu, fault);

// Linux 6.12 and 7.3
@@
expression vcpu, fault;
@@
 if (kvm_interval_begin_fault(vcpu, fault))
-	return RET_PF_RETRY;
+	return kvm_interval_put_off(vcpu, fault);

@@ @@
 #include "mmu_interval.h"
+#include "fault_again.h"
