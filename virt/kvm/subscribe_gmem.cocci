// SPDX-License-Identifier: GPL-2.0
/// Subscribe a memslot that may be bound to guest_memfd, before it is.
// Files: virt/kvm/kvm_main.c

@@
identifier f = {__kvm_set_memory_region, kvm_set_memory_region};
identifier vm, mem, new;
@@
 f(struct kvm *vm, ...)
 {
 <...
 new->userspace_addr = mem->userspace_addr;
+/* Subscribe before @new is activated, so that every fault is covered. */
+r = kvm_interval_subscribe(vm, new, old);
+if (r)
+	goto out;
 ...>
 }

@@
identifier f = {__kvm_set_memory_region, kvm_set_memory_region};
identifier new, r;
@@
 f(...)
 {
 <...
+if (change == KVM_MR_CREATE)
+	kvm_interval_unsubscribe(new);
 kfree(new);
 return r;
 ...>
 }
