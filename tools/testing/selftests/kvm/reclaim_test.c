// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest loses writes to pages that the host has swapped
 * out or moved, or still uses a page after it was reclaimed for someone else.
 *
 * vCPUs keep writing their memory while the host swaps it out, ages it, frees
 * it lazily, moves it, locks it and makes it inaccessible for a moment.
 *
 * There is one case for each operation, kind of memory and page size, each with
 * one vCPU and with several.  None of this may change a word, except for
 * MADV_FREE: after that a page is unchanged or zero until it is written, and
 * then keeps what was written.  A case also fails if the kernel's own counters
 * say that it did not do the operation, or not to the guest's pages.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "cases.h"
#include "child.h"
#include "counters.h"
#include "deadline.h"
#include "forced_read.h"
#include "knob.h"
#include "kvm_util.h"
#include "memcg.h"
#include "page_state.h"
#include "range.h"
#include "reserve.h"
#include "swap.h"
#include "test_util.h"
#include "thp.h"
#include "trace_count.h"
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

#define PAGE			ORACLE_PAGE_SIZE
#define BLOCK_PAGES		(WRITERS_HUGE / PAGE)
#define MAX_PAGES		16
#define MIN_ATTACKS		2
#define DEADLINE_ATTACKS	40
#define HEAL_TRIES		50
#define HISTORY			16
#define SWAP_BYTES		(128UL << 20)
#define SLOW_SWAP_BYTES		(32UL << 20)
#define BALLAST_BYTES		(512UL << 10)
#define RECLAIM_BYTES		(64UL << 10)
#define HOG_GUESTS		12
#define COMPACT_CANDIDATES	4

#define COUNTS		"guest writes=%lu invalidations=%lu swapins=%lu faults=%lu "		\
			"async=%lu ages=%lu"
#define VERDICTS		"stale=%lu lost=%lu torn=%lu"

#define PAGE_IDLE		"/sys/kernel/mm/page_idle/bitmap"
#define COMPACT			"/proc/sys/vm/compact_memory"
#define NUMA_BALANCING		"/proc/sys/kernel/numa_balancing"
#define NUMA_SCAN		"/sys/kernel/debug/sched/numa_balancing/"
#define NODE_1			"/sys/devices/system/node/node1"

#define CASE_LINE	"writes=%lu attacks=%lu invalidations=%lu pages=%lu "			\
			"swapins=%lu%s ages=%lu faults=%lu async=%lu erased=%lu "		\
			"efaults=%lu 2m=%lu healed=%lu ms=%lu"

#define FAIL_LINE	"%s; stale=%lu lost=%lu torn=%lu vcpus=%d attacks=%lu pages=%lu "	\
			"2m=%lu healed=%lu last refusal: %s; seed=%lu after %lu ms"

enum kind { ANON_4K = 1, ANON_2M = 2, SHMEM_4K = 4, SHMEM_2M = 8 };

struct attack;

struct operation {
	const char *name;
	/* Prepares the machine; returns why this is not possible, or NULL. */
	const char *(*prepare)(void);
	void (*run)(struct attack *a, struct range r);
	/* Kinds of memory. */
	unsigned int kinds;
	/* Counters of /proc/vmstat that must move. */
	const char *counters[3];
	/* KVM must have been asked for the age of pages. */
	bool ages;
	/* The guest must run into inaccessible pages. */
	bool holes;
	/* Counts pages of the guest that the operation was seen to reach. */
	bool hits;
	/* Pages must be read back from swap space. */
	bool swaps;
	/* The guest must find pages that became zero. */
	bool erases;
	/*
	 * KVM must resolve faults asynchronously, and halt the vCPU meanwhile.
	 */
	bool async;
};

struct test_case {
	const struct operation *op;
	enum kind kind;
	char name[32];
};

struct result {
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	uint64_t erased;
	uint64_t efaults;
	uint64_t hits;
	uint64_t swapins;
	uint64_t moved[3];
	uint64_t ages;
	uint64_t unmaps;
	uint64_t asyncs;
	/* Attacks on a mapping of 2 MiB. */
	uint64_t huge;
	/* How often a block was collapsed on request, and the last error. */
	uint64_t healed;
	int error;
	uint64_t usec;
};

/* The memory under attack.  The main thread is the attacker. */
struct attack {
	const struct test_case *tc;
	struct writers *w;
	uint8_t *hva;
	uint64_t size;
	int memfd;
	uint64_t rng;
	uint64_t attacks;
	uint64_t hits;
	uint64_t huge;
	uint64_t healed;
	int error;
	bool changed;
	struct range op_log[HISTORY];
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.mib = 4,
	.stall = 20,
};

