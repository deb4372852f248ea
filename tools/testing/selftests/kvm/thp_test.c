// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest keeps writing through a 2 MiB mapping after the
 * huge page was split or partly unmapped: writes are lost or land in a page of
 * someone else.  Or the guest never gets its 2 MiB mappings back, and runs
 * slower from then on.
 *
 * Blocks of 2 MiB are collapsed into huge pages and split again while vCPUs
 * keep writing them.  Each cycle of a case splits a block, lets it be
 * collapsed, and checks that KVM then maps it with 2 MiB, and after the next
 * split with 4 KiB.
 *
 * A case is a kind of memory, a way to collapse it, and a way to split it.  In
 * one of three cycles the memslot is logged meanwhile: KVM then has no mapping
 * of 2 MiB, and gets them back when logging ends.
 *
 * include/oracle.h defines what each word may hold.  Also, at any time:
 *   - KVM has no more mappings of 2 MiB than the host;
 *   - no guest writes pages that the host has unmapped;
 *   - a forked child's copy of the block never changes.
 * A case also fails if nothing was collapsed or split, or if KVM's mappings
 * were not seen to change from 4 KiB to 2 MiB and back.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <sys/wait.h>

#include "cases.h"
#include "child.h"
#include "counters.h"
#include "deadline.h"
#include "huge_pages.h"
#include "knob.h"
#include "kvm_util.h"
#include "page_state.h"
#include "range.h"
#include "reserve.h"
#include "swap.h"
#include "test_util.h"
#include "thp.h"
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGE			ORACLE_PAGE_SIZE
#define BLOCK_PAGES		(WRITERS_HUGE / PAGE)
#define BLOCKS			2
#define PAGES			(BLOCKS * BLOCK_PAGES)
#define SIZE			(PAGES * PAGE)
#define PART_PAGES		64
#define WATCHED_PAGES		16
#define SWAP_BYTES		(32UL << 20)
#define DEADLINE_CYCLES		40
/*
 * A step of a cycle fails after so many visits, full scans of khugepaged, or
 * tries.
 */
#define DEADLINE_VISITS		50000
#define DEADLINE_SCANS		100
#define DEADLINE_TRIES		200

#define PAUSE			KHUGEPAGED "scan_sleep_millisecs"
#define SHORT_PAUSE		"10"
#define LONG_PAUSE		"60000"
#define DROP_CACHES		"/proc/sys/vm/drop_caches"
#define NICEST			19

#define COUNTS		"writes=%lu collapses=%lu refused=%lu splits=%lu to_2m=%lu "		\
			"to_4k=%lu logged=%lu swapped=%lu deferred=%lu erased=%lu "		\
			"efaults=%lu faults=%lu ms=%lu"

#define GUEST_LINE	"guest writes=%lu collapses=%lu splits=%lu to_2m=%lu to_4k=%lu "	\
			"faults=%lu stale=%lu lost=%lu torn=%lu"

enum collapser { BY_MADVISE, BY_ALIAS, BY_KHUGEPAGED };

static const char * const collapsers[] = { "madvise", "alias", "khugepaged" };

struct conductor;

struct test_case {
	const char *split_name;
	void (*split)(struct conductor *c, struct range r);
	bool shmem;
	enum collapser by;
	bool fork;
	bool swap;
	int vcpus;
	char name[48];
};

struct result {
	uint64_t writes;
	uint64_t collapses;
	uint64_t refused;
	uint64_t splits;
	uint64_t to_2m;
	uint64_t to_4k;
	uint64_t logged;
	uint64_t swapped;
	uint64_t deferred;
	uint64_t erased;
	uint64_t efaults;
	uint64_t faults;
	uint64_t usec;
};

/* Shared memory has a second mapping that the guest does not use. */
struct conductor {
	const struct test_case *tc;
	struct writers w;
	uint8_t *hva;
	uint8_t *alias;
	uint8_t *spare;
	int fd;
	uint64_t rng;
	uint64_t collapsed_by_kernel;
	uint64_t cycles;
	/* Huge mappings just after the block was split. */
	uint64_t low_host;
	uint64_t low_kvm;
	/* Why the kernel refused to collapse at the last request. */
	int error;
	pid_t child;
	int to_child;
	struct result r;
	const char *why;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 2,
	.max_vcpus = WRITERS_MAX_VCPUS,
};

