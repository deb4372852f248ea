// SPDX-License-Identifier: GPL-2.0
/// Fault injection: delay guest faults; statistics of why they retry.
// Files: virt/kvm/interval_fault.c virt/kvm/interval_log.c virt/kvm/interval_gfns.c

@@ @@
 kvm_interval_begin_slow(...)
 {
 ...
+kvm_interval_debug_delay_fault();
 return 0;
 }

@@
expression slot;
@@
 kvm_interval_begin_slow(...)
 {
 <...
-if (slot->flags & KVM_MEMSLOT_INVALID)
+if (slot->flags & KVM_MEMSLOT_INVALID) {
+	++vcpu->stat.generic.mmu_interval_retry_memslot;
 	return -EAGAIN;
+}
 ...>
 }

@@
expression vcpu, hva, cause;
@@
 kvm_interval_retry_slow(...)
 {
 <...
+if (cause == KVM_INTERVAL_OVERFLOW)
+	++vcpu->stat.generic.mmu_interval_retry_overflow;
+if (cause == KVM_INTERVAL_INTERNAL)
+	++vcpu->stat.generic.mmu_interval_retry_internal;
 trace_kvm_interval_retry(vcpu->vcpu_id, hva, cause);
 ...>
 }

@@
identifier vcpu, gfn;
expression E;
@@
 kvm_interval_may_begin(struct kvm_vcpu *vcpu, gfn_t gfn)
 {
-return likely(E);
+if (likely(E))
+	return true;
+vcpu->stat.generic.mmu_interval_retry_internal++;
+return false;
 }

@has_begin@ @@
 kvm_interval_begin_slow(...)
 { ... }

@depends on has_begin@ @@
 #include "interval_wait.h"
+#include "interval_debug.h"
