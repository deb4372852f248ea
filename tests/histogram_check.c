// SPDX-License-Identifier: GPL-2.0
/*
 * Records the numbers on its standard input in two histograms, in turns, merges them
 * and says what is in the sum, for tests/results/test_histogram.py to check:
 *
 *	count N
 *	max VALUE
 *	quantile PER_MILLION VALUE	of those that are its arguments
 *	bucket LOWEST COUNT
 */
#include <stdio.h>
#include <stdlib.h>

#include "log_histogram.h"

static struct log_histogram half[2];

int main(int argc, char **argv)
{
	unsigned long value, n = 0;
	unsigned int i;

	log_histogram_clear(&half[0]);
	log_histogram_clear(&half[1]);
	while (scanf("%lu", &value) == 1)
		log_histogram_add(&half[n++ % 2], value);
	log_histogram_merge(&half[0], &half[1]);

	printf("count %lu\nmax %lu\n", half[0].count, half[0].max);
	for (i = 1; i < (unsigned int)argc; i++)
		printf("quantile %s %lu\n", argv[i],
		       log_histogram_quantile(&half[0], strtoul(argv[i], NULL, 10)));
	for (i = log_histogram_next(&half[0], 0); i < LOG_HISTOGRAM_BUCKETS;
	     i = log_histogram_next(&half[0], i + 1))
		printf("bucket %lu %lu\n", log_histogram_lowest(i), half[0].bucket[i]);
	return 0;
}
