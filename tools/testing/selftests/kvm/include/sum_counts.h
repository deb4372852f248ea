/* SPDX-License-Identifier: GPL-2.0 */
/* One number of all vCPUs or threads, each of which keeps a count of its own. */
#ifndef SELFTEST_KVM_SUM_COUNTS_H
#define SELFTEST_KVM_SUM_COUNTS_H

#include <stdint.h>

#include <linux/compiler.h>

/* Of @member in the first @n elements of @array, while others count on. */
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