static uint64_t pick(struct conductor *c, uint64_t n)
{
	return oracle_pick(&c->rng, n);
}

static uint8_t *at(struct conductor *c, uint8_t *base, struct range r)
{
	return base + r.first * PAGE;
}

static bool failed(struct conductor *c)
{
	return c->why || writers_failed(&c->w);
}

static void must(bool done, const char *what)
{
	TEST_ASSERT(done, "%s: %s", what, strerror(errno));
}

/* ---- looking and waiting ---- */

static uint64_t host_huge(struct conductor *c)
{
	return range_usage(c->hva, SIZE).huge * 1024 / WRITERS_HUGE;
}

static uint64_t kvm_huge(struct conductor *c)
{
	return vm_get_stat(c->w.vm, "pages_2m");
}

/*
 * Only this thread splits blocks, so the host's number cannot have been larger
 * before.
 */
static void check_not_larger(struct conductor *c, const char *after)
{
	uint64_t kvm = kvm_huge(c), host = host_huge(c);

	if (kvm <= host)
		return;
	ktap_info("after %s KVM maps %lu blocks with 2 MiB, and the host %lu", after, kvm, host);
	c->why = "KVM maps 2 MiB where the host does not";
}

/*
 * Waits until @done.  Returns false on a failure, or if it has not happened
 * while @chances has moved by @n.
 */
static bool wait_for(struct conductor *c, bool (*done)(struct conductor *c, uint64_t arg),
		     uint64_t arg, uint64_t (*chances)(struct conductor *c), uint64_t n)
{
	uint64_t end = chances(c) + n;
	bool last;

	while (!failed(c)) {
		last = chances(c) >= end;
		if (done(c, arg))
			return true;
		if (last)
			break;
		usleep(1000);
		writers_watch(&c->w);
	}
	return false;
}

static uint64_t visits(struct conductor *c)
{
	return writers_visits(&c->w);
}

static uint64_t scans(struct conductor *c)
{
	return counter_read(KHUGEPAGED "full_scans");
}

static bool never(struct conductor *c, uint64_t ignored)
{
	return false;
}

static bool kvm_has_more(struct conductor *c, uint64_t than)
{
	return kvm_huge(c) > than;
}

static bool kvm_has_none(struct conductor *c, uint64_t ignored)
{
	return !kvm_huge(c);
}

static bool host_has_more(struct conductor *c, uint64_t than)
{
	return host_huge(c) > than;
}

static void let_guest_work(struct conductor *c)
{
	wait_for(c, never, 0, visits, 500);
}

/* Directs most visits of the guest to this range. */
static void show_guest_range(struct conductor *c, struct range r)
{
	WRITE_ONCE(c->w.ctl->hot[0], r.first << 32 | r.n);
}

static void show_guest(struct conductor *c, uint64_t block)
{
	show_guest_range(c, (struct range) { block % BLOCKS * BLOCK_PAGES, BLOCK_PAGES });
}

static void verify(struct conductor *c, struct range r)
{
	if (!failed(c))
		writers_verify(&c->w, r.first, r.n);
}

/* ---- breaking a block up ---- */

