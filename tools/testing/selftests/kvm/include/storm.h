/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that invalidate the writers' memory without pause, while the test
 * does something else to the VM:
 *
 *	s = (struct storm) { .w = &w, .fd = { -1, -1 }, .ops = ops, .threads = n, ... };
 *	storm_start(&s, seed)
 *	storm_hold(&s) ... storm_release(&s)	no invalidations in between
 *	storm_stop(&s)
 *
 * Every range is verified before it is attacked.  With a file (a memfd, mapped
 * shared at w->hva from its start), unmapped contents come back, so most
 * attacks must not lose a word; without a file they erase.  With two files,
 * blocks are switched from one to the other and back, so a page that the guest
 * must not use any more has no other user.
 *
 * A test with invalidations of its own supplies attack(), which is called for a
 * range that has just been verified.
 *
 * User space that itself accesses the memory does so between storm_enter() and
 * storm_leave(), when there is no hole in it.
 */
#ifndef SELFTEST_KVM_STORM_H
#define SELFTEST_KVM_STORM_H

#include <pthread.h>

#include "sum_counts.h"
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define STORM_THREADS		2
#define STORM_BLOCK		32
#define STORM_HUGE_BLOCK	512

enum {
	STORM_DONTNEED	= 1 << 0,
	STORM_REMAP	= 1 << 1,
	STORM_MUNMAP	= 1 << 2,
	STORM_PROTECT	= 1 << 3,
	STORM_REPLACE	= 1 << 4,
	STORM_NR_OPS	= 5,
	STORM_ALL	= (1 << STORM_NR_OPS) - 1,
};

struct storm;

struct storm_thread {
	struct storm *storm;
	pthread_t thread;
	int id;
	uint64_t rng;
	uint64_t attacks;
};

struct storm {
	struct writers *w;
	int fd[2];
	unsigned int ops;
	int threads;
	/* Attack whole blocks of 2 MiB sometimes, or always. */
	bool huge;
	bool whole;
	void (*attack)(struct storm_thread *t, uint64_t first, uint64_t n);
	void *owner;
	bool stop;
	/* For each block: which file is mapped. */
	uint8_t *current;
	/* Held for writing while the memory has a hole or the storm is held. */
	pthread_rwlock_t lock;
	struct storm_thread thread[STORM_THREADS];
};

static inline void storm_enter(struct storm *s)
{
	pthread_rwlock_rdlock(&s->lock);
}

static inline void storm_leave(struct storm *s)
{
	pthread_rwlock_unlock(&s->lock);
}

static inline void storm_hold(struct storm *s)
{
	pthread_rwlock_wrlock(&s->lock);
}

static inline void storm_release(struct storm *s)
{
	pthread_rwlock_unlock(&s->lock);
}

static inline uint64_t storm_attacks(struct storm *s)
{
	return sum_counts(s->thread, STORM_THREADS, attacks);
}

static inline uint64_t storm_pick(struct storm_thread *t, uint64_t n)
{
	return oracle_pick(&t->rng, n);
}

static inline bool storm_stopping(struct storm *s)
{
	return READ_ONCE(s->stop) || writers_failed(s->w);
}

static inline uint64_t storm_block(struct storm *s)
{
	return s->huge ? STORM_HUGE_BLOCK : STORM_BLOCK;
}

