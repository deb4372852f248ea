// SPDX-License-Identifier: GPL-2.0
/// Subscriptions that an update loses, that come too late, or that are used when freed.
// Files: virt/kvm/interval.c

@@
expression new, old;
@@
 kvm_interval_subscribe(...)
 {
 <...
 new->subscription = old->subscription;
+if (old->base_gfn == new->base_gfn ? kvm_mutated(lost_on_flags) :
+    kvm_mutated(lost_on_move))
+	new->subscription->lost = true;
 ...>
 }

@@
expression sub;
@@
-mmu_interval_read_begin(&sub->notifier);
+if (!kvm_mutated(unborn))
+	mmu_interval_read_begin(&sub->notifier);

@@
identifier slot;
@@
 kvm_interval_unsubscribe(struct kvm_memory_slot *slot)
 {
+if (kvm_mutated(after_end))
+	slot->subscription->lost = true;
 ...
 }

@@
identifier kvm, r;
@@
 kvm_interval_init_vm(struct kvm *kvm)
 {
 int r;
-r = mmu_interval_prepare(kvm->mm);
+r = kvm_mutated(late_prepare) ? 0 : mmu_interval_prepare(kvm->mm);
 ...
 }

@@
expression vm, sub, r;
@@
 kvm_interval_subscribe(...)
 {
 ...
 sub->kvm = vm;
 r = mmu_interval_notifier_insert(...);
+if (kvm_mutated(late_prepare)) {
+	vm->interval.ranges = mmu_interval_ranges(vm->mm);
+	if (r) {
+		kfree(sub);
+		return r;
+	}
+}
 ...
 }
