/* SPDX-License-Identifier: GPL-2.0 */
/* Sums over vCPUs or threads that each have their own counter. */
#ifndef SELFTEST_KVM_SUM_COUNTS_H
#define SELFTEST_KVM_SUM_COUNTS_H

#include <stdint.h>

#include <linux/compiler.h>

/* Adds up @member in the first @n elements of @array, which may be changing. */
#define sum_counts(array, n, member)				\
({								\
	uint64_t _sum = 0;					\
	int _i;							\
								\
	for (_i = 0; _i < (n); _i++)				\
		_sum += READ_ONCE((array)[_i].member);		\
	_sum;							\
})

#endif /* SELFTEST_KVM_SUM_COUNTS_H */
