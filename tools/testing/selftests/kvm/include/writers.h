/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM whose vCPUs keep writing and checking one region of memory, for tests
 * that invalidate that memory.  A test maps the region, and then calls:
 *
 *	writers_create()	VM, memslots, guest mappings, oracle logs
 *	writers_start()		the vCPUs run until writers_stop()
 *	writers_watch()		to be called often: detects a vCPU without progress
 *	writers_verify()	checks the host's view of some pages, at any time, by
 *				the one thread that erases them
 *	writers_hole_begin/end	around anything that makes an address unusable; only
 *				then may KVM_RUN return EFAULT
 *	writers_stop()		returns when all vCPUs have ended
 *	writers_destroy()
 *
 * Every vCPU visits every page, but each cell of a page has one writer; visits
 * to the cells of others only read.  Seven of eight visits go to the ranges
 * that the test marks as hot, so that an attack hits pages that are in use.
 */
#ifndef SELFTEST_KVM_WRITERS_H
#define SELFTEST_KVM_WRITERS_H

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "deadline.h"
#include "framework.h"
#include "ktap.h"
#include "kvm_stats.h"
#include "live.h"
#include "options.h"
#include "oracle.h"
#include "sum_counts.h"
#include "vcpu_guard.h"

#define WRITERS_MAX_VCPUS	64
#define WRITERS_MAX_HOT		8
#define WRITERS_MEM_SLOT	1
#define WRITERS_CTL_SLOT	2
#define WRITERS_MEM_GPA		0x100000000UL
#define WRITERS_MEM_GVA		0x1000000000UL
#define WRITERS_CTL_GVA		0x10000000000UL
#define WRITERS_HUGE		0x200000UL
#define WRITERS_GIGANTIC	0x40000000UL

enum writers_message { WRITERS_BAD = 1, WRITERS_TRAP };

/* What a vCPU reports, in memory that is never invalidated. */
struct writers_vcpu {
	uint64_t visits;
	uint64_t writes;
	uint64_t erased;
	struct oracle_report report;
} __aligned(128);

struct writers_ctl {
	uint64_t stop;
	uint64_t round;
	uint64_t hot[WRITERS_MAX_HOT];
	struct writers_vcpu vcpu[WRITERS_MAX_VCPUS];
	struct oracle_page log[];
};

/* What the guest code needs to know; a copy is in guest memory. */
struct writers_guest {
	struct writers_ctl *ctl;
	uint64_t mem;
	uint64_t pages;
	uint64_t step;
	uint64_t distinct;
	uint64_t salt;
	uint32_t nr_vcpus;
	uint32_t nr_hot;
	uint32_t windows;
};

/*
 * Options beyond writers_create().  With several windows the guest has that
 * many virtual ranges for the region, on the guest physical ranges of
 * writers_gpa(); the test then creates the memslots.
 */
struct writers_setup {
	/* Guest code; NULL for that of the writers. */
	void *code;
	int nr_vcpus;
	void *hva;
	uint64_t pages;
	/* Bytes from one page to the next; 0 if they are adjacent. */
	uint64_t step;
	bool huge;
	int nr_hot;
	uint64_t seed;
	int windows;
	uint32_t dirty_ring;
	/* From writers_map_ctl(), if another process needs it, too. */
	struct writers_ctl *ctl;
};

struct writers;

struct writers_thread {
	struct writers *w;
	struct kvm_vcpu *vcpu;
	struct writers_vcpu *shared;
	pthread_t thread;
	struct kvm_stats stats;
	pid_t tid;
	bool finished;
	bool kicked;
	uint64_t efaults;
	/* Holes that had ended when KVM_RUN was entered. */
	uint64_t ended;
	struct stall stall;
};