static struct page_state page_state;
static struct trace_count ages;
static struct trace_count unmaps;
static struct trace_count asyncs;
static bool in_memcg;

static uint64_t pick(struct attack *a, uint64_t n)
{
	return oracle_pick(&a->rng, n);
}

static bool is_huge(const struct test_case *tc)
{
	return tc->kind & (ANON_2M | SHMEM_2M);
}

static bool is_shmem(const struct test_case *tc)
{
	return tc->kind & (SHMEM_4K | SHMEM_2M);
}

static uint8_t *range_at(struct attack *a, struct range r)
{
	return a->hva + r.first * PAGE;
}

static void must(struct attack *a, bool done, const char *what, struct range r)
{
	TEST_ASSERT(done, "%s: %s of %lu pages at page %lu: %s", a->tc->name, what, r.n, r.first,
		    strerror(errno));
}

/* ---- what the kernel says ---- */

/* Counts major faults of this process; only swap space causes them. */
static uint64_t major_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

static void read_pfns(struct attack *a, struct range r, uint64_t *pfn)
{
	uint64_t i;

	for (i = 0; i < r.n; i++)
		pfn[i] = page_state_pfn(&page_state, range_at(a, r) + i * PAGE);
}

static uint64_t count_state(struct attack *a, struct range r, uint64_t bit)
{
	uint64_t i, n = 0;

	for (i = 0; i < r.n; i++)
		n += !!(page_state_entry(&page_state, range_at(a, r) + i * PAGE) & bit);
	return n;
}

/* ---- a helper ---- */

/*
 * A process with memory of its own that the kernel can reclaim or move in
 * addition to the guest's, without notifying a VM.
 */
enum helper_command { HELPER_RECLAIM = 'r', HELPER_HOG = 'h', HELPER_COMPACT = 'c' };

static int helper_fd = -1;

static uint8_t *helper_map(uint64_t size)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/*
 * The guest uses its pages too often for them to age; these can be reclaimed.
 */
static void helper_reclaim(void)
{
	uint8_t *p = helper_map(BALLAST_BYTES);

	memcg_write_bytes("memory.reclaim", RECLAIM_BYTES);
	munmap(p, BALLAST_BYTES);
}

/*
 * Compaction moves pages from the lowest used block up, into blocks that are
 * partly used; it ignores free blocks.  So the helper allocates memory before
 * the guest and after it, because either may lie below.  Then it frees most of
 * that, to make room for everything below the guest, such as the files of a
 * ramfs, and for the guest.  The holes have no regular pattern, because free
 * pages are searched in strides.
 */
static uint8_t *hogs[2];

/* The size of each allocation, relative to the guest's memory. */
static uint64_t hog_size(void)
{
	return HOG_GUESTS * ((uint64_t)opt.mib << 20);
}

/* Allocates one more; with both in use, allocates both anew. */
static void helper_hog(void)
{
	size_t i = hogs[0] && !hogs[1];

	if (!i && hogs[0]) {
		munmap(hogs[0], hog_size());
		munmap(hogs[1], hog_size());
		hogs[1] = NULL;
	}
	hogs[i] = helper_map(hog_size());
}

static void hog_give_back(uint8_t *hog)
{
	uint64_t i;

	for (i = 0; i < hog_size() / PAGE; i++)
		if (oracle_mix(i) % 8)
			madvise(hog + i * PAGE, PAGE, MADV_DONTNEED);
}

static void helper_compact(void)
{
	hog_give_back(hogs[0]);
	hog_give_back(hogs[1]);
	knob_write(COMPACT, "1");
}

static void helper_main(int fd)
{
	char command;

	while (read(fd, &command, 1) == 1) {
		if (command == HELPER_RECLAIM)
			helper_reclaim();
		else if (command == HELPER_HOG)
			helper_hog();
		else
			helper_compact();
		if (write(fd, &command, 1) != 1)
			break;
	}
	_exit(0);
}

/* Forks, so it must be called while there is no VM. */
static void start_helper(void)
{
	int fd[2];
	pid_t pid;

	if (helper_fd >= 0)
		return;
	TEST_ASSERT(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), "socketpair: %s",
		    strerror(errno));
	pid = child_fork();
	if (!pid) {
		close(fd[0]);
		helper_main(fd[1]);
	}
	close(fd[1]);
	helper_fd = fd[0];
}

static void ask_helper(char command)
{
	TEST_ASSERT(write(helper_fd, &command, 1) == 1 && read(helper_fd, &command, 1) == 1,
		    "the helper process is gone");
}

