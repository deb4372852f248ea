/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE kvm_interval_retry

#if !defined(_TRACE_KVM_INTERVAL_RETRY_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_INTERVAL_RETRY_H

#include <linux/tracepoint.h>

/* Export the values to user space, which reads raw entries. */
TRACE_DEFINE_ENUM(KVM_INTERVAL_OVERLAP);
TRACE_DEFINE_ENUM(KVM_INTERVAL_OVERFLOW);
TRACE_DEFINE_ENUM(KVM_INTERVAL_INTERNAL);

/* A fault will be retried. */
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

#endif /* _TRACE_KVM_INTERVAL_RETRY_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
