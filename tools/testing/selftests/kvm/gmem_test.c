// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest reads or writes memory of a guest_memfd that was
 * punched out, the shared page of an address that has become private (or the
 * private one of a shared address), or the pages of a memslot that is gone.
 *
 * The host punches holes, changes memory attributes, or replaces the memslot,
 * while two vCPUs fault on the same pages, and in some cases a third one is made
 * to map them by KVM_PRE_FAULT_MEMORY.  Nobody but the guest can read private
 * memory, so the guest finds the wrong words, in rounds:
 *
 *	write	each vCPU writes its word of each page, never the same twice
 *	check	each vCPU checks all vCPUs' words of all pages
 *	read	each vCPU keeps reading pages at random, while the host does its
 *		change once
 *	check	a word of changed pages must be 0, or the last one of their other
 *		memory; words of all other pages must be as before
 *
 * In half of the rounds the host deletes and creates the memslot before vCPUs
 * read.  This keeps the contents, so that a fault which looks up its page just
 * before the change finds one whose words tell it from the page after the change.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>

#include "cases.h"
#include "commands.h"
#include "deadline.h"
#include "gmem.h"
#include "gmem_words.h"
#include "interval_debug.h"
#include "oracle.h"
#include "prefault.h"
#include "sum_counts.h"

#define SIZE		(PAGES * PAGE)
#define MAX_CHANGED	32
#define SLOT		2
#define GPA		0x110000000UL
/* This vCPU never runs; KVM maps pages for it. */
#define PREFAULT_VCPU	VCPUS
#define STALL_SECONDS	20
#define MIN_ROUNDS	16
#define GIVE_UP_ROUNDS	64
#define CHANGE_US	1000
#define FAULT_US	500
#define START_POLLS	20000

#define DONE	"rounds=%lu met=%lu faults=%lu efaults=%lu prefaults=%lu prefaults_met=%lu "	\
		"signals=%lu"

#define WRONG	"%s: %s, round %lu, page %lu (changed: %lu from %lu), "	\
		"word of vcpu%lu: expected %#lx, got %#lx; seed=%lu"

/* What a page of the guest can be; each memory has words of its own. */
enum memory { GMEM, USER, GMEM_2, NR_MEMORIES };

/* ---- host ---- */

struct scene;

struct test_case {
	const char *name;
	void (*change)(struct scene *s, uint64_t first, uint64_t n);
	/* The host maps the guest_memfd, too; otherwise it is private. */
	bool mapped;
	bool prefault;
	/* KVM_RUN may return EFAULT: a vCPU faults on what is changing. */
	bool efaults;
	bool all_pages;
};

struct scene {
	const struct test_case *tc;
	struct commands cmds;
	int gmem;
	/* The memory behind shared pages, and the host's mapping of the guest_memfd. */
	uint8_t *user;
	uint8_t *view;
	/* Which memory each page is, and the words of each memory. */
	uint8_t memory[PAGES];
	uint64_t want[NR_MEMORIES][PAGES];
	uint64_t rng;
	uint64_t offset;
	bool failed;
	/* The pages that this round changes. */
	uint64_t first;
	uint64_t n;
	struct prefault prefault;
	uint64_t rounds;
	/* Reads that began during a change, and faults while vCPUs read. */
	uint64_t met;
	uint64_t faults;
};

static struct options opt = { .seconds = 10 };

static uint64_t pick(struct scene *s, uint64_t n)
{
	return oracle_pick(&s->rng, n);
}

static bool failed(struct scene *s)
{
	return s->failed || READ_ONCE(s->prefault.failed);
}

static struct mailbox *mailbox(struct scene *s, int i)
{
	return s->cmds.vcpu[i].page;
}

static uint64_t begun(struct scene *s)
{
	return READ_ONCE(mailbox(s, 0)->begun) + READ_ONCE(mailbox(s, 1)->begun);
}

static uint64_t faults(struct scene *s)
{
	return kvm_stats_read(&s->cmds.vcpu[0].stats, "pf_fixed") +
	       kvm_stats_read(&s->cmds.vcpu[1].stats, "pf_fixed");
}

