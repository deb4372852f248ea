// SPDX-License-Identifier: GPL-2.0
/// Add a pointer to the subscription of its HVA range to a memslot.
// Files: include/linux/kvm_host.h virt/kvm/kvm_main.c

@@ @@
 struct kvm_memory_slot {
 	...
 	u16 as_id;
+	struct kvm_interval_subscription *subscription;
 	...
 };

@@
identifier dest, src;
@@
 kvm_copy_memslot(struct kvm_memory_slot *dest, ...)
 {
 ...
 dest->as_id = src->as_id;
+dest->subscription = src->subscription;
 }
