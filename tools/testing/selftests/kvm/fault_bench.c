// SPDX-License-Identifier: GPL-2.0
/*
 * What guest faults cost while the host invalidates, and what invalidations
 * cost while guests fault.  Not a test: it measures, and fails only if what it
 * meant to measure did not happen.  docs/benchmarks.md says what the figures
 * mean.
 *
 * columns	one vCPU touches pages that KVM has not mapped, while a thread
 *		invalidates other, empty pages: none, of the same memslot, of
 *		another one, or outside of all memslots
 * overlap	a thread invalidates the pages that 1, 2 and 4 vCPUs dirty, each time
 *		that they have dirtied them again
 * storm	the same without ever waiting for the vCPUs
 * blocked	long invalidations of pages that vCPUs want: the CPU time that their
 *		threads use meanwhile
 * icount	instructions of one fault, and of one MADV_DONTNEED; for an emulated
 *		machine whose TSC counts instructions
 *
 * Each figure is a line "# measure MODE key=value ...".
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "clock.h"
#include "framework.h"
#include "guest_sync.h"
#include "icount.h"
#include "ktap.h"
#include "oracle.h"
#include "sum_counts.h"
#include "vcpu_guard.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

#define PAGE			4096UL
#define MEM_SLOT		1
#define OTHER_SLOT		2
#define MEM_GPA			0x100000000UL
#define OTHER_GPA		0x200000000UL
#define MEM_GVA			0x1000000000UL
#define MAX_VCPUS		4

#define MAX_COLUMN_PAGES	16384UL
#define SPARE_PAGES		16UL
#define OVERLAP_PAGES		64UL
#define BLOCKED_PAGES		65536UL
#define BLOCKED_DIRTY		64UL
#define NR_SAMPLES		1000

/*
 * After so long without progress a vCPU is made to leave KVM_RUN, to read its
 * registers.
 */
#define STALL_S			20

#define COLUMNS_LINE	"measure columns at=%s faults=%lu retries=%lu overflow=%lu "		\
			"waits=%lu calls=%lu ns=%lu"

#define OVERLAP_LINE	"measure %s vcpus=%d ops=%lu ns=%lu writes=%lu faults=%lu "		\
			"retries=%lu overflow=%lu waits=%lu wait_ns=%lu cpu_ns=%lu "		\
			"guest_gap_us=%.0f host_gap_us=%.0f op_us=%.1f"

#define BLOCKED_LINE	"measure blocked vcpus=%d ops=%d ns=%lu blocked_ns=%lu "		\
			"cpu_ns=%lu retries=%lu waits=%lu wait_ns=%lu"

struct vcpu_shared {
	uint64_t writes;
	uint64_t gap;
} __aligned(128);

/* The guest's data; the host accesses it in the VM's first memslot. */
struct guest_shared {
	uint64_t stop;
	uint64_t pages;
	uint64_t loop_ticks;
	uint64_t hot_ticks;
	struct vcpu_shared vcpu[MAX_VCPUS];
	uint32_t samples[NR_SAMPLES];
};

static struct guest_shared guest_shared;

/* All binary statistics of one vCPU; names that a kernel lacks read as 0. */
struct stats {
	int fd;
	struct kvm_stats_header header;
	struct kvm_stats_desc *descs;
};

struct bench;

struct runner {
	struct bench *b;
	struct kvm_vcpu *vcpu;
	struct vcpu_shared *shared;
	struct stats stats;
	pthread_t thread;
	clockid_t clock;
	bool finished;
	bool kicked;
	uint64_t last_writes;
	uint64_t last_progress;
};

struct bench {
	struct kvm_vm *vm;
	struct guest_shared *shared;
	uint8_t *mem;
	size_t mem_len;
	int nr_vcpus;
	struct runner runner[MAX_VCPUS];
};

static struct options {
	uint64_t seed;
	int rounds;
	int seconds;
	uint64_t pages;
} opt = {
	.rounds = 3,
	.seconds = 2,
	.pages = MAX_COLUMN_PAGES,
};

