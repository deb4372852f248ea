// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest writes into a page that KSM has merged: the
 * write shows up in other pages with the same contents, possibly those of
 * another VM.  Or KVM holds a reference for ever, and the page is never merged
 * again.
 *
 * vCPUs read and write pages that become identical again and again, while KSM
 * merges them, and writes break them apart.
 *
 * The guests' pages are "twins" (include/twins.h): in each round every cell is
 * written once; then the guests only read until the conductor, which watches
 * KSM, opens the next round.  include/oracle.h defines what each word may hold.
 * Also:
 *   - a range that is no longer mergeable has no merged page;
 *   - with the guests stopped, KSM merges every page; it skips a page to which anybody,
 *     e.g. a fault in KVM, still has a reference;
 *   - each merged page is mapped exactly as often as the page tables say, and after
 *     everything is unmerged each page once.
 * A case also fails if KSM did not merge, if no write broke a merged page, or
 * if KVM was not notified (tracepoint kvm_set_spte_hva, up to 6.9).
 *
 * Each VM is a "side": a thread of this process, or a process of its own, that
 * runs its vCPUs on behalf of the conductor and reports to it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>

#include "cases.h"
#include "child.h"
#include "counters.h"
#include "deadline.h"
#include "knob.h"
#include "kvm_util.h"
#include "page_state.h"
#include "test_util.h"
#include "trace_count.h"
#include "twins.h"

#define PAGE			ORACLE_PAGE_SIZE
#define PAGES			128UL	/* of all VMs of a case */
#define DISTINCT		8
/* Page frames when all pages are merged; see all_merged(). */
#define FRAMES_MAX		(2 * DISTINCT)
#define MAX_SIDES		2
#define DEADLINE_STEPS		40
/* A wait fails after every side has checked its guest this often ... */
#define DEADLINE_CHECKS		3000
/* ... or after this many full scans of KSM. */
#define DEADLINE_PASSES		300

#define KSMD_NICE		5

#define KSM			"/sys/kernel/mm/ksm/"
#define SET_SPTE		"kvm/kvm_set_spte_hva"

#define COUNTS		"writes=%lu merges=%lu cows=%lu set_spte=%lu unmerged=%lu "		\
			"zeroed=%lu rounds=%lu faults=%lu ms=%lu"

#define GUEST_LINE	"guest writes=%lu merges=%lu cows=%lu unmerged=%lu zeroed=%lu "		\
			"faults=%lu stale=%lu lost=%lu torn=%lu"

enum phase { SIDE_RUN, SIDE_STOP, SIDE_END };

struct conductor;

struct test_case {
	char name[32];
	void (*step)(struct conductor *c);
	int vcpus;
	int sides;
	bool processes;
	bool zero;
};

/* One VM, in memory that its process shares with the conductor. */
struct side {
	/* Commands to it. */
	int vcpus;
	uint64_t pages;
	uint64_t round;
	int phase;	/* enum phase; an int for the __atomic builtins */
	/* Reports from it. */
	bool ready;
	bool stopped;
	bool failed;
	uint64_t checks;
	uint64_t settled;
	uint64_t writes;
	uint64_t faults;
	uint64_t found[ORACLE_VERDICTS];
	uint8_t *hva;
	/* Only valid in its own process. */
	struct writers *w;
	/* Where it runs. */
	pthread_t thread;
	pid_t child;
	struct page_state state;
};

struct result {
	uint64_t writes;
	uint64_t merges;
	uint64_t cows;
	uint64_t set_spte;
	uint64_t unmerged;
	uint64_t zeroed;
	uint64_t rounds;
	uint64_t faults;
	uint64_t usec;
};

struct conductor {
	const struct test_case *tc;
	struct side *side;
	uint64_t rng;
	uint64_t round;
	uint64_t lap_us;
	uint64_t sharing;
	uint64_t others;
	struct trace_count set_spte;
	struct result r;
	const char *why;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 2,
	.max_vcpus = WRITERS_MAX_VCPUS,
};

/* ---- sides ---- */

