/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle decides what each word of guest memory may hold at any moment,
 * exactly and without stopping anybody.  Host and guest use the same code.
 *
 * A page has 64 stamped words, one in each cache line, in ORACLE_CELLS cells of
 * ORACLE_WORDS words.  Only one vCPU ever writes a cell.  The cell's log is in
 * memory that is never invalidated:
 *
 *	start	number of the write that began last
 *	end	number of the write that completed last
 *	quiet	erases of the page that had ended before that write began
 *	seen	erases of the page that had begun when that write was done
 *
 * Whoever erases a page (discards it, or maps another in its place) increments
 * page->begun before and page->ended after.  page->gone is the number of the
 * last erase that leaves nothing of the old contents; MADV_FREE may leave them.
 * A stamp is the number of the write and 24 bits that depend on its place,
 * which identifies torn words, words of another page or case, and garbage:
 *
 *	zero	is LOST unless an erase began that had not ended before the
 *		last completed write (page->begun != quiet)
 *	stamp	is TORN if it does not fit its place or is newer than start;
 *		is STALE if it is older than the last completed write, or if it
 *		is that write but an erase that leaves nothing began after it and
 *		has ended (page->gone is beyond seen)
 *
 * x86 keeps loads and stores in program order; a full barrier is used where a
 * store must be visible before a later load (oracle_write_as()).
 */
#ifndef SELFTEST_KVM_ORACLE_H
#define SELFTEST_KVM_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/compiler.h>

#define ORACLE_PAGE_SIZE	4096UL
#define ORACLE_CELLS		8
#define ORACLE_WORDS		8
#define ORACLE_TAG_BITS		24
#define ORACLE_TAG_MASK		((1UL << ORACLE_TAG_BITS) - 1)

struct oracle_cell {
	uint64_t start;
	uint64_t end;
	uint32_t quiet;
	uint32_t seen;
};

struct oracle_page {
	uint32_t begun;
	uint32_t ended;
	uint32_t gone;
	uint32_t unused;
	struct oracle_cell cell[ORACLE_CELLS];
};

enum oracle_verdict {
	ORACLE_OK,
	ORACLE_LOST,
	ORACLE_STALE,
	ORACLE_TORN,
	ORACLE_VERDICTS,
};

static const char * const oracle_names[] = { "ok", "LOST", "STALE", "TORN" };

/* Everything that the verdict is based on. */
struct oracle_report {
	uint32_t verdict;
	uint32_t cell;
	uint32_t word;
	uint32_t erased;
	uint64_t page;
	uint64_t value;
	uint64_t start;
	uint64_t end;
	uint32_t quiet;
	uint32_t seen;
	uint32_t begun;
	uint32_t gone;
};

static inline uint64_t oracle_mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15UL;
	x ^= x >> 29;
	x *= 0xd6e8feb86659fd93UL;
	return x ^ (x >> 32);
}

/* A small generator for host and guest: reproducible, no libc, no division. */
static inline uint64_t oracle_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x9e3779b97f4a7c15UL;
}

/* Returns a number from 0 to @n - 1. */
static inline uint64_t oracle_pick(uint64_t *state, uint64_t n)
{
	return ((oracle_random(state) >> 32) * n) >> 32;
}

/* Adds the counts of each verdict. */
static inline void oracle_add(uint64_t *sum, const uint64_t *found)
{
	int i;

	for (i = 0; i < ORACLE_VERDICTS; i++)
		sum[i] += found[i];
}

static inline uint64_t oracle_stamp(uint64_t salt, uint64_t page, int cell, int word,
				    uint64_t number)
{
	uint64_t place = (page * ORACLE_CELLS + cell) * ORACLE_WORDS + word;
	uint64_t tag = oracle_mix(salt ^ (place + (number << 32)) ^ (number >> 24));

	return number << ORACLE_TAG_BITS | (tag & ORACLE_TAG_MASK);
}

/*
 * Returns the index of a stamped word in its page: in cache line 8 * word +
 * cell.
 */
