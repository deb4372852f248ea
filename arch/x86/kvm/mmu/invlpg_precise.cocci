// SPDX-License-Identifier: GPL-2.0
/// The prefetch of INVLPG checks its own page where it looks it up.
// Files: arch/x86/kvm/mmu/paging_tmpl.h

@@
expression vcpu;
@@
 invlpg(...)
 {
 <...
-if (unlikely(!kvm_interval_idle(vcpu->kvm)))
-	break;
 ...>
 }
