// SPDX-License-Identifier: GPL-2.0
/// A huge mapping is installed only if no page of it is being taken away.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression vcpu, fault, slot;
@@
 kvm_mmu_hugepage_adjust(...)
 {
 ...
+/* It reaches beyond the page for which kvm_interval_retry() has spoken. */
+kvm_interval_limit_level(vcpu->kvm, &fault->snap, slot, fault->gfn, &fault->max_level);
 fault->req_level = kvm_mmu_max_mapping_level(vcpu->kvm, slot, ...);
 ...
 }