/* ---- operations ---- */

static struct range whole_memory(struct attack *a)
{
	return (struct range){ 0, a->w->pages };
}

static bool advise(struct attack *a, struct range r, int advice)
{
	return !madvise(range_at(a, r), range_len(r), advice);
}

/* Polls a limited number of times: the guest may be waiting for this thread. */
static void let_guest_work(struct attack *a, uint64_t visits)
{
	uint64_t goal = writers_visits(a->w) + visits;
	int polls = 100;

	while (polls-- && writers_visits(a->w) < goal && !writers_failed(a->w))
		usleep(100);
}

static void make_hot(struct attack *a, struct range r)
{
	WRITE_ONCE(a->w->ctl->hot[0], r.first << 32 | r.n);
}

static void hide(struct attack *a, struct range r)
{
	writers_hole_begin(a->w);
	must(a, !mprotect(range_at(a, r), range_len(r), PROT_NONE), "mprotect", r);
}

static void unhide(struct attack *a, struct range r)
{
	must(a, !mprotect(range_at(a, r), range_len(r), PROT_READ | PROT_WRITE), "mprotect back",
	     r);
	writers_hole_end(a->w);
}

/* Returns one page, as far away from @r as possible. */
static struct range away(struct attack *a, struct range r)
{
	return (struct range){ (r.first + a->w->pages / 2) % a->w->pages, 1 };
}

/*
 * A page that the guest has used since KVM was last asked for its age is not
 * reclaimed. So the guest is idle, or directed elsewhere and the pages are aged
 * twice, or the pages are out of its reach.
 */
static void page_out(struct attack *a, struct range r)
{
	uint64_t how = pick(a, 3);

	if (how == 1) {
		make_hot(a, away(a, r));
		let_guest_work(a, 16);
		must(a, advise(a, r, MADV_PAGEOUT), "MADV_PAGEOUT", r);
	}
	if (how == 2)
		hide(a, r);
	must(a, advise(a, r, MADV_PAGEOUT), "MADV_PAGEOUT", r);
	if (how == 2)
		unhide(a, r);
	make_hot(a, r);
}

static void attack_pageout(struct attack *a, struct range r)
{
	page_out(a, r);
}

/* The guest faults on pages for which another thread has to wait. */
static void attack_async(struct attack *a, struct range r)
{
	make_hot(a, away(a, r));
	let_guest_work(a, 16);
	must(a, swap_out_slow(range_at(a, r), range_len(r)), "MADV_PAGEOUT", r);
	make_hot(a, r);
}

/*
 * Frees, lets the guest write some pages, and reclaims: written pages must be
 * there, and others hold the old contents or zero.
 */
static void attack_free(struct attack *a, struct range r)
{
	oracle_erase_begin(a->w->ctl->log, r.first, r.n);
	must(a, advise(a, r, MADV_FREE), "MADV_FREE", r);
	oracle_free_end(a->w->ctl->log, r.first, r.n);
	if (pick(a, 2))
		usleep(pick(a, 2000));
	page_out(a, r);
}

/* Bit n of this file belongs to page frame n. */
static uint64_t idle_word(int fd, uint64_t pfn)
{
	uint64_t word = 0;

	if (pread(fd, &word, sizeof(word), pfn / 64 * 8) != sizeof(word))
		return 0;
	return word;
}

static void make_idle(int fd, const uint64_t *pfn, uint64_t n)
{
	uint64_t i, bit;

	for (i = 0; i < n; i++) {
		bit = 1UL << pfn[i] % 64;
		if (pfn[i] && pwrite(fd, &bit, sizeof(bit), pfn[i] / 64 * 8) < 0)
			return;
	}
}

static uint64_t count_idle(int fd, const uint64_t *pfn, uint64_t n)
{
	uint64_t i, idle = 0;

	for (i = 0; i < n; i++)
		idle += pfn[i] && idle_word(fd, pfn[i]) >> pfn[i] % 64 & 1;
	return idle;
}

/* Marks the pages idle; those that the guest then uses must become young. */
static void attack_cold(struct attack *a, struct range r)
{
	int fd = open(PAGE_IDLE, O_RDWR | O_CLOEXEC);
	uint64_t pfn[BLOCK_PAGES], idle;

	must(a, advise(a, r, MADV_COLD), "MADV_COLD", r);
	read_pfns(a, r, pfn);
	make_idle(fd, pfn, r.n);
	idle = count_idle(fd, pfn, r.n);
	let_guest_work(a, 2 * r.n);
	a->hits += idle - min(idle, count_idle(fd, pfn, r.n));
	close(fd);
}

