// SPDX-License-Identifier: GPL-2.0
/// ->change_pte() calls helpers to check the invalidation around it.
// Files: virt/kvm/kvm_main.c

@@
expression vm;
@@
-WARN_ON_ONCE(!READ_ONCE(vm->mn_active_invalidate_count));
+WARN_ON_ONCE(!kvm_change_pte_is_bracketed(vm));

@@
expression vm;
@@
-if (!READ_ONCE(vm->mmu_invalidate_in_progress))
+if (!kvm_change_pte_is_relevant(vm))
	return;

@@ @@
 #include "interval.h"
+#include "interval_line.h"
