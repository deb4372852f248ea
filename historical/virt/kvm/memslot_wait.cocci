// SPDX-License-Identifier: GPL-2.0
/// Revert 52ac8b358b0c: update memslots while an invalidation is under way.
// Files: virt/kvm/kvm_main.c

@@
expression vm;
@@
 kvm_swap_active_memslots(...)
 {
 ...
-while (vm->mn_active_invalidate_count)
+while (vm->mn_active_invalidate_count && !kvm_mutated(memslot_wait))
 { ... }
 ...
 }
