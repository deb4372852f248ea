// SPDX-License-Identifier: GPL-2.0
/// Skip direct prefetch while one of its pages is being invalidated.
// Files: arch/x86/kvm/mmu/mmu.c

@@
identifier vcpu, slot, gfn, start, end;
@@
 direct_pte_prefetch_many(struct kvm_vcpu *vcpu, ..., u64 *start, u64 *end)
 {
 <...
-if (!slot)
+if (!slot || !kvm_interval_covers(vcpu->kvm, slot, gfn, end - start))
	return -1;
 ret = gfn_to_page_many_atomic(slot, gfn, ...);
 ...>
 }

// Linux 7.3 has one place for direct and shadow prefetch.
@@
identifier vcpu, slot, gfn, nr_pages;
@@
 kvm_mmu_prefetch_sptes(struct kvm_vcpu *vcpu, gfn_t gfn, u64 *sptep, int nr_pages, ...)
 {
 <...
-if (!slot)
+if (!slot || !kvm_interval_covers(vcpu->kvm, slot, gfn, nr_pages))
	return false;
 nr_pages = kvm_prefetch_pages(slot, gfn, ...);
 ...>
 }

@@
identifier vcpu;
@@
 direct_pte_prefetch(struct kvm_vcpu *vcpu, ...)
 {
 ...
-if (unlikely(!kvm_interval_idle(vcpu->kvm)))
-	return;
 ...
 }
