/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time without the periods in which a CPU stood still.  An emulator that shares
 * the CPUs of its host with other work does not run for hundreds of
 * milliseconds now and then, as a whole or for one emulated CPU.  As with steal
 * time, an operation in progress is not slow because of that.
 *
 * On each CPU a thread with real-time priority sleeps for a millisecond again
 * and again.  If it wakes up more than STEAL_LATE_NS late, the CPU was not
 * running, and elapsed_ns() leaves that time out.  A CPU that idles or runs
 * other threads runs it at once, so a thread that merely sleeps too long gets
 * no allowance.
 */
#ifndef SELFTEST_KVM_STEAL_H
#define SELFTEST_KVM_STEAL_H

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"

#define STEAL_LATE_NS	5000000UL
#define STEAL_PERIODS	1024

struct steal_period {
	uint64_t start;
	uint64_t end;
};

struct steal_monitor {
	pthread_t thread;
	int cpu;
	uint64_t beat_at;
	uint64_t nr_periods;
	uint64_t longest;
	struct steal_period pause[STEAL_PERIODS];
};

/*
 * Allocated, because the framework copies the program's own data into the
 * guest.
 */
static struct steal_monitor *steal_monitors;
static int nr_steal_monitors;

static inline void *steal_main(void *arg)
{
	struct steal_monitor *m = arg;
	uint64_t before, now = now_ns();

	for (;;) {
		before = now;
		usleep(1000);
		now = now_ns();
		if (now - before > STEAL_LATE_NS) {
			m->pause[m->nr_periods % STEAL_PERIODS].start = before;
			m->pause[m->nr_periods % STEAL_PERIODS].end = now;
			__atomic_store_n(&m->nr_periods, m->nr_periods + 1, __ATOMIC_RELEASE);
			m->longest = max(m->longest, now - before);
		}
		__atomic_store_n(&m->beat_at, now, __ATOMIC_RELEASE);
	}
	return NULL;
}

/*
 * Binds each thread to its CPU, at the start and after a test has moved all
 * threads.
 */
static inline void steal_bind(void)
{
	cpu_set_t one;
	int i;

	for (i = 0; i < nr_steal_monitors; i++) {
		CPU_ZERO(&one);
		CPU_SET(steal_monitors[i].cpu, &one);
		pthread_setaffinity_np(steal_monitors[i].thread, sizeof(one), &one);
	}
}

/* The threads run until the process ends. */
static inline void steal_start(void)
{
	struct sched_param param = { .sched_priority = 1 };
	struct steal_monitor *m;
	cpu_set_t cpus;
	int cpu;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(cpus), &cpus), "sched_getaffinity");
	steal_monitors = calloc(CPU_COUNT(&cpus), sizeof(*steal_monitors));
	TEST_ASSERT(steal_monitors, "no memory");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		m = &steal_monitors[nr_steal_monitors++];
		m->cpu = cpu;
		TEST_ASSERT(!pthread_create(&m->thread, NULL, steal_main, m), "pthread_create");
		/*
		 * Without root the thread has normal priority, and reports more
		 * stolen time.
		 */
		pthread_setschedparam(m->thread, SCHED_FIFO, &param);
	}
	steal_bind();
}

static inline int steal_compare(const void *a, const void *b)
{
	const struct steal_period *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Appends to @all the periods of @m between @from and @to; returns their
 * number.
 */
static inline int steal_collect(struct steal_monitor *m, uint64_t from, uint64_t to,
				struct steal_period *all, int nr, int most)
{
	uint64_t i, n;

	while (__atomic_load_n(&m->beat_at, __ATOMIC_ACQUIRE) < to)
		usleep(200);
	n = __atomic_load_n(&m->nr_periods, __ATOMIC_ACQUIRE);
	for (i = n > STEAL_PERIODS ? n - STEAL_PERIODS : 0; i < n && nr < most; i++) {
		struct steal_period *p = &m->pause[i % STEAL_PERIODS];

		if (p->start < to && p->end > from)
			all[nr++] = *p;
	}
	return nr;
}

/*
 * Returns the time from @from to @to, which must be past, without stolen time.
 */
static inline uint64_t elapsed_ns(uint64_t from, uint64_t to)
{
	struct steal_period all[STEAL_PERIODS];
	uint64_t start, end, until = from, stood = 0;
	int i, nr = 0;

	if (to <= from)
		return 0;
	for (i = 0; i < nr_steal_monitors; i++)
		nr = steal_collect(&steal_monitors[i], from, to, all, nr, ARRAY_SIZE(all));
	qsort(all, nr, sizeof(*all), steal_compare);
	/* Periods of two CPUs may overlap: count each moment once. */
	for (i = 0; i < nr; i++) {
		start = max(until, all[i].start);
		end = min(to, all[i].end);
		if (end > start) {
			stood += end - start;
			until = end;
		}
	}
	return to - from - stood;
}

/* Prints how often a CPU stood still, and for how long at most. */
static inline void steal_print(void)
{
	uint64_t nr = 0, longest = 0;
	int i;

	for (i = 0; i < nr_steal_monitors; i++) {
		nr += steal_monitors[i].nr_periods;
		longest = max(longest, steal_monitors[i].longest);
	}
	ktap_info("a CPU stood still %lu times, %lu ms at most", nr, longest / 1000000);
}

#endif /* SELFTEST_KVM_STEAL_H */
