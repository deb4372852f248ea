// SPDX-License-Identifier: GPL-2.0
/// Prefetch asks the interval notifier whether anything is being invalidated.
// Files: arch/x86/kvm/mmu/mmu.c arch/x86/kvm/mmu/paging_tmpl.h

@@
expression vcpu;
@@
-vcpu->kvm->mmu_invalidate_in_progress
+!kvm_interval_idle(vcpu->kvm)
