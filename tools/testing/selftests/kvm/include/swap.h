/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Swap space for a test: what the machine has, or else zram, or else a file.
 * What was made is taken away when the test ends.
 */
#ifndef SELFTEST_KVM_SWAP_H
#define SELFTEST_KVM_SWAP_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "knob.h"

#define SWAP_ZRAM		"/sys/block/zram0/"
#define SWAP_PAGE		4096

static const char *swap_path;

/* The header of swap space, version 1, as in the kernel's union swap_header. */
struct swap_first_page {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t unused[(SWAP_PAGE - 1024 - 18) / 4];
	char pad[2];
	char magic[10];
} __attribute__((packed));

/* More than the line of headings? */
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

/* Only a device that nobody uses: one of no size. */
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

/* Fails where the file system cannot swap, as tmpfs. */
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

/* Why there is no swap space, or NULL. */
static inline const char *swap_create(uint64_t bytes)
{
	if (swap_there_is() || swap_create_zram(bytes) || swap_create_file(bytes))
		return NULL;
	return "no swap space, and neither zram nor a file can be made into some";
}

#endif /* SELFTEST_KVM_SWAP_H */
