/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the operations of torture_test: one scene, threads that draw
 * operations from a seed, and the table of operations.
 */
#ifndef SELFTEST_KVM_TORTURE_H
#define SELFTEST_KVM_TORTURE_H

#include <pthread.h>

#include <linux/bits.h>

#include "blocks.h"
#include "dirty_log.h"
#include "op_log.h"
#include "options.h"
#include "trace_count.h"
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGE			ORACLE_PAGE_SIZE
#define NR_THREADS		3
#define NR_SLOTS		4	/* in each of two windows */
#define WINDOWS			2
#define FIRST_SLOT		16
#define PART_PAGES		32
#define NR_TWINS		64

#define KSM			"/sys/kernel/mm/ksm/"

struct thread;

/* How an operation is known to have happened in the kernel. */
enum evidence {
	BY_ITSELF,	/* run() or another thread reports it */
	BY_KVM,		/* a KVM tracepoint hit by the thread */
	BY_VMSTAT,
	BY_FILE,
};

struct operation {
	const char *name;
	void (*run)(struct thread *t, struct range r);
	/* How often it is drawn; 0 for what the kernel does by itself. */
	unsigned int weight;
	/* Kinds of blocks that it is done to, or none. */
	unsigned int kinds;
	/* Shared huge blocks are only attacked as a whole. */
	bool whole;
	/* Prepares the machine; returns why this is not possible, or NULL. */
	const char *(*prepare)(void);
	enum evidence by;
	const char *evidence;
	/*
	 * Set when the test begins: the kinds that it is done to; 1 if it has
	 * no block.
	 */
	unsigned int on;
	char full_name[BLOCK_KINDS][32];
	bool chosen;
	const char *why_not;
	/* The counter that shows the operation is not available. */
	bool blind;
	uint64_t base;
	/* Updated by all threads. */
	uint64_t times;
	uint64_t seen;
};

struct slot {
	pthread_mutex_t lock;
	struct range r;
	uint32_t flags;
	/* The guest's current windows on the slot. */
	int window[WINDOWS];
	struct dirty_log dirty;
};

struct thread {
	pthread_t thread;
	int id;
	pid_t tid;
	uint64_t rng;
	struct operation *op;
	struct op_log_entry *entry;
	struct trace_count told;
	uint8_t *spare;
	uint64_t *image;
	/* Copies of guest pages that KSM may merge with them. */
	uint64_t *twin;
	uint64_t twin_page[NR_TWINS];
	uint64_t twin_sum[NR_TWINS];
	uint32_t twin_since[NR_TWINS];
	uint64_t next_twin;
	bool ended;
};

struct counts {
	uint64_t writes;
	uint64_t ops;
	uint64_t invalidations;
	uint64_t faults;
	uint64_t retries;
	uint64_t waits;
	uint64_t erased;
	uint64_t updates;
	uint64_t exits;
	uint64_t dirty;
	uint64_t merges;
	uint64_t huge;
	uint64_t usec;
};

/* One run with a given number of vCPUs. */
struct scene {
	struct writers w;
	struct blocks mem;
	struct slot slot[NR_SLOTS];
	struct thread thread[NR_THREADS];
	struct op_log op_log[NR_THREADS];
	/*
	 * Pages that the test wrote for the guest, which are in no dirty log.
	 */
	uint8_t *written;
	struct counts c;
	uint64_t sharing;
	pthread_barrier_t start_line;
	pthread_mutex_t ksm_lock;
	bool stop;
};

static struct options opt = {
	.seconds = 20,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.mib = 24,
	.stall = 30,
};

static struct scene scene;

static inline uint64_t pick(struct thread *t, uint64_t n)
{
	return oracle_pick(&t->rng, n);
}

static inline bool stopping(void)
{
	return READ_ONCE(scene.stop) || writers_failed(&scene.w);
}

static inline void add(uint64_t *to, uint64_t n)
{
	__atomic_add_fetch(to, n, __ATOMIC_RELAXED);
}

static inline uint8_t *at(struct range r)
{
	return blocks_at(&scene.mem, r.first);
}

static inline struct range whole_block(uint64_t page)
{
	return (struct range){ page - page % BLOCK_PAGES, BLOCK_PAGES };
}

/* Directs the guest to this range, as far as this thread decides it. */
static inline void make_hot(struct thread *t, struct range r)
{
	WRITE_ONCE(scene.w.ctl->hot[t->id], r.first << 32 | r.n);
}

static inline void let_guest_work(uint64_t visits)
{
	uint64_t goal = writers_visits(&scene.w) + visits, deadline = now_us() + 20000;

	while (writers_visits(&scene.w) < goal && now_us() < deadline && !stopping())
		usleep(100);
}

static inline void erase_begin(struct thread *t, struct range r)
{
	t->entry->erases = true;
	oracle_erase_begin(scene.w.ctl->log, r.first, r.n);
}

static inline void erase_end(struct range r)
{
	oracle_erase_end(scene.w.ctl->log, r.first, r.n);
}

static inline void advise(struct range r, int advice, const char *name)
{
	range_must(!madvise(at(r), range_len(r), advice), name, r);
}

/*
 * Returns true if memory that nobody may write, now at @mem, does not change
 * while the guest gets time to write it by mistake.
 */
static inline bool stays_as_it_is(struct thread *t, struct range r, const uint8_t *mem)
{
	uint64_t tried = writers_efaults(&scene.w), start = now_us(), kind = pick(t, 4);
	uint64_t least = kind == 3 ? 2000 : 0, most = kind ? 4000 : 0, passed = 0;

	blocks_read(&scene.mem, mem, t->image, r);
	while (passed < least || (passed < most && writers_efaults(&scene.w) < tried + 2)) {
		usleep(50);
		passed = now_us() - start;
	}
	return blocks_are_frozen(&scene.mem, mem, r, t->image);
}

#endif /* SELFTEST_KVM_TORTURE_H */
