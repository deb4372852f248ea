/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks that every page the guest has written since the dirty log was last
 * read is in the log the next time.  The oracle's log tells what the guest has
 * written.
 *
 *	dirty_log_create(&d, &w)
 *	dirty_log_taken(&d, first, n)	the log was just read, or logging begins
 *	...				the guest writes
 *	dirty_log_take(&d, first, n)	reads the log with the test's harvest()
 *	dirty_log_check(&d, first, n)
 */
#ifndef SELFTEST_KVM_DIRTY_LOG_H
#define SELFTEST_KVM_DIRTY_LOG_H

#include <fcntl.h>

#include "writers.h"

struct dirty_log {
	struct writers *w;
	/*
	 * For each cell: the last write that had begun when the log was last
	 * read ...
	 */
	uint64_t *begun;
	/*
	 * ... and the last write that had ended before the log was read again.
	 */
	uint64_t *ended;
	/* Dirty pages; bit 0 is the first page of the range that was read. */
	unsigned long *bitmap;
	unsigned long *fresh;
	/* Adds the pages that are dirty now to the bitmap. */
	void (*harvest)(struct dirty_log *d, uint64_t first, uint64_t n);
	void *owner;
	/* A write may reach the log late; see dirty_log_comes_late(). */
	bool lags;
	uint64_t dirty;
	uint64_t late;
};

/*
 * Does the CPU log dirty pages in a buffer of the vCPU (page-modification
 * logging)?
 */
static inline bool dirty_log_has_pml(void)
{
	int fd = open("/sys/module/kvm_intel/parameters/pml", O_RDONLY);
	char word = 'N';

	if (fd >= 0 && read(fd, &word, 1) != 1)
		word = 'N';
	if (fd >= 0)
		close(fd);
	return word == 'Y' && is_intel_cpu();
}

static inline void dirty_log_create(struct dirty_log *d, struct writers *w)
{
	d->w = w;
	d->begun = calloc(w->pages * ORACLE_CELLS, sizeof(*d->begun));
	d->ended = calloc(w->pages * ORACLE_CELLS, sizeof(*d->ended));
	d->bitmap = calloc(w->pages / 64 + 1, sizeof(*d->bitmap));
	d->fresh = calloc(w->pages / 64 + 1, sizeof(*d->fresh));
	TEST_ASSERT(d->begun && d->ended && d->bitmap && d->fresh, "out of memory");
	d->lags = w->nr_vcpus > 1 || dirty_log_has_pml();
}

static inline void dirty_log_destroy(struct dirty_log *d)
{
	free(d->begun);
	free(d->ended);
	free(d->bitmap);
	free(d->fresh);
}

static inline struct oracle_cell *dirty_log_cell(struct dirty_log *d, uint64_t i)
{
	return &d->w->ctl->log[i / ORACLE_CELLS].cell[i % ORACLE_CELLS];
}

static inline bool dirty_log_has(const struct dirty_log *d, uint64_t bit)
{
	return d->bitmap[bit / 64] >> bit % 64 & 1;
}

/* Helper for harvest(): adds what KVM reports for a memslot of @n pages. */
static inline void dirty_log_get(struct dirty_log *d, uint32_t slot, uint64_t n)
{
	uint64_t i;

	kvm_vm_get_dirty_log(d->w->vm, slot, d->fresh);
	for (i = 0; i < (n + 63) / 64; i++)
		d->bitmap[i] |= d->fresh[i];
}

/* Writes that begin from now on belong to the next log. */
static inline void dirty_log_taken(struct dirty_log *d, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		d->begun[i] = READ_ONCE(dirty_log_cell(d, i)->start);
}

/* Writes that have ended by now must be in this log. */
static inline void dirty_log_take(struct dirty_log *d, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		d->ended[i] = READ_ONCE(dirty_log_cell(d, i)->end);
	memset(d->bitmap, 0, align_up(n, 64) / 8);
	d->harvest(d, first, n);
}

/*
 * KVM's lockless fault handler makes a page writable before it marks it dirty,
 * so another vCPU may write the page in between; the page is in the log soon
 * after. This takes a second vCPU, or PML (Intel): the vCPU's thread may be
 * preempted between the exit and KVM's flush of the PML buffer.
 */
static inline bool dirty_log_comes_late(struct dirty_log *d, uint64_t first, uint64_t n,
					uint64_t bit)
{
	int i;

	for (i = 0; i < 2000 && d->lags; i++) {
		usleep(1000);
		d->harvest(d, first, n);
		if (dirty_log_has(d, bit)) {
			d->late++;
			return true;
		}
	}
	return false;
}

/*
 * Returns a cell of the page that was written in this interval, or
 * ORACLE_CELLS.
 */
static inline uint64_t dirty_log_written(const struct dirty_log *d, uint64_t page)
{
	uint64_t i = page * ORACLE_CELLS, cell = 0;

	while (cell < ORACLE_CELLS && d->ended[i + cell] <= d->begun[i + cell])
		cell++;
	return cell;
}

static inline void dirty_log_check(struct dirty_log *d, uint64_t first, uint64_t n)
{
	struct oracle_report r = { .verdict = ORACLE_LOST, .cell = ORACLE_CELLS };
	uint64_t p, i, cell;

	for (p = 0; p < n; p++) {
		if (dirty_log_has(d, p)) {
			d->dirty++;
			continue;
		}
		r.page = first + p;
		cell = dirty_log_written(d, r.page);
		if (cell == ORACLE_CELLS || dirty_log_comes_late(d, first, n, p))
			continue;
		i = r.page * ORACLE_CELLS + cell;
		ktap_info("LOST from the dirty log: page=%lu cell=%lu, writes %lu to %lu", r.page,
			  cell, d->begun[i] + 1, d->ended[i]);
		writers_found_in(d->w, &r);
		return;
	}
}

#endif /* SELFTEST_KVM_DIRTY_LOG_H */
