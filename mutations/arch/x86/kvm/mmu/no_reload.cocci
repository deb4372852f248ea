// SPDX-License-Identifier: GPL-2.0
/// Do not reload the APIC access page.  6.1 does that elsewhere: apic_page.cocci.
// Files: arch/x86/kvm/mmu/mmu.c

@@
expression range;
@@
-kvm_x86_ops.set_apic_access_page_addr && range->slot->id
+!kvm_mutated(no_reload) && kvm_x86_ops.set_apic_access_page_addr && range->slot->id
  == APIC_ACCESS_PAGE_PRIVATE_MEMSLOT