static void split_dontneed(struct conductor *c, struct range r)
{
	oracle_erase_begin(c->w.ctl->log, r.first, r.n);
	must(!madvise(at(c, c->hva, r), r.n * PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	oracle_erase_end(c->w.ctl->log, r.first, r.n);
}

/* Is the rest of the block still one huge page, though mapped in pieces? */
static bool is_compound(struct conductor *c, struct range r)
{
	uint64_t page = r.first % BLOCK_PAGES ? r.first - 1 : r.first + r.n;
	struct page_state s;
	bool yes;

	READ_ONCE(c->hva[page * PAGE]);
	TEST_ASSERT(page_state_open(&s, getpid()), "pagemap: %s", strerror(errno));
	yes = page_state_is(&s, page_state_pfn(&s, c->hva + page * PAGE), KPF_THP);
	page_state_close(&s);
	return yes;
}

static void punch(struct conductor *c, struct range r)
{
	oracle_erase_begin(c->w.ctl->log, r.first, r.n);
	must(!fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r.first * PAGE,
			r.n * PAGE), "fallocate");
	oracle_erase_end(c->w.ctl->log, r.first, r.n);
}

/*
 * A guest fault on a huge page of a file holds a reference, so the page cannot
 * be split. On stock kernels the vCPU faults without pause, so this is nearly
 * always the case: it is tried again, with the guest elsewhere.
 */
static void refused(struct conductor *c, struct range r)
{
	c->r.refused++;
	show_guest(c, r.first / BLOCK_PAGES + 1);
	usleep(1000);
}

static void split_punch(struct conductor *c, struct range r)
{
	int tries = DEADLINE_TRIES;

	punch(c, r);
	while (is_compound(c, r) && tries-- && !failed(c)) {
		refused(c, r);
		punch(c, r);
	}
}

static void split_mprotect(struct conductor *c, struct range r)
{
	writers_hole_begin(&c->w);
	must(!mprotect(at(c, c->hva, r), r.n * PAGE, PROT_READ), "mprotect");
	usleep(pick(c, 2000));
	verify(c, r);
	must(!mprotect(at(c, c->hva, r), r.n * PAGE, PROT_READ | PROT_WRITE), "mprotect back");
	writers_hole_end(&c->w);
}

static void split_mremap(struct conductor *c, struct range r)
{
	uint8_t *hva = at(c, c->hva, r);
	size_t len = r.n * PAGE;

	writers_hole_begin(&c->w);
	must(mremap(hva, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, c->spare) == c->spare, "mremap");
	usleep(pick(c, 2000));
	if (!failed(c))
		writers_verify_at(&c->w, (uint64_t *)c->spare, r.first, r.n);
	must(mremap(c->spare, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, hva) == hva, "mremap back");
	writers_hole_end(&c->w);
}

/*
 * A huge page that is partly unmapped is put on a list, from which the
 * shrinkers split it when memory is needed.
 */
static void split_deferred(struct conductor *c, struct range r)
{
	int tries = DEADLINE_TRIES;

	split_dontneed(c, r);
	let_guest_work(c);
	if (!is_compound(c, r))
		return;
	do {
		must(knob_write(DROP_CACHES, "2"), DROP_CACHES);
		if (!is_compound(c, r)) {
			c->r.deferred++;
			return;
		}
		refused(c, r);
	} while (tries-- && !failed(c));
}

/*
 * Twice, because splitting a huge page of a file unmaps all of it: then there
 * is nothing to swap out until somebody has touched it again.
 */
static void pageout(uint8_t *hva, uint64_t pages)
{
	uint64_t p;
	int twice;

	for (twice = 0; twice < 2; twice++) {
		for (p = 0; p < pages; p++)
			READ_ONCE(hva[p * PAGE]);
		must(!madvise(hva, pages * PAGE, MADV_PAGEOUT), "MADV_PAGEOUT");
	}
}

/*
 * Shared memory goes through the second mapping first, and the kernel must find
 * the guest's mapping by itself.  It skips pages that are mapped by both.
 */
static void pageout_alias(struct conductor *c, struct range r)
{
	uint8_t *block = c->alias + r.first / BLOCK_PAGES * WRITERS_HUGE;

	pageout(at(c, c->alias, r), r.n);
	verify(c, r);
	must(!madvise(block, WRITERS_HUGE, MADV_DONTNEED), "MADV_DONTNEED");
}

static void split_pageout(struct conductor *c, struct range r)
{
	uint64_t before = range_usage(c->hva, SIZE).swapped;
	int tries = DEADLINE_TRIES;

	if (c->tc->shmem)
		pageout_alias(c, r);
	do {
		pageout(at(c, c->hva, r), r.n);
		if (range_usage(c->hva, SIZE).swapped > before) {
			c->r.swapped++;
			return;
		}
		refused(c, r);
	} while (tries-- && !failed(c));
}

/* ---- a child that shares the block ---- */

static uint64_t sum_of(const uint8_t *p, size_t len)
{
	const uint64_t *word = (const uint64_t *)p;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++)
		sum = (sum << 7 | sum >> 57) ^ READ_ONCE(word[i]);
	return sum;
}

static void child_main(struct conductor *c, uint64_t block, int from_parent)
{
	const uint8_t *copy = c->hva + block * WRITERS_HUGE;
	uint64_t sum;
	char byte;

	sum = sum_of(copy, WRITERS_HUGE);
	while (read(from_parent, &byte, 1) < 0)
		;
	_exit(sum != sum_of(copy, WRITERS_HUGE));
}

