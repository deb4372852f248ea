/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Swap space for a test: an existing one, or zram, or a file; or one that
 * another thread reads, as with a disk, while zram is read synchronously.
 * Removed when the test ends.
 */
#ifndef SELFTEST_KVM_SWAP_H
#define SELFTEST_KVM_SWAP_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include <linux/compiler.h>
#include <linux/loop.h>

#include "knob.h"

#define SWAP_ZRAM		"/sys/block/zram0/"
#define SWAP_PAGE		4096

static const char *swap_path;
static char swap_loop[32];

/* The header of swap space, version 1, as in the kernel's union swap_header. */
struct swap_first_page {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t unused[(SWAP_PAGE - 1024 - 18) / 4];
	char pad[2];
	char magic[10];
};

/* Is there a line after the header of /proc/swaps? */
static inline bool swap_there_is(void)
{
	FILE *f = fopen("/proc/swaps", "r");
	char line[256];
	int lines = 0;

	while (f && fgets(line, sizeof(line), f))
		lines++;
	if (f)
		fclose(f);
	return lines > 1;
}

static inline bool swap_write(const char *path, int flags, uint64_t bytes, bool fill)
{
	static struct swap_first_page first;
	int fd = open(path, flags, 0600);
	static char zero[SWAP_PAGE];
	bool done;
	uint64_t at;

	if (fd < 0)
		return false;
	first.version = 1;
	first.last_page = bytes / SWAP_PAGE - 1;
	memcpy(first.magic, "SWAPSPACE2", sizeof(first.magic));
	done = write(fd, &first, SWAP_PAGE) == SWAP_PAGE;
	for (at = SWAP_PAGE; fill && done && at < bytes; at += SWAP_PAGE)
		done = write(fd, zero, SWAP_PAGE) == SWAP_PAGE;
	done = !fsync(fd) && done;
	close(fd);
	return done;
}

static inline void swap_remove_file(void)
{
	swapoff(swap_path);
	unlink(swap_path);
}

static inline void swap_remove_zram(void)
{
	swapoff(swap_path);
	knob_write(SWAP_ZRAM "reset", "1");
}

/* Uses the zram device only if it has no size, i.e. no other user. */
static inline bool swap_create_zram(uint64_t bytes)
{
	char size[24];

	if (!knob_read(SWAP_ZRAM "disksize", size, sizeof(size)) || strcmp(size, "0"))
		return false;
	snprintf(size, sizeof(size), "%lu", (unsigned long)bytes);
	if (!knob_write(SWAP_ZRAM "disksize", size))
		return false;
	swap_path = "/dev/zram0";
	if (swap_write(swap_path, O_RDWR, bytes, false) && !swapon(swap_path, 0)) {
		knob_undo(swap_remove_zram);
		return true;
	}
	knob_write(SWAP_ZRAM "reset", "1");
	return false;
}

/* Fails on file systems that do not support swap files, e.g. tmpfs. */
static inline bool swap_create_file(uint64_t bytes)
{
	swap_path = "/var/tmp/kvm-test.swap";
	if (swap_write(swap_path, O_RDWR | O_CREAT | O_EXCL, bytes, true) &&
	    !swapon(swap_path, 0)) {
		knob_undo(swap_remove_file);
		return true;
	}
	unlink(swap_path);
	return false;
}

/* Returns why there is no swap space, or NULL. */
static inline const char *swap_create(uint64_t bytes)
{
	if (swap_there_is() || swap_create_zram(bytes) || swap_create_file(bytes))
		return NULL;
	return "no swap space, and neither zram nor a file can be used for it";
}

/* Returns a memfd that is never swapped out itself. */
static inline int swap_memory(uint64_t bytes)
{
	int fd = memfd_create("swap", MFD_CLOEXEC);
	void *p;

	if (fd < 0)
		return -1;
	if (!fallocate(fd, 0, 0, bytes)) {
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p != MAP_FAILED && !mlock(p, bytes))
			return fd;
	}
	close(fd);
	return -1;
}

/* Attaches a loop device to @file; it detaches itself after its last user. */
static inline int swap_open_loop(int file)
{
	struct loop_config config = { .fd = file, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd;

	if (control < 0)
		return -1;
	snprintf(swap_loop, sizeof(swap_loop), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
	close(control);
	fd = open(swap_loop, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config))
		return fd;
	close(fd);
	return -1;
}

static inline void swap_remove_loop(void)
{
	swapoff(swap_loop);
}

/*
 * Returns why there is no swap space with asynchronous reads, or NULL.  It has
 * the highest priority.
 */
static inline const char *swap_create_slow(uint64_t bytes)
{
	int file, loop = -1;
	bool done = false;

	if (swap_loop[0])
		return NULL;
	file = swap_memory(bytes);
	if (file >= 0)
		loop = swap_open_loop(file);
	if (loop >= 0)
		done = swap_write(swap_loop, O_RDWR, bytes, false) &&
		       !swapon(swap_loop, SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK);
	close(loop);
	close(file);
	if (done) {
		knob_undo(swap_remove_loop);
		return NULL;
	}
	swap_loop[0] = '\0';
	return "no loop device on memory can be used as swap space";
}

/*
 * Swaps out to the slow swap space.  Swapped-out pages stay in the swap cache
 * until memory is reclaimed, so they are read back once; unchanged, they are
 * then dropped without being written again.  The first pass does not take
 * recently used pages.
 */
static inline bool swap_out_slow(void *mem, uint64_t bytes)
{
	const uint8_t *p = mem;
	bool done = true;
	uint64_t at;
	int i;

	for (i = 0; i < 4 && done; i++) {
		done = !madvise(mem, bytes, MADV_PAGEOUT);
		if (i != 1)
			continue;
		usleep(500);
		for (at = 0; at < bytes; at += SWAP_PAGE)
			READ_ONCE(p[at]);
	}
	return done;
}

#endif /* SELFTEST_KVM_SWAP_H */
