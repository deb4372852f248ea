// SPDX-License-Identifier: GPL-2.0
/// Page faults begin and retry through the interval notifier; private ones have no HVA.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vcpu, fault;
@@
-fault->mmu_seq = vcpu->kvm->mmu_invalidate_seq;
-smp_rmb();
+if (!kvm_interval_snapshot(vcpu, fault->gfn, &fault->snap))
+	return RET_PF_RETRY;

@@
expression vm, fault;
@@
-if (mmu_invalidate_retry_gfn_unsafe(vm, fault->mmu_seq, fault->gfn))
+if (kvm_interval_begin_fault(vcpu, fault))
 	return RET_PF_RETRY;

@@
expression vm, fault;
@@
-if (mmu_invalidate_retry_gfn_unsafe(vm, fault->mmu_seq, fault->gfn)) { ... }

@@
expression vcpu, fault;
@@
-mmu_invalidate_retry_gfn(vcpu->kvm, fault->mmu_seq, fault->gfn)
+kvm_interval_retry(vcpu, fault->slot, fault->gfn, &fault->snap)

@@
expression fault;
@@
 __gfn_to_pfn_memslot(...,
-	&fault->hva
+	NULL
	)

@@ @@
 #include "mmu_internal.h"
+#include "fault_begin.h"
