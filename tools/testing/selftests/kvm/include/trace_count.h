/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts hits of a kernel tracepoint by all threads or by one, with
 * perf_event_open(), which changes no setting under tracing/.
 */
#ifndef SELFTEST_KVM_TRACE_COUNT_H
#define SELFTEST_KVM_TRACE_COUNT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#define TRACE_COUNT_DIR		"/sys/kernel/tracing"
#define TRACE_COUNT_CPUS	64
/* The reason if an existing tracepoint cannot be opened. */
#define TRACE_WHY		"not root, or no tracefs at " TRACE_COUNT_DIR

struct trace_count {
	int cpus;
	int fd[TRACE_COUNT_CPUS];
};

/*
 * Returns the tracepoint's ID, or 0 if the kernel or this user does not have
 * it.
 */
static inline int trace_count_id(const char *name)
{
	char path[128], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), TRACE_COUNT_DIR "/events/%s/id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoi(text);
}

static inline void trace_count_close(struct trace_count *t)
{
	while (t->cpus)
		close(t->fd[--t->cpus]);
}

/*
 * @name is e.g. "kvm/kvm_exit".  Returns false if the tracepoint is not
 * available.
 */
static inline bool trace_count_open(struct trace_count *t, const char *name)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = trace_count_id(name),
	};
	int cpu, n = sysconf(_SC_NPROCESSORS_ONLN);

	t->cpus = 0;
	for (cpu = 0; cpu < n && cpu < TRACE_COUNT_CPUS && attr.config; cpu++) {
		t->fd[cpu] = syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
				     PERF_FLAG_FD_CLOEXEC);
		if (t->fd[cpu] < 0)
			break;
		t->cpus++;
	}
	if (t->cpus && t->cpus == cpu)
		return true;
	trace_count_close(t);
	return false;
}

/* Counts only hits by thread @pid; 0 is the caller. */
static inline bool trace_count_open_task(struct trace_count *t, const char *name, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = trace_count_id(name),
	};

	t->cpus = 0;
	if (!attr.config)
		return false;
	t->fd[0] = syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	t->cpus = t->fd[0] >= 0;
	return t->cpus;
}

static inline uint64_t trace_count_read(struct trace_count *t)
{
	uint64_t sum = 0, n;
	int i;

	for (i = 0; i < t->cpus; i++)
		if (read(t->fd[i], &n, sizeof(n)) == sizeof(n))
			sum += n;
	return sum;
}

#endif /* SELFTEST_KVM_TRACE_COUNT_H */
