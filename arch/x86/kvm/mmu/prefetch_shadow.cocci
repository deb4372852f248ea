// SPDX-License-Identifier: GPL-2.0
/// Skip shadow prefetch, also that of INVLPG, while the page is being invalidated.
// Files: arch/x86/kvm/mmu/paging_tmpl.h

@@
identifier vcpu;
@@
 pte_prefetch(struct kvm_vcpu *vcpu, ...)
 {
 ...
-if (unlikely(!kvm_interval_idle(vcpu->kvm)))
-	return;
 ...
 }

@@
identifier vcpu, slot, gfn;
expression E;
@@
 prefetch_gpte(struct kvm_vcpu *vcpu, ...)
 {
 <...
 slot = gfn_to_memslot_dirty_bitmap(vcpu, gfn, E);
-if (!slot)
+if (!slot || !kvm_interval_covers(vcpu->kvm, slot, gfn, 1))
	return false;
 ...>
 }
