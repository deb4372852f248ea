// SPDX-License-Identifier: GPL-2.0
/// Replace the list entry of a gfn_to_pfn_cache by a subscription of its own.
// Files: include/linux/kvm_types.h include/linux/kvm_host.h virt/kvm/kvm_main.c

@has_kvm@ @@
 struct gfn_to_pfn_cache {
 	...
 	struct kvm *kvm;
 	...
 };

@depends on has_kvm@ @@
 struct gfn_to_pfn_cache {
 	...
-	struct list_head list;
+	/* Subscribed to the page of @uhva if @subscribed; see refresh_lock */
+	struct mmu_interval_notifier notifier;
+	bool subscribed;
+	/* Sequence count of the page; written under @lock */
+	unsigned long invalidate_seq;
 	...
 };

@depends on !has_kvm@ @@
 struct gfn_to_pfn_cache {
 	...
-	struct list_head list;
+	/* Subscribed to the page of @uhva if @subscribed; see refresh_lock */
+	struct mmu_interval_notifier notifier;
+	struct kvm *kvm;
+	bool subscribed;
+	/* Sequence count of the page; written under @lock */
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

// Linux 7.3 has a sequence count for the caches of a VM.
@@ @@
 struct kvm {
 	...
-	unsigned long gpc_invalidate_seq;
 	...
 };

@@
expression vm;
@@
-vm->gpc_invalidate_seq++;
-smp_wmb();
