/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cases of a test: which are selected (-c), their list (-l), which runs
 * next, and its share of the test's time (-t).  A test numbers all its possible
 * cases from 0 and names each number:
 *
 *	c = cases_choose(&opt, count, name_of);
 *	guard_init();
 *	cases_start(&c);
 *	while (cases_next(&c))
 *		if (!cases_skip(&c, why_not(c.i)))
 *			... run case c.i for cases_share(&c), print its line as c.name ...
 *	return ktap_finish();
 *
 * Every case gets exactly one result line, from cases_skip() or from the test.
 */
#ifndef SELFTEST_KVM_CASES_H
#define SELFTEST_KVM_CASES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "options.h"

struct cases {
	const struct options *opt;
	int count;		/* possible cases */
	const char *(*name_of)(int i);
	int chosen;		/* selected cases */
	uint64_t start;		/* in us, from now_us() */
	/* The current case. */
	int i;			/* among all cases */
	int nth;		/* among the selected cases */
	const char *name;
};

/* Returns the name of case @i if it is selected, or NULL. */
static inline const char *cases_chosen(const struct cases *c, int i)
{
	const char *name = c->name_of(i), *filter = c->opt->filter;

	return name && (!filter || strstr(name, filter)) ? name : NULL;
}

/*
 * To be called after options_parse().  @count is the number of possible cases.
 * @name_of returns a name that stays valid until the next call, or NULL if the
 * number has no case.  Exits with status 2 if no case is selected, and with
 * status 0 after printing the list for -l.
 */
static inline struct cases cases_choose(const struct options *opt, int count,
					const char *(*name_of)(int i))
{
	struct cases c = { .opt = opt, .count = count, .name_of = name_of, .i = -1, .nth = -1 };
	const char *name;
	int i;

	for (i = 0; i < count; i++) {
		name = cases_chosen(&c, i);
		if (!name)
			continue;
		c.chosen++;
		if (opt->list)
			puts(name);
	}
	if (!c.chosen) {
		fprintf(stderr, "no case has '%s' in its name; -l lists them\n", opt->filter);
		exit(2);
	}
	if (opt->list)
		exit(0);
	return c;
}

/* Prints the plan and starts the clock of cases_share(). */
static inline void cases_start(struct cases *c)
{
	c->start = now_us();
	ktap_start(c->chosen);
}

/* Goes to the next selected case; returns false if there is none. */
static inline bool cases_next(struct cases *c)
{
	c->nth++;
	while (++c->i < c->count) {
		c->name = cases_chosen(c, c->i);
		if (c->name)
			return true;
	}
	return false;
}

/* Skips this case if @why is not NULL. */
static inline bool cases_skip(const struct cases *c, const char *why)
{
	if (why)
		ktap_skip(c->name, "%s", why);
	return why;
}

/* Returns this case's share, in us, of the time left for it and later cases. */
static inline uint64_t cases_share(const struct cases *c)
{
	uint64_t usec = c->opt->seconds * 1000000UL, spent = now_us() - c->start;

	return spent < usec ? (usec - spent) / (c->chosen - c->nth) : 0;
}

#endif /* SELFTEST_KVM_CASES_H */
