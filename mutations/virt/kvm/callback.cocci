// SPDX-License-Identifier: GPL-2.0
/// Callbacks that do not announce, log or zap their range.
// Files: virt/kvm/interval_zap.c virt/kvm/interval_zap.h

@@
expression vm, log, start, last, notifier, range, found;
@@
-mmu_interval_set_range(notifier, range);
-kvm_interval_record(vm, log, start, last);
+if (!kvm_mutated(no_announce))
+	mmu_interval_set_range(notifier, range);
+if (!kvm_mutated(no_record) && !kvm_mutated(late_record))
+	kvm_interval_record(vm, log, start, last);
 ...
-found = kvm_interval_zap(vm, range);
+found = (may_block || !kvm_mutated(nonblock_lies)) && kvm_interval_zap(vm, range);
 ...
 write_unlock(&vm->mmu_lock);
+if (kvm_mutated(late_record)) {
+	if (may_block)
+		fsleep(1000);
+	write_lock(&vm->mmu_lock);
+	kvm_interval_record(vm, log, start, last);
+	write_unlock(&vm->mmu_lock);
+}

@@
identifier vm, range, slot, flush;
@@
 kvm_interval_zap(struct kvm *vm, const struct mmu_notifier_range *range)
 {
 <...
+if ((slot->subscription && slot->subscription->lost) ||
+    (kvm_mutated(forget_alias) && kvm_mutation_is_alias(vm, slot)))
+	continue;
 flush |= kvm_interval_zap_slot(vm, slot, range);
 ...>
 }

@@ @@
 struct kvm_interval_subscription {
 	...
 	struct kvm *kvm;
+	bool lost;
 	...
 };

@@ @@
 #include <linux/interval_tree.h>
+#include <linux/delay.h>