/* ---- guests ---- */

static void touch(uint64_t page)
{
	WRITE_ONCE(*(uint64_t *)(MEM_GVA + page * PAGE), page);
}

/* Touches every page once, and asks for the next round. */
static void guest_columns(int me)
{
	uint64_t page;

	for (;;) {
		for (page = 0; page < guest_shared.pages; page++)
			touch(page);
		GUEST_SYNC(GUEST_SYNC_DONE);
	}
}

static void guest_dirty_until_stop(struct guest_shared *s, struct vcpu_shared *v)
{
	uint64_t page = 0, last = rdtsc(), now;

	while (!READ_ONCE(s->stop)) {
		touch(page);
		now = rdtsc();
		if (now - last > v->gap)
			WRITE_ONCE(v->gap, now - last);
		last = now;
		WRITE_ONCE(v->writes, v->writes + 1);
		if (++page == s->pages)
			page = 0;
	}
}

static void guest_dirty(int me)
{
	for (;;) {
		guest_dirty_until_stop(&guest_shared, &guest_shared.vcpu[me]);
		GUEST_SYNC(GUEST_SYNC_DONE);
	}
}

static void guest_icount(int me)
{
	struct guest_shared *s = &guest_shared;
	uint64_t i, start;

	s->loop_ticks = icount_loop_ticks();
	s->hot_ticks = ~0UL;
	for (i = 0; i < NR_SAMPLES; i++) {
		start = rdtsc();
		touch(i);
		s->samples[i] = rdtsc() - start;
	}
	for (i = 0; i < NR_SAMPLES; i++) {
		start = rdtsc();
		touch(i);
		s->hot_ticks = min(s->hot_ticks, rdtsc() - start);
	}
	GUEST_SYNC(GUEST_SYNC_DONE);
}

/* ---- statistics of KVM ---- */

/*
 * To be opened before the vCPU runs, because its ioctls wait for KVM_RUN to
 * return.
 */
static void stats_open(struct stats *s, struct kvm_vcpu *vcpu)
{
	s->fd = vcpu_get_stats_fd(vcpu);
	read_stats_header(s->fd, &s->header);
	s->descs = read_stats_descriptors(s->fd, &s->header);
}

static uint64_t stats_read(struct stats *s, const char *name)
{
	struct kvm_stats_desc *desc;
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < s->header.num_desc; i++) {
		desc = get_stats_descriptor(s->descs, i, &s->header);
		if (strcmp(desc->name, name))
			continue;
		read_stat_data(s->fd, &s->header, desc, &value, 1);
		break;
	}
	return value;
}

static void stats_close(struct stats *s)
{
	close(s->fd);
	free(s->descs);
}

/* Sums over all vCPUs. */
static uint64_t bench_stat(struct bench *b, const char *name)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		sum += stats_read(&b->runner[i].stats, name);
	return sum;
}

struct fault_counts {
	uint64_t fixed;
	uint64_t retries;
	uint64_t overflow;
	uint64_t waits;
	uint64_t wait_ns;
};

/*
 * A fault that KVM handled is fixed, spurious, emulated, or retried.  The sum
 * does not use the kernel's own statistics of retries, because stock has none.
 */
static struct fault_counts count_faults(struct bench *b)
{
	struct fault_counts c = {
		.fixed = bench_stat(b, "pf_fixed"),
		.overflow = bench_stat(b, "mmu_interval_retry_overflow"),
		.waits = bench_stat(b, "mmu_interval_wait"),
		.wait_ns = bench_stat(b, "mmu_interval_wait_ns"),
	};

	c.retries = bench_stat(b, "pf_taken") - c.fixed - bench_stat(b, "pf_spurious") -
		    bench_stat(b, "pf_emulate");
	return c;
}

