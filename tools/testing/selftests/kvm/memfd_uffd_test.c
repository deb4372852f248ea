// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest bypasses user space that manages its memory:
 * live migration or a snapshot misses a write, post-copy loses a page, or a
 * guest keeps writing to a page of a file that was punched out.
 *
 * vCPUs keep writing memory that user space provides and takes away page by
 * page: userfaultfd in its missing, minor and write-protect modes, and files of
 * shmem and hugetlb that get holes, are truncated, or are sealed.
 *
 * include/oracle.h defines what each word may hold.  Also:
 *   - memory that is write-protected, or whose faults are not yet resolved, must not
 *     change;
 *   - a write since the last scan must be in the next scan (PAGEMAP_SCAN);
 *   - a seal keeps user space from changing the file, but not the guest from writing it;
 *   - KVM_RUN may return EFAULT only if the file was too short meanwhile.
 * A case also fails if the faults that it is about never came.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "cases.h"
#include "deadline.h"
#include "knob.h"
#include "kvm_util.h"
#include "reserve.h"
#include "storm.h"
#include "test_util.h"
#include "writers.h"

#define PAGE			ORACLE_PAGE_SIZE
#define PAGES			1024
#define HUGE_PAGES		2048
#define NR_HUGEPAGES		"/proc/sys/vm/nr_hugepages"
#define DEADLINE_ATTACKS	500
#define MIN_ATTACKS		10

#define DONE	"writes=%lu invalidations=%lu faults=%lu erased=%lu missing=%lu minor=%lu wp=%lu"
#define TOTALS	"writes=%lu invalidations=%lu faults=%lu answered=%lu"
#define SEEN	"frozen=%lu scanned=%lu efaults=%lu 2m=%lu"

/* Older headers lack UFFDIO_MOVE (6.8) and PAGEMAP_SCAN (6.7). */
#define FEATURE_WP_UNPOPULATED	0x2000UL
#define FEATURE_WP_ASYNC	0x8000UL
#define FEATURE_MOVE		0x10000UL
#define IOCTL_MOVE		_IOWR(UFFDIO, 0x05, struct uffd_move)
#define IOCTL_SCAN		_IOWR('f', 16, struct scan)
#define SCAN_PROTECT		1UL
#define SCAN_IS_WRITTEN		2UL
#define SCAN_REGIONS		256

struct uffd_move {
	uint64_t dst;
	uint64_t src;
	uint64_t len;
	uint64_t mode;
	int64_t moved;
};

struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t regions;
	uint64_t nr_regions;
	uint64_t max_pages;
	uint64_t inverted;
	uint64_t mask;
	uint64_t any_of;
	uint64_t report;
};

enum kind { ANON, SHMEM, HUGETLB, NR_KINDS };

enum needs {
	NEEDS_MISSING	= 1 << 0,
	NEEDS_MINOR	= 1 << 1,
	NEEDS_WP	= 1 << 2,
	NEEDS_ERASED	= 1 << 3,
	NEEDS_FROZEN	= 1 << 4,
	NEEDS_EFAULTS	= 1 << 5,
	NEEDS_SCANNED	= 1 << 6,
};

struct test_case {
	const char *name;
	enum kind kind;
	void (*attack)(struct storm_thread *t, uint64_t first, uint64_t n);
	/* Modes to register, and other features that the kernel must have. */
	uint64_t modes;
	uint64_t features;
	unsigned int needs;
	unsigned int seals;
	/* Truncation removes everything above, so only one thread can do it. */
	bool alone;
};

struct scene {
	const struct test_case *tc;
	struct writers w;
	struct storm storm;
	int vcpus;
	uint64_t pages;
	uint64_t page_size;
	uint8_t *hva;
	uint8_t *alias;
	uint8_t *spare;
	/* Contents of pages that were discarded and will be provided again. */
	uint8_t *saved;
	bool *is_saved;
	/*
	 * For each page: set until its protection is removed and its waiters
	 * are woken.
	 */
	bool *is_protected;
	uint8_t *zeros;
	uint64_t *begun;
	uint64_t *ended;
	int fd;
	int uffd;
	int pagemap;
	pthread_t handler;
	bool stop_handler;
	/* While it is held, no fault is resolved. */
	pthread_mutex_t gate;
	uint64_t missing;
	uint64_t minor;
	uint64_t wp;
	uint64_t frozen;
	uint64_t scanned;
	uint64_t writes;
	uint64_t faults;
	uint64_t erased;
	uint64_t efaults;
	uint64_t huge;
	uint64_t usec;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.stall = 20,
};

