/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of the kernel in /sys and /proc. */
#ifndef SELFTEST_KVM_COUNTERS_H
#define SELFTEST_KVM_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Returns 0 if the file does not exist or does not hold a number. */
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

/*
 * Reads one line of /proc/vmstat.  Returns false if the kernel does not have
 * it, as without CONFIG_VM_EVENT_COUNTERS.
 */
static inline bool counter_vmstat(const char *name, uint64_t *value)
{
	FILE *f = fopen("/proc/vmstat", "r");
	bool found = false;
	char key[64];

	while (f && !found && fscanf(f, "%63s %lu", key, value) == 2)
		found = !strcmp(key, name);
	if (f)
		fclose(f);
	return found;
}

#endif /* SELFTEST_KVM_COUNTERS_H */