static void count_since(struct fault_counts *c, const struct fault_counts *before)
{
	c->fixed -= before->fixed;
	c->retries -= before->retries;
	c->overflow -= before->overflow;
	c->waits -= before->waits;
	c->wait_ns -= before->wait_ns;
}

/* ---- the VM ---- */

static uint8_t *map_memory(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %zu bytes: %s", len, strerror(errno));
	/* Every fault is to be for 4 KiB. */
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void populate(uint8_t *p, size_t len)
{
	TEST_ASSERT(!madvise(p, len, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE: %s",
		    strerror(errno));
}

static void dontneed(uint8_t *p, size_t len)
{
	TEST_ASSERT(!madvise(p, len, MADV_DONTNEED), "MADV_DONTNEED: %s", strerror(errno));
}

/* The guest uses the first @pages of the memslot, which has @slot_pages. */
static void bench_create(struct bench *b, int nr_vcpus, void *guest_code, uint64_t pages,
			 uint64_t slot_pages)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	int i;

	memset(b, 0, sizeof(*b));
	b->nr_vcpus = nr_vcpus;
	b->mem_len = slot_pages * PAGE;
	b->mem = map_memory(b->mem_len);
	b->vm = __vm_create_with_vcpus(VM_SHAPE_DEFAULT, nr_vcpus, pages, guest_code, vcpus);
	vm_set_user_memory_region(b->vm, MEM_SLOT, 0, MEM_GPA, b->mem_len, b->mem);
	virt_map(b->vm, MEM_GVA, MEM_GPA, pages);
	guard_catch_exceptions(b->vm, vcpus, nr_vcpus, guard_trap);

	b->shared = addr_gva2hva(b->vm, (vm_vaddr_t)&guest_shared);
	b->shared->pages = pages;
	for (i = 0; i < nr_vcpus; i++) {
		vcpu_args_set(vcpus[i], 1, i);
		b->runner[i].b = b;
		b->runner[i].vcpu = vcpus[i];
		b->runner[i].shared = &b->shared->vcpu[i];
		stats_open(&b->runner[i].stats, vcpus[i]);
	}
}

static void bench_destroy(struct bench *b)
{
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		stats_close(&b->runner[i].stats);
	kvm_vm_free(b->vm);
	munmap(b->mem, b->mem_len);
}

/* ---- running vCPUs ---- */

static void on_signal(int sig)
{
}

/* Signals that only end KVM_RUN. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
}

/*
 * Runs on the caller's own thread.  A round takes long on a slow machine; as
 * long as KVM fixes faults, the guest makes progress.
 */
static void run_to_sync(struct runner *r)
{
	uint64_t before, fixed = bench_stat(r->b, "pf_fixed");
	int err;

	do {
		before = fixed;
		alarm(STALL_S);
		if (!__vcpu_run(r->vcpu)) {
			alarm(0);
			guest_sync_check(r->vcpu);
			return;
		}
		err = errno;
		fixed = bench_stat(r->b, "pf_fixed");
	} while (err == EINTR && fixed != before);
	ktap_info("vcpu=%u KVM_RUN: %s%s", r->vcpu->id, strerror(err),
		  err == EINTR ? ", it did not end" : "");
	guard_dump(r->vcpu);
	exit(KSFT_FAIL);
}

static void *runner_main(void *arg)
{
	struct runner *r = arg;

	while (__vcpu_run(r->vcpu)) {
		TEST_ASSERT(errno == EINTR, "vcpu=%u KVM_RUN: %s", r->vcpu->id, strerror(errno));
		if (READ_ONCE(r->kicked))
			guard_dump(r->vcpu);
		WRITE_ONCE(r->kicked, false);
	}
	guest_sync_check(r->vcpu);
	__atomic_store_n(&r->finished, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void runners_start(struct bench *b)
{
	struct runner *r;
	int i, err;

	WRITE_ONCE(b->shared->stop, 0);
	for (i = 0; i < b->nr_vcpus; i++) {
		r = &b->runner[i];
		r->finished = false;
		r->kicked = false;
		r->last_writes = ~0UL;
		r->shared->gap = 0;
		err = pthread_create(&r->thread, NULL, runner_main, r);
		TEST_ASSERT(!err, "pthread_create: %s", strerror(err));
		err = pthread_getcpuclockid(r->thread, &r->clock);
		TEST_ASSERT(!err, "pthread_getcpuclockid: %s", strerror(err));
	}
}

/*
 * Checks vCPUs without progress: a fault of the emulator ends the benchmark,
 * while a vCPU that the kernel starves continues.
 */
static void runners_watch(struct bench *b)
{
	uint64_t now = now_ns(), writes;
	struct runner *r;
	int i;

	for (i = 0; i < b->nr_vcpus; i++) {
		r = &b->runner[i];
		writes = READ_ONCE(r->shared->writes);
		if (writes != r->last_writes) {
			r->last_writes = writes;
			r->last_progress = now;
			continue;
		}
		if (now - r->last_progress < STALL_S * 1000000000UL)
			continue;
		ktap_info("vcpu=%d made no progress for %d s", i, STALL_S);
		r->last_progress = now;
		WRITE_ONCE(r->kicked, true);
		pthread_kill(r->thread, SIGUSR1);
	}
}

static void runners_stop(struct bench *b)
{
	int i;

	WRITE_ONCE(b->shared->stop, 1);
	for (i = 0; i < b->nr_vcpus; i++) {
		while (!__atomic_load_n(&b->runner[i].finished, __ATOMIC_SEQ_CST)) {
			usleep(1000);
			runners_watch(b);
		}
		pthread_join(b->runner[i].thread, NULL);
	}
}

static uint64_t runner_cpu_ns(struct runner *r)
{
	struct timespec ts;

	clock_gettime(r->clock, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static uint64_t runners_cpu_ns(struct bench *b)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		sum += runner_cpu_ns(&b->runner[i]);
	return sum;
}

static uint64_t runners_writes(struct bench *b)
{
	return sum_counts(b->runner, b->nr_vcpus, shared->writes);
}

static uint64_t runners_gap(struct bench *b)
{
	uint64_t gap = 0;
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		gap = max(gap, READ_ONCE(b->runner[i].shared->gap));
	return gap;
}

/* Waits until each vCPU has visited all its pages again. */
static void runners_settle(struct bench *b)
{
	uint64_t goal[MAX_VCPUS];
	int i;

	for (i = 0; i < b->nr_vcpus; i++)
		goal[i] = READ_ONCE(b->runner[i].shared->writes) + b->shared->pages;
	for (i = 0; i < b->nr_vcpus; i++) {
		while (READ_ONCE(b->runner[i].shared->writes) < goal[i]) {
			usleep(100);
			runners_watch(b);
		}
	}
}

/* ---- columns ---- */

enum column { COLUMN_NONE, COLUMN_SAME, COLUMN_OTHER, COLUMN_OUTSIDE, NR_COLUMNS };

static const char * const column_names[] = { "none", "same-slot", "other-slot", "outside" };

struct invalidator {
	pthread_t thread;
	uint8_t *at;
	uint64_t calls;
	bool stop;
};

static void *invalidator_main(void *arg)
{
	struct invalidator *inv = arg;

	while (!READ_ONCE(inv->stop)) {
		dontneed(inv->at, PAGE);
		WRITE_ONCE(inv->calls, inv->calls + 1);
	}
	return NULL;
}

static void invalidator_start(struct invalidator *inv, uint8_t *at)
{
	*inv = (struct invalidator) { .at = at };
	if (!at)
		return;
	pthread_create(&inv->thread, NULL, invalidator_main, inv);
	while (!READ_ONCE(inv->calls))
		usleep(100);
}

static void invalidator_stop(struct invalidator *inv)
{
	if (!inv->at)
		return;
	WRITE_ONCE(inv->stop, true);
	pthread_join(inv->thread, NULL);
}

/* KVM drops its mappings; the host's page tables keep all pages, writable. */
static void unmap_from_guest(struct bench *b)
{
	size_t len = opt.pages * PAGE;

	TEST_ASSERT(!mprotect(b->mem, len, PROT_READ) &&
		    !mprotect(b->mem, len, PROT_READ | PROT_WRITE), "mprotect: %s",
		    strerror(errno));
	populate(b->mem, len);
}

/* Returns false if not every page was a fault, or nothing was invalidated. */
static bool measure_column(struct bench *b, enum column c, uint8_t *at, int round)
{
	struct fault_counts before, faults;
	struct invalidator inv;
	uint64_t calls, ns;

	unmap_from_guest(b);
	invalidator_start(&inv, at);
	before = count_faults(b);
	calls = READ_ONCE(inv.calls);
	ns = now_ns();
	run_to_sync(&b->runner[0]);
	ns = now_ns() - ns;
	calls = READ_ONCE(inv.calls) - calls;
	faults = count_faults(b);
	count_since(&faults, &before);
	invalidator_stop(&inv);

	if (faults.fixed < opt.pages || (at && !calls))
		return false;
	/*
	 * The first round is slower: cold caches, and the guest's A and D bits.
	 */
	if (round)
		ktap_info(COLUMNS_LINE,
			  column_names[c], faults.fixed, faults.retries, faults.overflow,
			  faults.waits, calls, ns);
	return true;
}

static void shuffle(int *order, int n, uint64_t *rng)
{
	int i, j, t;

	for (i = n - 1; i > 0; i--) {
		j = oracle_random(rng) % (i + 1);
		t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
}

static void run_columns(void)
{
	uint8_t *other = map_memory(SPARE_PAGES * PAGE), *outside = map_memory(PAGE);
	int order[NR_COLUMNS], bad[NR_COLUMNS] = {}, round, i;
	uint64_t rng = oracle_mix(opt.seed) | 1;
	uint8_t *at[NR_COLUMNS];
	struct bench b;

	bench_create(&b, 1, guest_columns, opt.pages, opt.pages + SPARE_PAGES);
	vm_set_user_memory_region(b.vm, OTHER_SLOT, 0, OTHER_GPA, SPARE_PAGES * PAGE, other);
	at[COLUMN_NONE] = NULL;
	at[COLUMN_SAME] = b.mem + (opt.pages + SPARE_PAGES / 2) * PAGE;
	at[COLUMN_OTHER] = other;
	at[COLUMN_OUTSIDE] = outside;

	ktap_start(NR_COLUMNS);
	for (i = 0; i < NR_COLUMNS; i++)
		order[i] = i;
	for (round = 0; round <= opt.rounds; round++) {
		shuffle(order, NR_COLUMNS, &rng);
		for (i = 0; i < NR_COLUMNS; i++)
			bad[order[i]] += !measure_column(&b, order[i], at[order[i]], round);
	}
	for (i = 0; i < NR_COLUMNS; i++) {
		if (bad[i])
			ktap_fail(column_names[i], "%d rounds without all faults or without calls",
				  bad[i]);
		else
			ktap_pass(column_names[i], "%d rounds", opt.rounds);
	}
	bench_destroy(&b);
}

/* ---- overlap, storm ---- */

static const int vcpu_counts[] = { 1, 2, 4 };

struct operations {
	uint64_t nr;
	uint64_t gap;
	uint64_t busy;
	uint64_t ticks;
	uint64_t ns;
};

/* Sleeps briefly now and then, so that the vCPUs get both CPUs. */
static void wait_for_writes(struct bench *b, uint64_t goal, uint64_t end_ns)
{
	while (runners_writes(b) < goal && now_ns() < end_ns)
		usleep(20);
}

/* Uses the TSC, because reading the clock may cost more than the call. */
static void invalidate_pages(struct bench *b, struct operations *ops, bool in_step)
{
	uint64_t start_ns = now_ns(), end_ns = start_ns + opt.seconds * 1000000000UL;
	uint64_t start = rdtsc(), took;

	*ops = (struct operations) {};
	do {
		took = rdtsc();
		dontneed(b->mem, b->mem_len);
		took = rdtsc() - took;
		ops->busy += took;
		ops->gap = max(ops->gap, took);
		if (in_step)
			wait_for_writes(b, runners_writes(b) + OVERLAP_PAGES, end_ns);
		if (!(++ops->nr % 64))
			runners_watch(b);
	} while (now_ns() < end_ns);
	ops->ns = now_ns() - start_ns;
	ops->ticks = rdtsc() - start;
}

static void report_overlap(struct bench *b, const char *mode, const struct operations *ops,
			   uint64_t writes, uint64_t cpu, const struct fault_counts *c)
{
	double us = ops->ns / 1000.0 / ops->ticks;

	ktap_info(OVERLAP_LINE,
		  mode, b->nr_vcpus, ops->nr, ops->ns, writes, c->fixed, c->retries, c->overflow,
		  c->waits, c->wait_ns / b->nr_vcpus, cpu / b->nr_vcpus, runners_gap(b) * us,
		  ops->gap * us, ops->busy * us / ops->nr);
}

/* Returns false if one side did nothing at all. */
static bool measure_overlap(struct bench *b, bool in_step)
{
	struct fault_counts before = count_faults(b), c;
	struct operations ops;
	uint64_t writes, cpu;

	runners_start(b);
	runners_settle(b);
	writes = runners_writes(b);
	cpu = runners_cpu_ns(b);
	invalidate_pages(b, &ops, in_step);
	writes = runners_writes(b) - writes;
	cpu = runners_cpu_ns(b) - cpu;
	/* The last interval without progress, if any, ends now. */
	runners_stop(b);
	c = count_faults(b);
	count_since(&c, &before);
	report_overlap(b, in_step ? "overlap" : "storm", &ops, writes, cpu, &c);
	return writes && ops.nr;
}

static void overlap_or_storm(bool in_step)
{
	struct bench b;
	int i, run, bad;
	char name[32];

	ktap_start(ARRAY_SIZE(vcpu_counts));
	for (i = 0; i < (int)ARRAY_SIZE(vcpu_counts); i++) {
		bench_create(&b, vcpu_counts[i], guest_dirty, OVERLAP_PAGES, OVERLAP_PAGES);
		for (run = 0, bad = 0; run < opt.rounds; run++)
			bad += !measure_overlap(&b, in_step);
		snprintf(name, sizeof(name), "%d-vcpus", vcpu_counts[i]);
		if (bad)
			ktap_fail(name, "%d runs in which one side did nothing", bad);
		else
			ktap_pass(name, "%d runs of %d s", opt.rounds, opt.seconds);
		bench_destroy(&b);
	}
}

static void run_overlap(void)
{
	overlap_or_storm(true);
}

static void run_storm(void)
{
	overlap_or_storm(false);
}

/* ---- blocked ---- */

#define SAMPLE_US		2000

/*
 * Checks every vCPU again and again while an invalidation lasts.  If a vCPU
 * wrote nothing between two checks it was blocked, and the CPU time of its
 * thread meanwhile is the cost of being blocked.
 */
struct sampler {
	struct bench *b;
	pthread_t thread;
	/* Odd while an invalidation lasts. */
	uint64_t epoch;
	bool stop;
	uint64_t blocked_ns;
	uint64_t cpu_ns;
};

struct snapshot {
	uint64_t epoch;
	uint64_t ns;
	uint64_t cpu_ns[MAX_VCPUS];
	uint64_t writes[MAX_VCPUS];
};

static void take_snapshot(struct sampler *s, struct snapshot *l)
{
	int i;

	l->epoch = __atomic_load_n(&s->epoch, __ATOMIC_SEQ_CST);
	l->ns = now_ns();
	for (i = 0; i < s->b->nr_vcpus; i++) {
		l->cpu_ns[i] = runner_cpu_ns(&s->b->runner[i]);
		l->writes[i] = READ_ONCE(s->b->runner[i].shared->writes);
	}
}

static void compare_snapshots(struct sampler *s, const struct snapshot *old,
			      const struct snapshot *new)
{
	int i;

	if (old->epoch != new->epoch || !(new->epoch & 1))
		return;
	for (i = 0; i < s->b->nr_vcpus; i++) {
		if (old->writes[i] != new->writes[i])
			continue;
		s->blocked_ns += new->ns - old->ns;
		s->cpu_ns += new->cpu_ns[i] - old->cpu_ns[i];
	}
}

static void *sampler_main(void *arg)
{
	struct sampler *s = arg;
	struct snapshot old, new;

	take_snapshot(s, &old);
	while (!READ_ONCE(s->stop)) {
		usleep(SAMPLE_US);
		take_snapshot(s, &new);
		compare_snapshots(s, &old, &new);
		old = new;
	}
	return NULL;
}

static void next_epoch(struct sampler *s)
{
	__atomic_add_fetch(&s->epoch, 1, __ATOMIC_SEQ_CST);
}

/*
 * Most pages of the memslot belong to the host only, and make the invalidation
 * long.  The guest continues with its few pages until KVM has zapped them, at
 * the beginning, and then wants them back until the end.
 */
static uint64_t block_once(struct bench *b, struct sampler *s)
{
	uint64_t start;

	populate(b->mem, b->mem_len);
	runners_settle(b);
	next_epoch(s);
	start = now_ns();
	dontneed(b->mem, b->mem_len);
	start = now_ns() - start;
	next_epoch(s);
	return start;
}

/* Returns false if no vCPU was seen to be blocked. */
static bool measure_blocked(struct bench *b)
{
	struct fault_counts before = count_faults(b), c;
	struct sampler s = { .b = b };
	uint64_t ns = 0;
	int run;

	runners_start(b);
	pthread_create(&s.thread, NULL, sampler_main, &s);
	for (run = 0; run < opt.rounds; run++)
		ns += block_once(b, &s);
	WRITE_ONCE(s.stop, true);
	pthread_join(s.thread, NULL);
	runners_stop(b);
	c = count_faults(b);
	count_since(&c, &before);
	ktap_info(BLOCKED_LINE,
		  b->nr_vcpus, opt.rounds, ns, s.blocked_ns, s.cpu_ns, c.retries, c.waits,
		  c.wait_ns / b->nr_vcpus);
	return s.blocked_ns;
}

static void run_blocked(void)
{
	struct bench b;
	char name[32];
	int i;

	ktap_start(ARRAY_SIZE(vcpu_counts));
	for (i = 0; i < (int)ARRAY_SIZE(vcpu_counts); i++) {
		bench_create(&b, vcpu_counts[i], guest_dirty, BLOCKED_DIRTY, BLOCKED_PAGES);
		snprintf(name, sizeof(name), "%d-vcpus", vcpu_counts[i]);
		if (measure_blocked(&b))
			ktap_pass(name, "%d long invalidations", opt.rounds);
		else
			ktap_fail(name, "no vCPU was blocked");
		bench_destroy(&b);
	}
}

/* ---- icount ---- */

static const int slot_counts[] = { 1, 512, 32000 };

static int compare_samples(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void report_samples(const char *what, uint32_t *samples, uint64_t less)
{
	qsort(samples, NR_SAMPLES, sizeof(*samples), compare_samples);
	ktap_info("measure icount what=%s min=%lu p10=%lu median=%lu max=%lu", what,
		  samples[0] - less, samples[NR_SAMPLES / 10] - less,
		  samples[NR_SAMPLES / 2] - less, samples[NR_SAMPLES - 1] - less);
}

/* Less the cost of the same touch when the page is mapped. */
static void icount_fault(void)
{
	struct bench b;

	bench_create(&b, 1, guest_icount, NR_SAMPLES, NR_SAMPLES);
	populate(b.mem, b.mem_len);
	run_to_sync(&b.runner[0]);
	ktap_info("in the guest: %lu instructions are %lu ticks, a mapped touch %lu",
		  2 * ICOUNT_LOOPS, b.shared->loop_ticks, b.shared->hot_ticks);
	if (bench_stat(&b, "pf_fixed") < NR_SAMPLES) {
		ktap_fail("fault", "KVM fixed only %lu faults", bench_stat(&b, "pf_fixed"));
	} else {
		report_samples("fault", b.shared->samples, b.shared->hot_ticks);
		ktap_pass("fault", "%d samples", NR_SAMPLES);
	}
	bench_destroy(&b);
}

static void icount_dontneed(int nr_slots, uint8_t *outside)
{
	static uint32_t samples[NR_SAMPLES];
	char name[32];
	uint64_t start;
	int i;

	for (i = 0; i < NR_SAMPLES; i++) {
		start = rdtsc();
		dontneed(outside, PAGE);
		samples[i] = rdtsc() - start;
	}
	snprintf(name, sizeof(name), "dontneed-%d-slots", nr_slots);
	report_samples(name, samples, 0);
	ktap_pass(name, "%d samples", NR_SAMPLES);
}

/* The framework's own memslot is the first. */
static void icount_slots(void)
{
	uint8_t *outside = map_memory(PAGE), *mem;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int slot = 1, i;

	mem = map_memory(slot_counts[ARRAY_SIZE(slot_counts) - 1] * PAGE);
	vm = vm_create_with_one_vcpu(&vcpu, guest_icount);
	for (i = 0; i < (int)ARRAY_SIZE(slot_counts); i++) {
		for (; slot < slot_counts[i]; slot++)
			vm_set_user_memory_region(vm, slot, 0, MEM_GPA + slot * PAGE, PAGE,
						  mem + slot * PAGE);
		icount_dontneed(slot_counts[i], outside);
	}
	kvm_vm_free(vm);
}

static void run_icount(void)
{
	ktap_start(1 + ARRAY_SIZE(slot_counts));
	if (!icount_works()) {
		ktap_info("the TSC does not count instructions: needs QEMU's instruction counter");
		exit(KSFT_FAIL);
	}
	icount_fault();
	icount_slots();
}

/* ---- main ---- */

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "columns", run_columns },
	{ "overlap", run_overlap },
	{ "storm", run_storm },
	{ "blocked", run_blocked },
	{ "icount", run_icount },
};

static void usage(const char *name)
{
	printf("Usage: %s columns|overlap|storm|blocked|icount [option]...\n"
	       " -s  seed of the order of the columns (default 0)\n"
	       " -r  rounds of each measurement (default %d)\n"
	       " -t  seconds of each round of overlap and storm (default %d)\n"
	       " -p  pages of columns (default and at most %lu)\n",
	       name, opt.rounds, opt.seconds, opt.pages);
}

static const struct mode *parse_options(int argc, char **argv)
{
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "s:r:t:p:h")) != -1) {
		if (c == 's')
			opt.seed = strtoul(optarg, NULL, 0);
		else if (c == 'r')
			opt.rounds = atoi(optarg);
		else if (c == 't')
			opt.seconds = atoi(optarg);
		else if (c == 'p')
			opt.pages = strtoul(optarg, NULL, 0);
		else
			return NULL;
	}
	if (!opt.pages || opt.pages > MAX_COLUMN_PAGES)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(modes) && optind == argc - 1; i++)
		if (!strcmp(argv[optind], modes[i].name) && opt.rounds > 0 && opt.seconds > 0)
			return &modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct mode *mode = parse_options(argc, argv);

	if (!mode) {
		usage(argv[0]);
		return KSFT_FAIL;
	}
	guard_init();
	catch_signals();
	mode->run();
	return ktap_finish();
}
