/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Machine-readable output of benchmarks, as lines of KTAP diagnostics;
 * docs/benchmarks.md describes them:
 *
 *	row NAME UNIT lower|higher VALUE	a sample, and which direction is better
 *	hist NAME UNIT LOWEST:COUNT ...		buckets of a log_histogram
 *	span NAME KIND START_US LENGTH_US	an interval of time
 */
#ifndef SELFTEST_KVM_MEASURE_H
#define SELFTEST_KVM_MEASURE_H

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "ktap.h"
#include "log_histogram.h"

#define MEASURE_NAME	128
/* Lines must fit the buffer of init.  Several lines of one name add up. */
#define MEASURE_LINE	800
/* Enough spans of a kind for a diagram. */
#define MEASURE_SPANS	200

struct measure_span {
	uint64_t start;
	uint64_t length;
};

static inline void measure_lower(const char *name, const char *unit, double value)
{
	ktap_info("row %s %s lower %.10g", name, unit, value);
}

static inline void measure_higher(const char *name, const char *unit, double value)
{
	ktap_info("row %s %s higher %.10g", name, unit, value);
}

static inline void measure_hist(const char *name, const char *unit,
				const struct log_histogram *h)
{
	char line[MEASURE_LINE + 64];
	size_t len = 0;
	unsigned int i;

	for (i = log_histogram_next(h, 0); i < LOG_HISTOGRAM_BUCKETS;
	     i = log_histogram_next(h, i + 1)) {
		len += sprintf(line + len, " %lu:%lu", log_histogram_lowest(i), h->bucket[i]);
		if (len < MEASURE_LINE - MEASURE_NAME)
			continue;
		ktap_info("hist %s %s%s", name, unit, line);
		len = 0;
	}
	if (len)
		ktap_info("hist %s %s%s", name, unit, line);
}

static inline void measure_span(const char *name, const char *kind, uint64_t start_us,
				uint64_t length_us)
{
	ktap_info("span %s %s %lu %lu", name, kind, start_us, length_us);
}

/* Converts TSC ticks of up to some hours to nanoseconds, in host and guest. */
struct measure_clock {
	uint64_t mult;
};

#define MEASURE_CLOCK_SHIFT	20

static inline uint64_t measure_ns(const struct measure_clock *c, uint64_t ticks)
{
	return ticks * c->mult >> MEASURE_CLOCK_SHIFT;
}

static inline uint64_t measure_ticks(const struct measure_clock *c, uint64_t ns)
{
	return (ns << MEASURE_CLOCK_SHIFT) / c->mult;
}

static inline void measure_read_clocks(uint64_t *ns, uint64_t *ticks)
{
	*ns = now_ns();
	*ticks = rdtsc();
}

/* Calibrates the TSC against CLOCK_MONOTONIC. */
static inline void measure_clock_init(struct measure_clock *c)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	uint64_t ns, ticks, end_ns, end_ticks;

	measure_read_clocks(&ns, &ticks);
	nanosleep(&pause, NULL);
	measure_read_clocks(&end_ns, &end_ticks);
	c->mult = ((end_ns - ns) << MEASURE_CLOCK_SHIFT) / (end_ticks - ticks);
}

#endif /* SELFTEST_KVM_MEASURE_H */
