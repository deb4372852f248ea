/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A place for pages to be swapped out to: the machine's own swap if it has any,
 * else compressed memory (zram), which is taken down again when the test ends.
 */
#ifndef SELFTEST_KVM_SWAP_AREA_H
#define SELFTEST_KVM_SWAP_AREA_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "knob.h"

#define SWAP_AREA_DEVICE	"/dev/zram0"
#define SWAP_AREA_KNOB		"/sys/block/zram0/"
#define SWAP_AREA_BYTES		"67108864"
#define SWAP_AREA_PAGE		4096
#define SWAP_AREA_MAGIC		"SWAPSPACE2"

/* The machine has swap of its own: a line below the head line. */
static inline bool swap_area_exists(void)
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

static inline void swap_area_remove(void)
{
	swapoff(SWAP_AREA_DEVICE);
	knob_write(SWAP_AREA_KNOB "reset", "1");
}

/* What swapon(2) wants to see: version, last page, no bad ones, a magic word. */
static inline bool swap_area_format(void)
{
	uint32_t *page = calloc(1, SWAP_AREA_PAGE);
	int fd = open(SWAP_AREA_DEVICE, O_WRONLY | O_CLOEXEC);
	bool done;

	if (!page || fd < 0)
		return false;
	page[256] = 1;
	page[257] = atoi(SWAP_AREA_BYTES) / SWAP_AREA_PAGE - 1;
	memcpy((char *)page + SWAP_AREA_PAGE - 10, SWAP_AREA_MAGIC, 10);
	done = write(fd, page, SWAP_AREA_PAGE) == SWAP_AREA_PAGE;
	close(fd);
	free(page);
	return done;
}

/* Why there is no swap, or NULL.  May be called again. */
static inline const char *swap_area_why_not(void)
{
	if (swap_area_exists())
		return NULL;
	if (access(SWAP_AREA_KNOB "disksize", W_OK))
		return "no swap, and no unused zram0 to make some";
	if (!knob_write(SWAP_AREA_KNOB "disksize", SWAP_AREA_BYTES))
		return "no swap, and zram0 is in use or can't be set up";
	if (!swap_area_format() || swapon(SWAP_AREA_DEVICE, 0)) {
		knob_write(SWAP_AREA_KNOB "reset", "1");
		return "no swap, and zram0 can't become some";
	}
	atexit(swap_area_remove);
	return NULL;
}

#endif /* SELFTEST_KVM_SWAP_AREA_H */