/* Reclaim by the kernel itself, which asks for the age of pages. */
static void attack_reclaim(struct attack *a, struct range r)
{
	ask_helper(HELPER_RECLAIM);
}

static uint64_t count_moved(struct attack *a, struct range r, const uint64_t *pfn)
{
	uint64_t i, now, n = 0;

	for (i = 0; i < r.n; i++) {
		now = page_state_pfn(&page_state, range_at(a, r) + i * PAGE);
		n += now && pfn[i] && now != pfn[i];
	}
	return n;
}

/*
 * The free space was all taken by others, or the guest's pages are the topmost.
 * Swaps them out, and lets the helper take their place before the guest faults
 * them in again.
 */
static void seat_anew(struct attack *a)
{
	struct range all = whole_memory(a);

	hide(a, all);
	must(a, advise(a, all, MADV_PAGEOUT), "MADV_PAGEOUT", all);
	ask_helper(HELPER_HOG);
	ask_helper(HELPER_HOG);
	unhide(a, all);
	let_guest_work(a, 2 * all.n);
}

static void attack_compact(struct attack *a, struct range r)
{
	uint64_t *pfn = calloc(a->w->pages, sizeof(*pfn));

	TEST_ASSERT(pfn, "out of memory");
	if (a->attacks > 1 && !a->hits)
		seat_anew(a);
	read_pfns(a, whole_memory(a), pfn);
	ask_helper(HELPER_COMPACT);
	a->hits += count_moved(a, whole_memory(a), pfn);
	free(pfn);
}

/* Moves the pages to the other of two nodes; a page that is busy may stay. */
static void attack_move(struct attack *a, struct range r)
{
	int node[BLOCK_PAGES], status[BLOCK_PAGES];
	void *page[BLOCK_PAGES];
	uint64_t i;

	for (i = 0; i < r.n; i++)
		page[i] = range_at(a, r) + i * PAGE;
	if (syscall(SYS_move_pages, 0, r.n, page, NULL, status, 0))
		return;
	for (i = 0; i < r.n; i++)
		node[i] = !status[i];
	/* A positive value is the number of pages that did not move. */
	must(a, syscall(SYS_move_pages, 0, r.n, page, node, status, 2) >= 0 || errno == EAGAIN,
	     "move_pages", r);
	for (i = 0; i < r.n; i++)
		a->hits += status[i] == node[i];
}

/* The scanner runs by itself, on behalf of the vCPUs' threads. */
static void attack_numa(struct attack *a, struct range r)
{
	usleep(2000);
}

/* By /proc/self/mem, for they are PROT_NONE. */
static void read_image(struct attack *a, struct range r, int fd, uint8_t *image)
{
	must(a, pread(fd, image, range_len(r), (uint64_t)range_at(a, r)) == range_len(r),
	     "reading /proc/self/mem", r);
}

static void check_frozen(struct attack *a, struct range r)
{
	uint8_t *was = malloc(range_len(r)), *is = malloc(range_len(r));
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	TEST_ASSERT(was && is && fd >= 0, "/proc/self/mem: %s", strerror(errno));
	read_image(a, r, fd, was);
	let_guest_work(a, 2 * r.n);
	read_image(a, r, fd, is);
	if (memcmp(was, is, range_len(r))) {
		ktap_info("STALE write: one of %lu pages at page %lu changed while unreachable",
			  r.n, r.first);
		writers_found(a->w, ORACLE_STALE);
	}
	close(fd);
	free(was);
	free(is);
}

static void attack_protnone(struct attack *a, struct range r)
{
	hide(a, r);
	if (pick(a, 2))
		check_frozen(a, r);
	unhide(a, r);
}

static void expect_refused(struct attack *a, struct range r, int advice, const char *name)
{
	if (advise(a, r, advice) || errno != EINVAL) {
		ktap_info("%s of locked memory: %s, not EINVAL", name, strerror(errno));
		a->changed = true;
	}
}

/* Locked pages stay in place, though the kernel reclaims around them. */
static void attack_mlock(struct attack *a, struct range r)
{
	must(a, !mlock(range_at(a, r), range_len(r)), "mlock", r);
	expect_refused(a, r, MADV_PAGEOUT, "MADV_PAGEOUT");
	if (!is_shmem(a->tc))
		expect_refused(a, r, MADV_FREE, "MADV_FREE");
	if (!pick(a, 4))
		ask_helper(HELPER_RECLAIM);
	if (count_state(a, r, PAGE_STATE_PRESENT) != r.n) {
		ktap_info("of %lu locked pages at page %lu only %lu are present", r.n, r.first,
			  count_state(a, r, PAGE_STATE_PRESENT));
		a->changed = true;
	}
	must(a, !munlock(range_at(a, r), range_len(r)), "munlock", r);
	page_out(a, r);
}

