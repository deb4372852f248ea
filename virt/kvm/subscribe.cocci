// SPDX-License-Identifier: GPL-2.0
/// Subscribe a memslot from before it is activated until it is invisible.
// Files: virt/kvm/kvm_main.c

@@
expression r, vm, old, new, change;
@@
+/* Subscribe before @new is activated, so that every fault is covered. */
+r = kvm_interval_subscribe(vm, new, old);
+if (r)
+	goto out_free;
 r = kvm_set_memslot(vm, old, new, change);
-if (r)
-	kfree(new);
+if (!r)
+	return 0;
+if (change == KVM_MR_CREATE)
+	kvm_interval_unsubscribe(new);
+out_free:
+kfree(new);
 return r;

@@
identifier vm, slot;
@@
 kvm_free_memslot(struct kvm *vm, struct kvm_memory_slot *slot)
 {
+kvm_interval_unsubscribe(slot);
 ...
 }

@@
expression vm;
@@
 mmu_notifier_unregister(&vm->mmu_notifier, vm->mm);
+kvm_interval_unsubscribe_all(vm);

@@ @@
 #include "kvm_mm.h"
+#include "interval.h"
