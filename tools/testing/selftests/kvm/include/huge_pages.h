/* SPDX-License-Identifier: GPL-2.0 */
/* How a range of this process is mapped, from /proc/self/smaps. */
#ifndef SELFTEST_KVM_HUGE_PAGES_H
#define SELFTEST_KVM_HUGE_PAGES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In KiB: mapped by PMDs (2 MiB each), and swapped out. */
struct range_usage {
	uint64_t huge;
	uint64_t swapped;
};

static inline void range_usage_line(struct range_usage *u, const char *line)
{
	unsigned long kb;

	if (sscanf(line, "AnonHugePages: %lu", &kb) == 1 ||
	    sscanf(line, "ShmemPmdMapped: %lu", &kb) == 1)
		u->huge += kb;
	else if (sscanf(line, "Swap: %lu", &kb) == 1)
		u->swapped += kb;
}

/* Adds up all mappings that begin in the range. */
static inline struct range_usage range_usage(const void *hva, uint64_t size)
{
	uintptr_t begin = (uintptr_t)hva, start, end;
	FILE *f = fopen("/proc/self/smaps", "r");
	struct range_usage u = {};
	char line[512];
	int inside = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start >= begin && start < begin + size;
		else if (inside)
			range_usage_line(&u, line);
	}
	if (f)
		fclose(f);
	return u;
}

#endif /* SELFTEST_KVM_HUGE_PAGES_H */
