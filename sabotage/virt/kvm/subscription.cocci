// SPDX-License-Identifier: GPL-2.0
/// Subscriptions that are lost over an update, or come too late.
// Files: virt/kvm/interval.c

@@
expression new, old;
@@
 kvm_interval_subscribe(...)
 {
 <...
 new->subscription = old->subscription;
+if (old->base_gfn == new->base_gfn ? kvm_sabotaged(lost_on_flags) :
+    kvm_sabotaged(lost_on_move))
+	new->subscription->lost = true;
 ...>
 }

@@
expression sub;
@@
-mmu_interval_read_begin(&sub->notifier);
+if (!kvm_sabotaged(unborn))
+	mmu_interval_read_begin(&sub->notifier);