static struct scene scene;

static void count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static struct scene *scene_of(struct storm_thread *t)
{
	return t->storm->owner;
}

static uint8_t *at(struct scene *s, uint64_t page)
{
	return s->hva + page * PAGE;
}

static void must(bool done, const char *what, uint64_t first, uint64_t n)
{
	TEST_ASSERT(done, "%s: %s of %lu pages at page %lu: %s", scene.tc->name, what, n, first,
		    strerror(errno));
}

static void erase_begin(struct scene *s, uint64_t first, uint64_t n)
{
	oracle_erase_begin(s->w.ctl->log, first, n);
}

static void erase_end(struct scene *s, uint64_t first, uint64_t n)
{
	oracle_erase_end(s->w.ctl->log, first, n);
}

static void discard(struct scene *s, uint64_t first, uint64_t n)
{
	must(!madvise(at(s, first), n * PAGE, MADV_DONTNEED), "MADV_DONTNEED", first, n);
}

static void punch(struct scene *s, uint64_t first, uint64_t n)
{
	must(!fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE, n * PAGE),
	     "punching a hole", first, n);
}

/* ---- userfaultfd ---- */

/* Returns the features of this kernel's userfaultfd, or 0. */
static uint64_t uffd_features(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (ioctl(fd, UFFDIO_API, &api))
		api.features = 0;
	close(fd);
	return api.features;
}