static void child_start(struct conductor *c, uint64_t block)
{
	int ends[2];

	must(!pipe(ends), "pipe");
	c->child = child_fork();
	if (!c->child) {
		close(ends[1]);
		child_main(c, block, ends[0]);
	}
	close(ends[0]);
	c->to_child = ends[1];
}

static void child_end(struct conductor *c)
{
	int status;

	if (!c->child)
		return;
	close(c->to_child);
	if (waitpid(c->child, &status, 0) != c->child || status) {
		ktap_info("STALE write: a forked child's copy has changed");
		writers_found(&c->w, ORACLE_STALE);
	}
	c->child = 0;
}

/* ---- pages that only the guest has ---- */

static bool host_maps(struct conductor *c, struct range r)
{
	struct page_state s;
	bool found = false;
	uint64_t p;

	TEST_ASSERT(page_state_open(&s, getpid()), "pagemap: %s", strerror(errno));
	for (p = 0; p < r.n && !found; p++)
		found = page_state_pfn(&s, at(c, c->hva, r) + p * PAGE);
	page_state_close(&s);
	return found;
}

static uint64_t writes_to(struct conductor *c, struct range r)
{
	uint64_t sum = 0, p;
	int i;

	for (p = r.first; p < r.first + r.n; p++)
		for (i = 0; i < ORACLE_CELLS; i++)
			sum += READ_ONCE(c->w.ctl->log[p].cell[i].end);
	return sum;
}

/*
 * Memory that the host does not map may be freed at any time, so no guest may
 * write it. Each vCPU may have been about to complete one write.
 */
static void check_unmapped(struct conductor *c, struct range r)
{
	uint64_t writes;

	if (host_maps(c, r))
		return;
	writes = writes_to(c, r);
	usleep(2000);
	writes = writes_to(c, r) - writes;
	if (writes <= c->tc->vcpus || host_maps(c, r))
		return;
	ktap_info("STALE write: %lu writes to pages %lu to %lu, of which the host maps none",
		  writes, r.first, r.first + r.n - 1);
	writers_found(&c->w, ORACLE_STALE);
}

/* ---- collapsing ---- */

static bool try_collapse(struct conductor *c, uint64_t block)
{
	uint8_t *base = c->tc->by == BY_ALIAS ? c->alias : c->hva;

	return !madvise(base + block * WRITERS_HUGE, WRITERS_HUGE, MADV_COLLAPSE);
}

static bool wait_for_khugepaged(struct conductor *c)
{
	return wait_for(c, host_has_more, c->low_host, scans, DEADLINE_SCANS);
}

static bool watched_is_huge(struct conductor *c, uint64_t first)
{
	check_unmapped(c, (struct range) { first, WATCHED_PAGES });
	return host_has_more(c, c->low_host);
}

/*
 * Fails if a page is locked or in use: it is tried again, at last with the
 * guest elsewhere.
 */
static bool collapse_by_madvise(struct conductor *c, uint64_t block)
{
	int tries = DEADLINE_TRIES;
	bool done = false;

	while (!failed(c) && tries--) {
		done = try_collapse(c, block);
		if (done)
			break;
		c->error = errno;
		c->r.refused++;
		if (tries < DEADLINE_TRIES / 2)
			show_guest(c, block + 1);
		usleep(500);
	}
	show_guest(c, block);
	return done;
}

/*
 * Collapses through the second mapping; the guest's mapping is still in pieces.
 * When the guest has faulted all of them in, khugepaged may continue and unmap
 * them, so that the guest faults again and gets the huge page.
 */
static bool collapse_by_alias(struct conductor *c, uint64_t block)
{
	struct range watched = { block * BLOCK_PAGES, WATCHED_PAGES };
	bool large;

	must(knob_set(PAUSE, LONG_PAUSE), PAUSE);
	large = collapse_by_madvise(c, block);
	if (large)
		wait_for(c, never, 0, visits, 16 * BLOCK_PAGES);
	show_guest_range(c, watched);
	must(knob_set(PAUSE, SHORT_PAUSE), PAUSE);
	return large && wait_for(c, watched_is_huge, watched.first, scans, DEADLINE_SCANS);
}

static bool collapse(struct conductor *c, uint64_t block)
{
	switch (c->tc->by) {
	case BY_MADVISE:
		return collapse_by_madvise(c, block);
	case BY_ALIAS:
		return collapse_by_alias(c, block);
	default:
		return wait_for_khugepaged(c);
	}
}

