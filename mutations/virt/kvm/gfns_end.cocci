// SPDX-License-Identifier: GPL-2.0
/// An invalidation of guest frames that never ends.
// Files: virt/kvm/kvm_main.c

@@
expression vm;
@@
 kvm_mmu_invalidate_end(...)
 {
 <...
-vm->mmu_invalidate_in_progress--;
+if (!kvm_mutated(gfns_no_end))
+	vm->mmu_invalidate_in_progress--;
 ...>
 }

@@ @@
 #include "kvm_mm.h"
+#include "mutation.h"