static void uffd_register(struct scene *s, uint8_t *mem)
{
	struct uffdio_register reg = {
		.range = { (uint64_t)mem, s->pages * PAGE },
		.mode = s->tc->modes,
	};

	TEST_ASSERT(!ioctl(s->uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %s",
		    strerror(errno));
}

static void uffd_open(struct scene *s)
{
	struct uffdio_api api = { .api = UFFD_API, .features = s->tc->features };

	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	TEST_ASSERT(s->uffd >= 0, "userfaultfd: %s", strerror(errno));
	TEST_ASSERT(!ioctl(s->uffd, UFFDIO_API, &api), "UFFDIO_API: %s", strerror(errno));
	uffd_register(s, s->hva);
	if (s->tc->features & FEATURE_MOVE)
		uffd_register(s, s->spare);
}

static void uffd_wake(struct scene *s, uint64_t start, uint64_t len)
{
	struct uffdio_range range = { start, len };

	TEST_ASSERT(!ioctl(s->uffd, UFFDIO_WAKE, &range), "UFFDIO_WAKE: %s", strerror(errno));
}

/*
 * If another thread resolved the fault, or the mappings are changing, the fault
 * repeats.
 */
static void uffd_answered(struct scene *s, int r, const char *what, uint64_t start)
{
	if (!r)
		return;
	TEST_ASSERT(errno == EEXIST || errno == EAGAIN || errno == ENOENT, "%s: %s", what,
		    strerror(errno));
	uffd_wake(s, start, s->page_size);
}

static void answer_missing(struct scene *s, uint64_t start)
{
	uint64_t page = (start - (uint64_t)s->hva) / PAGE;
	struct uffdio_copy copy = {
		.dst = start,
		.src = (uint64_t)(s->is_saved[page] ? s->saved + page * PAGE : s->zeros),
		.len = s->page_size,
	};
	struct uffdio_zeropage zero = { .range = { start, s->page_size } };
	/* hugetlb has no zero page, and the zero page cannot be moved. */
	bool copies = s->tc->kind == HUGETLB || s->tc->features & FEATURE_MOVE;

	s->missing++;
	if (copies || s->is_saved[page] || s->missing & 1)
		uffd_answered(s, ioctl(s->uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY", start);
	else
		uffd_answered(s, ioctl(s->uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE", start);
}

static void answer_minor(struct scene *s, uint64_t start)
{
	struct uffdio_continue c = { .range = { start, s->page_size } };

	s->minor++;
	uffd_answered(s, ioctl(s->uffd, UFFDIO_CONTINUE, &c), "UFFDIO_CONTINUE", start);
}

/*
 * A fault may begin while the page is protected and sleep after the protection
 * was removed and its waiters were woken: if the page was unmapped meanwhile,
 * the kernel cannot tell that it is no longer protected.  Its message then
 * comes, and nobody else wakes it.
 */
static void answer_wp(struct scene *s, uint64_t start)
{
	uint64_t page = (start - (uint64_t)s->hva) / PAGE;

	count(&s->wp);
	/* Pairs with set_protected(), which wakes the waiter if this is set. */
	if (!__atomic_load_n(&s->is_protected[page], __ATOMIC_SEQ_CST))
		uffd_wake(s, start, s->page_size);
}

static void answer(struct scene *s, const struct uffd_msg *msg)
{
	uint64_t start = msg->arg.pagefault.address & ~(s->page_size - 1);

	if (msg->event != UFFD_EVENT_PAGEFAULT)
		return;
	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
		answer_wp(s, start);
		return;
	}
	pthread_mutex_lock(&s->gate);
	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR)
		answer_minor(s, start);
	else
		answer_missing(s, start);
	pthread_mutex_unlock(&s->gate);
}

static void *handler_main(void *arg)
{
	struct scene *s = arg;
	struct pollfd p = { .fd = s->uffd, .events = POLLIN };
	struct uffd_msg msg;

	while (!READ_ONCE(s->stop_handler)) {
		if (poll(&p, 1, 20) > 0 && read(s->uffd, &msg, sizeof(msg)) == sizeof(msg))
			answer(s, &msg);
	}
	return NULL;
}

/* To be called before the protection is removed and its waiters are woken. */
static void set_protected(struct scene *s, uint64_t first, uint64_t n, bool on)
{
	uint64_t p;

	for (p = first; p < first + n; p++)
		__atomic_store_n(&s->is_protected[p], on, __ATOMIC_SEQ_CST);
}

static void uffd_protect(struct scene *s, uint64_t first, uint64_t n, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uint64_t)at(s, first), n * PAGE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};
	int r;

	set_protected(s, first, n, on);
	do {
		r = ioctl(s->uffd, UFFDIO_WRITEPROTECT, &wp);
	} while (r && errno == EAGAIN);
	must(!r, "UFFDIO_WRITEPROTECT", first, n);
}

/* ---- attacks ---- */

static bool check_frozen(struct storm_thread *t, const uint8_t *mem, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	count(&s->frozen);
	return storm_check_frozen_at(t->storm, mem, first, n, storm_pick(t, 1500));
}

/*
 * Leaves the range empty until the handler provides zeros, by a copy or the
 * zero page.
 */
static void attack_missing(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	erase_begin(s, first, n);
	if (s->fd < 0)
		discard(s, first, n);
	else
		punch(s, first, n);
	erase_end(s, first, n);
}

/*
 * The file keeps its pages, but nobody can reach them until the handler
 * continues.
 */
static void attack_minor(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);
	bool hold = !storm_pick(t, 3);

	if (hold)
		pthread_mutex_lock(&s->gate);
	discard(s, first, n);
	if (hold) {
		check_frozen(t, s->alias + first * PAGE, first, n);
		pthread_mutex_unlock(&s->gate);
	}
}

/* Shared memory keeps its protection even if it is unmapped meanwhile. */
static void attack_wp(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	uffd_protect(s, first, n, true);
	if (s->fd >= 0 && storm_pick(t, 2))
		discard(s, first, n);
	check_frozen(t, s->fd < 0 ? at(s, first) : s->alias + first * PAGE, first, n);
	uffd_protect(s, first, n, false);
}

/*
 * Saves pages that cannot change, discards them, and provides them again on
 * demand.
 */
static void attack_postcopy(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);
	uint64_t p;

	uffd_protect(s, first, n, true);
	memcpy(s->saved + first * PAGE, at(s, first), n * PAGE);
	pthread_mutex_lock(&s->gate);
	for (p = first; p < first + n; p++)
		s->is_saved[p] = true;
	discard(s, first, n);
	pthread_mutex_unlock(&s->gate);
	set_protected(s, first, n, false);
	uffd_wake(s, (uint64_t)at(s, first), n * PAGE);
}

