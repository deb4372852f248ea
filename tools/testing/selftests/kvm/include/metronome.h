/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time without the moments in which the machine stood still: an emulator that
 * shares its CPUs with other work is not scheduled for hundreds of milliseconds
 * now and then, and what was under way meanwhile is not slow for that.
 *
 * A thread of the highest priority sleeps for a millisecond again and again.  When
 * that takes longer than METRONOME_LATE_NS, no CPU was there to run it, and
 * took() does not count that time.  A CPU that idles or runs other threads runs it
 * at once, so whoever merely sleeps too long is not excused.
 */
#ifndef SELFTEST_KVM_METRONOME_H
#define SELFTEST_KVM_METRONOME_H

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "orders.h"

#define METRONOME_LATE_NS	5000000UL
#define METRONOME_PAUSES	1024

struct metronome {
	uint64_t beat_at;
	uint64_t nr_pauses;
	uint64_t longest;
	struct {
		uint64_t start;
		uint64_t end;
	} pause[METRONOME_PAUSES];
};

static struct metronome metronome;

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

/* Beats until the process ends. */
static inline void metronome_start(void)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_t thread;

	TEST_ASSERT(!pthread_create(&thread, NULL, metronome_main, &metronome), "pthread_create");
	/* Without root it is an ordinary thread, and excuses more. */
	pthread_setschedparam(thread, SCHED_FIFO, &param);
}

/* From @from to @to, which lies not in the future, less what it stood still. */
static inline uint64_t took(uint64_t from, uint64_t to)
{
	struct metronome *m = &metronome;
	uint64_t i, n, start, end, stood = 0;

	if (to <= from)
		return 0;
	while (__atomic_load_n(&m->beat_at, __ATOMIC_ACQUIRE) < to)
		usleep(200);
	n = __atomic_load_n(&m->nr_pauses, __ATOMIC_ACQUIRE);
	for (i = n > METRONOME_PAUSES ? n - METRONOME_PAUSES : 0; i < n; i++) {
		start = max(from, m->pause[i % METRONOME_PAUSES].start);
		end = min(to, m->pause[i % METRONOME_PAUSES].end);
		stood += end > start ? end - start : 0;
	}
	return to - from - stood;
}

#endif /* SELFTEST_KVM_METRONOME_H */