static void report_side(struct side *s, struct writers *w)
{
	int i;

	WRITE_ONCE(s->writes, writers_writes(w));
	WRITE_ONCE(s->faults, writers_faults(w));
	for (i = 0; i < ORACLE_VERDICTS; i++)
		WRITE_ONCE(s->found[i], w->found[i]);
	WRITE_ONCE(s->failed, writers_failed(w));
	WRITE_ONCE(s->checks, s->checks + 1);
}

static void advise(struct side *s, uint64_t first, uint64_t n, int advice)
{
	TEST_ASSERT(!madvise(s->hva + first * PAGE, n * PAGE, advice), "madvise(%d): %s", advice,
		    strerror(errno));
}

static void create_memory(struct side *s)
{
	s->hva = mmap(NULL, s->pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(s->hva != MAP_FAILED, "mmap of %lu pages: %s", s->pages, strerror(errno));
	madvise(s->hva, s->pages * PAGE, MADV_NOHUGEPAGE);
	advise(s, 0, s->pages, MADV_MERGEABLE);
}

/* Follows the rounds, and checks from the host at the end of each. */
static void run_rounds(struct side *s, struct writers *w)
{
	while (READ_ONCE(s->phase) == SIDE_RUN && !writers_failed(w)) {
		twins_open_round(w, READ_ONCE(s->round));
		usleep(5000);
		writers_watch(w);
		if (s->settled < twins_round(w) && twins_settled(w) &&
		    writers_verify(w, 0, s->pages))
			WRITE_ONCE(s->settled, twins_round(w));
		report_side(s, w);
	}
}

static void *side_main(void *arg)
{
	struct side *s = arg;
	struct writers w;

	create_memory(s);
	twins_create(&w, s->vcpus, s->hva, s->pages, DISTINCT, opt.seed);
	s->w = &w;
	writers_start(&w);
	__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);

	run_rounds(s, &w);
	writers_stop(&w);
	if (!writers_failed(&w))
		writers_verify_all(&w);
	report_side(s, &w);
	__atomic_store_n(&s->stopped, true, __ATOMIC_RELEASE);

	while (__atomic_load_n(&s->phase, __ATOMIC_ACQUIRE) != SIDE_END)
		usleep(1000);
	if (!writers_failed(&w))
		writers_verify_all(&w);
	report_side(s, &w);
	writers_destroy(&w);
	munmap(s->hva, s->pages * PAGE);
	return NULL;
}

/* The child must not restore the conductor's knobs. */
static pid_t side_fork(struct side *s)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	side_main(s);
	_exit(0);
}

static void side_start(struct side *s, const struct test_case *tc, bool process)
{
	memset(s, 0, sizeof(*s));
	s->vcpus = tc->vcpus;
	s->pages = PAGES / tc->sides;
	if (process)
		s->child = side_fork(s);
	else
		TEST_ASSERT(!pthread_create(&s->thread, NULL, side_main, s), "pthread_create");
	while (!__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE)) {
		TEST_ASSERT(!process || !waitpid(s->child, NULL, WNOHANG), "a VM's process died");
		usleep(1000);
	}
	TEST_ASSERT(page_state_open(&s->state, process ? s->child : getpid()), "pagemap");
}

static void side_end(struct side *s)
{
	int status;

	__atomic_store_n(&s->phase, SIDE_END, __ATOMIC_RELEASE);
	if (!s->child)
		pthread_join(s->thread, NULL);
	else if (waitpid(s->child, &status, 0) == s->child && status)
		s->failed = true;
	page_state_close(&s->state);
}

/* ---- waiting ---- */

static bool failed(struct conductor *c)
{
	int i;

	for (i = 0; i < c->tc->sides; i++)
		if (READ_ONCE(c->side[i].failed))
			return true;
	return c->why;
}

/* A page that no longer shares a frame was written, unless it was unmerged. */
static void sample(struct conductor *c)
{
	uint64_t now = counter_read(KSM "pages_sharing");

	if (now > c->sharing)
		c->r.merges += now - c->sharing;
	else
		c->r.cows += c->sharing - now;
	c->sharing = now;
}