static bool uffd_move(struct scene *s, uint8_t *dst, uint8_t *src, uint64_t len)
{
	struct uffd_move move;
	uint64_t done = 0;

	while (done < len) {
		move = (struct uffd_move) {
			.dst = (uint64_t)dst + done,
			.src = (uint64_t)src + done,
			.len = len - done,
		};
		if (!ioctl(s->uffd, IOCTL_MOVE, &move))
			return true;
		if (move.moved > 0)
			done += move.moved;
		else if (errno != EAGAIN && errno != EBUSY)
			return false;
	}
	return true;
}

/*
 * Moves pages to a private range and back; the handler must not fill the gap.
 */
static void attack_move(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);
	uint8_t *away = s->spare + first * PAGE;

	pthread_mutex_lock(&s->gate);
	must(uffd_move(s, away, at(s, first), n * PAGE), "UFFDIO_MOVE", first, n);
	if (check_frozen(t, away, first, n))
		writers_verify_at(&s->w, (uint64_t *)away, first, n);
	must(uffd_move(s, at(s, first), away, n * PAGE), "UFFDIO_MOVE back", first, n);
	pthread_mutex_unlock(&s->gate);
	uffd_wake(s, (uint64_t)at(s, first), n * PAGE);
}

static struct oracle_cell *cell_of(struct scene *s, uint64_t i)
{
	return &s->w.ctl->log[i / ORACLE_CELLS].cell[i % ORACLE_CELLS];
}

/*
 * Finds pages with a write that began and ended between two scans but is in
 * neither.
 */
static void check_scan(struct scene *s, const bool *written, uint64_t first, uint64_t n)
{
	uint64_t p, i;

	for (p = first; p < first + n; p++) {
		s->scanned += written[p - first];
		for (i = p * ORACLE_CELLS; i < (p + 1) * ORACLE_CELLS; i++) {
			if (written[p - first] || !s->begun[i] || s->ended[i] < s->begun[i])
				continue;
			ktap_info("LOST from the scan: page=%lu, writes %lu to %lu", p,
				  s->begun[i], s->ended[i]);
			writers_found(&s->w, ORACLE_LOST);
			return;
		}
	}
}

static void scan_range(struct scene *s, bool *written, uint64_t first, uint64_t n)
{
	struct scan_region regions[SCAN_REGIONS];
	struct scan scan = {
		.size = sizeof(scan),
		.flags = SCAN_PROTECT,
		.start = (uint64_t)at(s, first),
		.end = (uint64_t)at(s, first + n),
		.regions = (uint64_t)regions,
		.nr_regions = SCAN_REGIONS,
		.mask = SCAN_IS_WRITTEN,
		.report = SCAN_IS_WRITTEN,
	};
	int found = ioctl(s->pagemap, IOCTL_SCAN, &scan), i;
	uint64_t p;

	must(found >= 0, "PAGEMAP_SCAN", first, n);
	for (i = 0; i < found; i++)
		for (p = regions[i].start; p < regions[i].end; p += PAGE)
			written[(p - scan.start) / PAGE] = true;
}

/* Reads which pages were written, and write-protects them atomically. */
static void attack_scan(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);
	bool written[STORM_BLOCK] = {};
	uint64_t i;

	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		s->ended[i] = READ_ONCE(cell_of(s, i)->end);
	scan_range(s, written, first, n);
	check_scan(s, written, first, n);
	for (i = first * ORACLE_CELLS; i < (first + n) * ORACLE_CELLS; i++)
		s->begun[i] = READ_ONCE(cell_of(s, i)->start) + 1;
}

static void attack_punch(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	erase_begin(s, first, n);
	if (storm_pick(t, 2))
		punch(s, first, n);
	else
		must(!madvise(at(s, first), n * PAGE, MADV_REMOVE), "MADV_REMOVE", first, n);
	erase_end(s, first, n);
}

static void attack_truncate(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	if (!writers_verify(&s->w, first, s->pages - first))
		return;
	writers_hole_begin(&s->w);
	erase_begin(s, first, s->pages - first);
	must(!ftruncate(s->fd, first * PAGE), "truncating", first, n);
	usleep(storm_pick(t, 2000));
	must(!ftruncate(s->fd, s->pages * PAGE), "growing", first, n);
	erase_end(s, first, s->pages - first);
	writers_hole_end(&s->w);
}

