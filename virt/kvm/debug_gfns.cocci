// SPDX-License-Identifier: GPL-2.0
/// Fault injection: delay the change between the start and the end of an invalidation.
// Files: virt/kvm/guest_memfd.c virt/kvm/kvm_main.c

@@ @@
 kvm_gmem_punch_hole(...)
 {
 <...
+kvm_interval_debug_delay_gfns();
 truncate_inode_pages_range(...);
 ...>
 }

@@
expression vm;
identifier range = {pre_set_range};
@@
 kvm_vm_set_mem_attributes(...)
 {
 <...
 kvm_handle_gfn_range(vm, &range);
+kvm_interval_debug_delay_gfns();
 ...>
 }

@has_gmem@ @@
 kvm_gmem_punch_hole(...)
 { ... }

@depends on has_gmem@ @@
 #include "kvm_mm.h"
+#include "interval_debug.h"
