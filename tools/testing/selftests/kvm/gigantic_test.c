// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest keeps using a page of 1 GiB that the host has
 * unmapped, replaced, freed or write-protected: its writes are lost, or land in
 * memory that has another owner.
 *
 * vCPUs keep writing all over one page of 1 GiB, while the host unmaps,
 * protects, replaces and frees it, and while KVM must map it in parts because
 * its memslot is logged, or because it belongs to two memslots.
 *
 * The page belongs to a hugetlb file, and the host has a second mapping of it
 * (alias) that the guest does not use.  include/oracle.h defines what each word
 * may hold.  Also:
 *   - a page that is unmapped, protected or replaced must not change;
 *   - KVM must not map 1 GiB of a page that is unmapped, replaced, logged or in two
 *     memslots;
 *   - KVM_RUN may return EFAULT or MMIO only if there was a hole.
 * A case also fails if KVM was not seen to map 1 GiB before and after (its
 * statistic pages_1g), or if the guest never ran into the attack.
 *
 * Every operation is done to the whole page, because the host cannot split it.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "cases.h"
#include "counters.h"
#include "knob.h"
#include "kvm_util.h"
#include "test_util.h"
#include "writers.h"

#ifndef MFD_HUGE_1GB
#define MFD_HUGE_1GB		(30U << 26)
#endif

#define PAGE			ORACLE_PAGE_SIZE
#define SIZE			WRITERS_GIGANTIC
/* The guest uses one small page in each MiB. */
#define PAGES			1024
#define STEP			(SIZE / PAGES)
#define HALF_SLOT		(WRITERS_CTL_SLOT + 1)
#define MIN_ATTACKS		3
/* After so many visits of each vCPU a guest that can has used its memory. */
#define MANY_VISITS		10000
#define STALL_SECONDS		60

#define HUGEPAGES		"/sys/kernel/mm/hugepages/hugepages-1048576kB/"

#define COUNTS		"writes=%lu attacks=%lu faults=%lu 1g=%lu erased=%lu efaults=%lu "	\
			"exits=%lu wp=%lu ms=%lu"

#define GUEST_LINE	"guest writes=%lu invalidations=%lu faults=%lu 1g=%lu stale=%lu "	\
			"lost=%lu torn=%lu"

struct scene;

enum needs { NEEDS_ERASED = 1, NEEDS_EFAULTS = 2, NEEDS_WP = 4 };

struct test_case {
	const char *name;
	void (*attack)(struct scene *s);
	unsigned int needs;
};

struct result {
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	/* How often KVM was seen to map 1 GiB. */
	uint64_t gigantic;
	uint64_t erased;
	uint64_t efaults;
	uint64_t exits;
	uint64_t wp;
	uint64_t usec;
};

struct scene {
	const struct test_case *tc;
	struct writers w;
	int uffd;
	struct result r;
	const char *why;
};

/* The page: the guest's mapping, and the alias. */
static struct {
	int fd;
	uint8_t *hva;
	uint8_t *alias;
} page;

static struct options opt = {
	.seconds = 10,
	.vcpus = 2,
	.min_vcpus = 2,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.stall = STALL_SECONDS,
};

static bool failed(struct scene *s)
{
	return s->why || writers_failed(&s->w);
}

static void must(bool done, const char *what)
{
	TEST_ASSERT(done, "%s: %s", what, strerror(errno));
}

/* ---- the guest meanwhile ---- */

static uint64_t mapped_1g(struct scene *s)
{
	return vm_get_stat(s->w.vm, "pages_1g");
}

/* Have all vCPUs visited their memory MANY_VISITS times since @before was read? */
static bool all_had_time(struct scene *s, const uint64_t *before)
{
	int i;

	for (i = 0; i < s->w.nr_vcpus; i++)
		if (READ_ONCE(s->w.ctl->vcpu[i].visits) - before[i] < MANY_VISITS)
			return false;
	return true;
}

