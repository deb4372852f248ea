// SPDX-License-Identifier: GPL-2.0
/// Undoes 52ac8b358b0c: memslots are changed while an invalidation is under way.
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
