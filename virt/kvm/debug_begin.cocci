// SPDX-License-Identifier: GPL-2.0
/// Fault injection: a fault that is to be delayed takes the slow path.
// Files: include/linux/kvm_interval.h

@@ @@
 kvm_interval_begin(...)
 {
 <...
-mmu_interval_idle
+kvm_interval_debug_idle
 (...)
 ...>
 }

@@ @@
+#include <linux/kvm_interval_debug.h>
 #include <linux/kvm_interval_gfns.h>
