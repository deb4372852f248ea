/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The writers' memory, divided into blocks of 2 MiB that are anonymous or
 * shared, in small or huge pages.  Each block has an owner, the only thread
 * that may erase its pages, and a lock.  Whoever operates on a block, or reads
 * it while it must not change, holds the lock; so does a vCPU thread that
 * emulates an access of the guest.
 *
 * Shared blocks have two files.  blocks_replace() switches a page from one file
 * to the other.  The page in the file that is not mapped must not change: a
 * change there is a write through a mapping that should be gone.
 */
#ifndef SELFTEST_KVM_BLOCKS_H
#define SELFTEST_KVM_BLOCKS_H

#include <pthread.h>

#include <linux/bits.h>

#include "range.h"
#include "reserve.h"
#include "writers.h"

#define BLOCK_PAGES	(WRITERS_HUGE / ORACLE_PAGE_SIZE)

enum block_kind { ANON_4K, ANON_2M, SHMEM_4K, SHMEM_2M, BLOCK_KINDS };

static const char * const block_kinds[] = { "anon/4k", "anon/2m", "shmem/4k", "shmem/2m" };

struct block {
	enum block_kind kind;
	int owner;
	pthread_mutex_t lock;
};

struct blocks {
	uint8_t *hva;
	uint64_t pages;
	int fd[2];
	/* /proc/self/mem can read pages that are PROT_NONE. */
	int mem;
	struct block *block;
	/*
	 * For each page: which file is mapped, and the checksum of the page in
	 * the other file (0 if unknown) as of erase number @since.
	 */
	uint8_t *file;
	uint64_t *sum;
	uint32_t *since;
	struct writers *w;
};

static inline struct block *block_of(struct blocks *b, uint64_t page)
{
	return &b->block[page / BLOCK_PAGES];
}

static inline bool block_is_shmem(const struct block *block)
{
	return block->kind == SHMEM_4K || block->kind == SHMEM_2M;
}

static inline bool block_is_huge(const struct block *block)
{
	return block->kind == ANON_2M || block->kind == SHMEM_2M;
}

static inline uint8_t *blocks_at(struct blocks *b, uint64_t page)
{
	return b->hva + page * ORACLE_PAGE_SIZE;
}

static inline void range_must(bool done, const char *what, struct range r)
{
	TEST_ASSERT(done, "%s of %lu pages at page %lu: %s", what, r.n, r.first, strerror(errno));
}

/* ---- what is mapped ---- */

/* Returns the leading part of @r that is mapped from one file. */
static inline struct range blocks_run(struct blocks *b, struct range r)
{
	struct range run = { r.first, 1 };

	while (run.n < r.n && b->file[run.first + run.n] == b->file[run.first])
		run.n++;
	return run;
}

/*
 * mremap() takes one mapping at a time.  If earlier operations have split the
 * range into several, halve it until each part is one mapping.
 */
static inline void blocks_move(uint8_t *from, uint8_t *to, struct range r)
{
	struct range half = { r.first, r.n / 2 };
	size_t len = range_len(r);

	if (mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to)
		return;
	range_must(errno == EFAULT && half.n, "mremap", r);
	blocks_move(from, to, half);
	blocks_move(from + range_len(half), to + range_len(half),
		    (struct range){ r.first + half.n, r.n - half.n });
}

/* Reserves the source addresses again, so that nothing else is mapped there. */
static inline void blocks_move_in(uint8_t *spare, uint8_t *to, struct range r)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	blocks_move(spare, to, r);
	range_must(mmap(spare, range_len(r), PROT_NONE, flags, -1, 0) == spare, "mmap", r);
}

/*
 * Maps fresh anonymous memory, or @file, at the range.  A huge page needs
 * MADV_HUGEPAGE before the guest can touch the memory, so the mapping is
 * prepared elsewhere and moved in.
 */
