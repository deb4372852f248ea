/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading what is mapped with PROT_NONE, by /proc/self/mem.  Since Linux 6.12 an
 * administrator can forbid that (proc_mem.force_override=, CONFIG_PROC_MEM_*).
 */
#ifndef SELFTEST_KVM_FORCED_READ_H
#define SELFTEST_KVM_FORCED_READ_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"

/* Returns NULL, or why this cannot be done, for a skip. */
static inline const char *forced_read_why_not(void)
{
	size_t size = getpagesize();
	void *page = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	const char *why = NULL;
	char byte;

	TEST_ASSERT(page != MAP_FAILED && fd >= 0, "/proc/self/mem: %s", strerror(errno));
	if (pread(fd, &byte, 1, (uint64_t)page) != 1)
		why = "/proc/self/mem does not read PROT_NONE (proc_mem.force_override=always)";
	close(fd);
	munmap(page, size);
	return why;
}

#endif /* SELFTEST_KVM_FORCED_READ_H */