struct writers {
	struct kvm_vm *vm;
	struct kvm_stats stats;
	struct writers_ctl *ctl;
	size_t ctl_size;
	uint64_t *hva;
	uint64_t pages;
	uint64_t step;
	/* Number of pages with different contents: all, except in twins.h. */
	uint64_t distinct;
	uint64_t salt;
	int nr_vcpus;
	int stall_seconds;
	bool failed;
	uint64_t found[ORACLE_VERDICTS];
	/* The first wrong word, and when it was found (0: none). */
	struct oracle_report bad;
	uint64_t bad_us;
	uint64_t holes_begun;
	uint64_t holes_ended;
	/*
	 * Handles an exit that the test expects; returns true if the vCPU
	 * continues.
	 */
	bool (*on_exit)(struct writers_thread *t);
	void *owner;
	struct writers_thread thread[WRITERS_MAX_VCPUS];
};

static struct writers_guest writers_guest;

/* One page larger than the region, so that no two windows are aligned alike. */
static inline uint64_t writers_window(uint64_t pages, int window)
{
	return window * (pages + 1) * ORACLE_PAGE_SIZE;
}

static inline uint64_t writers_gpa(uint64_t pages, int window, uint64_t page)
{
	return WRITERS_MEM_GPA + writers_window(pages, window) + page * ORACLE_PAGE_SIZE;
}

/* ---- guest ---- */

static inline uint64_t writers_scale(uint64_t random, uint64_t n)
{
	return ((random & 0xffffffff) * n) >> 32;
}

static inline uint64_t writers_pick(const struct writers_guest *g, uint64_t random)
{
	uint64_t hot = 0;

	if (random >> 61 && g->nr_hot)
		hot = READ_ONCE(g->ctl->hot[writers_scale(random >> 24, g->nr_hot)]);
	if ((uint32_t)hot)
		return (hot >> 32) + writers_scale(random, (uint32_t)hot);
	return writers_scale(random, g->pages);
}

static inline uint64_t *writers_pick_window(const struct writers_guest *g, uint64_t page,
					    uint64_t random)
{
	uint64_t window = g->windows > 1 ? writers_scale(random >> 16, g->windows) : 0;

	return (uint64_t *)(g->mem + writers_window(g->pages, window) + page * g->step);
}

/*
 * Reports something unexpected: its kind and place.  The string has the same
 * address in the host.
 */
static inline void writers_unexpected(const char *what, uint64_t number, uint64_t rip,
				      uint64_t info)
{
	ucall(UCALL_SYNC, 5, what, WRITERS_TRAP, number, rip, info);
}

static inline void writers_trap(struct ex_regs *regs)
{
	writers_unexpected("exception", regs->vector, regs->rip, regs->error_code);
}

/* One visit to a page, which is at @mem for the caller. */
static inline void writers_visit(const struct writers_guest *g, uint32_t me, uint64_t page,
				 uint64_t *mem, uint64_t random)
{
	struct writers_vcpu *v = &g->ctl->vcpu[me];
	struct oracle_page *log = &g->ctl->log[page];
	int cell = (random >> 56) % ORACLE_CELLS;
	bool mine = (page + cell) % g->nr_vcpus == me;

	/*
	 * Half of the writes touch their page without a read before, which is
	 * another fault.
	 */
	if (!mine || random & 0x100000) {
		if (!oracle_check(log, mem, g->salt, page, cell, &v->report))
			GUEST_SYNC(WRITERS_BAD);
		v->erased += v->report.erased;
	}
	if (mine) {
		oracle_write(log, mem, g->salt, page, cell);
		v->writes += ORACLE_WORDS;
	}
	WRITE_ONCE(v->visits, v->visits + 1);
}

static inline uint64_t writers_seed(const struct writers_guest *g, uint32_t me)
{
	return oracle_mix(g->salt + me + 1) | 1;
}

static void writers_guest_code(uint32_t me)
{
	const struct writers_guest *g = &writers_guest;
	uint64_t random, page, rng = writers_seed(g, me);

	while (!READ_ONCE(g->ctl->stop)) {
		random = oracle_random(&rng);
		page = writers_pick(g, random);
		writers_visit(g, me, page, writers_pick_window(g, page, random), random);
	}
	GUEST_DONE();
}

/* ---- host: counters ---- */

static inline uint64_t writers_visits(struct writers *w)
{
	return sum_counts(w->ctl->vcpu, w->nr_vcpus, visits);
}

