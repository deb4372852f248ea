/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE kvm_interval

#if !defined(_TRACE_KVM_INTERVAL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_INTERVAL_H

#include <linux/tracepoint.h>

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

#endif /* _TRACE_KVM_INTERVAL_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
