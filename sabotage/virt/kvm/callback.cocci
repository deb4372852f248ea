// SPDX-License-Identifier: GPL-2.0
/// Callbacks that do not announce, enter or find what they have to zap.
// Files: virt/kvm/interval.c

@@
expression vm, start, last, notifier, range;
@@
-mmu_interval_set_range(notifier, range);
-kvm_interval_record(vm, start, last);
+if (!kvm_sabotaged(no_announce))
+	mmu_interval_set_range(notifier, range);
+if (!kvm_sabotaged(no_record) && !kvm_sabotaged(late_record))
+	kvm_interval_record(vm, start, last);
 ...
 slot = kvm_interval_slot(sub);
+if ((kvm_sabotaged(nonblock_lies) && !may_block) || sub->lost ||
+    (kvm_sabotaged(forget_alias) && kvm_sabotage_is_alias(vm, slot)))
+	slot = NULL;
 ...
 write_unlock(&vm->mmu_lock);
+if (kvm_sabotaged(late_record)) {
+	if (may_block)
+		fsleep(1000);
+	write_lock(&vm->mmu_lock);
+	kvm_interval_record(vm, start, last);
+	write_unlock(&vm->mmu_lock);
+}

@@ @@
 struct kvm_interval_subscription {
 	...
 	struct kvm *kvm;
+	bool lost;
 	...
 };

@@ @@
 #include <linux/kvm_host.h>
+#include <linux/delay.h>
