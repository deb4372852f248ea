/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE kvm_interval_wait

#if !defined(_TRACE_KVM_INTERVAL_WAIT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_INTERVAL_WAIT_H

#include <linux/tracepoint.h>

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

#endif /* _TRACE_KVM_INTERVAL_WAIT_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