static inline void blocks_map(struct blocks *b, struct range r, int file, uint8_t *spare)
{
	struct block *block = block_of(b, r.first);
	int flags = block_is_shmem(block) ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	uint8_t *hva = blocks_at(b, r.first), *at = block_is_huge(block) ? spare : hva;

	range_must(mmap(at, range_len(r), PROT_READ | PROT_WRITE, flags | MAP_FIXED,
			block_is_shmem(block) ? b->fd[file] : -1,
			block_is_shmem(block) ? r.first * ORACLE_PAGE_SIZE : 0) == at, "mmap", r);
	madvise(at, range_len(r), block_is_huge(block) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (at != hva)
		blocks_move_in(at, hva, r);
}

static inline void blocks_punch(struct blocks *b, struct range r, int file)
{
	range_must(!fallocate(b->fd[file], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      r.first * ORACLE_PAGE_SIZE, range_len(r)), "fallocate", r);
}

/*
 * Zeroes a part of a file.  Small pages are kept: if the guest still maps one
 * by mistake, no other user of the page suffers.  Huge pages have to be
 * allocated anew.
 */
static inline void blocks_clear(struct blocks *b, struct range r, int file)
{
	static const uint8_t zeros[ORACLE_PAGE_SIZE];
	uint64_t p;

	if (block_is_huge(block_of(b, r.first))) {
		blocks_punch(b, r, file);
		return;
	}
	for (p = r.first; p < r.first + r.n; p++)
		range_must(pwrite(b->fd[file], zeros, sizeof(zeros), p * sizeof(zeros)) ==
			   sizeof(zeros), "pwrite", r);
}

/* ---- pages that must not change ---- */

/*
 * Returns a nonzero checksum that differs for any two pages that differ in one
 * word.
 */
static inline uint64_t blocks_sum_of(const uint64_t *page)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < ORACLE_PAGE_SIZE / sizeof(*page); i++)
		sum = (sum << 7 | sum >> 57) ^ READ_ONCE(page[i]);
	return sum ?: 1;
}

/* Returns the checksum of the page in the file that is not mapped. */
static inline uint64_t blocks_sum(struct blocks *b, uint64_t page)
{
	uint64_t image[ORACLE_PAGE_SIZE / sizeof(uint64_t)];

	range_must(pread(b->fd[!b->file[page]], image, sizeof(image), page * sizeof(image)) ==
		   sizeof(image), "pread", (struct range){ page, 1 });
	return blocks_sum_of(image);
}

/*
 * Returns how often the page was erased.  Only for the thread that erases it.
 */
static inline uint32_t blocks_erases(struct blocks *b, uint64_t page)
{
	return b->w->ctl->log[page].begun;
}

/* Reports a change of a page that must not change, @since erases of it. */
static inline void blocks_changed(struct blocks *b, uint64_t page, uint32_t since)
{
	struct oracle_report r = {
		.verdict = ORACLE_STALE,
		.cell = ORACLE_CELLS,
		.page = page,
		.seen = since,
		.begun = blocks_erases(b, page),
	};

	writers_found_in(b->w, &r);
}

/* Checks that the file that does not back the guest has not changed. */
static inline void blocks_check_retired(struct blocks *b, struct range r)
{
	uint64_t p;

	for (p = r.first; p < r.first + r.n; p++) {
		if (!b->sum[p] || b->sum[p] == blocks_sum(b, p))
			continue;
		ktap_info("STALE write: page=%lu changed in file %d after that was unmapped", p,
			  !b->file[p]);
		blocks_changed(b, p, b->since[p]);
		return;
	}
}

/* Maps the other file at the range, after unmapping it if @hole.  Erases. */
static inline void blocks_replace(struct blocks *b, struct range r, bool hole, uint8_t *spare)
{
	int file = !b->file[r.first];
	uint64_t p;

	if (block_is_shmem(block_of(b, r.first))) {
		blocks_check_retired(b, r);
		blocks_clear(b, r, file);
	}
	if (hole)
		range_must(!munmap(blocks_at(b, r.first), range_len(r)), "munmap", r);
	blocks_map(b, r, file, spare);
	for (p = r.first; p < r.first + r.n && block_is_shmem(block_of(b, p)); p++) {
		if (b->file[p] == file)
			continue;
		b->file[p] = file;
		b->sum[p] = blocks_sum(b, p);
		b->since[p] = blocks_erases(b, p);
	}
}

