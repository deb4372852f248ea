/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that the kernel keeps of what it has done. */
#ifndef SELFTEST_KVM_COUNTERS_H
#define SELFTEST_KVM_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

/* 0 if the file is not there, or is not a number. */
static inline uint64_t counter_read(const char *path)
{
	FILE *f = fopen(path, "r");
	uint64_t value = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

#endif /* SELFTEST_KVM_COUNTERS_H */