/* Every change of the file is refused, and its pages are only unmapped. */
static void attack_sealed(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct scene *s = scene_of(t);

	must(ftruncate(s->fd, first * PAGE) && errno == EPERM, "truncating a sealed file", first,
	     n);
	must(fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE,
		       n * PAGE) && errno == EPERM, "a hole in a sealed file", first, n);
	must(fcntl(s->fd, F_ADD_SEALS, F_SEAL_WRITE) && errno == EBUSY,
	     "a seal against writing while it is mapped", first, n);
	discard(s, first, n);
}

/* ---- memory ---- */

static uint8_t *map(uint64_t size, int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uint8_t *p = mmap(reserve(size), size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

static void create_file(struct scene *s)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	if (s->tc->kind == HUGETLB)
		flags |= MFD_HUGETLB;
	s->fd = memfd_create("memfd_uffd_test", flags);
	TEST_ASSERT(s->fd >= 0 && !ftruncate(s->fd, s->pages * PAGE), "memfd: %s",
		    strerror(errno));
}

static void *zalloc(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	return p;
}

static void create_memory(struct scene *s)
{
	uint64_t cells = s->pages * ORACLE_CELLS * sizeof(uint64_t);

	s->fd = -1;
	s->uffd = -1;
	if (s->tc->kind != ANON)
		create_file(s);
	s->hva = map(s->pages * PAGE, s->fd);
	s->alias = s->fd < 0 ? s->hva : map(s->pages * PAGE, s->fd);
	if (s->tc->seals)
		must(!fcntl(s->fd, F_ADD_SEALS, s->tc->seals), "sealing", 0, s->pages);
	s->spare = zalloc(s->pages * PAGE);
	s->saved = zalloc(s->pages * PAGE);
	s->is_saved = zalloc(s->pages);
	s->is_protected = zalloc(s->pages);
	s->zeros = map(WRITERS_HUGE, -1);
	s->begun = zalloc(cells);
	s->ended = zalloc(cells);
	s->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	pthread_mutex_init(&s->gate, NULL);
}

static void destroy_memory(struct scene *s)
{
	uint64_t cells = s->pages * ORACLE_CELLS * sizeof(uint64_t);

	munmap(s->hva, s->pages * PAGE);
	if (s->fd >= 0) {
		munmap(s->alias, s->pages * PAGE);
		close(s->fd);
	}
	munmap(s->spare, s->pages * PAGE);
	munmap(s->saved, s->pages * PAGE);
	munmap(s->is_saved, s->pages);
	munmap(s->is_protected, s->pages);
	munmap(s->zeros, WRITERS_HUGE);
	munmap(s->begun, cells);
	munmap(s->ended, cells);
	close(s->pagemap);
}

/* ---- cases ---- */

#define MISSING	UFFDIO_REGISTER_MODE_MISSING
#define MINOR	UFFDIO_REGISTER_MODE_MINOR
#define WP	UFFDIO_REGISTER_MODE_WP
#define SEALS	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

static const struct test_case cases[] = {
	{ "missing/anon", ANON, attack_missing, MISSING, 0, NEEDS_MISSING | NEEDS_ERASED },
	{ "missing/shmem", SHMEM, attack_missing, MISSING, UFFD_FEATURE_MISSING_SHMEM,
	  NEEDS_MISSING | NEEDS_ERASED },
	{ "missing/hugetlb", HUGETLB, attack_missing, MISSING, UFFD_FEATURE_MISSING_HUGETLBFS,
	  NEEDS_MISSING | NEEDS_ERASED },
	{ "minor/shmem", SHMEM, attack_minor, MINOR, UFFD_FEATURE_MINOR_SHMEM,
	  NEEDS_MINOR | NEEDS_FROZEN },
	{ "minor/hugetlb", HUGETLB, attack_minor, MINOR, UFFD_FEATURE_MINOR_HUGETLBFS,
	  NEEDS_MINOR | NEEDS_FROZEN },
	{ "wp/anon", ANON, attack_wp, WP, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	  NEEDS_WP | NEEDS_FROZEN },
	{ "wp/shmem", SHMEM, attack_wp, WP, UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	  NEEDS_WP | NEEDS_FROZEN },
	{ "wp/hugetlb", HUGETLB, attack_wp, WP, UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	  NEEDS_WP | NEEDS_FROZEN },
	{ "postcopy/anon", ANON, attack_postcopy, MISSING | WP, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	  NEEDS_MISSING | NEEDS_WP },
	{ "move/anon", ANON, attack_move, MISSING, FEATURE_MOVE, NEEDS_MISSING | NEEDS_FROZEN },
	{ "scan/anon", ANON, attack_scan, WP, FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED,
	  NEEDS_SCANNED },
	{ "scan/shmem", SHMEM, attack_scan, WP, FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED,
	  NEEDS_SCANNED },
	{ "punch/shmem", SHMEM, attack_punch, 0, 0, NEEDS_ERASED },
	{ "punch/hugetlb", HUGETLB, attack_punch, 0, 0, NEEDS_ERASED },
	{ "truncate/shmem", SHMEM, attack_truncate, 0, 0, NEEDS_ERASED | NEEDS_EFAULTS,
	  .alone = true },
	{ "truncate/hugetlb", HUGETLB, attack_truncate, 0, 0, NEEDS_ERASED | NEEDS_EFAULTS,
	  .alone = true },
	{ "sealed/shmem", SHMEM, attack_sealed, 0, 0, 0, .seals = SEALS },
	{ "sealed/hugetlb", HUGETLB, attack_sealed, 0, 0, 0, .seals = SEALS },
};

/*
 * Twice the file, because pages that are punched out may be in use for a
 * moment.
 */
static const char *no_hugepages(void)
{
	static bool changed;
	char value[64];

	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK))
		return "no huge pages of 2 MiB in this kernel";
	if (!changed && !knob_set(NR_HUGEPAGES, "8"))
		return "only root can reserve huge pages";
	changed = true;
	if (!knob_read(NR_HUGEPAGES, value, sizeof(value)) || atoi(value) < 8)
		return "not enough memory for 8 huge pages";
	return NULL;
}

