// SPDX-License-Identifier: GPL-2.0
/*
 * How long a guest's accesses take while the host does one operation on memory:
 * on the pages that the guest uses, on others of their memslot, on another
 * memslot, or on memory of no memslot.  Not a test: it measures, and fails only
 * if what it meant to measure did not happen.  docs/benchmarks.md says what the
 * figures mean.
 *
 * There is no coordinated omission: accesses are due at a fixed rate, by the
 * TSC, and the time of each counts from when it was due.  An access that delays
 * ten others therefore makes eleven long ones, as for any user of the guest.
 * Late accesses are made at once; none is left out.
 *
 * Guest and host share one clock, because the guest's TSC has no offset.
 *
 * Results are rows, histograms and spans as in include/measure.h.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "bench_options.h"
#include "counters.h"
#include "framework.h"
#include "guest_sync.h"
#include "knob.h"
#include "ktap.h"
#include "kvm_stats.h"
#include "measure.h"
#include "reserve.h"
#include "swap.h"
#include "sweep.h"
#include "vcpu_guard.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGE			4096UL
#define BLOCK			0x200000UL
#define BLOCK_PAGES		(BLOCK / PAGE)
#define FEW_PAGES		16UL
#define MAX_VCPUS		8
#define MAX_THREADS		4
#define MAX_SLOTS		32000
/* Each thread has one block of 2 MiB in each place. */
#define PLACE_SIZE		(MAX_THREADS * BLOCK)

#define MEM_SLOT		1
#define OTHER_SLOT		2	/* and MAX_THREADS - 1 more */
#define SPARE_SLOT		(OTHER_SLOT + MAX_THREADS)
#define MEM_GPA			0x100000000UL
#define OTHER_GPA		0x400000000UL
#define SPARE_GPA		0x500000000UL
/* More memslots with the page that the guest uses, after the spare ones. */
#define ALIAS_GPA		0x600000000UL
#define ALIASES			1000
#define MEM_GVA			0x1000000000UL

/* Each page begins with this, so that KSM finds identical pages. */
#define WORD			0x5757575757575757UL
/* Accesses of at least this length are shown on the time line. */
#define STALL_NS		100000UL
#define SWAP_BYTES		(64UL << 20)
#define KSM			"/sys/kernel/mm/ksm/"
#define KSM_WAIT_US		100000UL
#define NODE_1			"/sys/devices/system/node/node1"
/* A guest that has not stopped after so long makes no progress. */
#define STUCK_S			20

enum place { SAME_PAGES, OTHER_PAGES, OTHER_SLOTS, OUTSIDE, NR_PLACES };

static const char * const places[] = { "same-pages", "other-pages", "other-slot", "outside" };

/* The guest's data; the host accesses it in the VM's first memslot. */
struct vcpu_shared {
	uint64_t ready;
	uint64_t nr_spans;
	uint64_t shortest;
	struct measure_span span[MEASURE_SPANS];
	struct log_histogram hist;
} __aligned(128);

struct guest_shared {
	uint64_t start;
	uint64_t end;
	uint64_t interval;
	uint64_t threshold;
	uint64_t nr_vcpus;
	uint64_t pages;		/* of each block */
	uint64_t blocks;
	uint64_t seed;
	struct measure_clock clock;
	struct vcpu_shared vcpu[MAX_VCPUS];
};

static struct guest_shared guest_shared;

struct bench;

struct runner {
	struct bench *b;
	struct kvm_vcpu *vcpu;
	struct vcpu_shared *shared;
	struct kvm_stats stats;
	pthread_t thread;
	bool finished;
	bool kicked;
	/* TSC at its end, and the CPU time of its thread since the start. */
	uint64_t end;
	uint64_t cpu_ns;
};

/* A thread that does the operation, on a block of its own. */
struct attacker {
	struct bench *b;
	pthread_t thread;
	int id;
	uint8_t *at;
	uint64_t len;
	uint64_t ops;
	uint64_t seen;
	int node;
	uint64_t stride;	/* every so many operations are a span */
	uint64_t nr_spans;
	struct measure_span span[MEASURE_SPANS];
	struct log_histogram hist;
};

struct operation {
	const char *name;
	bool huge;
	/*
	 * Called once; returns why the operation is not possible here, or NULL.
	 */
	const char *(*prepare)(void);
	/* Called before the first time, and before each time; not timed. */
	void (*set_up)(struct attacker *a);
	void (*restore)(struct attacker *a);
	void (*act)(struct attacker *a);
	/* The guest uses one page only, and each has so many more memslots. */
	int aliases;
	/* Without a pause between operations, so that a vCPU gets priority. */
	bool no_pause;
	/* Places where the operation makes no sense, with the reason. */
	const char *not_at[NR_PLACES];
};

