/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time without the moments in which a CPU stood still: an emulator that shares its
 * CPUs with other work does not get one for hundreds of milliseconds now and then, for
 * the whole machine or for one emulated CPU, and what was under way meanwhile is not
 * slow for that.
 *
 * On each CPU a thread of the highest priority sleeps for a millisecond again and
 * again.  When that takes longer than METRONOME_LATE_NS, the CPU was not there to run
 * it, and took() does not count that time.  A CPU that idles or runs other threads runs
 * it at once, so whoever merely sleeps too long is not excused.
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

/* On the heap: what is in the test's image is loaded into the guest's memory, too. */
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

/* Each on its CPU, as at the start: whoever has moved all threads calls this. */
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

/* They beat until the process ends. */
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
		/* Without root it is an ordinary thread, and excuses more. */
		pthread_setschedparam(m->thread, SCHED_FIFO, &param);
	}
	metronome_spread();
}

static inline int metronome_compare(const void *a, const void *b)
{
	const struct metronome_pause *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Adds to @all the pauses of @m between @from and @to; returns how many there are. */
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

/* From @from to @to, which lies not in the future, less what a CPU stood still. */
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
	/* Pauses of two CPUs overlap: each moment counts once. */
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

/* How often a CPU stood still, and for how long at most, for people. */
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