static void set_logging(struct conductor *c, bool on)
{
	vm_set_user_memory_region(c->w.vm, WRITERS_MEM_SLOT, on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
				  WRITERS_MEM_GPA, SIZE, c->hva);
}

/* ---- a cycle ---- */

static struct range pick_part(struct conductor *c, uint64_t block)
{
	struct range r;

	r.n = 1 + pick(c, PART_PAGES);
	r.first = block * BLOCK_PAGES + pick(c, BLOCK_PAGES - r.n + 1);
	return r;
}

/*
 * Holds khugepaged back, so that mappings stay in pieces long enough to be
 * seen.
 */
static void hold_khugepaged(struct conductor *c, bool hold)
{
	if (c->tc->by == BY_KHUGEPAGED)
		must(knob_set(PAUSE, hold ? LONG_PAUSE : SHORT_PAUSE), PAUSE);
}

static void break_up(struct conductor *c, uint64_t block)
{
	uint64_t kvm, host;

	hold_khugepaged(c, true);
	kvm = kvm_huge(c);
	host = host_huge(c);
	c->tc->split(c, pick_part(c, block));
	c->low_kvm = kvm_huge(c);
	c->low_host = host_huge(c);
	hold_khugepaged(c, false);
	if (failed(c))
		return;
	c->r.to_4k += c->low_kvm < kvm;
	c->r.splits += c->low_host < host;
	check_not_larger(c, c->tc->split_name);
}

static void make_huge(struct conductor *c, uint64_t block)
{
	if (!collapse(c, block))
		return;
	c->r.collapses++;
	c->r.to_2m += wait_for(c, kvm_has_more, c->low_kvm, visits, DEADLINE_VISITS);
	check_not_larger(c, "a collapse");
}

/* With logging on nothing is mapped with 2 MiB, not even a huge page. */
static void make_huge_logged(struct conductor *c, uint64_t block)
{
	set_logging(c, true);
	if (!wait_for(c, kvm_has_none, 0, visits, DEADLINE_VISITS) && !failed(c))
		c->why = "KVM maps 2 MiB while the memslot is logged";
	c->r.collapses += collapse(c, block);
	let_guest_work(c);
	if (kvm_huge(c) && !failed(c))
		c->why = "KVM mapped 2 MiB while the memslot is logged";
	set_logging(c, false);
	c->r.logged += host_huge(c) && wait_for(c, kvm_has_more, 0, visits, DEADLINE_VISITS);
}

static void cycle(struct conductor *c)
{
	uint64_t block = pick(c, BLOCKS);
	struct range whole = { block * BLOCK_PAGES, BLOCK_PAGES };

	show_guest(c, block);
	let_guest_work(c);
	break_up(c, block);
	show_guest(c, block);
	let_guest_work(c);
	verify(c, whole);
	if (c->tc->fork && !failed(c))
		child_start(c, block);
	if (++c->cycles % 3)
		make_huge(c, block);
	else
		make_huge_logged(c, block);
	let_guest_work(c);
	verify(c, whole);
	child_end(c);
}

/* ---- a case ---- */

