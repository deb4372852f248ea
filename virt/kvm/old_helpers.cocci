// SPDX-License-Identifier: GPL-2.0
/// Compile the retry helpers of the old scheme for other architectures only.
// Files: include/linux/kvm_host.h

@@
identifier kvm, mmu_seq;
@@
+#ifndef CONFIG_KVM_INTERVAL_NOTIFIER
 static inline int mmu_invalidate_retry(struct kvm *kvm, unsigned long mmu_seq)
 { ... }

@@
identifier kvm, mmu_seq, hva;
@@
 static inline int mmu_invalidate_retry_hva(struct kvm *kvm,
					    unsigned long mmu_seq,
					    unsigned long hva)
 { ... }
+#endif /* !CONFIG_KVM_INTERVAL_NOTIFIER */

// Linux 6.12 and 7.3 compare guest frames.
@@
typedef bool, gfn_t;
identifier kvm, mmu_seq, gfn;
@@
 static inline bool mmu_invalidate_retry_gfn_unsafe(struct kvm *kvm,
						    unsigned long mmu_seq,
						    gfn_t gfn)
 { ... }
+#endif /* !CONFIG_KVM_INTERVAL_NOTIFIER */