static inline uint64_t writers_writes(struct writers *w)
{
	return sum_counts(w->ctl->vcpu, w->nr_vcpus, writes);
}

static inline uint64_t writers_erased(struct writers *w)
{
	return sum_counts(w->ctl->vcpu, w->nr_vcpus, erased);
}

static inline uint64_t writers_efaults(struct writers *w)
{
	return sum_counts(w->thread, w->nr_vcpus, efaults);
}

static inline uint64_t writers_faults(struct writers *w)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < w->nr_vcpus; i++)
		sum += kvm_stats_read(&w->thread[i].stats, "pf_fixed");
	return sum;
}

/* ---- host: failures ---- */

static inline bool writers_failed(struct writers *w)
{
	return READ_ONCE(w->failed);
}

static inline void writers_fail(struct writers *w)
{
	WRITE_ONCE(w->failed, true);
	WRITE_ONCE(w->ctl->stop, 1);
}

static inline void writers_found(struct writers *w, enum oracle_verdict verdict)
{
	__atomic_add_fetch(&w->found[verdict], 1, __ATOMIC_SEQ_CST);
	writers_fail(w);
}

/* Also sets the page; @r->cell is ORACLE_CELLS if no single word was judged. */
static inline void writers_found_in(struct writers *w, const struct oracle_report *r)
{
	uint64_t none = 0;

	if (__atomic_compare_exchange_n(&w->bad_us, &none, now_us(), false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		w->bad = *r;
	writers_found(w, r->verdict);
}

static inline void writers_report(struct writers *w, const char *by,
				  const struct oracle_report *r)
{
	uint64_t page = r->page % w->distinct;
	int owner = (page + r->cell) % w->nr_vcpus;

	ktap_info("%s seen by %s: page=%lu word=%d value=%#lx (write %lu of vcpu%d; "
		  "its log: start=%lu end=%lu quiet=%u seen=%u; page: begun=%u gone=%u)",
		  oracle_names[r->verdict], by, r->page,
		  oracle_index(page, r->cell, r->word), r->value,
		  r->value >> ORACLE_TAG_BITS, owner, r->start, r->end, r->quiet, r->seen,
		  r->begun, r->gone);
	writers_found_in(w, r);
}

/* ---- host: vCPU threads ---- */

static inline void writers_hole_begin(struct writers *w)
{
	__atomic_add_fetch(&w->holes_begun, 1, __ATOMIC_SEQ_CST);
}

static inline void writers_hole_end(struct writers *w)
{
	__atomic_add_fetch(&w->holes_ended, 1, __ATOMIC_SEQ_CST);
}

/* Returns false if the guest sent neither its own message nor the end. */
static inline bool writers_message(struct writers_thread *t)
{
	struct ucall uc;
	char by[16];

	switch (get_ucall(t->vcpu, &uc)) {
	case UCALL_DONE:
		return true;
	case UCALL_SYNC:
		break;
	default:
		return false;
	}
	if (uc.args[1] == WRITERS_TRAP) {
		guard_rip(t->vcpu->id, uc.args[3]);
		ktap_info("vcpu=%u %s: %#lx rip=%#lx info=%#lx", t->vcpu->id,
			  (const char *)uc.args[0], uc.args[2], uc.args[3], uc.args[4]);
		return false;
	}
	snprintf(by, sizeof(by), "vcpu%u", t->vcpu->id);
	writers_report(t->w, by, &t->shared->report);
	return true;
}

/* Returns true if there was a hole at any time since KVM_RUN was entered. */
static inline bool writers_met_hole(struct writers_thread *t)
{
	return __atomic_load_n(&t->w->holes_begun, __ATOMIC_SEQ_CST) != t->ended;
}

/* Handles an error of KVM_RUN; returns true if the vCPU continues. */
static inline bool writers_run_error(struct writers_thread *t, int error)
{
	struct writers *w = t->w;

	if (error == EFAULT && writers_met_hole(t)) {
		WRITE_ONCE(t->efaults, t->efaults + 1);
		if (writers_failed(w))
			return false;
		sched_yield();
		return true;
	}
	if (error == EINTR && !READ_ONCE(t->kicked))
		return true;
	if (error == EINTR)
		ktap_info("vcpu=%u made no progress for %d s", t->vcpu->id, w->stall_seconds);
	else
		ktap_info("vcpu=%u KVM_RUN: %s%s", t->vcpu->id, strerror(error),
			  error == EFAULT ? ", but nothing was unmapped" : "");
	guard_dump(t->vcpu);
	writers_fail(w);
	return false;
}

static inline void *writers_vcpu_main(void *arg)
{
	struct writers_thread *t = arg;

	t->tid = syscall(SYS_gettid);
	for (;;) {
		t->ended = __atomic_load_n(&t->w->holes_ended, __ATOMIC_SEQ_CST);
		if (__vcpu_run(t->vcpu)) {
			if (writers_run_error(t, errno))
				continue;
			break;
		}
		if (t->w->on_exit && t->w->on_exit(t))
			continue;
		if (writers_message(t))
			break;
		guard_unexpected(t->vcpu);
		writers_fail(t->w);
		break;
	}
	__atomic_store_n(&t->finished, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static inline void writers_nothing(int sig)
{
	(void)sig;
}

/* Makes a vCPU without progress leave KVM_RUN, to read its registers. */
static inline void writers_kick(struct writers_thread *t)
{
	int i;

	WRITE_ONCE(t->kicked, true);
	WRITE_ONCE(t->vcpu->run->immediate_exit, 1);
	pthread_kill(t->thread, SIGUSR1);
	for (i = 0; i < 500 && !READ_ONCE(t->finished); i++)
		usleep(10000);
	if (READ_ONCE(t->finished))
		return;
	ktap_info("vcpu=%u made no progress for %d s and a signal does not make it leave KVM_RUN",
		  t->vcpu->id, t->w->stall_seconds);
	guard_print_thread(t->tid);
	exit(KSFT_FAIL);
}

static inline void writers_watch(struct writers *w)
{
	struct writers_thread *t;
	int i;

	for (i = 0; i < w->nr_vcpus; i++) {
		t = &w->thread[i];
		if (!READ_ONCE(t->finished) &&
		    stall_seen(&t->stall, READ_ONCE(t->shared->visits), w->stall_seconds))
			writers_kick(t);
	}
}

/* Callback for live_attach(). */
static void writers_report_counts(void *owner, struct live_counts *c)
{
	static const char * const retries[] = { "mmu_interval_retry_overlap",
		"mmu_interval_retry_overflow", "mmu_interval_retry_memslot",
		"mmu_interval_retry_internal" };
	uint64_t bucket[KVM_STATS_BUCKETS], n;
	struct writers *w = owner;
	struct kvm_stats *stats;
	size_t k;
	int i, b;

	c->writes = writers_writes(w);
	c->faults = writers_faults(w);
	c->interval = kvm_stats_get(&w->stats, "mmu_interval_invalidate", &c->invalidations);
	for (i = 0; i < w->nr_vcpus; i++) {
		stats = &w->thread[i].stats;
		for (k = 0; k < ARRAY_SIZE(retries); k++) {
			kvm_stats_get(stats, retries[k], &n);
			c->retries += n;
		}
		kvm_stats_get(stats, "mmu_interval_wait", &n);
		c->waits += n;
		for (b = kvm_stats_hist(stats, "mmu_interval_wait_hist", bucket); b-- > 0; )
			if (bucket[b] && 1UL << b > c->wait_ns)
				c->wait_ns = 1UL << b;
	}
}

static inline void writers_start(struct writers *w)
{
	struct sigaction sa = { .sa_handler = writers_nothing };
	int i, r;

	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < w->nr_vcpus; i++) {
		r = pthread_create(&w->thread[i].thread, NULL, writers_vcpu_main, &w->thread[i]);
		TEST_ASSERT(!r, "pthread_create: %s", strerror(r));
	}
	live_attach(writers_report_counts, w);
}

static inline void writers_stop(struct writers *w)
{
	int i;

	WRITE_ONCE(w->ctl->stop, 1);
	for (i = 0; i < w->nr_vcpus; i++) {
		while (!__atomic_load_n(&w->thread[i].finished, __ATOMIC_SEQ_CST)) {
			usleep(1000);
			writers_watch(w);
		}
		pthread_join(w->thread[i].thread, NULL);
	}
	live_detach();
}

/* ---- host: the oracle ---- */

/* Checks @n pages from @first, which are at @mem, while the guest continues. */
static inline bool writers_verify_at(struct writers *w, const uint64_t *mem, uint64_t first,
				     uint64_t n)
{
	struct oracle_report r;
	uint64_t p;
	int cell;

	for (p = 0; p < n; p++) {
		for (cell = 0; cell < ORACLE_CELLS; cell++) {
			if (oracle_check(&w->ctl->log[first + p],
					 mem + p * (w->step / sizeof(*mem)), w->salt,
					 (first + p) % w->distinct, cell, &r))
				continue;
			r.page = first + p;
			writers_report(w, "host", &r);
			return false;
		}
	}
	return true;
}

static inline uint64_t *writers_page(struct writers *w, uint64_t page)
{
	return w->hva + page * (w->step / sizeof(*w->hva));
}

static inline bool writers_verify(struct writers *w, uint64_t first, uint64_t n)
{
	return writers_verify_at(w, writers_page(w, first), first, n);
}

/* Called with all vCPUs stopped: words that are never written must be zero. */
static inline bool writers_verify_rest(struct writers *w, uint64_t page)
{
	struct oracle_report r = { .verdict = ORACLE_TORN, .cell = ORACLE_CELLS, .page = page };
	const uint64_t *mem = writers_page(w, page);
	bool stamped[ORACLE_PAGE_SIZE / 8] = {};
	unsigned int i, k;

	for (i = 0; i < ORACLE_CELLS; i++)
		for (k = 0; k < ORACLE_WORDS; k++)
			stamped[oracle_index(page % w->distinct, i, k)] = true;
	for (i = 0; i < ARRAY_SIZE(stamped); i++) {
		if (stamped[i] || !mem[i])
			continue;
		ktap_info("TORN seen by host: page=%lu word=%u value=%#lx, where nobody writes",
			  page, i, mem[i]);
		writers_found_in(w, &r);
		return false;
	}
	return true;
}

static inline bool writers_verify_all(struct writers *w)
{
	uint64_t p;

	if (!writers_verify(w, 0, w->pages))
		return false;
	for (p = 0; p < w->pages; p++)
		if (!writers_verify_rest(w, p))
			return false;
	return true;
}

/* ---- host: the VM ---- */

static inline size_t writers_ctl_size(uint64_t pages)
{
	return align_up(sizeof(struct writers_ctl) + pages * sizeof(struct oracle_page),
			ORACLE_PAGE_SIZE);
}

static inline struct writers_ctl *writers_map_ctl(uint64_t pages)
{
	void *p = mmap(NULL, writers_ctl_size(pages), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %zu bytes: %s", writers_ctl_size(pages),
		    strerror(errno));
	return p;
}

/*
 * Placed above all windows, and above one more that a test may use without a
 * guest.
 */
static inline void writers_add_ctl(struct writers *w, int windows)
{
	uint64_t pages = w->pages * w->step / ORACLE_PAGE_SIZE;
	uint64_t gpa = align_up(writers_gpa(pages, windows + 1, 0), WRITERS_HUGE);

	vm_set_user_memory_region(w->vm, WRITERS_CTL_SLOT, 0, gpa, w->ctl_size, w->ctl);
	virt_map(w->vm, WRITERS_CTL_GVA, gpa, w->ctl_size / ORACLE_PAGE_SIZE);
}

/*
 * A region of huge pages is also mapped with huge pages in the guest's page
 * tables.
 */
static inline void writers_add_mem(struct writers *w, bool huge, int windows)
{
	uint64_t size = w->pages * w->step;
	int i, level = size % WRITERS_GIGANTIC ? PG_LEVEL_2M : PG_LEVEL_1G;

	if (!windows)
		vm_set_user_memory_region(w->vm, WRITERS_MEM_SLOT, 0, WRITERS_MEM_GPA, size,
					  w->hva);
	if (huge)
		virt_map_level(w->vm, WRITERS_MEM_GVA, WRITERS_MEM_GPA, size, level);
	for (i = huge; i < windows || !i; i++)
		virt_map(w->vm, WRITERS_MEM_GVA + writers_window(w->pages, i),
			 writers_gpa(w->pages, i, 0), w->pages);
}

static inline void writers_create_vm(struct writers *w, const struct writers_setup *s,
				     struct kvm_vcpu **vcpus)
{
	uint64_t extra = (w->pages + 1) * max(s->windows, 1) + w->ctl_size / ORACLE_PAGE_SIZE;
	int i;

	w->vm = __vm_create(VM_SHAPE_DEFAULT, s->nr_vcpus, extra + 16);
	if (s->dirty_ring)
		vm_enable_dirty_ring(w->vm, s->dirty_ring);
	for (i = 0; i < s->nr_vcpus; i++)
		vcpus[i] = vm_vcpu_add(w->vm, i, s->code ?: writers_guest_code);
	writers_add_mem(w, s->huge, s->windows);
	writers_add_ctl(w, max(s->windows, 1));
	guard_catch_exceptions(w->vm, vcpus, s->nr_vcpus, writers_trap);
}

static inline void writers_set_guest(struct writers *w, const struct writers_setup *s)
{
	writers_guest = (struct writers_guest) {
		.ctl = (void *)WRITERS_CTL_GVA,
		.mem = WRITERS_MEM_GVA,
		.pages = s->pages,
		.step = w->step,
		.distinct = s->pages,
		.salt = w->salt,
		.nr_vcpus = s->nr_vcpus,
		.nr_hot = s->nr_hot,
		.windows = s->windows,
	};
	sync_global_to_guest(w->vm, writers_guest);
}

static inline void writers_create_from(struct writers *w, const struct writers_setup *s)
{
	struct kvm_vcpu *vcpus[WRITERS_MAX_VCPUS];
	int i;

	memset(w, 0, sizeof(*w));
	w->nr_vcpus = s->nr_vcpus;
	w->hva = s->hva;
	w->pages = s->pages;
	w->step = s->step ?: ORACLE_PAGE_SIZE;
	w->distinct = s->pages;
	w->salt = oracle_mix(s->seed);
	w->stall_seconds = 20;
	w->ctl = s->ctl ?: writers_map_ctl(s->pages);
	w->ctl_size = writers_ctl_size(s->pages);
	writers_create_vm(w, s, vcpus);
	writers_set_guest(w, s);
	kvm_stats_open_vm(&w->stats, w->vm);

	for (i = 0; i < s->nr_vcpus; i++) {
		vcpu_args_set(vcpus[i], 1, i);
		w->thread[i].w = w;
		w->thread[i].vcpu = vcpus[i];
		w->thread[i].shared = &w->ctl->vcpu[i];
		kvm_stats_open_vcpu(&w->thread[i].stats, vcpus[i]);
	}
}

static inline void writers_create(struct writers *w, int nr_vcpus, void *hva, uint64_t pages,
				  bool huge, int nr_hot, uint64_t seed)
{
	struct writers_setup s = {
		.nr_vcpus = nr_vcpus,
		.hva = hva,
		.pages = pages,
		.huge = huge,
		.nr_hot = nr_hot,
		.seed = seed,
	};

	writers_create_from(w, &s);
}

static inline void writers_free_vm(struct writers *w)
{
	int i;

	for (i = 0; i < w->nr_vcpus; i++)
		kvm_stats_close(&w->thread[i].stats);
	kvm_stats_close(&w->stats);
	kvm_vm_free(w->vm);
}

static inline void writers_free_ctl(struct writers *w)
{
	munmap(w->ctl, w->ctl_size);
}

static inline void writers_destroy(struct writers *w)
{
	writers_free_vm(w);
	writers_free_ctl(w);
}

#endif /* SELFTEST_KVM_WRITERS_H */
