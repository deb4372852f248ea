/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Detects a TSC that counts instructions, as in QEMU with -icount shift=0 on
 * one CPU (configs/machine-tcg-icount).
 */
#ifndef SELFTEST_KVM_ICOUNT_H
#define SELFTEST_KVM_ICOUNT_H

#include "framework.h"
#include "ktap.h"

#define ICOUNT_LOOPS	100000UL

/* Two instructions per iteration, whatever the compiler does. */
static inline uint64_t icount_loop_ticks(void)
{
	uint64_t loops = ICOUNT_LOOPS, start = rdtsc();

	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (loops) : : "cc");
	return rdtsc() - start;
}

/* One tick per instruction, plus a few for rdtsc itself. */
static inline bool icount_works(void)
{
	uint64_t best = ~0UL;
	int i;

	for (i = 0; i < 20; i++)
		best = min(best, icount_loop_ticks());
	ktap_info("measure icount-calibration instructions=%lu ticks=%lu", 2 * ICOUNT_LOOPS, best);
	return best >= 2 * ICOUNT_LOOPS && best < 2 * ICOUNT_LOOPS + 20;
}

#endif /* SELFTEST_KVM_ICOUNT_H */
