/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE kvm_interval_priority

#if !defined(_TRACE_KVM_INTERVAL_PRIORITY_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_INTERVAL_PRIORITY_H

#include <linux/tracepoint.h>

/* A vCPU was given priority for the page that it needs. */
TRACE_EVENT(kvm_interval_prioritize,
	TP_PROTO(unsigned int vcpu_id, unsigned long hva),
	TP_ARGS(vcpu_id, hva),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, hva)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->hva = hva;
	),

	TP_printk("vcpu %u hva %#016lx", __entry->vcpu_id, __entry->hva)
);

/* A vCPU has given up its priority, for which tasks have paused. */
TRACE_EVENT(kvm_interval_unprioritize,
	TP_PROTO(unsigned int vcpu_id, unsigned long pauses),
	TP_ARGS(vcpu_id, pauses),

	TP_STRUCT__entry(
		__field(unsigned int, vcpu_id)
		__field(unsigned long, pauses)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->pauses = pauses;
	),

	TP_printk("vcpu %u, %lu pauses", __entry->vcpu_id, __entry->pauses)
);

#endif /* _TRACE_KVM_INTERVAL_PRIORITY_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