static uint64_t efaults(struct scene *s)
{
	return sum_counts(s->cmds.vcpu, VCPUS, efaults);
}

/* ---- memory ---- */

/*
 * The HVA of a mapped guest_memfd's memslot may be that of its mapping; then KVM is
 * told twice of a hole.  It must not depend on this.
 */
static void set_slot(struct scene *s, uint64_t size)
{
	uint8_t *hva = s->tc->mapped && pick(s, 2) ? s->view : s->user;
	struct kvm_userspace_memory_region2 r = {
		.slot = SLOT,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = GPA,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
		.guest_memfd_offset = s->offset,
		.guest_memfd = s->gmem,
	};

	vm_ioctl(s->cmds.vm, KVM_SET_USER_MEMORY_REGION2, &r);
}

/* KVM zaps everything; the guest_memfd keeps its contents. */
static void recreate_slot(struct scene *s, uint64_t offset)
{
	prefault_hole(&s->prefault);
	set_slot(s, 0);
	s->offset = offset;
	set_slot(s, SIZE);
	prefault_hole(&s->prefault);
}

static void punch(struct scene *s, uint64_t first, uint64_t n)
{
	uint64_t p;

	TEST_ASSERT(!fallocate(s->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE,
			       n * PAGE), "PUNCH_HOLE: %s", strerror(errno));
	for (p = first; p < first + n; p++)
		s->want[GMEM][p] = 0;
}

static void flip(struct scene *s, uint64_t first, uint64_t n)
{
	enum memory to = s->memory[first] == GMEM ? USER : GMEM;

	prefault_hole(&s->prefault);
	gmem_set_private(s->cmds.vm, GPA + first * PAGE, n * PAGE, to == GMEM);
	prefault_hole(&s->prefault);
	memset(s->memory + first, to, n);
}

static void other_half(struct scene *s, uint64_t first, uint64_t n)
{
	recreate_slot(s, s->offset ? 0 : SIZE);
	memset(s->memory + first, s->offset ? GMEM_2 : GMEM, n);
}

static const struct test_case cases[] = {
	{ "punch/private", punch },
	{ "punch/shared", punch, .mapped = true },
	{ "attributes", flip, .efaults = true },
	{ "prefault/punch", punch, .prefault = true },
	{ "prefault/attributes", flip, .prefault = true, .efaults = true },
	{ "prefault/memslot", other_half, .prefault = true, .efaults = true, .all_pages = true },
};

/* ---- a round ---- */

static void report(struct scene *s, const char *who, const struct mailbox *m, uint64_t want)
{
	const char *what = !m->got ? "LOST" : page_of(m->got) == m->page ? "STALE" : "TORN";

	ktap_info(WRONG, what, who, s->rounds, m->page, s->n, s->first, m->owner,
		  word_of(want, m->owner), m->got, opt.seed);
	s->failed = true;
}

/* A vCPU that does not end cannot be stopped. */
static void wait_for(struct scene *s, int i)
{
	struct command_vcpu *v = &s->cmds.vcpu[i];

	if (!command_wait(v, STALL_SECONDS * 1000))
		s->failed = true;
	if (command_done(v))
		return;
	ktap_info("vcpu%d made no progress for %d s in round %lu; seed=%lu", i, STALL_SECONDS,
		  s->rounds, opt.seed);
	guard_print_thread(v->tid);
	exit(KSFT_FAIL);
}

static void tell(struct scene *s, command_work work)
{
	struct mailbox *m;
	uint64_t p;
	int i;

	for (i = 0; i < VCPUS; i++) {
		m = mailbox(s, i);
		for (p = 0; p < PAGES; p++)
			m->want[p] = s->want[s->memory[p]][p];
		command(&s->cmds, &s->cmds.vcpu[i], work);
	}
}

static void wait_all(struct scene *s)
{
	char who[16];
	int i;

	for (i = 0; i < VCPUS; i++) {
		wait_for(s, i);
		snprintf(who, sizeof(who), "vcpu%d", i);
		if (mailbox(s, i)->bad)
			report(s, who, mailbox(s, i), mailbox(s, i)->want[mailbox(s, i)->page]);
	}
}

