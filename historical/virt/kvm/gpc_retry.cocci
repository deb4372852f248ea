// SPDX-License-Identifier: GPL-2.0
/// Revert 58cd407ca4c6: a refresh checks the count of guest faults, which is raised
/// only after the caches were invalidated.
// Files: virt/kvm/pfncache.c

@@
expression vm;
@@
 mmu_notifier_retry_cache(...)
 {
-if (vm->mn_active_invalidate_count)
+if (kvm_mutated(gpc_retry) ? vm->mmu_invalidate_in_progress :
+			       vm->mn_active_invalidate_count)
	return true;
 ...
 }
