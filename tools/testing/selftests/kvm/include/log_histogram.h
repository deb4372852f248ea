/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A histogram of times: exact below 128, and with 64 buckets for each power of
 * 2 above, so that no bucket is wider than 1/64 of its values (as in
 * HdrHistogram). Recording takes a few instructions, no libc and no allocation,
 * so guests can do it.  One thread records; others may read.
 *
 *	log_histogram_add(&h, ns)
 *	log_histogram_merge(&sum, &h)
 *	log_histogram_quantile(&h, 999000)	per million: 99.9 %
 *	i = log_histogram_next(&h, 0)		first nonempty bucket: h.bucket[i]
 *						values from log_histogram_lowest(i)
 */
#ifndef SELFTEST_KVM_LOG_HISTOGRAM_H
#define SELFTEST_KVM_LOG_HISTOGRAM_H

#include <stdint.h>

/* Buckets for each power of 2, and its logarithm. */
#define LOG_HISTOGRAM_STEPS	64U
#define LOG_HISTOGRAM_BITS	6
/* Longer times (73 minutes in ns) go to the last bucket. */
#define LOG_HISTOGRAM_MAX_BITS	42
#define LOG_HISTOGRAM_MAX	(~0UL >> (64 - LOG_HISTOGRAM_MAX_BITS))
#define LOG_HISTOGRAM_BUCKETS	((LOG_HISTOGRAM_MAX_BITS - LOG_HISTOGRAM_BITS + 1) * \
				 LOG_HISTOGRAM_STEPS)

struct log_histogram {
	uint64_t count;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[LOG_HISTOGRAM_BUCKETS];
};

/*
 * Returns the shift that leaves at most LOG_HISTOGRAM_BITS + 1 bits of the
 * value.
 */
static inline unsigned int log_histogram_shift(uint64_t value)
{
	if (value < 2 * LOG_HISTOGRAM_STEPS)
		return 0;
	return 63 - __builtin_clzl(value) - LOG_HISTOGRAM_BITS;
}

static inline unsigned int log_histogram_index(uint64_t value)
{
	unsigned int shift;

	if (value > LOG_HISTOGRAM_MAX)
		value = LOG_HISTOGRAM_MAX;
	shift = log_histogram_shift(value);
	return shift * LOG_HISTOGRAM_STEPS + (value >> shift);
}

/* Returns the lowest value of a bucket. */
static inline uint64_t log_histogram_lowest(unsigned int index)
{
	unsigned int shift = 0;

	if (index >= 2 * LOG_HISTOGRAM_STEPS)
		shift = index / LOG_HISTOGRAM_STEPS - 1;
	return (uint64_t)(index - shift * LOG_HISTOGRAM_STEPS) << shift;
}

/*
 * Returns the first nonempty bucket from @index on, or LOG_HISTOGRAM_BUCKETS.
 */
static inline unsigned int log_histogram_next(const struct log_histogram *h, unsigned int index)
{
	while (index < LOG_HISTOGRAM_BUCKETS && !h->bucket[index])
		index++;
	return index;
}

static inline void log_histogram_clear(struct log_histogram *h)
{
	unsigned int i;

	h->count = 0;
	h->min = ~0UL;
	h->max = 0;
	for (i = 0; i < LOG_HISTOGRAM_BUCKETS; i++)
		h->bucket[i] = 0;
}

static inline void log_histogram_add(struct log_histogram *h, uint64_t value)
{
	h->bucket[log_histogram_index(value)]++;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
}

static inline void log_histogram_merge(struct log_histogram *sum, const struct log_histogram *h)
{
	unsigned int i;

	for (i = 0; i < LOG_HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += h->bucket[i];
	if (h->min < sum->min)
		sum->min = h->min;
	if (h->max > sum->max)
		sum->max = h->max;
	sum->count += h->count;
}

/*
 * Returns the least value that is not exceeded by @per_million of all values:
 * the middle of its bucket, hence at most 1/128 off, or the exact maximum.
 * Returns 0 for an empty histogram.
 */
static inline uint64_t log_histogram_quantile(const struct log_histogram *h,
					      uint64_t per_million)
{
	uint64_t rank = (h->count * per_million + 999999) / 1000000, seen = 0, lowest, middle;
	unsigned int i = 0;

	if (!h->count)
		return 0;
	if (!rank)
		rank = 1;
	if (rank >= h->count)
		return h->max;
	while (seen + h->bucket[i] < rank)
		seen += h->bucket[i++];
	lowest = log_histogram_lowest(i);
	middle = lowest + (log_histogram_lowest(i + 1) - lowest) / 2;
	return middle < h->min ? h->min : middle > h->max ? h->max : middle;
}

#endif /* SELFTEST_KVM_LOG_HISTOGRAM_H */
