// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest loses writes or reads stale data after its
 * memory was unmapped or replaced, or it writes into a page that now belongs to
 * someone else.
 *
 * vCPUs keep writing their memory while host threads unmap it, replace it,
 * discard it, move it away and back, write-protect it and punch holes into it.
 * There is one case for each operation, kind of memory and page size.
 * include/oracle.h defines what each word may hold at any time.  Also, once a
 * call has returned:
 *   - memory that is moved away or write-protected must not change meanwhile;
 *   - a file that no longer backs the guest must not change (alias mapping);
 *   - KVM_RUN may return EFAULT only if there was a hole since it was entered.
 * A case also fails if the guest did not write, KVM did not fault, nothing was
 * invalidated, the guest never noticed, or no 2 MiB mapping was seen where one
 * is expected.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>

#include "cases.h"
#include "deadline.h"
#include "kvm_util.h"
#include "range.h"
#include "reserve.h"
#include "test_util.h"
#include "thp.h"
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGE			ORACLE_PAGE_SIZE
#define BLOCK_PAGES		(WRITERS_HUGE / PAGE)
#define CHUNK_PAGES		16
#define NR_ATTACKERS		2
#define MIN_ATTACKS		16
#define HISTORY			16
#define DEADLINE_ATTACKS	500

#define COUNTS	"writes=%lu invalidations=%lu faults=%lu erased=%lu efaults=%lu 2m=%lu ms=%lu"

struct attacker;

struct operation {
	const char *name;
	void (*attack)(struct attacker *a, struct range r);
	bool on_anon;
	bool on_shmem;
	/*
	 * The range must be a whole chunk, because each chunk has its own file.
	 */
	bool chunks;
	/* The contents survive, and the guest meets a hole meanwhile. */
	bool keeps;
};

struct test_case {
	const struct operation *op;
	bool shmem;
	bool huge;
	char name[32];
};

/* The memory under attack.  Shared memory has two files of equal size. */
struct memory {
	uint8_t *hva;
	uint8_t *alias[2];
	int fd[2];
	uint64_t size;
	bool shmem;
	bool huge;
};

/* An attacker owns every NR_ATTACKERS-th block of 2 MiB. */
struct attacker {
	pthread_t thread;
	int id;
	const struct test_case *tc;
	struct memory *mem;
	struct writers *w;
	uint64_t rng;
	uint64_t attacks;
	uint64_t invalidations;
	uint8_t *spare;
	uint8_t *image;
	/*
	 * For each chunk: which file is mapped, and the checksum of the other.
	 */
	uint8_t *current;
	uint64_t *sum;
	struct range op_log[HISTORY];
};

static struct options opt = {
	.seconds = 20,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.mib = 4,
	.stall = 20,
};

static pthread_barrier_t start_line;
static bool stop_attack;

static bool stopping(struct attacker *a)
{
	return READ_ONCE(stop_attack) || writers_failed(a->w);
}

/* ---- ranges ---- */

static uint8_t *range_at(uint8_t *base, struct range r)
{
	return base + r.first * PAGE;
}

static uint64_t pick(struct attacker *a, uint64_t n)
{
	return oracle_pick(&a->rng, n);
}

/* Returns a checksum that differs for two images that differ in one word. */
static uint64_t range_sum(uint8_t *base, struct range r)
{
	const uint64_t *p = (uint64_t *)range_at(base, r);
	const uint64_t *end = p + range_len(r) / sizeof(*p);
	uint64_t sum = 0;

	for (; p < end; p++)
		sum = (sum << 7 | sum >> 57) ^ READ_ONCE(*p);
	return sum;
}

static struct range pick_range(struct attacker *a)
{
	uint64_t blocks = a->w->pages / BLOCK_PAGES;
	uint64_t mine = (blocks - a->id + NR_ATTACKERS - 1) / NR_ATTACKERS;
	struct range r = { (pick(a, mine) * NR_ATTACKERS + a->id) * BLOCK_PAGES, BLOCK_PAGES };
	uint64_t offset;