/* Returns why this case cannot run here, or NULL. */
static const char *why_not(const struct test_case *tc)
{
	uint64_t lacks = tc->features & ~uffd_features();

	if (tc->modes && !uffd_features())
		return "no userfaultfd in this kernel, or not for this user";
	if (lacks & FEATURE_MOVE)
		return "no UFFDIO_MOVE in this kernel";
	if (lacks & FEATURE_WP_ASYNC)
		return "no PAGEMAP_SCAN in this kernel";
	if (lacks)
		return "userfaultfd of this kernel cannot do that for this kind of memory";
	return tc->kind == HUGETLB ? no_hugepages() : NULL;
}

static void collect(struct scene *s, uint64_t start)
{
	s->writes = writers_writes(&s->w);
	s->faults = writers_faults(&s->w);
	s->erased = writers_erased(&s->w);
	s->efaults = writers_efaults(&s->w);
	s->huge = max(s->huge, vm_get_stat(s->w.vm, "pages_2m"));
	s->usec = now_us() - start;
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct scene *s)
{
	unsigned int needs = s->tc->needs;

	if (!s->writes)
		return "the guest wrote nothing";
	if (!s->faults)
		return "KVM fixed no fault";
	if (storm_attacks(&s->storm) < MIN_ATTACKS)
		return "too little was invalidated";
	if (needs & NEEDS_MISSING && !READ_ONCE(s->missing))
		return "no fault for a missing page came";
	if (needs & NEEDS_MINOR && !READ_ONCE(s->minor))
		return "no minor fault came";
	if (needs & NEEDS_WP && !READ_ONCE(s->wp))
		return "no fault for a protected page came";
	if (needs & NEEDS_ERASED && !s->erased)
		return "no vCPU found an erased page";
	if (needs & NEEDS_FROZEN && !READ_ONCE(s->frozen))
		return "it was never checked that unreachable memory stays unchanged";
	if (needs & NEEDS_EFAULTS && !s->efaults)
		return "no vCPU accessed memory beyond the end of the file";
	if (needs & NEEDS_SCANNED && !READ_ONCE(s->scanned))
		return "no scan found a written page";
	if (s->tc->kind == HUGETLB && !s->huge)
		return "KVM mapped nothing with 2 MiB";
	return NULL;
}