static uint8_t *map_memory(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uint8_t *p = mmap(reserve(SIZE), SIZE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(p, SIZE, MADV_HUGEPAGE);
	return p;
}

/*
 * khugepaged learns of a process by a fault on anonymous memory with
 * MADV_HUGEPAGE, not by a mapping of shared memory with it.
 */
static void call_khugepaged(uint8_t *at)
{
	must(!mprotect(at, WRITERS_HUGE, PROT_READ | PROT_WRITE), "mprotect");
	madvise(at, WRITERS_HUGE, MADV_HUGEPAGE);
	WRITE_ONCE(*at, 1);
	must(!madvise(at, WRITERS_HUGE, MADV_DONTNEED), "MADV_DONTNEED");
}

static void create_memory(struct conductor *c)
{
	c->fd = -1;
	c->spare = reserve(WRITERS_HUGE);
	call_khugepaged(c->spare);
	if (c->tc->shmem) {
		c->fd = memfd_create("thp_test", MFD_CLOEXEC);
		must(c->fd >= 0 && !ftruncate(c->fd, SIZE), "memfd");
		c->alias = map_memory(c->fd);
	}
	c->hva = map_memory(c->fd);
}

static void destroy_memory(struct conductor *c)
{
	munmap(c->hva, SIZE);
	munmap(c->spare, WRITERS_HUGE);
	if (!c->tc->shmem)
		return;
	munmap(c->alias, SIZE);
	close(c->fd);
}

static void collect(struct conductor *c)
{
	c->r.writes = writers_writes(&c->w);
	c->r.erased = writers_erased(&c->w);
	c->r.efaults = writers_efaults(&c->w);
	c->r.faults = writers_faults(&c->w);
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct conductor *c)
{
	const struct test_case *tc = c->tc;

	if (!c->r.writes)
		return "the guest wrote nothing";
	if (!c->r.faults)
		return "KVM fixed no fault";
	if (!c->r.collapses)
		return "nothing was collapsed";
	if (tc->by == BY_KHUGEPAGED &&
	    counter_read(KHUGEPAGED "pages_collapsed") == c->collapsed_by_kernel)
		return "khugepaged collapsed nothing";
	if (!c->r.splits)
		return "no huge page was split";
	if (!c->r.to_2m)
		return "KVM's mappings were not seen to change from 4 KiB to 2 MiB";
	if (!c->r.to_4k)
		return "KVM's mappings were not seen to change from 2 MiB to 4 KiB";
	if (!c->r.logged)
		return "KVM's mappings were not seen to return to 2 MiB after logging";
	if (tc->split == split_deferred && !c->r.deferred)
		return "no huge page was split under memory pressure";
	if (tc->swap && !c->r.swapped)
		return "nothing was swapped out";
	return NULL;
}

static void run_cycles(struct conductor *c, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_CYCLES);
	uint64_t start = now_us();

	while (!failed(c)) {
		cycle(c);
		collect(c);
		c->r.usec = now_us() - start;
		if (c->r.usec > usec && !nothing_happened(c))
			break;
		if (deadline_passed(&deadline, c->cycles))
			break;
	}
}

static void report(struct conductor *c)
{
	const struct result *r = &c->r;
	bool bad = failed(c);

	if (!bad)
		c->why = nothing_happened(c);
	if (bad || c->why)
		ktap_fail(c->tc->name, "%s; seed=%lu cycles=%lu last refusal: %s; " COUNTS,
			  c->why ? c->why : "see above", opt.seed, c->cycles,
			  c->error ? strerror(c->error) : "none", r->writes, r->collapses,
			  r->refused, r->splits, r->to_2m, r->to_4k, r->logged, r->swapped,
			  r->deferred, r->erased, r->efaults, r->faults, r->usec / 1000);
	else
		ktap_pass(c->tc->name, COUNTS, r->writes, r->collapses, r->refused, r->splits,
			  r->to_2m, r->to_4k, r->logged, r->swapped, r->deferred,
			  r->erased, r->efaults, r->faults, r->usec / 1000);
}

static void test_case(const struct test_case *tc, uint64_t usec, uint64_t *found,
		      struct result *total)
{
	static struct conductor c;

	c = (struct conductor) { .tc = tc, .rng = oracle_mix(opt.seed) | 1 };
	c.collapsed_by_kernel = counter_read(KHUGEPAGED "pages_collapsed");
	/*
	 * khugepaged must not collapse before this thread does; MADV_COLLAPSE
	 * always works.
	 */
	must(knob_set(THP "enabled", tc->by == BY_MADVISE ? "never" : "madvise"),
	     THP "enabled");
	create_memory(&c);
	writers_create(&c.w, tc->vcpus, c.hva, PAGES, true, 1, opt.seed);
	writers_start(&c.w);
	run_cycles(&c, usec);
	writers_stop(&c.w);
	child_end(&c);
	if (!writers_failed(&c.w))
		writers_verify_all(&c.w);
	collect(&c);
	report(&c);
	oracle_add(found, c.w.found);
	total->writes += c.r.writes;
	total->collapses += c.r.collapses;
	total->splits += c.r.splits;
	total->to_2m += c.r.to_2m;
	total->to_4k += c.r.to_4k;
	total->faults += c.r.faults;
	writers_destroy(&c.w);
	destroy_memory(&c);
}

/* ---- all cases ---- */