/*
 * Waits until @done.  Returns false on a failure, or if it has not happened
 * while @chances has moved by @n.
 */
static bool wait_for(struct conductor *c, bool (*done)(struct conductor *c),
		     uint64_t (*chances)(struct conductor *c), uint64_t n)
{
	uint64_t end = chances(c) + n;
	bool last;

	while (!failed(c)) {
		last = chances(c) >= end;
		sample(c);
		if (done(c))
			return true;
		if (last)
			break;
		usleep(2000);
	}
	return false;
}

static uint64_t passes(struct conductor *c)
{
	return counter_read(KSM "full_scans");
}

/* Returns the count of the side that has checked least often. */
static uint64_t checks(struct conductor *c)
{
	uint64_t least = READ_ONCE(c->side[0].checks);
	int i;

	for (i = 1; i < c->tc->sides; i++)
		least = min(least, READ_ONCE(c->side[i].checks));
	return least;
}

static bool settled(struct conductor *c)
{
	int i;

	for (i = 0; i < c->tc->sides; i++)
		if (READ_ONCE(c->side[i].settled) < c->round)
			return false;
	return true;
}

static bool stopped(struct conductor *c)
{
	int i;

	for (i = 0; i < c->tc->sides; i++)
		if (!__atomic_load_n(&c->side[i].stopped, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* Three of four mergeable pages are merged. */
static bool merged(struct conductor *c)
{
	return c->sharing >= c->others + (PAGES - DISTINCT) * 3 / 4;
}

static void open_round(struct conductor *c)
{
	int i;

	c->round++;
	for (i = 0; i < c->tc->sides; i++)
		WRITE_ONCE(c->side[i].round, c->round);
}

static void finish_round(struct conductor *c)
{
	uint64_t start = now_us();

	if (wait_for(c, settled, checks, DEADLINE_CHECKS)) {
		c->lap_us = now_us() - start;
		c->r.rounds++;
	} else if (!failed(c)) {
		c->why = "the guests did not end their round";
	}
}

/* ---- pages ---- */

static uint64_t pfn_of(struct side *s, uint64_t page)
{
	return page_state_pfn(&s->state, s->hva + page * PAGE);
}

/*
 * On 6.12 KPF_KSM does not mean merged: it may be set on a page that is not
 * mergeable.
 */
static bool ksm_flag_lies;

static void check_ksm_flag(void)
{
	struct page_state state;

	if (!page_state_open(&state, getpid()))
		return;
	ksm_flag_lies = page_state_is(&state, page_state_pfn(&state, &state), KPF_KSM);
	page_state_close(&state);
	if (ksm_flag_lies)
		ktap_info("KPF_KSM is set for all anonymous pages, so mappings count instead");
}

static bool has_flag(struct page_state *state, uint64_t pfn, int kpf)
{
	if (!page_state_is(state, pfn, kpf))
		return false;
	return kpf != KPF_KSM || !ksm_flag_lies || page_state_mapped(state, pfn) > 1;
}

/* Counts the pages of a range whose frame has this flag. */
static uint64_t count_flag(struct side *s, uint64_t first, uint64_t n, int kpf)
{
	uint64_t p, found = 0;

	for (p = first; p < first + n; p++)
		found += has_flag(&s->state, pfn_of(s, p), kpf);
	return found;
}

static uint64_t count_all(struct conductor *c, int kpf)
{
	uint64_t found = 0;
	int i;

	for (i = 0; i < c->tc->sides; i++)
		found += count_flag(&c->side[i], 0, c->side[i].pages, kpf);
	return found;
}

/*
 * Now and then one content has two frames, which KSM never joins: a page was
 * written between the searches of the stable and the unstable tree, and became
 * identical to a page of the stable tree.
 */
static bool all_merged(struct conductor *c)
{
	return c->sharing >= c->others + PAGES - (FRAMES_MAX - 1) &&
	       count_all(c, KPF_KSM) == PAGES;
}

static bool zeroed(struct conductor *c)
{
	return count_all(c, KPF_ZERO_PAGE) >= PAGES * 3 / 4;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * Checks that each frame is mapped as often as the test maps it; counts the
 * frames.
 */
static uint64_t check_mapped(struct conductor *c)
{
	uint64_t frames = 0, each = PAGES / c->tc->sides, i, k, mapped;
	static uint64_t pfn[PAGES];

	for (i = 0; i < PAGES; i++)
		pfn[i] = pfn_of(&c->side[i / each], i % each);
	qsort(pfn, PAGES, sizeof(*pfn), by_value);
	for (i = 0; i < PAGES; i += k, frames++) {
		for (k = 1; i + k < PAGES && pfn[i + k] == pfn[i]; k++)
			;
		mapped = page_state_mapped(&c->side[0].state, pfn[i]);
		if (mapped == k)
			continue;
		ktap_info("page frame %#lx is mapped %lu times, but counts %lu", pfn[i], k,
			  mapped);
		c->why = "the mapping count of a page is wrong";
	}
	return frames;
}

/* ---- what a case does again and again ---- */

static void step_merge(struct conductor *c)
{
	open_round(c);
	finish_round(c);
	wait_for(c, merged, passes, DEADLINE_PASSES / 4);
}

static uint64_t pick(struct conductor *c, uint64_t n)
{
	return oracle_pick(&c->rng, n);
}

/* The guests may write while their pages are unmerged. */
static void unmerge_range(struct conductor *c, struct side *s)
{
	uint64_t n = 32 + pick(c, s->pages / 2), first = pick(c, s->pages - n + 1);
	uint64_t before = count_flag(s, first, n, KPF_KSM), after;

	if (pick(c, 2))
		open_round(c);
	sample(c);
	advise(s, first, n, MADV_UNMERGEABLE);
	c->sharing = counter_read(KSM "pages_sharing");
	after = count_flag(s, first, n, KPF_KSM);
	finish_round(c);
	c->r.unmerged += before;
	if (after)
		c->why = "a range that is not mergeable has merged pages";
	advise(s, 0, s->pages, MADV_MERGEABLE);
}

static void unmerge_all(struct conductor *c)
{
	open_round(c);
	sample(c);
	c->r.unmerged += c->sharing - min(c->sharing, c->others);
	TEST_ASSERT(knob_set(KSM "run", "2"), KSM "run: %s", strerror(errno));
	if (count_all(c, KPF_KSM))
		c->why = "there are merged pages after KSM has unmerged all";
	TEST_ASSERT(knob_set(KSM "run", "1"), KSM "run: %s", strerror(errno));
	c->sharing = 0;
	finish_round(c);
}

static void step_unmerge(struct conductor *c)
{
	step_merge(c);
	if (failed(c))
		return;
	if (pick(c, 4))
		unmerge_range(c, &c->side[0]);
	else
		unmerge_all(c);
}

/*
 * As if each page were discarded and a new one faulted in; guests may write it.
 */
static void make_zero(struct side *s)
{
	struct oracle_page *log = s->w->ctl->log;
	uint64_t p;

	for (p = 0; p < s->pages; p++) {
		oracle_erase_begin(log, p, 1);
		memset(s->hva + p * PAGE, 0, PAGE);
		oracle_erase_end(log, p, 1);
	}
}

/* Half of the time the guests write meanwhile, and not all pages stay zero. */
static void step_zero(struct conductor *c)
{
	bool calm = pick(c, 2);

	open_round(c);
	if (calm)
		finish_round(c);
	make_zero(&c->side[0]);
	if (calm)
		wait_for(c, zeroed, passes, DEADLINE_PASSES / 4);
	else
		finish_round(c);
	c->r.zeroed += count_all(c, KPF_ZERO_PAGE);
}

/*
 * Does not wait for merging: pages are merged when they happen to be identical.
 */
static void step_changing(struct conductor *c)
{
	uint64_t deadline;

	open_round(c);
	if (!c->lap_us)
		finish_round(c);
	deadline = now_us() + pick(c, 2 * c->lap_us);
	c->r.rounds++;
	do {
		sample(c);
		usleep(1000);
	} while (now_us() < deadline && !failed(c));
}

/* ---- a case ---- */

static void collect(struct conductor *c)
{
	int i;

	c->r.writes = 0;
	c->r.faults = 0;
	for (i = 0; i < c->tc->sides; i++) {
		c->r.writes += READ_ONCE(c->side[i].writes);
		c->r.faults += READ_ONCE(c->side[i].faults);
	}
	c->r.set_spte = trace_count_read(&c->set_spte);
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct conductor *c)
{
	if (!c->r.writes)
		return "the guests wrote nothing";
	if (!c->r.faults)
		return "KVM fixed no fault";
	if (!c->r.merges)
		return "KSM merged nothing";
	if (!c->r.cows && !c->tc->zero)
		return "no merged page was written";
	if (!c->r.set_spte && c->set_spte.cpus)
		return "KVM was not notified of a merge";
	if (c->tc->step == step_unmerge && !c->r.unmerged)
		return "nothing was unmerged";
	if (c->tc->zero && c->r.zeroed < PAGES)
		return "too few pages became the zero page";
	return NULL;
}

static void stop_sides(struct conductor *c)
{
	int i;

	for (i = 0; i < c->tc->sides; i++)
		__atomic_store_n(&c->side[i].phase, SIDE_STOP, __ATOMIC_RELEASE);
	while (!stopped(c)) {
		for (i = 0; i < c->tc->sides; i++)
			if (c->side[i].child && waitpid(c->side[i].child, NULL, WNOHANG))
				exit(KSFT_FAIL);
		usleep(1000);
	}
}

/*
 * With all guests quiet: all pages can be merged, the counts are right, all are
 * split.
 */
static void check_quiet(struct conductor *c)
{
	uint64_t left, frames;

	if (!wait_for(c, all_merged, passes, DEADLINE_PASSES) && !failed(c)) {
		left = PAGES - count_all(c, KPF_KSM);
		ktap_info("%lu pages of stopped guests can't be merged", left);
		c->why = "references to pages were not dropped";
	}
	knob_set(KSM "run", "0");
	frames = check_mapped(c);
	if (!failed(c) && frames != DISTINCT) {
		ktap_info("%d contents in %lu page frames", DISTINCT, frames);
		if (frames < DISTINCT || frames >= FRAMES_MAX)
			c->why = "twins were not merged with each other";
	}
	knob_set(KSM "run", "2");
	frames = check_mapped(c);
	if (!failed(c) && frames != PAGES)
		c->why = "pages are still shared after all was unmerged";
}

static void run_steps(struct conductor *c, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_STEPS);
	uint64_t start = now_us(), steps = 0;

	while (!failed(c)) {
		c->tc->step(c);
		steps++;
		collect(c);
		c->r.usec = now_us() - start;
		if (c->r.usec > usec && !nothing_happened(c))
			break;
		if (deadline_passed(&deadline, steps))
			break;
	}
	open_round(c);
	if (!failed(c))
		finish_round(c);
}

static void conduct(struct conductor *c, uint64_t usec)
{
	const struct test_case *tc = c->tc;
	int i;

	TEST_ASSERT(knob_set(KSM "use_zero_pages", tc->zero ? "1" : "0") &&
		    knob_set(KSM "run", "1"), KSM ": %s", strerror(errno));
	c->sharing = counter_read(KSM "pages_sharing");
	c->others = c->sharing;
	for (i = 0; i < tc->sides; i++)
		side_start(&c->side[i], tc, tc->processes && !i);
	run_steps(c, usec);
	stop_sides(c);
	if (!failed(c))
		check_quiet(c);
	collect(c);
	for (i = 0; i < tc->sides; i++)
		side_end(&c->side[i]);
}

static void report(struct conductor *c, uint64_t *found, struct result *total)
{
	const struct result *r = &c->r;
	bool bad = failed(c);
	int i;

	if (!bad)
		c->why = nothing_happened(c);
	if (bad || c->why)
		ktap_fail(c->tc->name, "%s; seed=%lu; " COUNTS, c->why ? c->why : "see above",
			  opt.seed, r->writes, r->merges, r->cows, r->set_spte, r->unmerged,
			  r->zeroed, r->rounds, r->faults, r->usec / 1000);
	else
		ktap_pass(c->tc->name, COUNTS, r->writes, r->merges, r->cows, r->set_spte,
			  r->unmerged, r->zeroed, r->rounds, r->faults, r->usec / 1000);
	for (i = 0; i < c->tc->sides; i++)
		oracle_add(found, c->side[i].found);
	total->writes += r->writes;
	total->merges += r->merges;
	total->cows += r->cows;
	total->unmerged += r->unmerged;
	total->zeroed += r->zeroed;
	total->faults += r->faults;
}

static void test_case(const struct test_case *tc, struct side *sides, uint64_t usec,
		      uint64_t *found, struct result *total)
{
	struct conductor c = { .tc = tc, .side = sides, .rng = oracle_mix(opt.seed) | 1 };

	trace_count_open(&c.set_spte, SET_SPTE);
	conduct(&c, usec);
	trace_count_close(&c.set_spte);
	report(&c, found, total);
}

/* ---- all cases ---- */

#define VCPUS	0

static const struct test_case templates[] = {
	{ "merge", step_merge, 1, 1 },
	{ "merge", step_merge, VCPUS, 1 },
	{ "unmerge", step_unmerge, 1, 1 },
	{ "unmerge", step_unmerge, VCPUS, 1 },
	{ "zero", step_zero, 1, 1, .zero = true },
	{ "zero", step_zero, VCPUS, 1, .zero = true },
	{ "changing", step_changing, 1, 1 },
	{ "changing", step_changing, VCPUS, 1 },
	{ "two-vms", step_merge, 1, 2 },
	{ "two-vms", step_changing, VCPUS, 2 },
	{ "two-processes", step_merge, 1, 2, .processes = true },
	{ "two-processes", step_changing, VCPUS, 2, .processes = true },
};

static struct test_case cases[ARRAY_SIZE(templates)];

static const char *make_case(int i)
{
	struct test_case *tc = &cases[i];

	*tc = templates[i];
	tc->vcpus = tc->vcpus == VCPUS ? opt.vcpus : tc->vcpus;
	snprintf(tc->name, sizeof(tc->name), "%.20s/vcpus=%d", templates[i].name, tc->vcpus);
	return tc->name;
}

static const char *why_not(void)
{
	struct page_state state;

	if (access(KSM "run", F_OK))
		return "no KSM in this kernel";
	if (access(KSM "run", W_OK))
		return "only root can turn KSM on";
	if (!page_state_open(&state, getpid()))
		return "no /proc/kpageflags here (CONFIG_PROC_PAGE_MONITOR)";
	page_state_close(&state);
	return NULL;
}

/* Sets KSM to its fastest, and as the checks expect it. */
static bool set_knobs(void)
{
	return knob_set(KSM "merge_across_nodes", "1") && knob_set(KSM "sleep_millisecs", "0") &&
	       knob_set(KSM "pages_to_scan", "1000");
}

static int run_all(struct cases *c)
{
	uint64_t found[ORACLE_VERDICTS] = {};
	const char *why = why_not();
	struct result total = {};
	struct side *sides;

	cases_start(c);
	ktap_info("seed=%lu vcpus=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	check_ksm_flag();
	if (!why && !set_knobs())
		why = "KSM's settings can't be changed";
	sides = mmap(NULL, MAX_SIDES * sizeof(*sides), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(sides != MAP_FAILED, "mmap: %s", strerror(errno));
	while (cases_next(c))
		if (!cases_skip(c, why))
			test_case(&cases[c->i], sides, cases_share(c), found, &total);
	ktap_info(GUEST_LINE,
		  total.writes, total.merges, total.cows, total.unmerged, total.zeroed,
		  total.faults, found[ORACLE_STALE], found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	c = cases_choose(&opt, ARRAY_SIZE(cases), make_case);
	guard_init();
	/*
	 * Guests with a higher priority than ksmd would leave it no CPU time.
	 */
	if (nice(KSMD_NICE) < 0)
		perror("nice");
	return run_all(&c);
}