static void do_all(struct scene *s, command_work work)
{
	tell(s, work);
	wait_all(s);
}

static void check_host_at(struct scene *s, const uint8_t *hva, const uint64_t *want)
{
	struct mailbox m = {};

	if (!check_words(&m, want, (uintptr_t)hva))
		report(s, "host", &m, want[m.page]);
}

static void check_host(struct scene *s)
{
	check_host_at(s, s->user, s->want[USER]);
	if (s->tc->mapped)
		check_host_at(s, s->view, s->want[GMEM]);
}

static void check_all(struct scene *s)
{
	bool host_first = pick(s, 2);

	if (host_first)
		check_host(s);
	do_all(s, guest_check);
	if (!host_first)
		check_host(s);
}

static void write_all(struct scene *s)
{
	uint64_t p;

	for (p = 0; p < PAGES; p++)
		s->want[s->memory[p]][p] = word_make(s->rounds, s->memory[p], p);
	do_all(s, guest_write);
}

static void pick_range(struct scene *s)
{
	uint64_t first = s->tc->all_pages ? 0 : pick(s, PAGES), left = PAGES - first;

	s->n = s->tc->all_pages ? PAGES : 1 + pick(s, left < MAX_CHANGED ? left : MAX_CHANGED);
	s->first = first;
}

/* Returns when each vCPU has begun to read, if it does: stop_reading() judges. */
static void start_reading(struct scene *s)
{
	struct mailbox *m;
	int i, polls;

	for (i = 0; i < VCPUS; i++) {
		m = mailbox(s, i);
		m->seed = pick(s, ~0U) | 1;
		m->first = s->first;
		m->n = s->n;
		m->begun = 0;
		m->stop = 0;
		s->cmds.vcpu[i].holes = s->tc->efaults;
	}
	tell(s, guest_read);
	prefault_on(&s->prefault, s->first, s->n);
	for (i = 0; i < VCPUS; i++)
		for (polls = START_POLLS; polls && !READ_ONCE(mailbox(s, i)->begun); polls--)
			usleep(50);
}

static void stop_reading(struct scene *s)
{
	int i;

	prefault_off(&s->prefault);
	for (i = 0; i < VCPUS; i++)
		WRITE_ONCE(mailbox(s, i)->stop, 1);
	wait_all(s);
	for (i = 0; i < VCPUS; i++)
		s->cmds.vcpu[i].holes = false;
}

static void change_while_reading(struct scene *s)
{
	bool delay = pick(s, 2) && !access(DELAY_FAULT, W_OK);
	uint64_t fixed = faults(s), before;

	if (delay)
		interval_debug_set(DELAY_FAULT, FAULT_US);
	start_reading(s);
	usleep(pick(s, 300));
	before = begun(s);
	WRITE_ONCE(s->prefault.changing, true);
	s->tc->change(s, s->first, s->n);
	WRITE_ONCE(s->prefault.changing, false);
	s->met += begun(s) - before;
	if (delay)
		interval_debug_set(DELAY_FAULT, 0);
	stop_reading(s);
	s->faults += faults(s) - fixed;
}

static void do_round(struct scene *s)
{
	s->rounds++;
	pick_range(s);
	write_all(s);
	check_all(s);
	if (pick(s, 2))
		recreate_slot(s, s->offset);
	if (failed(s))
		return;
	change_while_reading(s);
	check_all(s);
}

/* ---- cases ---- */

