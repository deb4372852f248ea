/* SPDX-License-Identifier: GPL-2.0 */
/* CLOCK_MONOTONIC, by which all tests measure time. */
#ifndef SELFTEST_KVM_CLOCK_H
#define SELFTEST_KVM_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static inline uint64_t now_us(void)
{
	return now_ns() / 1000;
}

#endif /* SELFTEST_KVM_CLOCK_H */
