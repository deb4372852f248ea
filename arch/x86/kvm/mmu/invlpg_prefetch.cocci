// SPDX-License-Identifier: GPL-2.0
/// INVLPG does not prefetch a page that may be being invalidated.
// Files: arch/x86/kvm/mmu/paging_tmpl.h

@@
expression vcpu, pte;
@@
 invlpg(...)
 {
 <...
+if (unlikely(vcpu->kvm->mmu_invalidate_in_progress))
+	break;
 if (kvm_vcpu_read_guest_atomic(vcpu, pte, ...))
	break;
 ...>
 }
