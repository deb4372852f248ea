/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cases of a test: which of them are chosen (-c), their list (-l), whose turn it is,
 * and how much of the test's time (-t) is its share.  A test numbers all cases that it
 * could have from 0 and gives each number a name; the rest is
 *
 *	c = cases_choose(&opt, count, name_of);
 *	guard_init();
 *	cases_start(&c);
 *	while (cases_next(&c))
 *		if (!cases_skip(&c, why_not(c.i)))
 *			... run case c.i, for cases_share(&c), and print its line as c.name ...
 *	return ktap_finish();
 *
 * Every case gets one line, from cases_skip() or from the test.
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
	int count;		/* of all numbers */
	const char *(*name_of)(int i);
	int chosen;		/* how many */
	uint64_t start;		/* in us, as now_us() */
	/* Whose turn it is. */
	int i;			/* its number among all */
	int nth;		/* and among those that are chosen, from 0 */
	const char *name;
};

/* The name of case @i if it is chosen, or NULL. */
static inline const char *cases_chosen(const struct cases *c, int i)
{
	const char *name = c->name_of(i), *filter = c->opt->filter;

	return name && (!filter || strstr(name, filter)) ? name : NULL;
}

/*
 * To be called after options_parse().  @count: of the numbers.  @name_of: the name of a
 * case, which needs to last until the next is asked for, or NULL if this number has none.
 * Ends the test if no case is chosen (status 2), and with -l after it has printed them.
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

/* Prints the plan; from now on the time of all cases passes. */
static inline void cases_start(struct cases *c)
{
	c->start = now_us();
	ktap_start(c->chosen);
}

/* Goes to the next case that is chosen; false if there is none. */
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

/* Skips this case if there is a reason why it cannot run here, which is not NULL then. */
static inline bool cases_skip(const struct cases *c, const char *why)
{
	if (why)
		ktap_skip(c->name, "%s", why);
	return why;
}

/* This case's share, in us, of the time that is left for it and those after it. */
static inline uint64_t cases_share(const struct cases *c)
{
	uint64_t usec = c->opt->seconds * 1000000UL, spent = now_us() - c->start;

	return spent < usec ? (usec - spent) / (c->chosen - c->nth) : 0;
}

#endif /* SELFTEST_KVM_CASES_H */