/* ---- what they need ---- */

static const char *prepare_nothing(void)
{
	return NULL;
}

static const char *prepare_swap(void)
{
	return swap_create(SWAP_BYTES);
}

static const char *prepare_idle(void)
{
	if (access(PAGE_IDLE, R_OK | W_OK))
		return "no " PAGE_IDLE " (CONFIG_IDLE_PAGE_TRACKING), or not for this user";
	return ages.cpus ? NULL : "the tracepoint kvm:kvm_age_hva can't be counted: " TRACE_WHY;
}

/* Memory that is mapped from now on is charged to the cgroup. */
static const char *prepare_memcg(void)
{
	const char *why = memcg_create() ?: prepare_swap();

	if (why)
		return why;
	if (!memcg_has("memory.reclaim"))
		return "no memory.reclaim in this kernel's cgroups";
	if (!in_memcg && !memcg_enter())
		return "the cgroup can't be entered";
	in_memcg = true;
	start_helper();
	return ages.cpus ? NULL : "the tracepoint kvm:kvm_age_hva can't be counted: " TRACE_WHY;
}

static const char *prepare_async(void)
{
	return swap_create_slow(SLOW_SWAP_BYTES);
}

static const char *prepare_compact(void)
{
	if (access(COMPACT, W_OK))
		return "no " COMPACT ", or not for this user";
	if (madvise(NULL, 0, MADV_POPULATE_WRITE))
		return "no MADV_POPULATE_WRITE in this kernel";
	start_helper();
	return prepare_swap();
}

static const char *prepare_nodes(void)
{
	return access(NODE_1, F_OK) ? "one NUMA node only" : NULL;
}

static const char *prepare_numa(void)
{
	if (access(NUMA_BALANCING, W_OK))
		return "no NUMA balancing in this kernel, or not for this user";
	if (!knob_set(NUMA_SCAN "scan_delay_ms", "1") ||
	    !knob_set(NUMA_SCAN "scan_period_min_ms", "1") ||
	    !knob_set(NUMA_SCAN "scan_period_max_ms", "10"))
		return "the NUMA scanner can't be told to hurry (" NUMA_SCAN ")";
	return knob_set(NUMA_BALANCING, "1") ? NULL : "NUMA balancing can't be turned on";
}

#define ANON		(ANON_4K | ANON_2M)
#define SHMEM		(SHMEM_4K | SHMEM_2M)

/* The last one changes how the kernel treats everything that follows. */
static const struct operation operations[] = {
	{ "pageout", prepare_swap, attack_pageout, ANON | SHMEM, { "pswpout", "pswpin" },
	  .swaps = true },
	{ "free", prepare_swap, attack_free, ANON, { "pglazyfree", "pglazyfreed" },
	  .erases = true },
	{ "cold", prepare_idle, attack_cold, ANON_4K | SHMEM_4K, { "pgdeactivate" },
	  .ages = true, .hits = true },
	{ "reclaim", prepare_memcg, attack_reclaim, ANON_4K | SHMEM_4K, { "pswpout", "pswpin" },
	  .ages = true, .swaps = true },
	{ "mlock", prepare_memcg, attack_mlock, ANON_4K | SHMEM_4K,
	  { "unevictable_pgs_mlocked", "unevictable_pgs_munlocked" }, .swaps = true },
	{ "compact", prepare_compact, attack_compact, ANON_4K | SHMEM_4K,
	  { "pgmigrate_success", "compact_isolated" }, .hits = true },
	{ "move", prepare_nodes, attack_move, ANON | SHMEM_4K, { "pgmigrate_success" },
	  .hits = true },
	{ "protnone", forced_read_why_not, attack_protnone, ANON | SHMEM_4K, .holes = true },
	{ "async", prepare_async, attack_async, ANON_4K, { "pswpout", "pswpin" },
	  .swaps = true, .async = true },
	{ "numa", prepare_numa, attack_numa, ANON, { "numa_pte_updates", "numa_hint_faults" } },
};

/* ---- attack ---- */

static struct range pick_range(struct attack *a)
{
	struct range r = { pick(a, a->w->pages / BLOCK_PAGES) * BLOCK_PAGES, BLOCK_PAGES };
	uint64_t offset;

	if (is_huge(a->tc) && pick(a, 2))
		return r;
	offset = pick(a, BLOCK_PAGES);
	r.first += offset;
	r.n = min(1 + pick(a, MAX_PAGES), BLOCK_PAGES - offset);
	return r;
}