static const struct test_case templates[] = {
	{ "dontneed", split_dontneed, false, BY_MADVISE },
	{ "mprotect", split_mprotect, false, BY_MADVISE },
	{ "mremap", split_mremap, false, BY_MADVISE },
	{ "deferred", split_deferred, false, BY_MADVISE },
	{ "pageout", split_pageout, false, BY_MADVISE, .swap = true },
	{ "fork", split_dontneed, false, BY_MADVISE, .fork = true },
	{ "dontneed", split_dontneed, false, BY_KHUGEPAGED },
	{ "pageout", split_pageout, false, BY_KHUGEPAGED, .swap = true },
	{ "fork", split_mprotect, false, BY_KHUGEPAGED, .fork = true },
	{ "punch", split_punch, true, BY_MADVISE },
	{ "mremap", split_mremap, true, BY_MADVISE },
	{ "mprotect", split_mprotect, true, BY_ALIAS },
	{ "pageout", split_pageout, true, BY_ALIAS, .swap = true },
	{ "punch", split_punch, true, BY_KHUGEPAGED },
	{ "pageout", split_pageout, true, BY_KHUGEPAGED, .swap = true },
};

/* Each of them with one vCPU and with several. */
static struct test_case cases[2 * ARRAY_SIZE(templates)];

static const char *make_case(int i)
{
	struct test_case *tc = &cases[i];

	*tc = templates[i / 2];
	tc->vcpus = i & 1 ? opt.vcpus : 1;
	snprintf(tc->name, sizeof(tc->name), "%s/%s/%s/vcpus=%d", tc->shmem ? "shmem" : "anon",
		 collapsers[tc->by], tc->split_name, tc->vcpus);
	return tc->name;
}

/*
 * Tests it: a kernel may have the setting, but no huge pages for shared memory.
 */
static const char *try_memory(const struct test_case *tc)
{
	static struct conductor c;
	const char *why = NULL;

	c = (struct conductor) { .tc = tc };
	create_memory(&c);
	WRITE_ONCE(*c.hva, 1);
	if (!host_huge(&c))
		why = "this kernel gives such memory no huge page (CONFIG_BASE_FULL=n?)";
	else if (tc->by != BY_KHUGEPAGED && madvise(c.hva, WRITERS_HUGE, MADV_COLLAPSE) &&
		 errno == EINVAL)
		why = "this kernel has no MADV_COLLAPSE";
	destroy_memory(&c);
	return why;
}

static const char *why_not_at_all(void)
{
	struct page_state pages;

	if (access(THP "enabled", F_OK))
		return "no transparent huge pages in this kernel";
	if (!page_state_open(&pages, getpid()))
		return "not root, or no /proc/kpageflags (CONFIG_PROC_PAGE_MONITOR)";
	page_state_close(&pages);
	/* As fast and as tolerant as possible, but without spinning. */
	if (!knob_set(KHUGEPAGED "max_ptes_none", "511") ||
	    !knob_set(KHUGEPAGED "max_ptes_swap", "256") ||
	    !knob_set(KHUGEPAGED "max_ptes_shared", "511") ||
	    !knob_set(KHUGEPAGED "pages_to_scan", "8192") ||
	    !knob_set(KHUGEPAGED "alloc_sleep_millisecs", "10") ||
	    !knob_set(PAUSE, SHORT_PAUSE))
		return "khugepaged's settings can't be changed";
	/* KVM maps the huge zero page, but smaps does not count it. */
	if (!knob_set(THP "use_zero_page", "0"))
		return "the huge zero page can't be turned off";
	return NULL;
}

static const char *why_not(const struct test_case *tc)
{
	const char *why;

	if (!knob_set(THP "enabled", "madvise"))
		return "transparent_hugepage/enabled can't be changed";
	if (tc->shmem && !knob_set(THP "shmem_enabled", "advise"))
		return "no transparent huge pages for shmem in this kernel";
	why = try_memory(tc);
	if (!why && tc->swap)
		why = swap_create(SWAP_BYTES);
	return why;
}

static int run_all(struct cases *c)
{
	const char *never = why_not_at_all();
	uint64_t found[ORACLE_VERDICTS] = {};
	struct result total = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, never ?: why_not(&cases[c->i])))
			test_case(&cases[c->i], cases_share(c), found, &total);
	ktap_info(GUEST_LINE,
		  total.writes, total.collapses, total.splits, total.to_2m, total.to_4k,
		  total.faults, found[ORACLE_STALE], found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where a part was
	 * moved away.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), make_case);
	guard_init();
	/*
	 * Guests with a higher priority than khugepaged would leave it no CPU
	 * time.
	 */
	if (nice(NICEST) < 0)
		perror("nice");
	return run_all(&c);
}
