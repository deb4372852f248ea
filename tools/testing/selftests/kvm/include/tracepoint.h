/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts how often a thread passes one of the kernel's tracepoints: proof, on
 * any kernel, that the code under test ran, and on whose behalf.
 */
#ifndef SELFTEST_KVM_TRACEPOINT_H
#define SELFTEST_KVM_TRACEPOINT_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "knob.h"

static inline int tracepoint_id(const char *name)
{
	static const char * const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128], id[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/id", dirs[i], name);
		if (knob_read(path, id, sizeof(id)))
			return atoi(id);
	}
	return -1;
}

/*
 * @name is like "kvm/kvm_age_hva"; @pid 0 is the caller, and what it starts from
 * now on.  Returns -1 if this kernel cannot count it.
 */
static inline int tracepoint_open(const char *name, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = !pid,
	};
	int id = tracepoint_id(name);

	if (id < 0)
		return -1;
	attr.config = id;
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static inline uint64_t tracepoint_count(int fd)
{
	uint64_t count;

	return fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

#endif /* SELFTEST_KVM_TRACEPOINT_H */
