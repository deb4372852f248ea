/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A progress line each second for whoever watches a test run, written to the
 * file that $KVM_INTERVAL_LIVE names.  Without the variable there is neither
 * thread nor line.  The thread never waits for a reader.
 *
 *	live_attach()	guests start; @tell is called for their counts
 *	live_detach()	guests have stopped; @tell is called a last time
 *
 * Counts are totals over all guests since the test began.
 */
#ifndef SELFTEST_KVM_LIVE_H
#define SELFTEST_KVM_LIVE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ktap.h"
#include "options.h"

struct live_counts {
	uint64_t writes;
	uint64_t faults;
	/* Only kernels with the change have these. */
	bool interval;
	uint64_t retries;
	uint64_t waits;
	uint64_t invalidations;
	/* Upper bound of the longest wait. */
	uint64_t wait_ns;
};

typedef void (*live_report)(void *owner, struct live_counts *c);

struct live {
	pthread_mutex_t lock;
	live_report report;
	void *owner;
	/* Counts of guests that have stopped. */
	struct live_counts before;
	uint64_t writes;
	uint64_t us;
	int fd;
	/*
	 * The process with the thread.  A forked child has no such thread, and
	 * its copy of the lock may be held for ever.
	 */
	pid_t pid;
};

static struct live live = { .fd = -1 };

static inline struct live_counts live_sum(void)
{
	struct live_counts sum = live.before, c = {};

	if (!live.report)
		return sum;
	live.report(live.owner, &c);
	sum.writes += c.writes;
	sum.faults += c.faults;
	sum.interval |= c.interval;
	sum.retries += c.retries;
	sum.waits += c.waits;
	sum.invalidations += c.invalidations;
	if (c.wait_ns > sum.wait_ns)
		sum.wait_ns = c.wait_ns;
	return sum;
}

static inline int live_format(char *line, size_t size, const struct live_counts *c)
{
	uint64_t now = now_us(), rate = (c->writes - live.writes) * 1000000 / (now - live.us);
	int n;

	live.writes = c->writes;
	live.us = now;
	n = snprintf(line, size, "%s %u/%u: %lu writes/s, %lu faults",
		     program_invocation_short_name, ktap.done, ktap.plan, rate, c->faults);
	if (c->interval)
		n += snprintf(line + n, size - n, ", %lu retries, %lu waits, %lu invalidations",
			      c->retries, c->waits, c->invalidations);
	if (c->wait_ns)
		n += snprintf(line + n, size - n, ", longest wait < %lu.%03lu ms",
			      c->wait_ns / 1000000, c->wait_ns / 1000 % 1000);
	n += snprintf(line + n, size - n, "\n");
	return n;
}

static inline void *live_main(void *arg)
{
	struct live_counts c;
	char line[256];
	bool attached;

	(void)arg;
	for (;;) {
		sleep(1);
		pthread_mutex_lock(&live.lock);
		attached = live.report;
		c = live_sum();
		pthread_mutex_unlock(&live.lock);
		/* If nobody reads, or too slowly, the line is dropped. */
		if (attached && write(live.fd, line, live_format(line, sizeof(line), &c)) < 0 &&
		    errno != EAGAIN)
			return NULL;
	}
}

/* The thread blocks all signals, which are for threads that wait for them. */
static inline void live_start(const char *path)
{
	sigset_t all, old;
	pthread_t thread;

	live.fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (live.fd < 0)
		return;
	pthread_mutex_init(&live.lock, NULL);
	live.pid = getpid();
	live.us = now_us();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!pthread_create(&thread, NULL, live_main, NULL))
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static inline void live_attach(live_report report, void *owner)
{
	const char *path = getenv("KVM_INTERVAL_LIVE");

	if (path && live.fd < 0)
		live_start(path);
	if (live.pid != getpid())
		return;
	pthread_mutex_lock(&live.lock);
	live.report = report;
	live.owner = owner;
	pthread_mutex_unlock(&live.lock);
}

static inline void live_detach(void)
{
	if (live.pid != getpid())
		return;
	pthread_mutex_lock(&live.lock);
	live.before = live_sum();
	live.report = NULL;
	pthread_mutex_unlock(&live.lock);
}

#endif /* SELFTEST_KVM_LIVE_H */