static void *map(int flags, int fd)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static void create(struct scene *s, const struct test_case *tc, uint64_t seed)
{
	int i;

	*s = (struct scene) { .tc = tc, .rng = oracle_mix(seed) | 1 };
	commands_create_type(&s->cmds, tc->mapped ? 0 : KVM_X86_SW_PROTECTED_VM, VCPUS + 1, PAGES);
	s->gmem = gmem_create(s->cmds.vm, 2 * SIZE, tc->mapped ? GMEM_MAPPED : 0);
	s->user = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	s->view = tc->mapped ? map(MAP_SHARED, s->gmem) : NULL;
	set_slot(s, SIZE);
	if (!tc->mapped)
		gmem_set_private(s->cmds.vm, GPA, SIZE, true);
	virt_map(s->cmds.vm, GVA, GPA, PAGES);
	for (i = 0; i < VCPUS; i++)
		mailbox(s, i)->me = i;
	if (!access(DELAY_GFNS, W_OK))
		interval_debug_set(DELAY_GFNS, CHANGE_US);
}

static void destroy(struct scene *s)
{
	if (!access(DELAY_GFNS, W_OK))
		interval_debug_set(DELAY_GFNS, 0);
	commands_destroy(&s->cmds);
	munmap(s->user, SIZE);
	if (s->view)
		munmap(s->view, SIZE);
	close(s->gmem);
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct scene *s)
{
	if (s->rounds < MIN_ROUNDS)
		return "too little was changed";
	if (!s->met)
		return "no vCPU read during a change";
	if (!s->faults)
		return "no vCPU faulted while the host changed something";
	if (s->tc->prefault && !s->prefault.done)
		return "no prefault succeeded";
	if (s->tc->prefault && !s->prefault.met)
		return "no prefault began during a change";
	return NULL;
}

static void run(struct scene *s, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, GIVE_UP_ROUNDS);
	uint64_t end = now_us() + usec;

	if (s->tc->prefault)
		prefault_start(&s->prefault, s->cmds.vcpu[PREFAULT_VCPU].vcpu, GPA, s->rng);
	do {
		do_round(s);
	} while (!failed(s) && (now_us() < end || nothing_happened(s)) &&
		 !deadline_passed(&deadline, s->rounds));
	prefault_stop(&s->prefault);
}

static void test_case(struct cases *c, struct scene *s)
{
	const struct prefault *f = &s->prefault;
	const char *why;

	create(s, &cases[c->i], opt.seed + c->i);
	run(s, cases_share(c));
	why = failed(s) ? "see above" : nothing_happened(s);
	if (why)
		ktap_fail(c->name, "%s; seed=%lu " DONE, why, opt.seed, s->rounds, s->met,
			  s->faults, efaults(s), f->done, f->met, f->signals);
	else
		ktap_pass(c->name, DONE, s->rounds, s->met, s->faults, efaults(s), f->done, f->met,
			  f->signals);
	destroy(s);
}

static const char *name_of(int i)
{
	return cases[i].name;
}

/* Returns why this case cannot run here, or NULL. */
static const char *why_not(const struct test_case *tc)
{
	if (tc->mapped)
		return gmem_has_mapped() ? NULL :
		       "the host cannot map guest_memfd in this kernel";
	if (!gmem_has_protected())
		return "no software-protected VMs (CONFIG_KVM_SW_PROTECTED_VM and the TDP MMU)";
	if (tc->prefault && !kvm_check_cap(KVM_CAP_PRE_FAULT_MEMORY))
		return "no KVM_PRE_FAULT_MEMORY";
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t rounds = 0, met = 0, faulted = 0;
	static struct scene scene;
	struct cases c;

	options_parse(&opt, argc, argv);
	c = cases_choose(&opt, ARRAY_SIZE(cases), name_of);
	guard_init();
	if (!kvm_check_cap(KVM_CAP_GUEST_MEMFD))
		return ktap_skip_all("no KVM_CAP_GUEST_MEMFD: the kernel has no guest_memfd");
	cases_start(&c);
	ktap_info("seed=%lu seconds=%d paging=%s delays=%d", opt.seed, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow", !access(DELAY_GFNS, W_OK));
	while (cases_next(&c)) {
		if (cases_skip(&c, why_not(&cases[c.i])))
			continue;
		test_case(&c, &scene);
		rounds += scene.rounds;
		met += scene.met;
		faulted += scene.faults;
	}
	ktap_info("guest rounds=%lu met=%lu faults=%lu", rounds, met, faulted);
	return ktap_finish();
}
