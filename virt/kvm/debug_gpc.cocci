// SPDX-License-Identifier: GPL-2.0
/// Fault injection: delay the refresh of a pfn cache.
// Files: virt/kvm/pfncache.c

@@
expression new_pfn;
statement S;
@@
 if (is_error_noslot_pfn(new_pfn)) S
+kvm_interval_debug_delay_gpc();

@@ @@
 #include "kvm_mm.h"
+#include "interval_debug.h"
