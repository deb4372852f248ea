/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is every page that the guest has written since the dirty log was last taken in
 * it the next time?  What the guest has written is known from the oracle's log.
 *
 *	dirty_log_create(&d, &w)
 *	dirty_log_taken(&d, first, n)	the log has been taken, or logging begins
 *	...				the guest writes
 *	dirty_log_take(&d, first, n)	calls the test's harvest()
 *	dirty_log_check(&d, first, n)
 */
#ifndef SELFTEST_KVM_DIRTY_LOG_H
#define SELFTEST_KVM_DIRTY_LOG_H

#include <fcntl.h>

#include "writers.h"

struct dirty_log {
	struct writers *w;
	/* Of each cell: the write that had begun when the log was last taken ... */
	uint64_t *begun;
	/* ... and the one that had ended before it was taken again. */
	uint64_t *ended;
	/* What is dirty: bit 0 is the first page of what is taken. */
	unsigned long *bitmap;
	unsigned long *fresh;
	/* Adds what is dirty now to the bitmap. */
	void (*harvest)(struct dirty_log *d, uint64_t first, uint64_t n);
	void *owner;
	/* A write may be in the log only a moment later; see dirty_log_comes_late(). */
	bool lags;
	uint64_t dirty;
	uint64_t late;
};

/* Does the CPU note what is written, in a buffer of the vCPU's? */
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

/* For harvest(): adds what KVM says of a memslot of @n pages. */
static inline void dirty_log_get(struct dirty_log *d, uint32_t slot, uint64_t n)
{
	uint64_t i;

	kvm_vm_get_dirty_log(d->w->vm, slot, d->fresh);
	for (i = 0; i < (n + 63) / 64; i++)
		d->bitmap[i] |= d->fresh[i];
}

/* What begins from here on is in the next one. */
static inline void dirty_log_taken(struct dirty_log *d, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		d->begun[i] = READ_ONCE(dirty_log_cell(d, i)->start);
}

/* What has ended by now must be in it. */
static inline void dirty_log_take(struct dirty_log *d, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		d->ended[i] = READ_ONCE(dirty_log_cell(d, i)->end);
	memset(d->bitmap, 0, align_up(n, 64) / 8);
	d->harvest(d, first, n);
}

/*
 * KVM's lockless fault makes a page writable before it calls it dirty, so that
 * another vCPU may write it in between: then it will be in the log soon.  With
 * one vCPU there is no other.  But with PML (Intel) that vCPU's thread may be preempted
 * after the exit and before KVM has emptied the buffer.
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

/* A cell of the page that was written and ended meanwhile, or ORACLE_CELLS. */
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
