// SPDX-License-Identifier: GPL-2.0
/// Invalidations of guest frames that faults do not notice.
// Files: virt/kvm/interval_gfns.c

@@ @@
 kvm_interval_restart_faults(...)
 {
 lockdep_assert_held_write(...);
+if (kvm_mutated(gfns_no_record))
+	return;
 ...
 }

@@ @@
 kvm_interval_may_begin(...)
 {
+if (kvm_mutated(gfns_no_wait))
+	return true;
 ...
 }