	if (a->mem->huge && (a->tc->op->chunks || pick(a, 4)))
		return r;
	if (a->tc->op->chunks) {
		r.first += pick(a, BLOCK_PAGES / CHUNK_PAGES) * CHUNK_PAGES;
		r.n = CHUNK_PAGES;
		return r;
	}
	offset = pick(a, BLOCK_PAGES);
	r.first += offset;
	r.n = 1 + pick(a, CHUNK_PAGES);
	if (r.n > BLOCK_PAGES - offset)
		r.n = BLOCK_PAGES - offset;
	return r;
}

static uint64_t chunk_of(struct attacker *a, struct range r)
{
	return r.first / (a->mem->huge ? BLOCK_PAGES : CHUNK_PAGES);
}

/* ---- operations ---- */

static void must(struct attacker *a, bool done, const char *what, struct range r)
{
	TEST_ASSERT(done, "%s: %s of %lu pages at page %lu: %s", a->tc->name, what, r.n, r.first,
		    strerror(errno));
}

static void erase_begin(struct attacker *a, struct range r)
{
	oracle_erase_begin(a->w->ctl->log, r.first, r.n);
}

static void erase_end(struct attacker *a, struct range r)
{
	oracle_erase_end(a->w->ctl->log, r.first, r.n);
	a->invalidations++;
}

/*
 * Maps fresh anonymous memory at the range.  A huge page needs MADV_HUGEPAGE
 * before the guest can touch the memory, so it is prepared elsewhere and moved
 * in.
 */
