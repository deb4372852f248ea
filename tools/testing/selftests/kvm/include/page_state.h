/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's view of the pages behind a process's addresses:
 * /proc/PID/pagemap, /proc/kpageflags and /proc/kpagecount.  Needs root.
 */
#ifndef SELFTEST_KVM_PAGE_STATE_H
#define SELFTEST_KVM_PAGE_STATE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <linux/bits.h>
#include <linux/kernel-page-flags.h>

#define PAGE_STATE_PRESENT	BIT(63)
#define PAGE_STATE_PFN		(BIT(55) - 1)

struct page_state {
	int pagemap;
	int flags;
	int count;
};

static inline void page_state_close(struct page_state *s)
{
	close(s->pagemap);
	close(s->flags);
	close(s->count);
}

/* Returns entry @index of the file, or 0. */
static inline uint64_t page_state_read(int fd, uint64_t index)
{
	uint64_t value;

	if (pread(fd, &value, sizeof(value), index * sizeof(value)) != sizeof(value))
		return 0;
	return value;
}

static inline uint64_t page_state_entry(struct page_state *s, const void *hva)
{
	return page_state_read(s->pagemap, (uintptr_t)hva / getpagesize());
}

/* Returns 0 if no page is mapped. */
static inline uint64_t page_state_pfn(struct page_state *s, const void *hva)
{
	uint64_t entry = page_state_entry(s, hva);

	return entry & PAGE_STATE_PRESENT ? entry & PAGE_STATE_PFN : 0;
}

/* Tests a KPF_* bit of a page frame. */
static inline bool page_state_is(struct page_state *s, uint64_t pfn, int kpf)
{
	return pfn && page_state_read(s->flags, pfn) >> kpf & 1;
}

/* Returns how often the page frame is mapped, in all processes. */
static inline uint64_t page_state_mapped(struct page_state *s, uint64_t pfn)
{
	return page_state_read(s->count, pfn);
}

/*
 * Returns false if the kernel does not show this, or not to this user (pfn 0).
 */
static inline bool page_state_open(struct page_state *s, pid_t pid)
{
	char path[64];
	uint64_t here = 1;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	s->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	s->flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	s->count = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	if (s->pagemap >= 0 && s->flags >= 0 && s->count >= 0 &&
	    (pid != getpid() || page_state_pfn(s, &here)))
		return true;
	page_state_close(s);
	return false;
}

#endif /* SELFTEST_KVM_PAGE_STATE_H */