/*
 * Collapses what was split.  The kernel refuses while a page is in use or not
 * yet on the LRU lists: it is tried again, with the guest elsewhere.
 */
static void heal(struct attack *a, struct range r)
{
	uint8_t *block = a->hva + r.first / BLOCK_PAGES * WRITERS_HUGE;
	int tries;

	for (tries = 0; tries < HEAL_TRIES && !writers_failed(a->w); tries++) {
		if (!madvise(block, WRITERS_HUGE, MADV_COLLAPSE)) {
			a->healed++;
			return;
		}
		a->error = errno;
		make_hot(a, away(a, r));
		let_guest_work(a, 16);
	}
}

static void attack_once(struct attack *a)
{
	struct range r = pick_range(a);
	int burst = pick(a, 4) || r.n > MAX_PAGES ? 1 : 2 + pick(a, 4);

	make_hot(a, r);
	let_guest_work(a, 16 + 2 * r.n);
	a->huge += !!vm_get_stat(a->w->vm, "pages_2m");
	while (burst-- && !writers_failed(a->w)) {
		a->op_log[a->attacks++ % HISTORY] = r;
		a->tc->op->run(a, r);
	}
	let_guest_work(a, 16 + 2 * r.n);
	if (!writers_failed(a->w) && writers_verify(a->w, r.first, r.n) && is_huge(a->tc))
		heal(a, r);
}

static void print_op_log(struct attack *a)
{
	uint64_t i = a->attacks > HISTORY ? a->attacks - HISTORY : 0;
	struct range *r;

	for (; i < a->attacks; i++) {
		r = &a->op_log[i % HISTORY];
		ktap_info("operation: %s %lu: %lu pages at page %lu", a->tc->name, i, r->n,
			  r->first);
	}
}

/* ---- memory ---- */

