/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE kvm_interval

#if !defined(_TRACE_KVM_INTERVAL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_INTERVAL_H

#include <linux/tracepoint.h>

/* Export the values to user space, which reads raw entries. */
TRACE_DEFINE_ENUM(KVM_INTERVAL_OVERLAP);
TRACE_DEFINE_ENUM(KVM_INTERVAL_OVERFLOW);
TRACE_DEFINE_ENUM(KVM_INTERVAL_INTERNAL);

/* All memslots of a VM have been zapped in [start, end). */
TRACE_EVENT(kvm_interval_invalidate,
	TP_PROTO(unsigned long start, unsigned long end, bool blockable),
	TP_ARGS(start, end, blockable),

	TP_STRUCT__entry(
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(bool, blockable)
	),

	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
		__entry->blockable = blockable;
	),

	TP_printk("hva [%#016lx, %#016lx) %s", __entry->start, __entry->end,
		  __entry->blockable ? "blockable" : "non-blockable")
);

/* A non-blockable start was refused. */
TRACE_EVENT(kvm_interval_refuse,
	TP_PROTO(unsigned long start, unsigned long end),
	TP_ARGS(start, end),

	TP_STRUCT__entry(
		__field(unsigned long, start)
		__field(unsigned long, end)
	),

	TP_fast_assign(
		__entry->start = start;
		__entry->end = end;
	),

	TP_printk("hva [%#016lx, %#016lx)", __entry->start, __entry->end)
);

/* A vCPU has waited for ns; ended says whether the invalidation has ended. */
TRACE_EVENT(kvm_interval_wait,
	TP_PROTO(unsigned int vcpu_id, unsigned long hva, u64 ns, bool ended),
	TP_ARGS(vcpu_id, hva, ns, ended),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, hva)
		__field(u64, ns)
		__field(bool, ended)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->hva = hva;
		__entry->ns = ns;
		__entry->ended = ended;
	),

	TP_printk("vcpu %u hva %#016lx %llu ns, %s", __entry->vcpu_id,
		  __entry->hva, __entry->ns,
		  __entry->ended ? "ended" : "woken before")
);

/* A fault will be retried; cause is the suffix of the statistic. */
TRACE_EVENT(kvm_interval_retry,
	TP_PROTO(unsigned int vcpu_id, unsigned long hva, unsigned int cause),
	TP_ARGS(vcpu_id, hva, cause),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, hva)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->hva = hva;
		__entry->cause = cause;
	),

	TP_printk("vcpu %u hva %#016lx %s", __entry->vcpu_id, __entry->hva,
		  __print_symbolic(__entry->cause,
				   { KVM_INTERVAL_OVERLAP, "overlap" },
				   { KVM_INTERVAL_OVERFLOW, "overflow" },
				   { KVM_INTERVAL_INTERNAL, "internal" }))
);

#endif /* _TRACE_KVM_INTERVAL_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