static void create_scene(struct scene *s)
{
	create_memory(s);
	writers_create(&s->w, s->vcpus, s->hva, s->pages, s->tc->kind == HUGETLB, STORM_THREADS,
		       opt.seed);
	s->w.stall_seconds = opt.stall;
	s->storm = (struct storm) {
		.w = &s->w,
		.fd = { s->fd, -1 },
		.threads = s->tc->alone ? 1 : STORM_THREADS,
		.huge = s->tc->kind == HUGETLB,
		.whole = s->tc->kind == HUGETLB,
		.attack = s->tc->attack,
		.owner = s,
	};
	if (!s->tc->modes)
		return;
	uffd_open(s);
	TEST_ASSERT(!pthread_create(&s->handler, NULL, handler_main, s), "pthread_create");
}

static void destroy_scene(struct scene *s)
{
	if (s->tc->modes) {
		WRITE_ONCE(s->stop_handler, true);
		pthread_join(s->handler, NULL);
		close(s->uffd);
	}
	writers_destroy(&s->w);
	destroy_memory(s);
}

static void run_scene(struct scene *s, uint64_t seed, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us();

	writers_start(&s->w);
	storm_start(&s->storm, seed);
	while (!writers_failed(&s->w)) {
		usleep(10000);
		writers_watch(&s->w);
		collect(s, start);
		if (s->usec > usec && !nothing_happened(s))
			break;
		if (deadline_passed(&deadline, storm_attacks(&s->storm)))
			break;
	}
	storm_stop(&s->storm);
	writers_stop(&s->w);
	if (!writers_failed(&s->w))
		writers_verify_all(&s->w);
}

struct totals {
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	uint64_t answered;
	uint64_t found[ORACLE_VERDICTS];
};

static void add_totals(struct totals *t, struct scene *s)
{
	t->writes += s->writes;
	t->attacks += storm_attacks(&s->storm);
	t->faults += s->faults;
	t->answered += s->missing + s->minor + s->wp;
	oracle_add(t->found, s->w.found);
}

static void test_case(const struct test_case *tc, const char *name, int vcpus, uint64_t seed,
		      uint64_t usec, struct totals *t)
{
	struct scene *s = &scene;
	const char *why;

	*s = (struct scene) {
		.tc = tc,
		.vcpus = vcpus,
		.pages = tc->kind == HUGETLB ? HUGE_PAGES : PAGES,
		.page_size = tc->kind == HUGETLB ? WRITERS_HUGE : PAGE,
	};
	create_scene(s);
	run_scene(s, seed, usec);
	why = s->w.failed ? "see above" : nothing_happened(s);
	add_totals(t, s);
	if (why)
		ktap_fail(name, "%s; seed=%lu attacks=%lu after %lu ms", why, opt.seed,
			  storm_attacks(&s->storm), s->usec / 1000);
	else
		ktap_pass(name, DONE " " SEEN, s->writes, storm_attacks(&s->storm), s->faults,
			  s->erased, s->missing, s->minor, s->wp, s->frozen, s->scanned,
			  s->efaults, s->huge);
	destroy_scene(s);
}

/* Each case runs with one vCPU and with several. */
static const char *name_of(int i)
{
	static const char * const cpus[] = { "up", "smp" };
	static char name[64];

	snprintf(name, sizeof(name), "%s/%s", cases[i / 2].name, cpus[i % 2]);
	return opt.vcpus > 1 || i % 2 == 0 ? name : NULL;
}

static int run_all(struct cases *c)
{
	int vcpus[] = { 1, opt.vcpus };
	const struct test_case *tc;
	struct totals t = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c)) {
		tc = &cases[c->i / 2];
		if (!cases_skip(c, why_not(tc)))
			test_case(tc, c->name, vcpus[c->i % 2], opt.seed + c->i, cases_share(c),
				  &t);
	}
	ktap_info("guest " TOTALS " stale=%lu lost=%lu torn=%lu", t.writes, t.attacks, t.faults,
		  t.answered, t.found[ORACLE_STALE], t.found[ORACLE_LOST], t.found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where a test
	 * expects a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases) * 2, name_of);
	guard_init();
	return run_all(&c);
}