/* After MADV_FREE a page may become zero at any time until it is written. */
static inline bool blocks_may_vanish(struct blocks *b, uint64_t page)
{
	struct oracle_page *log = &b->w->ctl->log[page];

	return log->gone != log->ended;
}

static inline void blocks_read(struct blocks *b, const uint8_t *at, uint64_t *image,
			       struct range r)
{
	range_must(pread(b->mem, image, range_len(r), (uint64_t)at) == range_len(r),
		   "reading /proc/self/mem", r);
}

/*
 * Called when nobody may write these pages, which are now at @at.  Returns true
 * if they still equal @image after the vCPUs had time to write them by mistake.
 */
static inline bool blocks_are_frozen(struct blocks *b, const uint8_t *at, struct range r,
				     const uint64_t *image)
{
	uint64_t is[ORACLE_PAGE_SIZE / sizeof(uint64_t)], p;
	struct range one = { .n = 1 };
	size_t i;

	for (p = 0; p < r.n; p++, image += ARRAY_SIZE(is)) {
		one.first = r.first + p;
		blocks_read(b, at + p * ORACLE_PAGE_SIZE, is, one);
		for (i = 0; i < ARRAY_SIZE(is); i++)
			if (is[i] != image[i] && (is[i] || !blocks_may_vanish(b, one.first)))
				break;
		if (i == ARRAY_SIZE(is))
			continue;
		ktap_info("STALE write: page=%lu word=%zu: %#lx became %#lx while not writable",
			  one.first, i, image[i], is[i]);
		blocks_changed(b, one.first, blocks_erases(b, one.first));
		return false;
	}
	return true;
}

/* ---- all of it ---- */

static inline int blocks_file(uint64_t size)
{
	int fd = memfd_create("blocks", MFD_CLOEXEC);

	TEST_ASSERT(fd >= 0 && !ftruncate(fd, size), "memfd of %lu bytes: %s", size,
		    strerror(errno));
	return fd;
}

/*
 * Gives each owner the same number of blocks, cycling through the kinds in
 * @kinds.  Small pages replace kinds that are not in @kinds.
 */
static inline void blocks_create(struct blocks *b, struct writers *w, uint64_t nr, int owners,
				 unsigned int kinds, uint8_t *spare)
{
	uint64_t size = nr * WRITERS_HUGE, i;

	b->w = w;
	b->pages = nr * BLOCK_PAGES;
	b->hva = reserve(size);
	b->fd[0] = blocks_file(size);
	b->fd[1] = blocks_file(size);
	b->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	b->block = calloc(nr, sizeof(*b->block));
	b->file = calloc(b->pages, sizeof(*b->file));
	b->sum = calloc(b->pages, sizeof(*b->sum));
	b->since = calloc(b->pages, sizeof(*b->since));
	TEST_ASSERT(b->mem >= 0 && b->block && b->file && b->sum && b->since,
		    "/proc/self/mem, or memory: %s", strerror(errno));
	for (i = 0; i < nr; i++) {
		b->block[i].owner = i % owners;
		b->block[i].kind = i / owners % BLOCK_KINDS;
		if (!(kinds & BIT(b->block[i].kind)))
			b->block[i].kind--;
		pthread_mutex_init(&b->block[i].lock, NULL);
		blocks_map(b, (struct range){ i * BLOCK_PAGES, BLOCK_PAGES }, 0, spare);
	}
}

static inline void blocks_destroy(struct blocks *b)
{
	munmap(b->hva, b->pages * ORACLE_PAGE_SIZE);
	close(b->fd[0]);
	close(b->fd[1]);
	close(b->mem);
	free(b->block);
	free(b->file);
	free(b->sum);
	free(b->since);
}

#endif /* SELFTEST_KVM_BLOCKS_H */
