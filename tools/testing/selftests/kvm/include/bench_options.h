/* SPDX-License-Identifier: GPL-2.0 */
/* The options of a benchmark, one after the other; what they mean is its own business. */
#ifndef SELFTEST_KVM_BENCH_OPTIONS_H
#define SELFTEST_KVM_BENCH_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * @letters: as for getopt(), with h.  @take: of an option and its value, which it may
 * change; false if that will not do.  Ends the program after -h (status 0), and with a
 * line for what is wrong (status 2).  What is left begins at optind.
 */
static inline void bench_options(int argc, char **argv, const char *letters,
				 void (*usage)(const char *name),
				 bool (*take)(int c, char *value))
{
	char value[64];
	int c;

	while ((c = getopt(argc, argv, letters)) != -1) {
		if (c == 'h') {
			usage(argv[0]);
			exit(0);
		}
		snprintf(value, sizeof(value), "%s", optarg ?: "");
		if (take(c, optarg))
			continue;
		/* Of an option that is not there, getopt() has said so. */
		if (c != '?')
			fprintf(stderr, "%s: -%c %s: no value for that; -h says which are\n",
				argv[0], c, value);
		exit(2);
	}
}

#endif /* SELFTEST_KVM_BENCH_OPTIONS_H */