/* Each value of each parameter is measured with all values of the others. */
enum { SWEEP_VCPUS, SWEEP_THREADS, SWEEP_SLOTS, SWEEP_MIB, NR_SWEEPS };

static struct sweep sweeps[NR_SWEEPS] = {
	{ "vcpus", 1, MAX_VCPUS, 1, { 1 } },
	{ "threads", 1, MAX_THREADS, 1, { 1 } },
	{ "slots", 0, MAX_SLOTS, 1, { 0 } },
	{ "mib", 0, 1 << 20, 1, { 0 } },
};

/* The current values. */
static int swept[NR_SWEEPS];

static struct options {
	uint64_t seed;
	int seconds;
	int rounds;
	int interval_us;
	int pause_us;
	bool list;
	const char *operation;
	const char *place;
} opt = {
	.seconds = 1,
	.rounds = 2,
	.interval_us = 100,
	.pause_us = 5000,
};

struct bench {
	const struct operation *op;
	enum place place;
	struct kvm_vm *vm;
	struct guest_shared *shared;
	/* By place; the first two are one memslot, with more memory behind. */
	uint8_t *base[NR_PLACES];
	size_t mem_len;
	uint8_t *spare;
	size_t spare_len;
	int nr_vcpus;
	int nr_attackers;
	struct runner runner[MAX_VCPUS];
	struct attacker attacker[MAX_THREADS];
	uint64_t start;
	uint64_t end;
	struct log_histogram hist;
	struct log_histogram host_hist;
	char name[MEASURE_NAME];
};

static struct measure_clock host_clock;

static void must(bool done, const char *what)
{
	TEST_ASSERT(done, "%s: %s", what, strerror(errno));
}

/* ---- guest ---- */

static uint64_t next_random(uint64_t *rng)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return *rng;
}

/* The guest never uses the last page of a block, where a huge page is split. */
static uint64_t *random_page(const struct guest_shared *s, uint64_t *rng)
{
	uint64_t random = next_random(rng), block = (random >> 40) % s->blocks;
	uint64_t page = (random & 0xffffff) % s->pages;

	return (uint64_t *)(MEM_GVA + block * BLOCK + page * PAGE);
}

/* A locked instruction ends only when its write is done. */
static void access_page(uint64_t *p)
{
	__atomic_exchange_n(p, WORD, __ATOMIC_SEQ_CST);
}

static void wait_until(uint64_t tsc)
{
	while (rdtsc() < tsc)
		cpu_relax();
}

/* Keeps the longest spans. */
static void keep_span(struct vcpu_shared *v, uint64_t start, uint64_t length)
{
	uint64_t i, at = v->nr_spans;

	if (at == MEASURE_SPANS) {
		if (length <= v->span[v->shortest].length)
			return;
		at = v->shortest;
	} else {
		v->nr_spans++;
	}
	v->span[at] = (struct measure_span){ start, length };
	if (v->nr_spans < MEASURE_SPANS)
		return;
	for (i = 0, v->shortest = 0; i < MEASURE_SPANS; i++)
		if (v->span[i].length < v->span[v->shortest].length)
			v->shortest = i;
}

/* Touches the memory for the spans before the measurement starts. */
static uint64_t wait_for_start(struct guest_shared *s, struct vcpu_shared *v, uint64_t *rng)
{
	uint64_t start, i;

	log_histogram_clear(&v->hist);
	memset(v->span, 0, sizeof(v->span));
	v->nr_spans = 0;
	v->shortest = 0;
	for (i = 0; i < s->pages * s->blocks; i++)
		access_page(random_page(s, rng));
	WRITE_ONCE(v->ready, 1);
	while (!(start = READ_ONCE(s->start)))
		cpu_relax();
	return start;
}

static void guest_round(int me)
{
	struct guest_shared *s = &guest_shared;
	struct vcpu_shared *v = &s->vcpu[me];
	uint64_t rng = s->seed + me * 2 + 1, due, made, done;

	due = wait_for_start(s, v, &rng) + me * s->interval / s->nr_vcpus;
	for (; due < s->end; due += s->interval) {
		wait_until(due);
		made = rdtsc();
		access_page(random_page(s, &rng));
		done = rdtsc();
		log_histogram_add(&v->hist, measure_ns(&s->clock, done - due));
		if (done - made > s->threshold)
			keep_span(v, made, done - made);
	}
}

static void guest_code(int me)
{
	for (;;) {
		guest_round(me);
		GUEST_SYNC(GUEST_SYNC_DONE);
	}
}

/* ---- operations ---- */