static void place_anon(struct attacker *a, struct range r)
{
	uint8_t *hva = range_at(a->mem->hva, r), *p;
	bool huge = a->mem->huge;
	size_t len = range_len(r);

	p = mmap(huge ? a->spare : hva, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	must(a, p != MAP_FAILED, "mmap", r);
	madvise(p, len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (huge)
		must(a, mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, hva) == hva, "mremap",
		     r);
}

static void place_file(struct attacker *a, struct range r, int file)
{
	uint8_t *hva = range_at(a->mem->hva, r);

	must(a, mmap(hva, range_len(r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     a->mem->fd[file], r.first * PAGE) == hva, "mmap", r);
}

static void punch(struct attacker *a, int file, struct range r)
{
	must(a, !fallocate(a->mem->fd[file], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   r.first * PAGE, range_len(r)), "fallocate", r);
}

/* Checks that the file that does not back the guest has not changed. */
static void check_retired(struct attacker *a, struct range r)
{
	uint64_t chunk = chunk_of(a, r);

	if (!a->sum[chunk] || range_sum(a->mem->alias[!a->current[chunk]], r) == a->sum[chunk])
		return;
	ktap_info("STALE write: pages %lu to %lu of a file changed after it was unmapped", r.first,
		  r.first + r.n - 1);
	writers_found(a->w, ORACLE_STALE);
}

/* Zeroes the other file; one touch of the alias gives it a huge page. */
static int renew_file(struct attacker *a, struct range r)
{
	int file = !a->current[chunk_of(a, r)];

	check_retired(a, r);
	punch(a, file, r);
	if (a->mem->huge)
		WRITE_ONCE(*range_at(a->mem->alias[file], r), 0);
	return file;
}

static void retire_file(struct attacker *a, struct range r, int file)
{
	uint64_t chunk = chunk_of(a, r);

	a->current[chunk] = file;
	a->sum[chunk] = range_sum(a->mem->alias[!file], r);
}

static void attack_munmap(struct attacker *a, struct range r)
{
	int file = a->mem->shmem ? renew_file(a, r) : 0;

	writers_hole_begin(a->w);
	erase_begin(a, r);
	must(a, !munmap(range_at(a->mem->hva, r), range_len(r)), "munmap", r);
	if (a->mem->shmem) {
		retire_file(a, r, file);
		place_file(a, r, file);
	} else {
		place_anon(a, r);
	}
	erase_end(a, r);
	writers_hole_end(a->w);
}

static void attack_remap(struct attacker *a, struct range r)
{
	int file = a->mem->shmem ? renew_file(a, r) : 0;

	erase_begin(a, r);
	if (a->mem->shmem)
		place_file(a, r, file);
	else
		place_anon(a, r);
	erase_end(a, r);
	if (a->mem->shmem)
		retire_file(a, r, file);
}

/*
 * Discards anonymous memory.  Shared memory is only unmapped and keeps its
 * contents.
 */
static void attack_dontneed(struct attacker *a, struct range r)
{
	if (!a->mem->shmem)
		erase_begin(a, r);
	must(a, !madvise(range_at(a->mem->hva, r), range_len(r), MADV_DONTNEED), "MADV_DONTNEED",
	     r);
	if (!a->mem->shmem)
		erase_end(a, r);
	else
		a->invalidations++;
}

static void attack_punch(struct attacker *a, struct range r)
{
	bool by_madvise = pick(a, 2);

	erase_begin(a, r);
	if (by_madvise)
		must(a, !madvise(range_at(a->mem->hva, r), range_len(r), MADV_REMOVE),
		     "MADV_REMOVE", r);
	else
		punch(a, 0, r);
	erase_end(a, r);
}

/*
 * Called when nobody can write this memory.  Gives the guest time to try: none,
 * until it has met the hole, or some milliseconds in any case, because one vCPU
 * that meets the hole says nothing about another that can still write.
 */
static void let_guest_try(struct attacker *a)
{
	uint64_t tried = writers_efaults(a->w), start = now_us(), kind = pick(a, 4);
	uint64_t least = kind == 3 ? 3000 : 0, most = kind ? 5000 : 0, passed = 0;

	while (passed < least || (passed < most && writers_efaults(a->w) < tried + 2)) {
		usleep(50);
		passed = now_us() - start;
	}
}

static bool check_frozen(struct attacker *a, struct range r, const uint8_t *at)
{
	const uint64_t *was = (uint64_t *)a->image, *is = (uint64_t *)at;
	size_t i;

	memcpy(a->image, at, range_len(r));
	let_guest_try(a);
	for (i = 0; i < range_len(r) / sizeof(*is); i++) {
		if (READ_ONCE(is[i]) == was[i])
			continue;
		ktap_info("STALE write: page=%lu word=%zu: %#lx became %#lx while not writable",
			  r.first + i / 512, i % 512, was[i], is[i]);
		writers_found(a->w, ORACLE_STALE);
		return false;
	}
	return true;
}

static void attack_mremap(struct attacker *a, struct range r)
{
	uint8_t *hva = range_at(a->mem->hva, r);
	uint8_t *away = a->spare + r.first % BLOCK_PAGES * PAGE;
	size_t len = range_len(r);

	writers_hole_begin(a->w);
	must(a, mremap(hva, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away, "mremap", r);
	if (check_frozen(a, r, away))
		writers_verify_at(a->w, (uint64_t *)away, r.first, r.n);
	must(a, mremap(away, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, hva) == hva, "mremap back",
	     r);
	writers_hole_end(a->w);
	a->invalidations += 2;
}

static void attack_mprotect(struct attacker *a, struct range r)
{
	uint8_t *hva = range_at(a->mem->hva, r);

	writers_hole_begin(a->w);
	must(a, !mprotect(hva, range_len(r), PROT_READ), "mprotect", r);
	if (check_frozen(a, r, hva))
		writers_verify(a->w, r.first, r.n);
	must(a, !mprotect(hva, range_len(r), PROT_READ | PROT_WRITE), "mprotect back", r);
	writers_hole_end(a->w);
	a->invalidations++;
}

static const struct operation operations[] = {
	{ "munmap", attack_munmap, .on_anon = true, .on_shmem = true, .chunks = true },
	{ "remap", attack_remap, .on_anon = true, .on_shmem = true, .chunks = true },
	{ "dontneed", attack_dontneed, .on_anon = true, .on_shmem = true },
	{ "mremap", attack_mremap, .on_anon = true, .on_shmem = true, .keeps = true },
	{ "mprotect", attack_mprotect, .on_anon = true, .on_shmem = true, .keeps = true },
	{ "punch", attack_punch, .on_shmem = true },
};

/* ---- attackers ---- */

/* Lets the guest fill the range again, by some visits of each page. */
static void let_guest_work(struct attacker *a, struct range r)
{
	uint64_t goal = writers_visits(a->w) + 8 * NR_ATTACKERS + 4 * r.n;
	uint64_t deadline = now_us() + 40000;

	while (writers_visits(a->w) < goal && now_us() < deadline && !stopping(a))
		usleep(100);
}

/* Does one attack, or several in a row. */
static void attack(struct attacker *a, struct range r)
{
	int burst = pick(a, 4) ? 1 : 2 + pick(a, 6);

	while (burst-- && !stopping(a)) {
		a->op_log[a->attacks++ % HISTORY] = r;
		a->tc->op->attack(a, r);
	}
}

/* Collapses what a partial attack has split; the kernel may refuse. */
static void heal(struct attacker *a, struct range r)
{
	uint8_t *block = a->mem->hva + r.first / BLOCK_PAGES * WRITERS_HUGE;

	if (a->mem->huge && r.n < BLOCK_PAGES)
		madvise(block, WRITERS_HUGE, MADV_COLLAPSE);
}

static void *attacker_main(void *arg)
{
	struct attacker *a = arg;
	struct range r;
	int rounds;

	pthread_barrier_wait(&start_line);
	while (!stopping(a)) {
		r = pick_range(a);
		WRITE_ONCE(a->w->ctl->hot[a->id], r.first << 32 | r.n);
		for (rounds = 1 + pick(a, 4); rounds && !stopping(a); rounds--) {
			let_guest_work(a, r);
			if (writers_verify(a->w, r.first, r.n))
				attack(a, r);
		}
		let_guest_work(a, r);
		if (!writers_failed(a->w) && writers_verify(a->w, r.first, r.n))
			heal(a, r);
	}
	return NULL;
}

/* Checks all chunks of all files that are not mapped, at the end. */
static void check_all_retired(struct attacker *a)
{
	uint64_t step = a->mem->huge ? BLOCK_PAGES : CHUNK_PAGES;
	struct range r = { .n = step };

	for (r.first = 0; r.first < a->w->pages && !writers_failed(a->w); r.first += step)
		if (a->mem->shmem && a->tc->op->chunks)
			check_retired(a, r);
}

static void print_op_log(struct attacker *a)
{
	uint64_t i = a->attacks > HISTORY ? a->attacks - HISTORY : 0;
	struct range *r;

	for (; i < a->attacks; i++) {
		r = &a->op_log[i % HISTORY];
		ktap_info("operation: attacker %d, %s %lu: %lu pages at page %lu", a->id,
			  a->tc->op->name, i, r->n, r->first);
	}
}

/* ---- memory ---- */

static void advise(struct memory *m, uint8_t *p)
{
	madvise(p, m->size, m->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static void create_shmem(struct memory *m)
{
	int i;

	for (i = 0; i < 2; i++) {
		m->fd[i] = memfd_create("munmap_test", MFD_CLOEXEC);
		TEST_ASSERT(m->fd[i] >= 0 && !ftruncate(m->fd[i], m->size), "memfd: %s",
			    strerror(errno));
		m->alias[i] = mmap(reserve(m->size), m->size, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, m->fd[i], 0);
		TEST_ASSERT(m->alias[i] != MAP_FAILED, "mmap of memfd: %s", strerror(errno));
		advise(m, m->alias[i]);
	}
}

static void create_memory(struct memory *m, const struct test_case *tc)
{
	int flags = tc->shmem ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;

	*m = (struct memory) {
		.size = (uint64_t)opt.mib * opt.vcpus << 20,
		.fd = { -1, -1 },
		.shmem = tc->shmem,
		.huge = tc->huge,
	};
	if (tc->shmem)
		create_shmem(m);
	m->hva = mmap(reserve(m->size), m->size, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
		      m->fd[0], 0);
	TEST_ASSERT(m->hva != MAP_FAILED, "mmap of %lu bytes: %s", m->size, strerror(errno));
	advise(m, m->hva);
}

static void destroy_memory(struct memory *m)
{
	int i;

	munmap(m->hva, m->size);
	for (i = 0; i < 2 && m->shmem; i++) {
		munmap(m->alias[i], m->size);
		close(m->fd[i]);
	}
}

/* ---- cases ---- */

/*
 * Tests it: a kernel with CONFIG_BASE_FULL=n has the setting, but no such
 * pages.
 */
static bool shmem_gets_huge(void)
{
	struct memory m = { .size = WRITERS_HUGE, .shmem = true, .huge = true };
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long kb, sum = 0;
	char line[256];

	create_shmem(&m);
	WRITE_ONCE(*m.alias[0], 1);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "ShmemPmdMapped: %lu kB", &kb) == 1)
			sum += kb;
	if (f)
		fclose(f);
	m.hva = m.alias[0];
	destroy_memory(&m);
	return sum;
}

/* Returns why this case cannot run here, or NULL. */
static const char *why_not(const struct test_case *tc)
{
	const char *why = tc->huge ? thp_why_not(tc->shmem) : NULL;

	if (!why && tc->huge && tc->shmem && !shmem_gets_huge())
		why = "this kernel gives shmem no huge page (CONFIG_BASE_FULL=n, or no memory)";
	return why;
}

struct result {
	uint64_t writes;
	uint64_t attacks;
	uint64_t invalidations;
	uint64_t faults;
	uint64_t erased;
	uint64_t efaults;
	uint64_t huge;
	uint64_t usec;
};

/* MADV_DONTNEED keeps the contents of shared memory. */
static bool erases(const struct test_case *tc)
{
	return !tc->op->keeps && !(tc->shmem && tc->op->attack == attack_dontneed);
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(const struct test_case *tc, const struct result *r)
{
	if (!r->writes)
		return "the guest wrote nothing";
	if (!r->faults)
		return "KVM fixed no fault";
	if (r->attacks < MIN_ATTACKS || !r->invalidations)
		return "too little was invalidated";
	if (tc->op->keeps && !r->efaults)
		return "no vCPU ran into the hole";
	if (erases(tc) && !r->erased)
		return "no vCPU found an erased page";
	if (tc->huge && !r->huge)
		return "KVM mapped nothing with 2 MiB";
	return NULL;
}

static void collect(struct result *r, struct writers *w, struct attacker *a, uint64_t faults)
{
	int i;

	r->attacks = 0;
	r->invalidations = 0;
	for (i = 0; i < NR_ATTACKERS; i++) {
		r->attacks += READ_ONCE(a[i].attacks);
		r->invalidations += READ_ONCE(a[i].invalidations);
	}
	r->writes = writers_writes(w);
	r->erased = writers_erased(w);
	r->efaults = writers_efaults(w);
	r->faults = writers_faults(w) - faults;
	r->huge = max(r->huge, vm_get_stat(w->vm, "pages_2m"));
}

/* Runs for @usec, and longer while too little happened, up to a limit. */
static void run_case(const struct test_case *tc, struct writers *w, struct attacker *a,
		     struct result *r, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us(), faults;

	while (!writers_visits(w) && !writers_failed(w)) {
		usleep(1000);
		writers_watch(w);
	}
	faults = writers_faults(w);
	pthread_barrier_wait(&start_line);
	while (!writers_failed(w)) {
		usleep(20000);
		writers_watch(w);
		collect(r, w, a, faults);
		r->usec = now_us() - start;
		if (r->usec > usec && !nothing_happened(tc, r))
			break;
		if (deadline_passed(&deadline, r->attacks))
			break;
	}
	WRITE_ONCE(stop_attack, true);
}

static void create_attacker(struct attacker *a, int id, const struct test_case *tc,
			    struct memory *m, struct writers *w, uint64_t seed)
{
	uint64_t chunks = w->pages / CHUNK_PAGES;

	*a = (struct attacker) { .id = id, .tc = tc, .mem = m, .w = w };
	a->rng = oracle_mix(seed + id) | 1;
	a->spare = reserve(WRITERS_HUGE);
	a->image = malloc(WRITERS_HUGE);
	a->current = calloc(chunks, sizeof(*a->current));
	a->sum = calloc(chunks, sizeof(*a->sum));
	TEST_ASSERT(a->image && a->current && a->sum, "out of memory");
}

static void destroy_attacker(struct attacker *a)
{
	munmap(a->spare, WRITERS_HUGE);
	free(a->image);
	free(a->current);
	free(a->sum);
}

static void attack_writers(const struct test_case *tc, struct writers *w, struct memory *m,
			   struct result *r, uint64_t seed, uint64_t usec)
{
	struct attacker a[NR_ATTACKERS];
	int i;

	WRITE_ONCE(stop_attack, false);
	pthread_barrier_init(&start_line, NULL, NR_ATTACKERS + 1);
	for (i = 0; i < NR_ATTACKERS; i++)
		create_attacker(&a[i], i, tc, m, w, seed);
	for (i = 0; i < NR_ATTACKERS; i++)
		pthread_create(&a[i].thread, NULL, attacker_main, &a[i]);
	writers_start(w);
	run_case(tc, w, a, r, usec);
	for (i = 0; i < NR_ATTACKERS; i++)
		pthread_join(a[i].thread, NULL);
	writers_stop(w);

	if (!writers_failed(w))
		writers_verify_all(w);
	for (i = 0; i < NR_ATTACKERS; i++) {
		check_all_retired(&a[i]);
		if (writers_failed(w))
			print_op_log(&a[i]);
		destroy_attacker(&a[i]);
	}
	pthread_barrier_destroy(&start_line);
}

static void test_case(const struct test_case *tc, struct result *total, uint64_t *found,
		      uint64_t seed, uint64_t usec)
{
	struct result r = {};
	const char *why;
	struct writers w;
	struct memory m;

	create_memory(&m, tc);
	writers_create(&w, opt.vcpus, m.hva, m.size / PAGE, tc->huge, NR_ATTACKERS, seed);
	w.stall_seconds = opt.stall;
	attack_writers(tc, &w, &m, &r, seed, usec);

	why = nothing_happened(tc, &r);
	if (w.failed || why)
		ktap_fail(tc->name, "%s; stale=%lu lost=%lu torn=%lu seed=%lu after %lu ms",
			  w.failed ? "see above" : why, w.found[ORACLE_STALE],
			  w.found[ORACLE_LOST], w.found[ORACLE_TORN], opt.seed, r.usec / 1000);
	else
		ktap_pass(tc->name, COUNTS, r.writes, r.invalidations, r.faults, r.erased,
			  r.efaults, r.huge, r.usec / 1000);
	oracle_add(found, w.found);
	total->writes += r.writes;
	total->invalidations += r.invalidations;
	total->faults += r.faults;
	writers_destroy(&w);
	destroy_memory(&m);
}

/* Every operation on every kind of memory, with every page size. */
static struct test_case cases[ARRAY_SIZE(operations) * 4];

static const char *make_case(int i)
{
	static const char * const kinds[] = { "anon", "shmem" };
	static const char * const sizes[] = { "4k", "2m" };
	const struct operation *op = &operations[i / 4];
	struct test_case *tc = &cases[i];

	*tc = (struct test_case) { .op = op, .shmem = i & 2, .huge = i & 1 };
	snprintf(tc->name, sizeof(tc->name), "%s/%s/%s", op->name, kinds[tc->shmem],
		 sizes[tc->huge]);
	return (tc->shmem ? op->on_shmem : op->on_anon) ? tc->name : NULL;
}

static int run_all(struct cases *c)
{
	uint64_t found[ORACLE_VERDICTS] = {};
	struct result total = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=%d mib=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.mib,
		  opt.seconds, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, why_not(&cases[c->i])))
			test_case(&cases[c->i], &total, found, opt.seed + c->nth, cases_share(c));
	ktap_info("guest writes=%lu invalidations=%lu faults=%lu stale=%lu lost=%lu torn=%lu",
		  total.writes, total.invalidations, total.faults, found[ORACLE_STALE],
		  found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	if (opt.mib * opt.vcpus < 2 * NR_ATTACKERS) {
		options_usage(&opt, argv[0]);
		return 2;
	}
	/*
	 * With a single malloc arena nothing else is mapped where an attack
	 * left a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), make_case);
	guard_init();
	return run_all(&c);
}
