/* SPDX-License-Identifier: GPL-2.0 */
/* Transparent huge pages: their settings, and whether they are available. */
#ifndef SELFTEST_KVM_THP_H
#define SELFTEST_KVM_THP_H

#include "knob.h"

#define THP			"/sys/kernel/mm/transparent_hugepage/"
#define KHUGEPAGED		THP "khugepaged/"

/*
 * Returns why this kind of memory cannot have them, or NULL; enables them if
 * need be.
 */
static inline const char *thp_why_not(bool shmem)
{
	const char *knob = shmem ? THP "shmem_enabled" : THP "enabled";
	char value[64];

	if (!knob_read(knob, value, sizeof(value)))
		return shmem ? "no transparent huge pages for shmem in this kernel" :
			       "no transparent huge pages in this kernel";
	if (strcmp(value, "never") && strcmp(value, "deny"))
		return NULL;
	if (!knob_set(knob, shmem ? "advise" : "madvise"))
		return "transparent huge pages are off, and only root can change that";
	return NULL;
}

#endif /* SELFTEST_KVM_THP_H */
