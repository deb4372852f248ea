// SPDX-License-Identifier: GPL-2.0
/// Fault injection: create KVM's private memslot for the TSS on any CPU.
// Files: arch/x86/kvm/x86.c

@@
identifier kvm, addr, ret;
@@
 kvm_vm_ioctl_set_tss_addr(struct kvm *kvm, unsigned long addr)
 {
 ...
-return ret;
+return ret ? ret : kvm_interval_debug_set_tss(kvm, addr);
 }

@@ @@
 #include "vcpu_interval.h"
+#include "interval_debug.h"
