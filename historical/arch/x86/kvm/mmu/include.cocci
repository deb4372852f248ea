// SPDX-License-Identifier: GPL-2.0
/// Include the list of bugs in the x86 MMU.
// Files: arch/x86/kvm/mmu/mmu.c arch/x86/kvm/mmu/tdp_mmu.c

@@ @@
 #include "mmu_internal.h"
+#include "../../../../virt/kvm/historical.h"
