// SPDX-License-Identifier: GPL-2.0
/// A vCPU that is not halted, and not runnable, may poll before it sleeps.
// Files: arch/x86/kvm/x86.c

@@
expression vcpu;
@@
 vcpu_block(...)
 {
 <...
-kvm_vcpu_block(vcpu)
+kvm_interval_block(vcpu)
 ...>
 }