static void create_memory(struct attack *a)
{
	int flags = is_shmem(a->tc) ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	uint8_t *p;

	a->size = (uint64_t)opt.mib << 20;
	a->memfd = is_shmem(a->tc) ? memfd_create("reclaim_test", MFD_CLOEXEC) : -1;
	TEST_ASSERT(!is_shmem(a->tc) || (a->memfd >= 0 && !ftruncate(a->memfd, a->size)),
		    "memfd: %s", strerror(errno));
	p = reserve(a->size);
	a->hva = mmap(p, a->size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, a->memfd, 0);
	TEST_ASSERT(a->hva == p, "mmap: %s", strerror(errno));
	madvise(p, a->size, is_huge(a->tc) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static void destroy_memory(struct attack *a)
{
	munmap(a->hva, a->size);
	if (a->memfd >= 0)
		close(a->memfd);
}

static uint64_t mean_pfn(struct attack *a)
{
	uint64_t i, n = a->size / PAGE, sum = 0;

	for (i = 0; i < n; i++)
		sum += page_state_pfn(&page_state, a->hva + i * PAGE);
	return sum / n;
}

/*
 * Allocates memory with all of its pages, where compaction takes them from: the
 * lowest of a few allocations, with the helper's memory before and after it.
 */
static void create_memory_for_compaction(struct attack *a)
{
	struct attack candidate[COMPACT_CANDIDATES];
	int i, lowest = 0;

	ask_helper(HELPER_HOG);
	for (i = 0; i < COMPACT_CANDIDATES; i++) {
		candidate[i] = *a;
		create_memory(&candidate[i]);
		TEST_ASSERT(!madvise(candidate[i].hva, candidate[i].size, MADV_POPULATE_WRITE),
			    "MADV_POPULATE_WRITE: %s", strerror(errno));
		if (mean_pfn(&candidate[i]) < mean_pfn(&candidate[lowest]))
			lowest = i;
	}
	ask_helper(HELPER_HOG);
	*a = candidate[lowest];
	for (i = 0; i < COMPACT_CANDIDATES; i++)
		if (i != lowest)
			destroy_memory(&candidate[i]);
}

static const char *need_huge(const struct test_case *tc)
{
	if (!is_huge(tc))
		return NULL;
	/*
	 * A guest that reads first would get the huge zero page, and 4 KiB with
	 * the first write.
	 */
	if (!is_shmem(tc) && !knob_set(THP "use_zero_page", "0"))
		return "the huge zero page can't be turned off";
	return thp_why_not(is_shmem(tc));
}

/* ---- cases ---- */

static void read_counters(const struct operation *op, uint64_t *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(op->counters); i++)
		if (!op->counters[i] || !counter_vmstat(op->counters[i], &value[i]))
			value[i] = 0;
}

static void collect(struct result *r, struct attack *a, const struct result *before)
{
	size_t i;

	read_counters(a->tc->op, r->moved);
	for (i = 0; i < ARRAY_SIZE(r->moved); i++)
		r->moved[i] -= before->moved[i];
	r->ages = trace_count_read(&ages) - before->ages;
	r->unmaps = trace_count_read(&unmaps) - before->unmaps;
	r->asyncs = trace_count_read(&asyncs) - before->asyncs;
	r->swapins = major_faults() - before->swapins;
	r->writes = writers_writes(a->w);
	r->faults = writers_faults(a->w) - before->faults;
	r->erased = writers_erased(a->w);
	r->efaults = writers_efaults(a->w);
	r->attacks = a->attacks;
	r->hits = a->hits;
	r->huge = a->huge;
	r->healed = a->healed;
	r->error = a->error;
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(const struct test_case *tc, const struct result *r)
{
	static char why[96];
	uint64_t now;
	size_t i;

	if (!r->writes)
		return "the guest wrote nothing";
	if (!r->faults)
		return "KVM fixed no fault";
	if (r->attacks < MIN_ATTACKS)
		return "the operation was done too seldom";
	if (tc->op->hits && !r->hits)
		return "the operation reached none of the guest's pages";
	if (unmaps.cpus && !r->unmaps && tc->op->run != attack_cold)
		return "KVM was not notified to unmap anything";
	if (tc->op->swaps && !r->swapins)
		return "nothing had to be read back from swap space";
	if (tc->op->async && asyncs.cpus && !r->asyncs)
		return "KVM resolved no fault asynchronously";
	if (tc->op->erases && !r->erased)
		return "no vCPU found an erased page";
	if (tc->op->ages && !r->ages)
		return "KVM was not asked for the age of pages";
	if (tc->op->holes && !r->efaults)
		return "no vCPU ran into the hole";
	if (is_huge(tc) && r->huge < MIN_ATTACKS)
		return "too few attacks hit a mapping of 2 MiB";
	for (i = 0; i < ARRAY_SIZE(r->moved); i++) {
		if (!tc->op->counters[i] || r->moved[i] ||
		    !counter_vmstat(tc->op->counters[i], &now))
			continue;
		snprintf(why, sizeof(why), "%s in /proc/vmstat did not move", tc->op->counters[i]);
		return why;
	}
	return NULL;
}

/* Runs for @usec, and longer while too little happened, up to a limit. */
static void run_attack(struct attack *a, struct result *r, uint64_t usec)
{
	struct result before = {
		.ages = trace_count_read(&ages),
		.unmaps = trace_count_read(&unmaps),
		.asyncs = trace_count_read(&asyncs),
		.swapins = major_faults(),
	};
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us();

	read_counters(a->tc->op, before.moved);
	while (!writers_visits(a->w) && !writers_failed(a->w)) {
		usleep(500);
		writers_watch(a->w);
	}
	before.faults = writers_faults(a->w);
	collect(r, a, &before);
	while (!writers_failed(a->w) && !a->changed) {
		attack_once(a);
		writers_watch(a->w);
		collect(r, a, &before);
		r->usec = now_us() - start;
		if (r->usec > usec && !nothing_happened(a->tc, r))
			break;
		if (deadline_passed(&deadline, a->attacks))
			break;
	}
}

/*
 * With interrupts on, though there are none: only then may KVM halt the vCPU.
 */
static void interruptible_guest_code(uint32_t me)
{
	asm volatile("sti");
	writers_guest_code(me);
}

static void create_writers(struct attack *a, int vcpus, uint64_t seed)
{
	struct writers_setup setup = {
		.code = a->tc->op->async ? interruptible_guest_code : NULL,
		.nr_vcpus = vcpus,
		.hva = a->hva,
		.pages = a->size / PAGE,
		.huge = is_huge(a->tc),
		.nr_hot = 1,
		.seed = seed,
	};

	writers_create_from(a->w, &setup);
	a->w->stall_seconds = opt.stall;
}

/* Runs the case with @vcpus vCPUs.  Returns NULL, or what is wrong. */
static const char *run_with(const struct test_case *tc, int vcpus, struct result *r,
			    uint64_t *found, uint64_t seed, uint64_t usec)
{
	struct attack a = { .tc = tc, .rng = oracle_mix(seed) | 1 };
	static struct writers w;
	const char *why;

	if (tc->op->run == attack_compact)
		create_memory_for_compaction(&a);
	else
		create_memory(&a);
	a.w = &w;
	create_writers(&a, vcpus, seed);
	writers_start(&w);
	run_attack(&a, r, usec);
	writers_stop(&w);
	if (!writers_failed(&w))
		writers_verify_all(&w);
	why = nothing_happened(tc, r);
	if (writers_failed(&w) || a.changed) {
		why = "see above";
		print_op_log(&a);
	}
	oracle_add(found, w.found);
	writers_destroy(&w);
	destroy_memory(&a);
	return why;
}

static void add(struct result *sum, const struct result *r)
{
	size_t i;

	sum->writes += r->writes;
	sum->attacks += r->attacks;
	sum->faults += r->faults;
	sum->erased += r->erased;
	sum->efaults += r->efaults;
	sum->hits += r->hits;
	sum->ages += r->ages;
	sum->unmaps += r->unmaps;
	sum->asyncs += r->asyncs;
	sum->swapins += r->swapins;
	sum->huge += r->huge;
	sum->healed += r->healed;
	sum->usec += r->usec;
	for (i = 0; i < ARRAY_SIZE(sum->moved); i++)
		sum->moved[i] += r->moved[i];
}

static void print_pass(const struct test_case *tc, const struct result *r)
{
	char moved[128] = "";
	size_t i, len = 0;
	uint64_t now;

	for (i = 0; i < ARRAY_SIZE(r->moved) && tc->op->counters[i]; i++)
		if (counter_vmstat(tc->op->counters[i], &now))
			len += snprintf(moved + len, sizeof(moved) - len, " %s=%lu",
					tc->op->counters[i], r->moved[i]);
	ktap_pass(tc->name, CASE_LINE,
		  r->writes, r->attacks, r->unmaps, r->hits, r->swapins, moved, r->ages, r->faults,
		  r->asyncs, r->erased, r->efaults, r->huge, r->healed, r->usec / 1000);
}

static void test_case(const struct test_case *tc, struct result *total, uint64_t *found,
		      uint64_t seed, uint64_t usec)
{
	int vcpus[] = { 1, opt.vcpus };
	const char *why = NULL;
	struct result sum = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vcpus) && !why; i++) {
		struct result r = {};

		why = run_with(tc, vcpus[i], &r, found, seed + i, usec / 2);
		add(&sum, &r);
		if (why)
			ktap_fail(tc->name, FAIL_LINE,
				  why, found[ORACLE_STALE], found[ORACLE_LOST],
				  found[ORACLE_TORN], vcpus[i], r.attacks, r.hits, r.huge, r.healed,
				  r.error ? strerror(r.error) : "none", opt.seed, r.usec / 1000);
	}
	if (!why)
		print_pass(tc, &sum);
	add(total, &sum);
}

