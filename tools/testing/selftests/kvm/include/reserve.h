/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory aligned to 2 MiB, and address ranges that nothing else uses, to map
 * memory at with MAP_FIXED.
 */
#ifndef SELFTEST_KVM_RESERVE_H
#define SELFTEST_KVM_RESERVE_H

#include <sys/mman.h>

#include "test_util.h"

#define RESERVE_ALIGN	0x200000UL

/* Returns @size bytes of private anonymous memory, aligned to 2 MiB. */
static inline uint8_t *map_aligned(uint64_t size, int prot)
{
	uint8_t *p = mmap(NULL, size + RESERVE_ALIGN, prot,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	return (uint8_t *)(((uint64_t)p + RESERVE_ALIGN - 1) & ~(RESERVE_ALIGN - 1));
}

static inline uint8_t *reserve(uint64_t size)
{
	return map_aligned(size, PROT_NONE);
}

#endif /* SELFTEST_KVM_RESERVE_H */
