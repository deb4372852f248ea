/* SPDX-License-Identifier: GPL-2.0 */
/* A range of guest pages, by number. */
#ifndef SELFTEST_KVM_RANGE_H
#define SELFTEST_KVM_RANGE_H

#include <stddef.h>

#include "oracle.h"

struct range {
	uint64_t first;
	uint64_t n;
};

static inline size_t range_len(struct range r)
{
	return r.n * ORACLE_PAGE_SIZE;
}

#endif /* SELFTEST_KVM_RANGE_H */