static inline void storm_map(struct storm *s, uint64_t first, uint64_t n)
{
	int fd = s->fd[s->current[first / storm_block(s)]];
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *hva = writers_page(s->w, first), *p;
	size_t len = n * ORACLE_PAGE_SIZE;

	p = mmap(hva, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd,
		 fd < 0 ? 0 : first * ORACLE_PAGE_SIZE);
	TEST_ASSERT(p == hva, "mmap of %lu pages at page %lu: %s", n, first, strerror(errno));
	madvise(p, len, s->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/* Zeroes the other file without freeing its pages, and maps it. */
static inline void storm_replace(struct storm *s, uint64_t first, uint64_t n)
{
	uint8_t *current = &s->current[first / storm_block(s)];
	static const uint8_t zeros[ORACLE_PAGE_SIZE];
	uint64_t p;

	for (p = first; p < first + n; p++)
		TEST_ASSERT(pwrite(s->fd[!*current], zeros, sizeof(zeros), p * sizeof(zeros)) ==
			    sizeof(zeros), "pwrite of page %lu: %s", p, strerror(errno));
	*current = !*current;
	storm_map(s, first, n);
}

static inline void storm_do(struct storm_thread *t, unsigned int op, uint64_t first, uint64_t n)
{
	void *hva = writers_page(t->storm->w, first);
	size_t len = n * ORACLE_PAGE_SIZE;
	int r = 0;

	switch (op) {
	case STORM_DONTNEED:
		r = madvise(hva, len, MADV_DONTNEED);
		break;
	case STORM_MUNMAP:
		r = munmap(hva, len);
		storm_map(t->storm, first, n);
		break;
	case STORM_REMAP:
		storm_map(t->storm, first, n);
		break;
	case STORM_REPLACE:
		storm_replace(t->storm, first, n);
		break;
	case STORM_PROTECT:
		r = mprotect(hva, len, storm_pick(t, 2) ? PROT_READ : PROT_NONE) ||
		    (usleep(storm_pick(t, 200)), mprotect(hva, len, PROT_READ | PROT_WRITE));
		break;
	}
	TEST_ASSERT(!r, "storm %#x of %lu pages at page %lu: %s", op, n, first, strerror(errno));
}

static inline void storm_attack(struct storm_thread *t, uint64_t first, uint64_t n)
{
	unsigned int op = 1 << storm_pick(t, STORM_NR_OPS);
	struct storm *s = t->storm;
	struct oracle_page *log = s->w->ctl->log;
	bool erases = op == STORM_REPLACE || (s->fd[0] < 0 && op != STORM_PROTECT);
	bool hole = op == STORM_MUNMAP || op == STORM_PROTECT;

	if (!(op & s->ops) || (op == STORM_REPLACE && s->fd[1] < 0))
		return;
	if (op == STORM_REPLACE) {
		n = storm_block(s);
		first -= first % n;
	}
	if (hole)
		storm_hold(s);
	else
		storm_enter(s);
	/* The storm may have been held until now, or been told to stop. */
	if (!storm_stopping(s) && writers_verify(s->w, first, n)) {
		if (hole)
			writers_hole_begin(s->w);
		if (erases)
			oracle_erase_begin(log, first, n);
		storm_do(t, op, first, n);
		if (erases)
			oracle_erase_end(log, first, n);
		if (hole)
			writers_hole_end(s->w);
		WRITE_ONCE(t->attacks, t->attacks + 1);
	}
	storm_leave(s);
}

static inline void storm_attack_its_way(struct storm_thread *t, uint64_t first, uint64_t n)
{
	if (!writers_verify(t->storm->w, first, n))
		return;
	t->storm->attack(t, first, n);
	WRITE_ONCE(t->attacks, t->attacks + 1);
}

/* Assigns blocks round-robin, because only one thread may erase a page. */
static inline uint64_t storm_pick_block(struct storm_thread *t, uint64_t block)
{
	uint64_t blocks = t->storm->w->pages / block;
	int threads = t->storm->threads;
	uint64_t mine = (blocks - t->id + threads - 1) / threads;

	return (storm_pick(t, mine) * threads + t->id) * block;
}

static inline void storm_let_guest_work(struct storm *s, uint64_t visits)
{
	uint64_t goal = writers_visits(s->w) + visits;
	int i;

	for (i = 0; i < 50 && writers_visits(s->w) < goal && !storm_stopping(s); i++)
		usleep(100);
}

/*
 * Attacks parts of one block several times, and directs the guest to that
 * block.
 */
static inline void storm_burst(struct storm_thread *t)
{
	struct storm *s = t->storm;
	uint64_t block = storm_block(s), base = storm_pick_block(t, block), first = base, n = block;
	int i;

	if (!s->whole && (!s->huge || storm_pick(t, 2))) {
		first += storm_pick(t, block);
		n = 1 + storm_pick(t, base + block - first);
		n = n > STORM_BLOCK ? STORM_BLOCK : n;
	}
	WRITE_ONCE(s->w->ctl->hot[t->id], first << 32 | n);
	for (i = 1 + storm_pick(t, 6); i && !storm_stopping(s); i--) {
		storm_let_guest_work(s, storm_pick(t, 3) * n);
		if (s->attack)
			storm_attack_its_way(t, first, n);
		else
			storm_attack(t, first, n);
	}
	if (!s->huge || n == block)
		return;
	storm_let_guest_work(s, n);
	storm_enter(s);
	madvise(writers_page(s->w, base), WRITERS_HUGE, MADV_COLLAPSE);
	storm_leave(s);
}

static inline void *storm_main(void *arg)
{
	struct storm_thread *t = arg;

	while (!storm_stopping(t->storm))
		storm_burst(t);
	return NULL;
}

static inline void storm_start(struct storm *s, uint64_t seed)
{
	pthread_rwlockattr_t attr;
	struct storm_thread *t;
	int i, r;

	s->current = calloc(s->w->pages / storm_block(s) + 1, 1);
	TEST_ASSERT(s->current, "out of memory");
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&s->lock, &attr);
	for (i = 0; i < s->threads; i++) {
		t = &s->thread[i];
		t->storm = s;
		t->id = i;
		t->rng = oracle_mix(seed + i + 1) | 1;
		r = pthread_create(&t->thread, NULL, storm_main, t);
		TEST_ASSERT(!r, "pthread_create: %s", strerror(r));
	}
}

static inline void storm_stop(struct storm *s)
{
	int i;

	WRITE_ONCE(s->stop, true);
	for (i = 0; i < s->threads; i++)
		pthread_join(s->thread[i].thread, NULL);
	pthread_rwlock_destroy(&s->lock);
	free(s->current);
}

/*
 * Called when nobody may write these pages, which are at @mem.  Returns true if
 * they do not change while the vCPUs get a moment to write them by mistake.
 */
static inline bool storm_check_frozen_at(struct storm *s, const void *mem, uint64_t first,
					 uint64_t n, int usec)
{
	size_t size = n * ORACLE_PAGE_SIZE, i;
	uint64_t *was = malloc(size);
	const uint64_t *is = mem;
	bool same = true;

	TEST_ASSERT(was, "out of memory");
	memcpy(was, is, size);
	usleep(usec);
	for (i = 0; i < size / sizeof(*is) && same; i++)
		same = READ_ONCE(is[i]) == was[i];
	if (!same) {
		i--;
		ktap_info("STALE write: page=%lu word=%zu: %#lx became %#lx while not writable",
			  first + i / 512, i % 512, was[i], is[i]);
		writers_found(s->w, ORACLE_STALE);
	}
	free(was);
	return same;
}

/* The same at the guest's address, with the storm held. */
static inline bool storm_check_frozen(struct storm *s, uint64_t first, uint64_t n, int usec)
{
	return storm_check_frozen_at(s, writers_page(s->w, first), first, n, usec);
}

#endif /* SELFTEST_KVM_STORM_H */
