// SPDX-License-Identifier: GPL-2.0
/// Page faults begin and retry through the interval notifier.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vcpu, fault, slot;
@@
-fault->mmu_seq = vcpu->kvm->mmu_invalidate_seq;
-smp_rmb();
+if (kvm_interval_begin_now(vcpu, slot, fault->gfn, !fault->prefetch, &fault->snap))
+	return RET_PF_RETRY;
-if (slot && (slot->flags & KVM_MEMSLOT_INVALID))
-	return RET_PF_RETRY;

@@
expression vcpu, fault;
@@
-mmu_invalidate_retry_hva(vcpu->kvm, fault->mmu_seq, fault->hva)
+kvm_interval_retry(vcpu, fault->slot, fault->gfn, &fault->snap)

@@
expression fault;
@@
 __gfn_to_pfn_memslot(...,
-	&fault->hva
+	NULL
	)
