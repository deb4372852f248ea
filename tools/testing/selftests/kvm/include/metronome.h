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
#ifndef SELFTEST_KVM_METRONOME_H
#define SELFTEST_KVM_METRONOME_H

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "orders.h"

#define METRONOME_LATE_NS	5000000UL
#define METRONOME_PAUSES	1024

struct metronome_pause {
	uint64_t start;
	uint64_t end;
};

struct metronome {
	pthread_t thread;
	int cpu;
	uint64_t beat_at;
	uint64_t nr_pauses;
	uint64_t longest;
	struct metronome_pause pause[METRONOME_PAUSES];
};

/*
 * Allocated, because the framework copies the program's own data into the
 * guest.
 */
static struct metronome *metronomes;
static int nr_metronomes;

static inline void *metronome_main(void *arg)
{
	struct metronome *m = arg;
	uint64_t before, now = now_ns();

	for (;;) {
		before = now;
		usleep(1000);
		now = now_ns();
		if (now - before > METRONOME_LATE_NS) {
			m->pause[m->nr_pauses % METRONOME_PAUSES].start = before;
			m->pause[m->nr_pauses % METRONOME_PAUSES].end = now;
			__atomic_store_n(&m->nr_pauses, m->nr_pauses + 1, __ATOMIC_RELEASE);
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
static inline void metronome_spread(void)
{
	cpu_set_t one;
	int i;

	for (i = 0; i < nr_metronomes; i++) {
		CPU_ZERO(&one);
		CPU_SET(metronomes[i].cpu, &one);
		pthread_setaffinity_np(metronomes[i].thread, sizeof(one), &one);
	}
}

/* The threads run until the process ends. */
static inline void metronome_start(void)
{
	struct sched_param param = { .sched_priority = 1 };
	struct metronome *m;
	cpu_set_t cpus;
	int cpu;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(cpus), &cpus), "sched_getaffinity");
	metronomes = calloc(CPU_COUNT(&cpus), sizeof(*metronomes));
	TEST_ASSERT(metronomes, "no memory");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		m = &metronomes[nr_metronomes++];
		m->cpu = cpu;
		TEST_ASSERT(!pthread_create(&m->thread, NULL, metronome_main, m), "pthread_create");
		/*
		 * Without root the thread has normal priority, and reports more
		 * stolen time.
		 */
		pthread_setschedparam(m->thread, SCHED_FIFO, &param);
	}
	metronome_spread();
}

static inline int metronome_compare(const void *a, const void *b)
{
	const struct metronome_pause *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Appends to @all the periods of @m between @from and @to; returns their
 * number.
 */
static inline int metronome_collect(struct metronome *m, uint64_t from, uint64_t to,
				    struct metronome_pause *all, int nr, int most)
{
	uint64_t i, n;

	while (__atomic_load_n(&m->beat_at, __ATOMIC_ACQUIRE) < to)
		usleep(200);
	n = __atomic_load_n(&m->nr_pauses, __ATOMIC_ACQUIRE);
	for (i = n > METRONOME_PAUSES ? n - METRONOME_PAUSES : 0; i < n && nr < most; i++) {
		struct metronome_pause *p = &m->pause[i % METRONOME_PAUSES];

		if (p->start < to && p->end > from)
			all[nr++] = *p;
	}
	return nr;
}

/*
 * Returns the time from @from to @to, which must be past, without stolen time.
 */
static inline uint64_t took(uint64_t from, uint64_t to)
{
	struct metronome_pause all[METRONOME_PAUSES];
	uint64_t start, end, until = from, stood = 0;
	int i, nr = 0;

	if (to <= from)
		return 0;
	for (i = 0; i < nr_metronomes; i++)
		nr = metronome_collect(&metronomes[i], from, to, all, nr, ARRAY_SIZE(all));
	qsort(all, nr, sizeof(*all), metronome_compare);
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
static inline void metronome_tell(void)
{
	uint64_t nr = 0, longest = 0;
	int i;

	for (i = 0; i < nr_metronomes; i++) {
		nr += metronomes[i].nr_pauses;
		longest = max(longest, metronomes[i].longest);
	}
	ktap_info("a CPU stood still %lu times, %lu ms at most", nr, longest / 1000000);
}

#endif /* SELFTEST_KVM_METRONOME_H */