static void populate(struct attacker *a)
{
	/* Pages that the guest uses are faulted in by the guest. */
	if (a->b->place != SAME_PAGES)
		must(!madvise(a->at, a->len, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
}

/* Runs before there is a guest. */
static void set_up_few(struct attacker *a)
{
	uint64_t i;

	madvise(a->at, a->len, MADV_NOHUGEPAGE);
	for (i = 0; i < a->len; i += PAGE)
		*(uint64_t *)(a->at + i) = WORD;
}

static void set_up_huge(struct attacker *a)
{
	must(!madvise(a->at, a->len, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	must(!madvise(a->at, a->len, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
}

/* A vCPU that faults meanwhile gets EFAULT, and tries again. */
static void act_munmap(struct attacker *a)
{
	must(!munmap(a->at, a->len), "munmap");
	must(mmap(a->at, a->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == a->at, "mmap");
	a->seen++;
}

static void act_dontneed(struct attacker *a)
{
	must(!madvise(a->at, a->len, MADV_DONTNEED), "MADV_DONTNEED");
	a->seen++;
}

static const char *prepare_ksm(void)
{
	if (access(KSM "run", W_OK))
		return "no KSM in this kernel, or not for this user";
	if (!knob_set(KSM "pages_to_scan", "1000") || !knob_set(KSM "sleep_millisecs", "10") ||
	    !knob_set(KSM "run", "1"))
		return "KSM can't be turned on";
	return NULL;
}

/* KSM merges a page only if it has not changed between two scans. */
static void restore_ksm(struct attacker *a)
{
	uint64_t passes = counter_read(KSM "full_scans") + 3, waited;

	populate(a);
	must(!madvise(a->at, a->len, MADV_MERGEABLE), "MADV_MERGEABLE");
	for (waited = 0; waited < KSM_WAIT_US; waited += 1000) {
		usleep(1000);
		a->seen += !!counter_read(KSM "pages_sharing");
		if (counter_read(KSM "full_scans") >= passes || rdtsc() >= a->b->end)
			break;
	}
}

static void act_ksm(struct attacker *a)
{
	must(!madvise(a->at, a->len, MADV_UNMERGEABLE), "MADV_UNMERGEABLE");
}

static const char *prepare_huge(void)
{
	char enabled[32];

	if (!knob_read("/sys/kernel/mm/transparent_hugepage/enabled", enabled, sizeof(enabled)))
		return "no transparent huge pages in this kernel";
	return strcmp(enabled, "never") ? NULL : "transparent huge pages are off";
}

/* Discards the page that the guest does not use. */
static void act_split(struct attacker *a)
{
	must(!madvise(a->at + BLOCK - PAGE, PAGE, MADV_DONTNEED), "MADV_DONTNEED");
}

/* May be refused, e.g. while pages are in use. */
static void act_collapse(struct attacker *a)
{
	a->seen += !madvise(a->at, a->len, MADV_COLLAPSE);
}

static const char *prepare_swap(void)
{
	return swap_create(SWAP_BYTES);
}

/* Twice, because the first call only clears the accessed bits. */
static void act_pageout(struct attacker *a)
{
	uint64_t before, after;

	counter_vmstat("pswpout", &before);
	must(!madvise(a->at, a->len, MADV_PAGEOUT), "MADV_PAGEOUT");
	must(!madvise(a->at, a->len, MADV_PAGEOUT), "MADV_PAGEOUT");
	a->seen += counter_vmstat("pswpout", &after) && after > before;
}

static const char *prepare_nodes(void)
{
	return access(NODE_1, F_OK) ? "one NUMA node only" : NULL;
}

/* Pages in use may stay; their node tells whether they have moved. */
static void act_migrate(struct attacker *a)
{
	int node[FEW_PAGES], status[FEW_PAGES];
	void *page[FEW_PAGES];
	uint64_t i, n = a->len / PAGE;

	a->node = !a->node;
	for (i = 0; i < n; i++) {
		page[i] = a->at + i * PAGE;
		node[i] = a->node;
	}
	must(syscall(SYS_move_pages, 0, n, page, node, status, 2) >= 0 || errno == EAGAIN,
	     "move_pages");
	for (i = 0; i < n; i++)
		a->seen += status[i] == a->node;
}

/*
 * Toggles the flags of the guest's own memslot, which makes its pages
 * read-only.
 */
static void toggle_logging(struct attacker *a)
{
	struct bench *b = a->b;

	a->node = !a->node;
	vm_set_user_memory_region(b->vm, MEM_SLOT, a->node ? KVM_MEM_LOG_DIRTY_PAGES : 0, MEM_GPA,
				  b->mem_len, b->base[SAME_PAGES]);
}

static void act_memslot(struct attacker *a)
{
	uint64_t gpa = OTHER_GPA + a->id * BLOCK;
	uint32_t slot = OTHER_SLOT + a->id;

	if (a->b->place == SAME_PAGES) {
		toggle_logging(a);
	} else {
		vm_set_user_memory_region(a->b->vm, slot, 0, gpa, 0, a->at);
		vm_set_user_memory_region(a->b->vm, slot, 0, gpa, BLOCK, a->at);
	}
	a->seen++;
}

static const struct operation operations[] = {
	{ "none", .set_up = set_up_few },
	{ "munmap", .set_up = set_up_few, .restore = populate, .act = act_munmap },
	{ "dontneed", .set_up = set_up_few, .restore = populate, .act = act_dontneed },
	{ "aliases", .set_up = set_up_few, .act = act_dontneed, .aliases = ALIASES,
	  .no_pause = true,
	  .not_at = { [OTHER_PAGES] = "the aliases map the guest's page",
		      [OTHER_SLOTS] = "the aliases map the guest's page",
		      [OUTSIDE] = "there is no memslot outside" } },
	{ "ksm", .prepare = prepare_ksm, .set_up = set_up_few, .restore = restore_ksm,
	  .act = act_ksm },
	{ "collapse", .huge = true, .prepare = prepare_huge, .set_up = set_up_huge,
	  .restore = act_split, .act = act_collapse },
	{ "split", .huge = true, .prepare = prepare_huge, .set_up = set_up_huge,
	  .restore = act_collapse, .act = act_split },
	{ "pageout", .prepare = prepare_swap, .set_up = set_up_few, .restore = populate,
	  .act = act_pageout },
	{ "migrate", .prepare = prepare_nodes, .set_up = set_up_few, .restore = populate,
	  .act = act_migrate },
	{ "memslot", .set_up = set_up_few, .act = act_memslot,
	  .not_at = { [OTHER_PAGES] = "a memslot changes as a whole",
		      [OUTSIDE] = "there is no memslot outside" } },
};

/* ---- the VM ---- */

static uint8_t *map_at(uint8_t *at, size_t len)
{
	uint8_t *p = mmap(at, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	must(p == at, "mmap");
	return p;
}

/* With holes between, so that mappings of two places do not merge. */
static void create_memory(struct bench *b)
{
	size_t more = (size_t)swept[SWEEP_MIB] << 20;
	uint8_t *p;

	b->mem_len = 2 * PLACE_SIZE + more;
	p = reserve(b->mem_len + 2 * PLACE_SIZE + 3 * BLOCK);
	b->base[SAME_PAGES] = map_at(p, b->mem_len);
	b->base[OTHER_PAGES] = p + PLACE_SIZE;
	b->base[OTHER_SLOTS] = map_at(p + align_up(b->mem_len, BLOCK) + BLOCK, PLACE_SIZE);
	b->base[OUTSIDE] = map_at(b->base[OTHER_SLOTS] + PLACE_SIZE + BLOCK, PLACE_SIZE);
	if (more)
		must(!madvise(p + 2 * PLACE_SIZE, more, MADV_POPULATE_WRITE),
		     "MADV_POPULATE_WRITE");
}

static void destroy_memory(struct bench *b)
{
	munmap(b->base[SAME_PAGES], b->mem_len);
	munmap(b->base[OTHER_SLOTS], PLACE_SIZE);
	munmap(b->base[OUTSIDE], PLACE_SIZE);
	if (b->spare)
		munmap(b->spare, b->spare_len);
}

static void create_slots(struct bench *b)
{
	int i, n = swept[SWEEP_SLOTS];

	vm_set_user_memory_region(b->vm, MEM_SLOT, 0, MEM_GPA, b->mem_len, b->base[SAME_PAGES]);
	for (i = 0; i < MAX_THREADS; i++)
		vm_set_user_memory_region(b->vm, OTHER_SLOT + i, 0, OTHER_GPA + i * BLOCK, BLOCK,
					  b->base[OTHER_SLOTS] + i * BLOCK);
	if (!n)
		return;
	b->spare_len = n * PAGE;
	b->spare = map_at(reserve(b->spare_len), b->spare_len);
	for (i = 0; i < n; i++)
		vm_set_user_memory_region(b->vm, SPARE_SLOT + i, 0, SPARE_GPA + i * PAGE, PAGE,
					  b->spare + i * PAGE);
}

/* Returns how many pages of each block the guest and the operation use. */
static uint64_t pages_of(const struct operation *op)
{
	return op->huge ? BLOCK_PAGES : op->aliases ? 1 : FEW_PAGES;
}

/* Aliases of the page that attacker @a invalidates, which is the guest's. */
static void create_aliases(struct attacker *a)
{
	int i, n = a->b->op->aliases, first = a->id * n;
	int slot = SPARE_SLOT + swept[SWEEP_SLOTS];

	for (i = first; i < first + n; i++)
		vm_set_user_memory_region(a->b->vm, slot + i, 0, ALIAS_GPA + i * PAGE, PAGE, a->at);
}

/* From now on the vCPU's TSC is the host's. */
static void share_clock(struct kvm_vcpu *vcpu)
{
	uint64_t offset = 0;

	TEST_ASSERT(!__vcpu_device_attr_set(vcpu, KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET,
					    &offset), "offset of the TSC: %s",
		    strerror(errno));
}

static void set_guest(struct bench *b)
{
	struct guest_shared *s = addr_gva2hva(b->vm, (vm_vaddr_t)&guest_shared);

	s->interval = measure_ticks(&host_clock, opt.interval_us * 1000UL);
	s->threshold = measure_ticks(&host_clock, STALL_NS);
	s->nr_vcpus = b->nr_vcpus;
	/*
	 * One page of a huge page is not the guest's: the operation splits it
	 * there.
	 */
	s->pages = pages_of(b->op) - b->op->huge;
	s->blocks = b->nr_attackers;
	s->clock = host_clock;
	b->shared = s;
}

static void create_attackers(struct bench *b)
{
	struct attacker *a;
	int i;

	for (i = 0; i < b->nr_attackers; i++) {
		a = &b->attacker[i];
		a->b = b;
		a->id = i;
		a->at = b->base[SAME_PAGES] + i * BLOCK;
		a->len = pages_of(b->op) * PAGE;
		/* Prepares the guest's memory, and the memory under attack. */
		b->op->set_up(a);
		a->at = b->base[b->place] + i * BLOCK;
		if (b->place != SAME_PAGES)
			b->op->set_up(a);
		create_aliases(a);
	}
}

static void bench_create(struct bench *b, const struct operation *op, enum place place)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	int i;

	memset(b, 0, sizeof(*b));
	b->op = op;
	b->place = place;
	b->nr_vcpus = swept[SWEEP_VCPUS];
	b->nr_attackers = swept[SWEEP_THREADS];
	create_memory(b);
	b->vm = __vm_create_with_vcpus(VM_SHAPE_DEFAULT, b->nr_vcpus, PLACE_SIZE / PAGE, guest_code,
				       vcpus);
	create_slots(b);
	virt_map(b->vm, MEM_GVA, MEM_GPA, PLACE_SIZE / PAGE);
	guard_catch_exceptions(b->vm, vcpus, b->nr_vcpus, guard_trap);
	set_guest(b);
	create_attackers(b);
	for (i = 0; i < b->nr_vcpus; i++) {
		vcpu_args_set(vcpus[i], 1, i);
		share_clock(vcpus[i]);
		b->runner[i].b = b;
		b->runner[i].vcpu = vcpus[i];
		b->runner[i].shared = &b->shared->vcpu[i];
		kvm_stats_open_vcpu(&b->runner[i].stats, vcpus[i]);
	}
	log_histogram_clear(&b->hist);
	log_histogram_clear(&b->host_hist);
}

static void bench_destroy(struct bench *b)
{
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		kvm_stats_close(&b->runner[i].stats);
	kvm_vm_free(b->vm);
	destroy_memory(b);
}

/* ---- vCPU threads ---- */

static void on_signal(int sig)
{
}

static void run_error(struct runner *r)
{
	if (errno == EFAULT && r->b->op->act == act_munmap)
		return;
	TEST_ASSERT(errno == EINTR, "vcpu=%u KVM_RUN: %s", r->vcpu->id, strerror(errno));
	if (!READ_ONCE(r->kicked))
		return;
	ktap_info("vcpu=%u has not stopped %d s after the end", r->vcpu->id, STUCK_S);
	guard_dump(r->vcpu);
	exit(KSFT_FAIL);
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static void *runner_main(void *arg)
{
	struct runner *r = arg;

	while (__vcpu_run(r->vcpu))
		run_error(r);
	r->end = rdtsc();
	r->cpu_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - r->cpu_ns;
	guest_sync_check(r->vcpu);
	__atomic_store_n(&r->finished, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Waits until @done is set; a vCPU without progress ends the program. */
static void wait_for_runner(struct runner *r, const uint64_t *ready, const bool *done)
{
	uint64_t polls = 0;

	while (ready ? !READ_ONCE(*ready) : !__atomic_load_n(done, __ATOMIC_SEQ_CST)) {
		usleep(1000);
		if (++polls % (STUCK_S * 1000) == 0) {
			WRITE_ONCE(r->kicked, true);
			pthread_kill(r->thread, SIGUSR1);
		}
	}
}

/* All threads are ready when this returns. */
static void runners_start(struct bench *b)
{
	struct runner *r;
	int i;

	WRITE_ONCE(b->shared->start, 0);
	for (i = 0; i < b->nr_vcpus; i++) {
		r = &b->runner[i];
		r->finished = false;
		r->kicked = false;
		r->shared->ready = 0;
		must(!pthread_create(&r->thread, NULL, runner_main, r), "pthread_create");
	}
	for (i = 0; i < b->nr_vcpus; i++)
		wait_for_runner(&b->runner[i], &b->runner[i].shared->ready, NULL);
}

static void runners_join(struct bench *b)
{
	int i;

	for (i = 0; i < b->nr_vcpus; i++) {
		wait_for_runner(&b->runner[i], NULL, &b->runner[i].finished);
		pthread_join(b->runner[i].thread, NULL);
	}
}

/* ---- the threads that do it ---- */

/*
 * Keeps every @stride-th operation, so that spans are spread over the whole
 * time.
 */
static void keep_host_span(struct attacker *a, uint64_t start, uint64_t length)
{
	uint64_t i;

	if (a->ops % a->stride)
		return;
	if (a->nr_spans == MEASURE_SPANS) {
		for (i = 0; i < MEASURE_SPANS / 2; i++)
			a->span[i] = a->span[2 * i];
		a->nr_spans = MEASURE_SPANS / 2;
		a->stride *= 2;
		if (a->ops % a->stride)
			return;
	}
	a->span[a->nr_spans++] = (struct measure_span){ start, length };
}

static void *attacker_main(void *arg)
{
	struct attacker *a = arg;
	uint64_t start, took;

	while (rdtsc() < a->b->end) {
		if (a->b->op->restore)
			a->b->op->restore(a);
		start = rdtsc();
		a->b->op->act(a);
		took = rdtsc() - start;
		log_histogram_add(&a->hist, measure_ns(&host_clock, took));
		keep_host_span(a, start, took);
		a->ops++;
		if (!a->b->op->no_pause)
			usleep(opt.pause_us);
	}
	return NULL;
}

static void attackers_start(struct bench *b)
{
	struct attacker *a;
	int i;

	for (i = 0; i < b->nr_attackers && b->op->act; i++) {
		a = &b->attacker[i];
		a->ops = 0;
		a->stride = 1;
		a->nr_spans = 0;
		log_histogram_clear(&a->hist);
		must(!pthread_create(&a->thread, NULL, attacker_main, a), "pthread_create");
	}
}

static void attackers_join(struct bench *b)
{
	int i;

	for (i = 0; i < b->nr_attackers && b->op->act; i++)
		pthread_join(b->attacker[i].thread, NULL);
}

/* ---- one round ---- */

struct counts {
	uint64_t faults;
	uint64_t retries;
	uint64_t waits;
	uint64_t pauses;
};

/*
 * A fault that KVM handled is fixed, spurious, emulated, or retried.  The
 * kernel's own statistics of retries are not used, because stock has none.
 */
static void count_runner(struct runner *r, struct counts *c)
{
	uint64_t fixed = kvm_stats_read(&r->stats, "pf_fixed"), waits, pauses;

	c->faults += fixed;
	c->retries += kvm_stats_read(&r->stats, "pf_taken") - fixed -
		      kvm_stats_read(&r->stats, "pf_spurious") -
		      kvm_stats_read(&r->stats, "pf_emulate");
	kvm_stats_get(&r->stats, "mmu_interval_wait", &waits);
	c->waits += waits;
	kvm_stats_get(&r->stats, "mmu_interval_pause", &pauses);
	c->pauses += pauses;
}

static struct counts take_counts(struct bench *b)
{
	struct counts c = {};
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		count_runner(&b->runner[i], &c);
	return c;
}

/* CPU time from the start of the measurement, where all threads spin. */
static void note_cpu_time(struct bench *b)
{
	clockid_t clock;
	int i;

	for (i = 0; i < b->nr_vcpus; i++) {
		must(!pthread_getcpuclockid(b->runner[i].thread, &clock), "pthread_getcpuclockid");
		b->runner[i].cpu_ns = cpu_ns(clock);
	}
}

/* Relative to the time until each vCPU was done. */
static double cpu_percent(struct bench *b)
{
	uint64_t cpu = 0, ns = 0;
	int i;

	for (i = 0; i < b->nr_vcpus; i++) {
		cpu += b->runner[i].cpu_ns;
		ns += measure_ns(&host_clock, b->runner[i].end - b->start);
	}
	return 100.0 * cpu / ns;
}

static const char *row_name(struct bench *b, const char *what)
{
	static char name[MEASURE_NAME + 64];
	int i, len;

	len = snprintf(name, sizeof(name), "%s%s%s", b->name, *what ? "/" : "", what);
	for (i = 0; i < NR_SWEEPS; i++)
		if (sweeps[i].nr > 1)
			len += snprintf(name + len, sizeof(name) - len, "/%s=%d", sweeps[i].name,
					swept[i]);
	return name;
}

/* Quantiles up to @deepest, per million, and the maximum. */
static void report_quantiles(struct bench *b, const struct log_histogram *h, const char *prefix,
			     uint64_t deepest)
{
	static const struct {
		const char *name;
		uint64_t per_million;
	} quantiles[] = {
		{ "p50", 500000 }, { "p90", 900000 }, { "p99", 990000 }, { "p99.9", 999000 },
		{ "p99.99", 999900 }, { "max", 1000000 },
	};
	char what[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(quantiles); i++) {
		if (quantiles[i].per_million > deepest && quantiles[i].per_million != 1000000)
			continue;
		snprintf(what, sizeof(what), "%s%s", prefix, quantiles[i].name);
		measure_lower(row_name(b, what), "ns",
			      log_histogram_quantile(h, quantiles[i].per_million));
	}
}

/* @pauses is how often a thread paused for a vCPU with priority. */
static uint64_t report_host(struct bench *b, uint64_t pauses)
{
	static struct log_histogram h;
	double seconds = measure_ns(&host_clock, b->end - b->start) / 1e9;
	int i;

	if (!b->op->act)
		return 0;
	log_histogram_clear(&h);
	for (i = 0; i < b->nr_attackers; i++)
		log_histogram_merge(&h, &b->attacker[i].hist);
	log_histogram_merge(&b->host_hist, &h);
	measure_higher(row_name(b, "host/ops"), "per-second", h.count / seconds);
	if (b->op->aliases && h.count)
		measure_lower(row_name(b, "host/pauses"), "count", (double)pauses / h.count);
	/*
	 * The number of operations differs between rounds: with 100 in one and
	 * 90 in the next, a p99 would be a row of the fast rounds only.
	 */
	report_quantiles(b, &h, "host/", 900000);
	return h.count;
}

static uint64_t report_guest(struct bench *b, const struct counts *before,
			     const struct counts *after)
{
	static struct log_histogram h;
	double thousands;
	int i;

	log_histogram_clear(&h);
	for (i = 0; i < b->nr_vcpus; i++)
		log_histogram_merge(&h, &b->shared->vcpu[i].hist);
	log_histogram_merge(&b->hist, &h);
	thousands = h.count / 1000.0;
	report_quantiles(b, &h, "", 999900);
	measure_lower(row_name(b, "faults"), "count", (after->faults - before->faults) / thousands);
	measure_lower(row_name(b, "retries"), "count",
		      (after->retries - before->retries) / thousands);
	measure_lower(row_name(b, "waits"), "count", (after->waits - before->waits) / thousands);
	measure_lower(row_name(b, "cpu"), "percent", cpu_percent(b));
	return h.count;
}

static void report_spans(struct bench *b, const char *kind, const struct measure_span *span,
			 uint64_t nr)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		measure_span(row_name(b, ""), kind,
			     measure_ns(&host_clock, span[i].start - b->start) / 1000,
			     measure_ns(&host_clock, span[i].length) / 1000);
}

/* Shows one round, because its threads share one clock. */
static void report_time_line(struct bench *b)
{
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		report_spans(b, "stall", b->shared->vcpu[i].span, b->shared->vcpu[i].nr_spans);
	for (i = 0; i < b->nr_attackers && b->op->act; i++)
		report_spans(b, "host", b->attacker[i].span, b->attacker[i].nr_spans);
}

/* Returns NULL, or what did not happen. */
static const char *measure_round(struct bench *b, int round)
{
	struct counts before, after;
	uint64_t ops;

	b->shared->seed = (opt.seed + round) * 0x9e3779b97f4a7c15UL;
	runners_start(b);
	before = take_counts(b);
	note_cpu_time(b);
	b->start = rdtsc();
	b->end = b->start + measure_ticks(&host_clock, opt.seconds * 1000000000UL);
	WRITE_ONCE(b->shared->end, b->end);
	__atomic_store_n(&b->shared->start, b->start, __ATOMIC_SEQ_CST);
	attackers_start(b);
	attackers_join(b);
	runners_join(b);
	after = take_counts(b);

	if (!report_guest(b, &before, &after))
		return "the guest accessed nothing";
	ops = report_host(b, after.pauses - before.pauses);
	if (!round)
		report_time_line(b);
	return b->op->act && !ops ? "the host did nothing" : NULL;
}

/* ---- cases ---- */

static uint64_t seen(struct bench *b)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < b->nr_attackers; i++)
		sum += b->attacker[i].seen;
	return sum;
}

static void measure_case(struct bench *b)
{
	const char *why = NULL;
	int round;

	for (round = 0; round < opt.rounds && !why; round++)
		why = measure_round(b, round);
	measure_hist(row_name(b, ""), "ns", &b->hist);
	if (b->op->act)
		measure_hist(row_name(b, "host"), "ns", &b->host_hist);
	if (!why && b->op->act && !seen(b))
		why = "the kernel was not seen to do it";
	if (why)
		ktap_fail(row_name(b, ""), "%s", why);
	else
		ktap_pass(row_name(b, ""), "%d rounds of %d s, accesses=%lu host=%lu seen=%lu",
			  opt.rounds, opt.seconds, b->hist.count, b->host_hist.count, seen(b));
}

static void run_case(const struct operation *op, enum place place)
{
	static struct bench b;
	const char *why = op->not_at[place];
	char name[MEASURE_NAME];

	snprintf(name, sizeof(name), "stall/%s/%s", op->name, op->act ? places[place] : "nowhere");
	if (!why && op->prepare)
		why = op->prepare();
	if (why) {
		snprintf(b.name, sizeof(b.name), "%s", name);
		ktap_skip(row_name(&b, ""), "%s", why);
		return;
	}
	bench_create(&b, op, place);
	snprintf(b.name, sizeof(b.name), "%s", name);
	measure_case(&b);
	bench_destroy(&b);
	knob_restore_all();
}

static bool wanted(const struct operation *op, int place)
{
	if (opt.operation && strcmp(opt.operation, op->name))
		return false;
	if (!op->act)
		return !place;
	return !opt.place || !strcmp(opt.place, places[place]);
}

/* Calls @each, if any, for each selected case; returns their number. */
static int visit_cases(void (*each)(const struct operation *op, enum place place))
{
	int place, n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		for (place = 0; place < NR_PLACES; place++) {
			if (!wanted(&operations[i], place))
				continue;
			if (each)
				each(&operations[i], place);
			n++;
		}
	return n;
}

/* Runs every combination of the parameters. */
static void run_sweeps(int which)
{
	struct sweep *s = &sweeps[which];
	int i;

	if (which == NR_SWEEPS) {
		visit_cases(run_case);
		return;
	}
	for (i = 0; i < s->nr; i++) {
		swept[which] = s->value[i];
		run_sweeps(which + 1);
	}
}

/* ---- main ---- */

static void list_case(const struct operation *op, enum place place)
{
	if (op->act)
		printf("-o %s -p %s\n", op->name, places[place]);
	else
		printf("-o %s\n", op->name);
}

static void usage(const char *name)
{
	printf("Usage: %s [OPTION]...\n"
	       " -o  one operation only (-l lists them)\n"
	       " -p  one place only\n"
	       " -l  list operations and places\n"
	       " -s  seed of the order of the accesses (default 0)\n"
	       " -r  rounds of each case (default %d)\n"
	       " -t  seconds of each round (default %d)\n"
	       " -e  microseconds between accesses of a vCPU (default %d)\n"
	       " -w  microseconds between operations (default %d)\n"
	       "Each may be a list, as 1,2,4; every combination is run:\n"
	       " -v  vCPUs, up to %d (default 1)\n"
	       " -i  threads that do the operation, up to %d (default 1)\n"
	       " -n  more memslots, up to %d (default 0)\n"
	       " -m  more MiB in the guest's memslot (default 0)\n",
	       name, opt.rounds, opt.seconds, opt.interval_us, opt.pause_us, MAX_VCPUS, MAX_THREADS,
	       MAX_SLOTS);
}

static bool take_option(int c, char *value)
{
	switch (c) {
	case 'l':
		opt.list = true;
		return true;
	case 'o':
		opt.operation = value;
		return true;
	case 'p':
		opt.place = value;
		return true;
	case 's':
		opt.seed = strtoull(value, NULL, 0);
		return true;
	case 'r':
		opt.rounds = atoi(value);
		return opt.rounds > 0;
	case 't':
		opt.seconds = atoi(value);
		return opt.seconds > 0;
	case 'e':
		opt.interval_us = atoi(value);
		return opt.interval_us > 0;
	case 'w':
		opt.pause_us = atoi(value);
		return opt.pause_us >= 0;
	case 'v':
		return sweep_parse(&sweeps[SWEEP_VCPUS], value);
	case 'i':
		return sweep_parse(&sweeps[SWEEP_THREADS], value);
	case 'n':
		return sweep_parse(&sweeps[SWEEP_SLOTS], value);
	case 'm':
		return sweep_parse(&sweeps[SWEEP_MIB], value);
	default:
		return false;
	}
}

/* Exits if it is not to run. */
static void parse_options(int argc, char **argv)
{
	bench_options(argc, argv, "o:p:s:r:t:e:w:v:i:n:m:lh", usage, take_option);
	if (optind != argc || !visit_cases(opt.list ? list_case : NULL)) {
		fprintf(stderr, "%s: no such case; -l lists them\n", argv[0]);
		exit(2);
	}
	if (opt.list)
		exit(0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int i, n;

	parse_options(argc, argv);
	guard_init();
	sigaction(SIGUSR1, &sa, NULL);
	measure_clock_init(&host_clock);
	n = visit_cases(NULL);
	for (i = 0; i < NR_SWEEPS; i++)
		n *= sweeps[i].nr;
	ktap_start(n);
	ktap_info("%d us between accesses, %d us between operations, TSC %.1f MHz",
		  opt.interval_us, opt.pause_us, 1000.0 * (1 << MEASURE_CLOCK_SHIFT) /
		  host_clock.mult);
	run_sweeps(0);
	return ktap_finish();
}