static inline int oracle_index(uint64_t page, int cell, int word)
{
	int line = word * ORACLE_CELLS + cell;

	return line * 8 + ((page + cell + 3 * word) & 7);
}

/* Stamps the cell with write @number, which must exceed all earlier numbers. */
static inline void oracle_write_as(struct oracle_page *log, uint64_t *mem, uint64_t salt,
				   uint64_t page, int cell, uint64_t number)
{
	struct oracle_cell *c = &log->cell[cell];
	uint32_t quiet, seen;
	int i;

	WRITE_ONCE(c->start, number);
	quiet = READ_ONCE(log->ended);
	for (i = 0; i < ORACLE_WORDS; i++)
		WRITE_ONCE(mem[oracle_index(page, cell, i)],
			   oracle_stamp(salt, page, cell, i, number));
	__sync_synchronize();
	seen = READ_ONCE(log->begun);
	WRITE_ONCE(c->quiet, quiet);
	WRITE_ONCE(c->seen, seen);
	WRITE_ONCE(c->end, number);
}

static inline void oracle_write(struct oracle_page *log, uint64_t *mem, uint64_t salt,
				uint64_t page, int cell)
{
	oracle_write_as(log, mem, salt, page, cell, log->cell[cell].end + 1);
}

static inline enum oracle_verdict oracle_judge(const struct oracle_report *r, uint64_t stamp)
{
	uint64_t number = r->value >> ORACLE_TAG_BITS;

	if (!r->value)
		return r->end && r->begun == r->quiet ? ORACLE_LOST : ORACLE_OK;
	if (r->value != stamp || number > r->start)
		return ORACLE_TORN;
	if (number < r->end)
		return ORACLE_STALE;
	if (number == r->end && (int32_t)(r->gone - r->seen) > 0)
		return ORACLE_STALE;
	return ORACLE_OK;
}

/* Returns true if every word of the cell is right; @r gets the details. */
static inline bool oracle_check(struct oracle_page *log, const uint64_t *mem, uint64_t salt,
				uint64_t page, int cell, struct oracle_report *r)
{
	struct oracle_cell *c = &log->cell[cell];
	uint64_t value[ORACLE_WORDS];
	int i;

	r->page = page;
	r->cell = cell;
	r->erased = 0;
	r->end = READ_ONCE(c->end);
	r->seen = READ_ONCE(c->seen);
	r->quiet = READ_ONCE(c->quiet);
	r->gone = READ_ONCE(log->gone);
	for (i = 0; i < ORACLE_WORDS; i++)
		value[i] = READ_ONCE(mem[oracle_index(page, cell, i)]);
	r->begun = READ_ONCE(log->begun);
	r->start = READ_ONCE(c->start);

	for (i = 0; i < ORACLE_WORDS; i++) {
		r->word = i;
		r->value = value[i];
		r->erased |= r->end && !r->value;
		r->verdict = oracle_judge(r, oracle_stamp(salt, page, cell, i,
							  value[i] >> ORACLE_TAG_BITS));
		if (r->verdict != ORACLE_OK)
			return false;
	}
	return true;
}

/* To be called before anything that may discard the contents of these pages. */
static inline void oracle_erase_begin(struct oracle_page *log, uint64_t first, uint64_t n)
{
	uint64_t p;

	for (p = first; p < first + n; p++)
		WRITE_ONCE(log[p].begun, log[p].begun + 1);
	__sync_synchronize();
}

/*
 * The contents are lost, or will be unless they are written before (MADV_FREE).
 */
static inline void oracle_free_end(struct oracle_page *log, uint64_t first, uint64_t n)
{
	uint64_t p;

	__sync_synchronize();
	for (p = first; p < first + n; p++)
		WRITE_ONCE(log[p].ended, log[p].ended + 1);
}

/* The contents are lost: a word that still has them is stale. */
static inline void oracle_erase_end(struct oracle_page *log, uint64_t first, uint64_t n)
{
	uint64_t p;

	oracle_free_end(log, first, n);
	for (p = first; p < first + n; p++)
		WRITE_ONCE(log[p].gone, log[p].ended);
}

#endif /* SELFTEST_KVM_ORACLE_H */