/*
 * Waits until @done.  Returns false on a failure, or if it has not happened
 * after MANY_VISITS of each vCPU; writers_watch() detects vCPUs without
 * progress.  The visits of one vCPU say nothing: KVM of 7.3 counts a mapping
 * of 1 GiB only after the vCPU that made it has freed the page tables of its
 * parts, and the other vCPUs use it meanwhile.
 */
static bool wait_for(struct scene *s, bool (*done)(struct scene *s, uint64_t arg), uint64_t arg)
{
	uint64_t before[WRITERS_MAX_VCPUS];
	int i;

	for (i = 0; i < s->w.nr_vcpus; i++)
		before[i] = READ_ONCE(s->w.ctl->vcpu[i].visits);
	while (!failed(s)) {
		if (done(s, arg))
			return true;
		if (all_had_time(s, before))
			break;
		usleep(500);
		writers_watch(&s->w);
	}
	return false;
}

static bool visited(struct scene *s, uint64_t visits)
{
	return writers_visits(&s->w) >= visits;
}

static bool met_hole(struct scene *s, uint64_t efaults)
{
	return writers_efaults(&s->w) > efaults;
}

static bool is_gigantic(struct scene *s, uint64_t ignored)
{
	return mapped_1g(s);
}

static bool is_in_parts(struct scene *s, uint64_t ignored)
{
	return !mapped_1g(s);
}

