/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options that all tests share.  A test sets the defaults
 * of the options it takes; a default of 0 means that it does not take the
 * option.
 */
#ifndef SELFTEST_KVM_OPTIONS_H
#define SELFTEST_KVM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

struct options {
	uint64_t seed;
	int seconds;		/* -t, for all cases together */
	int vcpus;		/* -v, from min_vcpus to max_vcpus */
	int min_vcpus;
	int max_vcpus;
	int mib;		/* -m, even */
	int stall;		/* -w, in stall_unit (seconds) */
	const char *stall_unit;
	bool no_cases;		/* neither -c nor -l */
	const char *filter;
	bool list;
};

static inline void options_usage(const struct options *o, const char *name)
{
	printf("Usage: %s [OPTION]...\n"
	       " -s  seed of all random numbers (default: the time)\n"
	       " -t  seconds for all cases together (default %d)\n", name, o->seconds);
	if (o->max_vcpus)
		printf(" -v  vCPUs of a VM with several, %d to %d (default %d)\n", o->min_vcpus,
		       o->max_vcpus, o->vcpus);
	if (o->mib)
		printf(" -m  MiB of memory, even (default %d)\n", o->mib);
	if (o->stall)
		printf(" -w  %s without progress that fail a case (default %d)\n",
		       o->stall_unit ?: "seconds", o->stall);
	if (!o->no_cases)
		printf(" -c  only cases whose name contains this\n"
		       " -l  list the cases\n");
}

static inline bool options_take(struct options *o, int c, const char *value)
{
	switch (c) {
	case 's':
		o->seed = strtoull(value, NULL, 0);
		return true;
	case 't':
		o->seconds = atoi(value);
		return o->seconds >= 0;
	case 'v':
		o->vcpus = atoi(value);
		return o->max_vcpus && o->vcpus >= o->min_vcpus && o->vcpus <= o->max_vcpus;
	case 'm':
		if (!o->mib)
			return false;
		o->mib = atoi(value);
		return o->mib >= 2 && o->mib % 2 == 0;
	case 'w':
		if (!o->stall)
			return false;
		o->stall = atoi(value);
		return o->stall >= 1;
	case 'c':
		o->filter = value;
		return !o->no_cases;
	case 'l':
		o->list = true;
		return !o->no_cases;
	default:
		return false;
	}
}

/* Prints the usage and exits with status 2 on a bad option or value. */
static inline void options_parse(struct options *o, int argc, char **argv)
{
	const struct options defaults = *o;
	int c;

	o->seed = time(NULL);
	while ((c = getopt(argc, argv, "s:t:v:m:w:c:lh")) != -1) {
		if (c != 'h' && options_take(o, c, optarg))
			continue;
		options_usage(&defaults, argv[0]);
		exit(c == 'h' ? 0 : 2);
	}
}

#endif /* SELFTEST_KVM_OPTIONS_H */
