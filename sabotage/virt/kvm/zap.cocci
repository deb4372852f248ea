// SPDX-License-Identifier: GPL-2.0
/// Zaps that are skipped, stop half-way, or are not flushed.
// Files: virt/kvm/interval.c

@@
identifier vm, start, end;
@@
 kvm_interval_zap(struct kvm *vm, struct kvm_memory_slot *slot,
		  unsigned long start, unsigned long end, bool may_block)
 {
 ...
 end = min(end, ...);
+if (kvm_sabotaged(half_zap) && end - start > PAGE_SIZE)
+	end = start + ((end - start) / 2 & PAGE_MASK);
+if (kvm_sabotaged(skip_zap) && !(vm->interval.seq & 7))
+	return;
 ...
-kvm_unmap_gfn_range(vm, &range)
+kvm_unmap_gfn_range(vm, &range) && !kvm_sabotaged(skip_flush)
 ...
 }
