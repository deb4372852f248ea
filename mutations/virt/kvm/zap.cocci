// SPDX-License-Identifier: GPL-2.0
/// Zaps that are skipped, incomplete, or not flushed.
// Files: virt/kvm/interval_zap.c

@@
identifier vm, slot, start, end;
expression gfn_range;
@@
 kvm_interval_zap_slot(struct kvm *vm, struct kvm_memory_slot *slot, ...)
 {
 ...
 if (WARN_ON_ONCE(start >= end)) return false;
+if (kvm_mutated(half_zap) && end - start > PAGE_SIZE)
+	end = start + ((end - start) / 2 & PAGE_MASK);
+if (kvm_mutated(skip_zap) && !(vm->interval.seq & 7))
+	return false;
 ...
-return kvm_unmap_gfn_range(vm, gfn_range);
+return kvm_unmap_gfn_range(vm, gfn_range) && !kvm_mutated(skip_flush);
 }
