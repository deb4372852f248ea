// SPDX-License-Identifier: GPL-2.0
/// interval_log.c has the function that searches the logs.
// Files: virt/kvm/interval_fault.c

@@ @@
-kvm_interval_retry_slow(...)
-{ ... }

@@
declarer name EXPORT_SYMBOL_FOR_KVM_INTERNAL;
@@
-EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_retry_slow);
