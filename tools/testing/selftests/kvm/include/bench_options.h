/* SPDX-License-Identifier: GPL-2.0 */
/* Option parsing shared by the benchmarks. */
#ifndef SELFTEST_KVM_BENCH_OPTIONS_H
#define SELFTEST_KVM_BENCH_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * @letters is an option string for getopt() and includes h.  @take gets each
 * option with its value, which it may modify, and returns false to reject it.
 * Exits with status 0 after -h, and with status 2 after reporting a bad option.
 * Operands begin at optind.
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
		/* getopt() has already reported an unknown option. */
		if (c != '?')
			fprintf(stderr, "%s: -%c %s: invalid value; see -h\n",
				argv[0], c, value);
		exit(2);
	}
}

#endif /* SELFTEST_KVM_BENCH_OPTIONS_H */