/* User space has got a fault for the protected page. */
static bool met_protection(struct scene *s, uint64_t ignored)
{
	struct pollfd p = { .fd = s->uffd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Returns when the guest has visited each page some times. */
static void let_guest_work(struct scene *s)
{
	wait_for(s, visited, writers_visits(&s->w) + 2 * PAGES);
}

static void check_in_parts(struct scene *s, const char *why)
{
	if (!mapped_1g(s) || failed(s))
		return;
	ktap_info("KVM maps 1 GiB %s", why);
	s->why = "KVM maps 1 GiB where it must not";
}

static uint64_t sum_of_page(void)
{
	uint64_t sum = 0, p, i;

	for (p = 0; p < PAGES; p++)
		for (i = 0; i < PAGE / sizeof(sum); i++)
			sum = (sum << 7 | sum >> 57) ^
			      READ_ONCE(((uint64_t *)(page.alias + p * STEP))[i]);
	return sum;
}

/*
 * Nobody can write the page, and it must not change while the guest tries or
 * works.
 */
static void check_frozen(struct scene *s, bool (*done)(struct scene *s, uint64_t arg),
			 uint64_t arg)
{
	uint64_t sum = sum_of_page();

	wait_for(s, done, arg);
	if (failed(s) || sum_of_page() == sum)
		return;
	ktap_info("STALE write: the page changed while nobody could write it");
	writers_found(&s->w, ORACLE_STALE);
}

/* ---- attacks ---- */

static void map_file(uint8_t *at)
{
	must(mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, page.fd, 0) == at,
	     "mmap of 1 GiB");
}

static void erase_begin(struct scene *s)
{
	oracle_erase_begin(s->w.ctl->log, 0, PAGES);
}

static void erase_end(struct scene *s)
{
	oracle_erase_end(s->w.ctl->log, 0, PAGES);
}

static void attack_discard(struct scene *s)
{
	must(!madvise(page.hva, SIZE, MADV_DONTNEED), "MADV_DONTNEED");
}

static void attack_unmap(struct scene *s)
{
	writers_hole_begin(&s->w);
	must(!munmap(page.hva, SIZE), "munmap");
	check_in_parts(s, "of what is unmapped");
	check_frozen(s, met_hole, writers_efaults(&s->w));
	map_file(page.hva);
	writers_hole_end(&s->w);
}

static void attack_protect(struct scene *s)
{
	writers_hole_begin(&s->w);
	must(!mprotect(page.hva, SIZE, PROT_READ), "mprotect");
	check_frozen(s, met_hole, writers_efaults(&s->w));
	must(!mprotect(page.hva, SIZE, PROT_READ | PROT_WRITE), "mprotect back");
	writers_hole_end(&s->w);
}

static void zero_page(void)
{
	uint64_t p;

	for (p = 0; p < PAGES; p++)
		memset(page.alias + p * STEP, 0, PAGE);
}

/*
 * Maps anonymous memory, which KVM maps in pages of 4 KiB, and then the file
 * again.
 */
static void attack_replace(struct scene *s)
{
	erase_begin(s);
	must(mmap(page.hva, SIZE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == page.hva,
	     "mmap of anonymous memory");
	madvise(page.hva, SIZE, MADV_NOHUGEPAGE);
	erase_end(s);
	check_frozen(s, visited, writers_visits(&s->w) + 2 * PAGES);
	check_in_parts(s, "of what was replaced");
	zero_page();
	erase_begin(s);
	map_file(page.hva);
	erase_end(s);
}

/*
 * A fault in progress may hold a reference for a moment, and there is no other
 * page of 1 GiB: until it is freed, a vCPU may get ENOMEM.
 */
static void attack_punch(struct scene *s)
{
	writers_hole_begin(&s->w);
	erase_begin(s);
	must(!fallocate(page.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE), "fallocate");
	erase_end(s);
	wait_for(s, is_gigantic, 0);
	writers_hole_end(&s->w);
}

static void uffd_protect(struct scene *s, uint64_t mode)
{
	struct uffdio_writeprotect wp = { .range = { (uint64_t)page.hva, SIZE }, .mode = mode };

	while (ioctl(s->uffd, UFFDIO_WRITEPROTECT, &wp))
		must(errno == EAGAIN, "UFFDIO_WRITEPROTECT");
}

static void attack_wp(struct scene *s)
{
	struct uffd_msg msg;

	uffd_protect(s, UFFDIO_WRITEPROTECT_MODE_WP);
	check_frozen(s, met_protection, 0);
	while (read(s->uffd, &msg, sizeof(msg)) == sizeof(msg))
		s->r.wp++;
	uffd_protect(s, 0);
}

static void set_slot(struct scene *s, int slot, uint32_t flags, uint64_t offset, uint64_t size)
{
	vm_set_user_memory_region(s->w.vm, slot, flags, WRITERS_MEM_GPA + offset, size,
				  page.hva + offset);
}

/* KVM maps a logged memslot in pages of 4 KiB. */
static void attack_log(struct scene *s)
{
	set_slot(s, WRITERS_MEM_SLOT, KVM_MEM_LOG_DIRTY_PAGES, 0, SIZE);
	wait_for(s, is_in_parts, 0);
	let_guest_work(s);
	check_in_parts(s, "of a memslot that is logged");
	set_slot(s, WRITERS_MEM_SLOT, 0, 0, SIZE);
}

/* Neither memslot contains the whole page. */
static void attack_slots(struct scene *s)
{
	writers_hole_begin(&s->w);
	set_slot(s, WRITERS_MEM_SLOT, 0, 0, 0);
	set_slot(s, WRITERS_MEM_SLOT, 0, 0, SIZE / 2);
	set_slot(s, HALF_SLOT, 0, SIZE / 2, SIZE / 2);
	writers_hole_end(&s->w);
	let_guest_work(s);
	check_in_parts(s, "across two memslots");
	attack_discard(s);
	let_guest_work(s);
	writers_hole_begin(&s->w);
	set_slot(s, HALF_SLOT, 0, SIZE / 2, 0);
	set_slot(s, WRITERS_MEM_SLOT, 0, 0, 0);
	set_slot(s, WRITERS_MEM_SLOT, 0, 0, SIZE);
	writers_hole_end(&s->w);
}

static const struct test_case cases[] = {
	{ "discard", attack_discard, 0 },
	{ "unmap", attack_unmap, NEEDS_EFAULTS },
	{ "protect", attack_protect, NEEDS_EFAULTS },
	{ "replace", attack_replace, NEEDS_ERASED },
	{ "punch", attack_punch, NEEDS_ERASED },
	{ "wp", attack_wp, NEEDS_WP },
	{ "log", attack_log, 0 },
	{ "slots", attack_slots, 0 },
};

/* ---- the guest's accesses where no memslot is ---- */

static bool do_access(struct writers_thread *t)
{
	struct scene *s = t->w->owner;
	struct kvm_run *run = t->vcpu->run;
	uint64_t offset = run->mmio.phys_addr - WRITERS_MEM_GPA;

	if (run->exit_reason != KVM_EXIT_MMIO || offset >= SIZE || !writers_met_hole(t))
		return false;
	if (run->mmio.is_write)
		memcpy(page.hva + offset, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, page.hva + offset, run->mmio.len);
	__atomic_add_fetch(&s->r.exits, 1, __ATOMIC_RELAXED);
	return true;
}

/* ---- a case ---- */

static void uffd_open(struct scene *s)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	};
	struct uffdio_register reg = {
		.range = { (uint64_t)page.hva, SIZE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	must(s->uffd >= 0 && !ioctl(s->uffd, UFFDIO_API, &api) &&
	     !ioctl(s->uffd, UFFDIO_REGISTER, &reg), "userfaultfd");
}

static bool has_wp(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	bool has;

	has = fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
	      api.features & UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
	if (fd >= 0)
		close(fd);
	return has;
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct scene *s)
{
	const struct result *r = &s->r;
	unsigned int needs = s->tc->needs;

	if (!r->writes)
		return "the guest wrote nothing";
	if (!r->faults)
		return "KVM fixed no fault";
	if (r->gigantic < MIN_ATTACKS)
		return "KVM was not seen to map 1 GiB before each attack";
	if (needs & NEEDS_ERASED && !r->erased)
		return "no vCPU found an erased page";
	if (needs & NEEDS_EFAULTS && !r->efaults)
		return "no vCPU ran into the hole";
	if (needs & NEEDS_WP && !r->wp)
		return "no fault for the protected page came";
	return NULL;
}

static void collect(struct scene *s, uint64_t start)
{
	s->r.writes = writers_writes(&s->w);
	s->r.faults = writers_faults(&s->w);
	s->r.erased = writers_erased(&s->w);
	s->r.efaults = writers_efaults(&s->w);
	s->r.usec = now_us() - start;
}

/*
 * Does at least MIN_ATTACKS attacks, with a mapping of 1 GiB before and after
 * each.
 */
static void run_attacks(struct scene *s, uint64_t usec)
{
	uint64_t start = now_us();

	do {
		if (!wait_for(s, is_gigantic, 0))
			break;
		s->r.gigantic++;
		s->tc->attack(s);
		s->r.attacks++;
		let_guest_work(s);
		if (!failed(s))
			writers_verify(&s->w, 0, PAGES);
		collect(s, start);
	} while (!failed(s) && (s->r.usec < usec || s->r.attacks < MIN_ATTACKS));
	if (wait_for(s, is_gigantic, 0))
		s->r.gigantic++;
}

static void report(struct scene *s, const char *name)
{
	const struct result *r = &s->r;
	bool bad = failed(s);

	if (!bad)
		s->why = nothing_happened(s);
	if (bad || s->why)
		ktap_fail(name, "%s; seed=%lu; " COUNTS, s->why ?: "see above", opt.seed,
			  r->writes, r->attacks, r->faults, r->gigantic, r->erased, r->efaults,
			  r->exits, r->wp, r->usec / 1000);
	else
		ktap_pass(name, COUNTS, r->writes, r->attacks, r->faults, r->gigantic, r->erased,
			  r->efaults, r->exits, r->wp, r->usec / 1000);
}

static void create_scene(struct scene *s, int vcpus, uint64_t seed)
{
	struct writers_setup setup = {
		.nr_vcpus = vcpus,
		.hva = page.hva,
		.pages = PAGES,
		.step = STEP,
		.huge = true,
		.seed = seed,
	};

	map_file(page.hva);
	zero_page();
	if (s->tc->needs & NEEDS_WP)
		uffd_open(s);
	writers_create_from(&s->w, &setup);
	s->w.stall_seconds = opt.stall;
	s->w.on_exit = do_access;
	s->w.owner = s;
}

static void destroy_scene(struct scene *s)
{
	if (s->tc->needs & NEEDS_WP)
		close(s->uffd);
	writers_destroy(&s->w);
}

struct totals {
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	uint64_t gigantic;
	uint64_t found[ORACLE_VERDICTS];
};

static void add_totals(struct totals *t, struct scene *s)
{
	t->writes += s->r.writes;
	t->attacks += s->r.attacks;
	t->faults += s->r.faults;
	t->gigantic += s->r.gigantic;
	oracle_add(t->found, s->w.found);
}

static void test_case(const struct test_case *tc, const char *name, int vcpus, uint64_t seed,
		      uint64_t usec, struct totals *t)
{
	static struct scene s;

	s = (struct scene) { .tc = tc };
	create_scene(&s, vcpus, seed);
	writers_start(&s.w);
	run_attacks(&s, usec);
	writers_stop(&s.w);
	if (!failed(&s))
		writers_verify_all(&s.w);
	report(&s, name);
	add_totals(t, &s);
	destroy_scene(&s);
}

/* ---- the page ---- */

static uint8_t *reserve(void)
{
	uint64_t p = (uint64_t)mmap(NULL, 2 * SIZE, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must((void *)p != MAP_FAILED, "mmap of 2 GiB");
	return (uint8_t *)align_up(p, SIZE);
}

/* Returns why nothing can run, or NULL.  A free page may also turn up late. */
static const char *no_page(void)
{
	if (!kvm_cpu_has(X86_FEATURE_GBPAGES))
		return "no pages of 1 GiB in this CPU (pdpe1gb)";
	if (access(HUGEPAGES, F_OK))
		return "no huge pages of 1 GiB in this kernel";
	if (!counter_read(HUGEPAGES "free_hugepages"))
		knob_set(HUGEPAGES "nr_hugepages", "1");
	if (!counter_read(HUGEPAGES "free_hugepages"))
		return "no page of 1 GiB is free (hugepagesz=1G hugepages=1, and memory for it)";
	return NULL;
}

static void create_page(void)
{
	page.fd = memfd_create("gigantic_test", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_1GB);
	must(page.fd >= 0 && !ftruncate(page.fd, SIZE), "memfd");
	page.hva = reserve();
	page.alias = reserve();
	map_file(page.alias);
}

/* ---- all cases ---- */

/* Each case runs with one vCPU and with several. */
static const char *name_of(int i)
{
	static const char * const cpus[] = { "up", "smp" };
	static char name[32];

	snprintf(name, sizeof(name), "%s/%s", cases[i / 2].name, cpus[i % 2]);
	return name;
}

static const char *why_not(const struct test_case *tc)
{
	if (tc->needs & NEEDS_WP && !has_wp())
		return "userfaultfd of this kernel cannot protect hugetlb";
	return NULL;
}

static int run_all(struct cases *c)
{
	int vcpus[] = { 1, opt.vcpus };
	const struct test_case *tc;
	struct totals t = {};
	const char *never;

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	never = no_page();
	if (!never)
		create_page();
	while (cases_next(c)) {
		tc = &cases[c->i / 2];
		if (!cases_skip(c, never ?: why_not(tc)))
			test_case(tc, c->name, vcpus[c->i % 2], opt.seed + c->i, cases_share(c),
				  &t);
	}
	ktap_info(GUEST_LINE,
		  t.writes, t.attacks, t.faults, t.gigantic, t.found[ORACLE_STALE],
		  t.found[ORACLE_LOST], t.found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where the page was
	 * unmapped.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases) * 2, name_of);
	guard_init();
	return run_all(&c);
}