/* Every operation on every kind of memory. */
static struct test_case cases[ARRAY_SIZE(operations) * 4];

static const char *make_case(int i)
{
	static const char * const names[] = {
		[ANON_4K] = "anon/4k",
		[ANON_2M] = "anon/2m",
		[SHMEM_4K] = "shmem/4k",
		[SHMEM_2M] = "shmem/2m",
	};
	struct test_case *tc = &cases[i];

	*tc = (struct test_case) { .op = &operations[i / 4], .kind = 1 << i % 4 };
	snprintf(tc->name, sizeof(tc->name), "%s/%s", tc->op->name, names[tc->kind]);
	return tc->op->kinds & tc->kind ? tc->name : NULL;
}

static const char *why_not(const struct test_case *tc)
{
	const char *why = page_state.pagemap < 0 ? "page frame numbers are for root only" : NULL;

	return why ?: need_huge(tc) ?: tc->op->prepare();
}

static int run_all(struct cases *c)
{
	uint64_t found[ORACLE_VERDICTS] = {};
	struct result total = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d mib=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.mib,
		  opt.seconds, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, why_not(&cases[c->i])))
			test_case(&cases[c->i], &total, found, opt.seed + 2 * c->nth,
				  cases_share(c));
	ktap_info(COUNTS " " VERDICTS,
		  total.writes, total.unmaps, total.swapins, total.faults, total.asyncs,
		  total.ages,
		  found[ORACLE_STALE], found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where there is a
	 * hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), make_case);
	guard_init();
	if (!page_state_open(&page_state, getpid()))
		page_state.pagemap = -1;
	trace_count_open(&ages, "kvm/kvm_age_hva");
	trace_count_open(&unmaps, "kvm/kvm_unmap_hva_range");
	trace_count_open(&asyncs, "kvm/kvm_async_pf_completed");
	return run_all(&c);
}
