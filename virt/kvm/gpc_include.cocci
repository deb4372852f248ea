// SPDX-License-Identifier: GPL-2.0
/// struct gfn_to_pfn_cache contains a struct mmu_interval_notifier; not for assembler.
// Files: include/linux/kvm_types.h

@@ @@
+#include <linux/mmu_notifier.h>
 #include <linux/mutex.h>
