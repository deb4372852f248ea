// SPDX-License-Identifier: GPL-2.0
/// A gfn_to_pfn_cache has a subscription of its own instead of a place in a list.
// Files: include/linux/kvm_types.h include/linux/kvm_host.h virt/kvm/kvm_main.c

@@ @@
 struct gfn_to_pfn_cache {
 	...
-	struct list_head list;
+	/* The page of @uhva; subscribed to if @kvm is set.  By refresh_lock. */
+	struct mmu_interval_notifier notifier;
+	struct kvm *kvm;
+	/* Invalidations of the page so far; written under @lock. */
+	unsigned long invalidate_seq;
 	...
 };

@@ @@
 struct kvm {
 	...
-	spinlock_t gpc_lock;
-	struct list_head gpc_list;
 	...
 };

@@
expression vm;
@@
-INIT_LIST_HEAD(&vm->gpc_list);
-spin_lock_init(&vm->gpc_lock);

@@ @@
 #include <linux/bits.h>
+#include <linux/mmu_notifier.h>
