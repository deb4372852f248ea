// SPDX-License-Identifier: GPL-2.0
/// Subscribe a gfn_to_pfn_cache from its first refresh until it is deactivated.
// Files: virt/kvm/pfncache.c

@@
expression vm, gpc;
@@
-spin_lock(&vm->gpc_lock);
-list_add(&gpc->list, &vm->gpc_list);
-spin_unlock(&vm->gpc_lock);
-write_lock_irq(&gpc->lock);
+/* The first refresh subscribes it before it looks up its page. */
+write_lock_irq(&gpc->lock);
 gpc->active = true;

@@
expression vm, gpc;
@@
-spin_lock(&vm->gpc_lock);
-list_del(&gpc->list);
-spin_unlock(&vm->gpc_lock);
 kvm_gfn_to_pfn_cache_unmap(vm, gpc);
+mutex_lock(&gpc->refresh_lock);
+kvm_gpc_unsubscribe(gpc);
+mutex_unlock(&gpc->refresh_lock);

// In Linux 6.12 and 7.3 refresh_lock is held already.
@@
identifier gpc, vm;
@@
 kvm_gpc_deactivate(struct gfn_to_pfn_cache *gpc)
 {
-struct kvm *vm = gpc->kvm;
 <...
-spin_lock(&vm->gpc_lock);
-list_del(&gpc->list);
-spin_unlock(&vm->gpc_lock);
+kvm_gpc_unsubscribe(gpc);
 ...>
 }
