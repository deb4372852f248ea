// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest hangs because it never gets a page that the
 * host keeps invalidating, or the host hangs because KVM keeps it waiting for
 * the guest.
 *
 * Host threads invalidate one page without pause while vCPUs write to it, and
 * both sides must make progress all the time.  And a VM that is killed in the
 * middle of its faults can be reaped (process_mrelease(2), a non-blockable
 * invalidation).
 *
 * Progress is a write that the guest has completed, or a call that the host has
 * completed. Each vCPU and each host thread is checked every millisecond, and
 * none may be without progress for a second (-w), or as much longer as there
 * are more than two of them for each CPU.  That is hundreds of scheduler
 * slices, and several times what the emulator lets one CPU run before another,
 * so it is starvation and not load.  A contest lasts at least twice as long.
 *
 * A vCPU may find its word unchanged, or zero if the page is a new one.
 *
 * Where fault injection (delay_fault_us) makes every fault slower than the
 * host, a vCPU gets its page only with priority: a thread that has invalidated
 * that page pauses, before it returns to user space, until the vCPU has been in
 * the guest, or for a millisecond; then the priority is forfeited.  So a single
 * host thread pauses at most once for each priority that a vCPU gets, no matter
 * how many aliases, memslots and VMs the page has, and a vCPU's thread never
 * pauses for itself.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <sys/wait.h>

#include "cases.h"
#include "commands.h"
#include "deadline.h"
#include "fail_case.h"
#include "interval_debug.h"
#include "oracle.h"
#include "reserve.h"
#include "test_util.h"

#ifndef __NR_process_mrelease
#define __NR_process_mrelease	448
#endif

#define PAGE			COMMANDS_PAGE
#define MSEC			1000000UL

#define MEM_SLOT		2
#define MEM_GPA			0x200000000UL
/* The other memslots of the page start here. */
#define ALIAS_GPA		0x300000000UL
#define MEM_GVA			0x20000000000UL

#define CONTEST_LINE	"writes=%lu (least %lu), longest pause %lu ms; calls=%lu (least "	\
			"%lu), longest pause %lu ms, longest call %lu us, mean %lu us; "	\
			"faults=%lu waits=%lu retries=%lu invalidations=%lu "			\
			"priorities=%lu pauses=%lu erased=%lu early_ends=%lu of %lu "		\
			"efaults=%lu blind_ms=%lu"

/* The page that host and vCPU share. */
struct mailbox {
	uint64_t gva;
	uint64_t pages;
	uint64_t stop;
	/* Written by the guest: */
	uint64_t count;
	uint64_t wrong;
	/*
	 * How often it found its word erased: it had lost the page, and got it
	 * back.
	 */
	uint64_t erased;
};

static struct options opt = {
	.seconds = 20,
	.stall = 1000,
	.stall_unit = "milliseconds",
};

static uint64_t all_writes, all_calls, all_faults, longest_pause;
static uint64_t rng;
static uint8_t *mem;

/* ---- guest ---- */

/* Keeps writing to pages of its own. */
static void guest_be_busy(void *page)
{
	struct mailbox *m = page;
	uint64_t i;

	while (!READ_ONCE(m->stop)) {
		for (i = 0; i < m->pages; i++)
			WRITE_ONCE(*(uint64_t *)(m->gva + i * PAGE), m->count);
		WRITE_ONCE(m->count, m->count + 1);
	}
}

static void note_found(struct mailbox *m, uint64_t wrote, uint64_t found)
{
	if (found == wrote)
		return;
	if (found)
		WRITE_ONCE(m->wrong, found);
	WRITE_ONCE(m->erased, m->erased + 1);
}

/* Writes to one word without pause; nothing but an erase may change it. */
static void guest_contend(void *page)
{
	struct mailbox *m = page;
	uint64_t *word = (uint64_t *)m->gva;
	uint64_t n = 0, found;

	while (!READ_ONCE(m->stop)) {
		found = READ_ONCE(*word);
		note_found(m, n, found);
		WRITE_ONCE(*word, ++n);
		WRITE_ONCE(m->count, n);
	}
}

/*
 * The same with one instruction, so that the first access of a fault is a
 * write.
 */
static void guest_swap(void *page)
{
	struct mailbox *m = page;
	uint64_t *word = (uint64_t *)m->gva;
	uint64_t n = 0;

	while (!READ_ONCE(m->stop)) {
		note_found(m, n, __atomic_exchange_n(word, n + 1, __ATOMIC_RELAXED));
		WRITE_ONCE(m->count, ++n);
	}
}

/* ---- host ---- */

/* ---- contests ---- */

struct contest {
	int vcpus;		/* of each VM */
	int hosts;
	void (*invalidate)(uint8_t *page);
	/*
	 * If not 0, each fault takes so long that the page is invalidated
	 * meanwhile.
	 */
	uint64_t fault_us;
	/*
	 * If not 0, each invalidation lasts so long that those of several
	 * threads overlap, and a vCPU only waits for one after the other.
	 */
	uint64_t invalidate_us;
	command_work guest;	/* default: guest_contend() */
	int vms;		/* default: 1 */
	int aliases;		/* more memslots with the page */
	int cancel;		/* cancelled entries of a vCPU with priority */
	bool off;		/* kvm.interval_priority=0 */
	bool holes;
	/*
	 * Faults take about as long as a pause, or longer: see
	 * vcpus_must_progress().
	 */
	bool very_slow;
};

/* A thread that must make progress. */
struct contender {
	uint64_t *counter;
	uint64_t first;
	uint64_t last;
	uint64_t since;
	uint64_t worst;
};

struct host_contender {
	pthread_t thread;
	const struct contest *contest;
	uint64_t count;
	uint64_t longest_ns;
	uint64_t total_ns;
	/*
	 * Priorities that have ended, and those that ended before the guest had
	 * run.
	 */
	uint64_t ends;
	uint64_t early_ends;
} __aligned(128);

#define MAX_HOSTS	4
#define MAX_VMS		2
#define MAX_CONTENDERS	(COMMANDS_MAX_VCPUS + MAX_HOSTS)
#define CROWD		16
#define ALIASES		1000
#define SLOW_FAULT_US	100
/* So slow that priority is forfeited before the fault has ended. */
#define VERY_SLOW_FAULT_US	20000
/* The priorities that a case with such slow faults must see. */
#define MIN_FORFEITS	5
/* How many times longer a contest may take to get there. */
#define LONGER		8
#define INTERVAL_PRIORITY	"/sys/module/kvm/parameters/interval_priority"

/* So many collisions that a vCPU would get priority, were it not off. */
#define MIN_COLLISIONS	32

/* The number of early ends of priority that cannot be an accident. */
#define MIN_ENDS	5
/* Above the 1 ms between two checks, below what matters. */
#define BLIND_NS	(20 * MSEC)

/* So long that those of four threads leave hardly a moment between them. */
#define LONG_INVALIDATION_US	1000

static bool stop_hosts;
static struct host_contender host_contenders[MAX_HOSTS];
static struct contender contenders[MAX_CONTENDERS];
static struct commands vms[MAX_VMS];

static void invalidate_dontneed(uint8_t *page)
{
	TEST_ASSERT(!madvise(page, PAGE, MADV_DONTNEED), "MADV_DONTNEED: %s", strerror(errno));
}

/* The page is present again, but read-only for KVM: a write breaks COW. */
static void invalidate_and_read(uint8_t *page)
{
	invalidate_dontneed(page);
	READ_ONCE(*page);
}

static void invalidate_remap(uint8_t *page)
{
	TEST_ASSERT(mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page, "mmap: %s",
		    strerror(errno));
}

static void invalidate_munmap(uint8_t *page)
{
	TEST_ASSERT(!munmap(page, PAGE), "munmap: %s", strerror(errno));
	invalidate_remap(page);
}

static void check_contenders(int n, uint64_t now)
{
	struct contender *r;
	uint64_t count;

	for (r = contenders; r < contenders + n; r++) {
		count = READ_ONCE(*r->counter);
		r->worst = max(r->worst, now - r->since);
		if (count != r->last)
			r->since = now;
		r->last = count;
	}
}

static int nr_vms(const struct contest *contest)
{
	return contest->vms ?: 1;
}

static int nr_vcpus(const struct contest *contest)
{
	return nr_vms(contest) * contest->vcpus;
}

/* Returns vCPU @i, counted over all VMs. */
static struct command_vcpu *vcpu_of(const struct contest *contest, int i)
{
	return &vms[i / contest->vcpus].vcpu[i % contest->vcpus];
}

static uint64_t sum_vcpu_stat(const struct contest *contest, const char *name)
{
	uint64_t value, sum = 0;
	int i;

	for (i = 0; i < nr_vcpus(contest); i++) {
		kvm_stats_get(&vcpu_of(contest, i)->stats, name, &value);
		sum += value;
	}
	return sum;
}

/* Does a vCPU collide until it is given priority? */
static bool collides(const struct contest *contest)
{
	return contest->fault_us || contest->invalidate_us;
}

/* Has the contest reached its goal?  A slow machine needs longer. */
static bool enough(const struct contest *contest)
{
	uint64_t given;

	if (!collides(contest) || contest->off)
		return true;
	given = sum_vcpu_stat(contest, "mmu_interval_priority");
	/*
	 * Pauses are counted when priority ends, which may be after the
	 * contest.
	 */
	return given >= (contest->very_slow ? MIN_FORFEITS : 1);
}

/*
 * Checks progress until the contest is over.  If the whole machine stands
 * still, so does this thread, and the contenders' clocks.  Returns the longest
 * such period.
 */
static uint64_t watch_contenders(const struct contest *contest, int n, uint64_t ns)
{
	uint64_t now = now_ns(), seen = 0, passed, blind = 0;
	int i;

	for (i = 0; i < n; i++) {
		contenders[i].first = READ_ONCE(*contenders[i].counter);
		contenders[i].last = contenders[i].first;
		contenders[i].since = 0;
		contenders[i].worst = 0;
	}
	while (seen < ns || (seen < LONGER * ns && !enough(contest))) {
		usleep(1000);
		passed = now_ns() - now;
		now += passed;
		blind = max(blind, passed);
		seen += min(passed, BLIND_NS);
		check_contenders(n, seen);
	}
	return blind;
}

static uint64_t sum_progress(int from, int n)
{
	uint64_t sum = 0;
	int i;

	for (i = from; i < from + n; i++)
		sum += contenders[i].last - contenders[i].first;
	return sum;
}

static uint64_t least_progress(int from, int n)
{
	uint64_t least = ~0UL;
	int i;

	for (i = from; i < from + n; i++)
		least = min(least, contenders[i].last - contenders[i].first);
	return least;
}

static uint64_t worst_pause(int from, int n)
{
	uint64_t worst = 0;
	int i;

	for (i = from; i < from + n; i++)
		worst = max(worst, contenders[i].worst);
	return worst;
}

static struct mailbox *mailbox_of(const struct contest *contest, int i)
{
	return vcpu_of(contest, i)->page;
}

/*
 * Watches the only vCPU of a contest over the calls of its only host thread.
 * Pauses are counted when priority ends.  When one has just ended, the guest
 * must have done something since PAST_CALLS calls ago, because it had lost more
 * often in a row before.  This does not apply if the priority was forfeited, in
 * an earlier call that took FORFEIT_NS and after which no pause was counted.
 */
#define PAST_CALLS	4
#define FORFEIT_NS	(MSEC * 9 / 10)

struct watch {
	uint64_t pauses;
	uint64_t done[PAST_CALLS];
	bool forfeited;
};

static uint64_t guest_has_done(const struct contest *contest)
{
	struct mailbox *m = mailbox_of(contest, 0);

	return READ_ONCE(m->count) + READ_ONCE(m->erased);
}

static void check_priority_end(struct host_contender *h, struct watch *w, uint64_t took)
{
	uint64_t pauses, *past = &w->done[h->count % PAST_CALLS];

	/* Read the guest's counters after the statistics. */
	kvm_stats_get(&vcpu_of(h->contest, 0)->stats, "mmu_interval_pause", &pauses);
	if (pauses != w->pauses) {
		h->ends += !w->forfeited;
		h->early_ends += !w->forfeited && guest_has_done(h->contest) == *past;
		w->forfeited = false;
	} else if (took >= FORFEIT_NS) {
		w->forfeited = true;
	}
	w->pauses = pauses;
	*past = guest_has_done(h->contest);
}

static void *host_contender_main(void *arg)
{
	struct host_contender *h = arg;
	uint64_t before, took;
	struct watch w = {};

	while (!READ_ONCE(stop_hosts)) {
		before = now_ns();
		h->contest->invalidate(mem);
		took = now_ns() - before;
		h->longest_ns = max(h->longest_ns, took);
		h->total_ns += took;
		if (h->contest->cancel)
			check_priority_end(h, &w, took);
		WRITE_ONCE(h->count, h->count + 1);
	}
	return NULL;
}

/* Totals of a contest. */
struct result {
	bool changed;		/* the kernel has the statistics of the change */
	uint64_t faults;
	uint64_t waits;
	uint64_t retries;
	uint64_t priorities;
	uint64_t pauses;
	uint64_t invalidations;	/* of all VMs */
	uint64_t calls;
	uint64_t longest_ns;
	uint64_t total_ns;
	uint64_t erased;
	uint64_t efaults;
	uint64_t ends;
	uint64_t early_ends;
};

static void count_hosts(const struct contest *contest, struct result *r)
{
	int i;

	for (i = 0; i < contest->hosts; i++) {
		r->calls += host_contenders[i].count;
		r->longest_ns = max(r->longest_ns, host_contenders[i].longest_ns);
		r->total_ns += host_contenders[i].total_ns;
		r->ends += host_contenders[i].ends;
		r->early_ends += host_contenders[i].early_ends;
	}
}

/* To be called when all threads have stopped. */
static void count_contest(const struct contest *contest, struct result *r)
{
	uint64_t value;
	int i;

	*r = (struct result) {
		.faults = sum_vcpu_stat(contest, "pf_fixed"),
		.waits = sum_vcpu_stat(contest, "mmu_interval_wait"),
		.retries = sum_vcpu_stat(contest, "mmu_interval_retry_overlap"),
		.priorities = sum_vcpu_stat(contest, "mmu_interval_priority"),
		.pauses = sum_vcpu_stat(contest, "mmu_interval_pause"),
	};
	for (i = 0; i < nr_vms(contest); i++) {
		r->changed = kvm_stats_get(&vms[i].stats, "mmu_interval_invalidate", &value);
		r->invalidations += value;
	}
	for (i = 0; i < nr_vcpus(contest); i++) {
		r->erased += mailbox_of(contest, i)->erased;
		r->efaults += vcpu_of(contest, i)->efaults;
	}
	count_hosts(contest, r);
}

/* Each vCPU writes to its own cache line of the page. */
static void start_contest(const struct contest *contest)
{
	struct mailbox *m;
	int i;

	for (i = 0; i < nr_vcpus(contest); i++) {
		m = mailbox_of(contest, i);
		m->gva = MEM_GVA + i * 64;
		vcpu_of(contest, i)->holes = contest->holes;
		contenders[i].counter = &m->count;
		command(&vms[i / contest->vcpus], vcpu_of(contest, i),
			contest->guest ?: guest_contend);
	}
	WRITE_ONCE(stop_hosts, false);
	for (i = 0; i < contest->hosts; i++) {
		host_contenders[i] = (struct host_contender) { .contest = contest };
		contenders[nr_vcpus(contest) + i].counter = &host_contenders[i].count;
		pthread_create(&host_contenders[i].thread, NULL, host_contender_main,
			       &host_contenders[i]);
	}
}

/*
 * Returns false if a vCPU has not ended, or has read a value that nobody wrote.
 */
static bool stop_contest(const struct contest *contest)
{
	struct mailbox *m;
	bool good = true;
	int i;

	/*
	 * Stop the vCPUs first: they must be able to stop whatever the host
	 * does.
	 */
	for (i = 0; i < nr_vcpus(contest); i++)
		mailbox_of(contest, i)->stop = 1;
	for (i = 0; i < nr_vcpus(contest); i++) {
		m = mailbox_of(contest, i);
		if (!command_wait(vcpu_of(contest, i), 5 * opt.stall)) {
			guard_print_thread(vcpu_of(contest, i)->tid);
			fail_case("vCPU %d does not stop", i);
			exit(KSFT_FAIL);
		}
		if (m->wrong && good)
			good = fail_case("vCPU %d of %lu writes read %#lx", i, m->count, m->wrong);
	}
	WRITE_ONCE(stop_hosts, true);
	for (i = 0; i < contest->hosts; i++)
		pthread_join(host_contenders[i].thread, NULL);
	return good;
}

/*
 * A vCPU whose fault is slower than a pause, or that cannot get priority, gets
 * its page only by luck, so the case only judges what that costs the host.
 */
static bool vcpus_must_progress(const struct contest *contest)
{
	return !contest->very_slow && !contest->off;
}

/* Returns the longest time without progress of those that must make some. */
static uint64_t worst_of(const struct contest *contest)
{
	int v = nr_vcpus(contest), h = contest->hosts;

	return vcpus_must_progress(contest) ? worst_pause(0, v + h) : worst_pause(v, h);
}

/* Returns the time without progress that counts as starvation. */
static uint64_t pause_limit(const struct contest *contest)
{
	uint64_t all = nr_vcpus(contest) + contest->hosts;
	uint64_t each = all / sysconf(_SC_NPROCESSORS_ONLN);

	return opt.stall * MSEC * max(each / 2, 1UL);
}

/*
 * Returns how a thread was held up too long, or NULL.  A thread pauses at most
 * once for each call, and not for a priority that is forfeited or was used.  A
 * single thread hence pauses once for each priority, and the last one may not
 * have ended yet.  With two VMs a pause for one may end just when the other
 * gets priority, and then counts for both.
 */
static const char *paused_too_often(const struct contest *contest, const struct result *r)
{
	if (!collides(contest) || !r->changed)
		return NULL;
	if (r->pauses > r->calls)
		return "more pauses than calls of the host";
	if (contest->hosts == 1 && r->pauses > (r->priorities + 1) * nr_vms(contest))
		return "paused more than once for one priority";
	/*
	 * Now and then an interrupt is faster than the guest's first
	 * instruction.
	 */
	if (r->early_ends >= MIN_ENDS && r->early_ends * 2 > r->ends)
		return "priority ended before the guest had run";
	/* A wide margin, because vCPUs that break COW invalidate as well. */
	if (contest->aliases && r->invalidations > 10 * (r->calls + r->retries + r->faults))
		return "one invalidation counted for each memslot";
	return NULL;
}

/* Returns what is wrong with a contest in which no vCPU may get priority, or NULL. */
static const char *no_contest_if_off(const struct result *r)
{
	if (r->priorities || r->pauses)
		return "a vCPU was given priority, which is off";
	if (r->retries + r->waits < MIN_COLLISIONS)
		return "too few collisions";
	return NULL;
}

/* Returns what did not happen in a contest in which nobody starved, or NULL. */
static const char *no_contest(const struct contest *contest, const struct result *r)
{
	if (contest->off)
		return no_contest_if_off(r);
	if (!r->faults)
		return "KVM fixed no fault";
	if (collides(contest) && !r->priorities)
		return "no vCPU was given priority";
	if (collides(contest) && !r->pauses)
		return "no thread paused for a vCPU";
	if (contest->very_slow && r->priorities < MIN_FORFEITS)
		return "too few priorities were given";
	if (contest->guest == guest_swap && (r->invalidations <= r->calls || !r->erased))
		return "no vCPU invalidated a page of its own, or none made progress";
	if (r->changed && !r->invalidations)
		return "nothing was invalidated";
	return NULL;
}

static void judge_contest(const struct contest *contest, uint64_t blind)
{
	uint64_t limit = pause_limit(contest);
	int v = nr_vcpus(contest), h = contest->hosts;
	bool starved = worst_of(contest) >= limit;
	const char *why;
	struct result r;
	char text[480];

	count_contest(contest, &r);
	why = paused_too_often(contest, &r) ?: no_contest(contest, &r);
	all_writes += sum_progress(0, v);
	all_calls += sum_progress(v, h);
	all_faults += r.faults;
	longest_pause = max(longest_pause, worst_pause(0, v + h));
	snprintf(text, sizeof(text), CONTEST_LINE,
		 sum_progress(0, v), least_progress(0, v), worst_pause(0, v) / MSEC,
		 sum_progress(v, h), least_progress(v, h), worst_pause(v, h) / MSEC,
		 r.longest_ns / 1000, r.total_ns / max(r.calls, 1UL) / 1000, r.faults, r.waits,
		 r.retries, r.invalidations, r.priorities, r.pauses, r.erased, r.early_ends,
		 r.ends, r.efaults,
		 blind / MSEC);
	if (why)
		fail_case("%s; %s", why, text);
	else if (starved && r.changed)
		fail_case("starved: %s", text);
	else if (starved)
		ktap_pass(case_name,
			  "known difference, this kernel lets one side starve: %s",
			  text);
	else
		ktap_pass(case_name, "%s", text);
}

static void create_vm(const struct contest *contest, struct commands *c)
{
	int i;

	commands_create(c, contest->vcpus, 1);
	vm_set_user_memory_region(c->vm, MEM_SLOT, 0, MEM_GPA, PAGE, mem);
	virt_map(c->vm, MEM_GVA, MEM_GPA, 1);
	for (i = 0; i < contest->aliases; i++)
		vm_set_user_memory_region(c->vm, MEM_SLOT + 1 + i, 0, ALIAS_GPA + i * PAGE, PAGE,
					  mem);
}

static void set_faults(const struct contest *contest, bool slow)
{
	if (contest->fault_us)
		interval_debug_set(DELAY_FAULT, slow ? contest->fault_us : 0);
	if (contest->invalidate_us)
		interval_debug_set(DELAY_INVALIDATE, slow ? contest->invalidate_us : 0);
	if (contest->cancel)
		interval_debug_set(CANCEL_ENTRIES, slow ? contest->cancel : 0);
}

/* Called while no vCPU runs, as a vCPU might be given priority at any moment. */
static void allow_priority(bool allow)
{
	TEST_ASSERT(knob_set(INTERVAL_PRIORITY, allow ? "Y" : "N"), INTERVAL_PRIORITY);
}

static void case_contest(const struct contest *contest, uint64_t ns)
{
	uint64_t blind;
	int i;

	invalidate_dontneed(mem);
	for (i = 0; i < nr_vms(contest); i++)
		create_vm(contest, &vms[i]);
	if (contest->off)
		allow_priority(false);
	set_faults(contest, true);
	start_contest(contest);
	/* Threads start one after the other. */
	usleep(100000);
	blind = watch_contenders(contest, nr_vcpus(contest) + contest->hosts,
				 max(ns, 2 * pause_limit(contest)));
	set_faults(contest, false);
	if (stop_contest(contest))
		judge_contest(contest, blind);
	if (contest->off)
		allow_priority(true);
	for (i = 0; i < nr_vms(contest); i++)
		commands_destroy(&vms[i]);
}

/* ---- killed VMs ---- */

#define LIVES		10
#define MAX_LIVES	40
#define LIFE_PAGES	16384

/* A process whose vCPUs fault all over its memory until it is killed. */
static void live(int out)
{
	static struct commands f;
	uint8_t *p = map_aligned(LIFE_PAGES * PAGE, PROT_READ | PROT_WRITE);
	struct mailbox *m;
	int i;

	commands_create(&f, 2, LIFE_PAGES);
	vm_set_user_memory_region(f.vm, MEM_SLOT, 0, MEM_GPA, LIFE_PAGES * PAGE, p);
	virt_map(f.vm, MEM_GVA, MEM_GPA, LIFE_PAGES);
	for (i = 0; i < 2; i++) {
		m = f.vcpu[i].page;
		m->gva = MEM_GVA;
		m->pages = LIFE_PAGES;
		command(&f, &f.vcpu[i], guest_be_busy);
	}
	TEST_ASSERT(write(out, &f.stats.fd, sizeof(f.stats.fd)) > 0, "pipe: %s", strerror(errno));
	for (;;)
		pause();
}

struct life {
	/* The kernel counts non-blockable invalidations. */
	bool counted;
	bool reaped;
	bool gone;
	uint64_t nonblock;
	uint64_t refused;
	int error;
};

static bool wait_gone(pid_t pid, int seconds)
{
	struct stall stall = {};

	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (stall_seen(&stall, 0, seconds))
			return false;
		usleep(200);
	}
	return true;
}

/* The parent shares the file of the VM's statistics, which outlives the VM. */
static void kill_and_reap(pid_t pid, int stats_fd, struct life *l)
{
	int pidfd = syscall(__NR_pidfd_open, pid, 0), fd;
	struct kvm_stats stats;

	fd = syscall(__NR_pidfd_getfd, pidfd, stats_fd, 0);
	TEST_ASSERT(fd >= 0, "pidfd_getfd: %s", strerror(errno));
	kvm_stats_open_fd(&stats, fd);
	usleep((1 + oracle_pick(&rng, 39)) * 1000);
	kill(pid, SIGKILL);
	l->reaped = !syscall(__NR_process_mrelease, pidfd, 0);
	l->error = l->reaped ? 0 : errno;
	l->counted = kvm_stats_get(&stats, "mmu_interval_nonblock", &l->nonblock);
	kvm_stats_get(&stats, "mmu_interval_refuse", &l->refused);
	l->gone = wait_gone(pid, 20);
	kvm_stats_close(&stats);
	close(pidfd);
}

static void one_life(struct life *l)
{
	int out[2], stats_fd = -1;
	pid_t pid;

	memset(l, 0, sizeof(*l));
	TEST_ASSERT(!pipe(out), "pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		live(out[1]);
	TEST_ASSERT(read(out[0], &stats_fd, sizeof(stats_fd)) > 0, "the VM did not start");
	kill_and_reap(pid, stats_fd, l);
	close(out[0]);
	close(out[1]);
}

static void case_mrelease(void)
{
	uint64_t nonblock = 0, refused = 0;
	int i, reaped = 0, too_late = 0, again = 0;
	struct life l = {};

	for (i = 0; i < MAX_LIVES && (reaped < LIVES || (l.counted && !nonblock)); i++) {
		one_life(&l);
		reaped += l.reaped;
		too_late += l.error == ESRCH;
		again += l.error == EAGAIN;
		nonblock += l.nonblock;
		refused += l.refused;
		if (l.gone && (l.reaped || l.error == ESRCH || l.error == EAGAIN))
			continue;
		fail_case("VM %d: process_mrelease: %s%s", i, strerror(l.error),
			  l.gone ? "" : "; still exists 20 s after SIGKILL");
		return;
	}
	if (reaped < LIVES || (l.counted && !nonblock))
		fail_case("killed=%d reaped=%d too_late=%d again=%d nonblock=%lu",
			  i, reaped, too_late, again, nonblock);
	else
		ktap_pass(case_name,
			  "killed=%d reaped=%d too_late=%d again=%d nonblock=%lu refused=%lu",
			  i, reaped, too_late, again, nonblock, refused);
}

/* ---- all ---- */

struct test_case {
	const char *name;
	void (*run)(void);
	struct contest contest;
};

static const struct test_case cases[] = {
	{ "priority", NULL, { 1, 1, invalidate_dontneed, SLOW_FAULT_US } },
	{ "off", NULL, { 1, 1, invalidate_dontneed, SLOW_FAULT_US, .off = true } },
	{ "overlap", NULL, { 1, 4, invalidate_dontneed, .invalidate_us = LONG_INVALIDATION_US } },
	{ "cancelled", NULL, { 1, 1, invalidate_dontneed, SLOW_FAULT_US, .cancel = 2 } },
	{ "forfeit", NULL, { 1, 1, invalidate_dontneed, VERY_SLOW_FAULT_US, .very_slow = true } },
	{ "self", NULL, { 1, 1, invalidate_and_read, SLOW_FAULT_US, .guest = guest_swap,
			  .very_slow = true } },
	{ "two-vms", NULL, { 1, 1, invalidate_dontneed, SLOW_FAULT_US, .vms = 2 } },
	{ "aliases", NULL, { 1, 1, invalidate_dontneed, SLOW_FAULT_US, .aliases = ALIASES } },
	{ "dontneed/1v1h", NULL, { 1, 1, invalidate_dontneed } },
	{ "dontneed/1v2h", NULL, { 1, 2, invalidate_dontneed } },
	{ "dontneed/1v4h", NULL, { 1, 4, invalidate_dontneed } },
	{ "dontneed/4v1h", NULL, { 4, 1, invalidate_dontneed } },
	{ "dontneed/4v4h", NULL, { 4, 4, invalidate_dontneed } },
	{ "remap/1v1h", NULL, { 1, 1, invalidate_remap } },
	{ "remap/4v4h", NULL, { 4, 4, invalidate_remap } },
	{ "munmap/2v1h", NULL, { 2, 1, invalidate_munmap, .holes = true } },
	{ "crowd/16v1h", NULL, { CROWD, 1, invalidate_dontneed } },
	{ "mrelease", case_mrelease },
};

static const char *name_of(int i)
{
	return cases[i].name;
}

static const char *why_not(const struct test_case *tc)
{
	const char *why = collides(&tc->contest) ? interval_debug_why_not() : NULL;

	if (!why && tc->contest.cancel && access(CANCEL_ENTRIES, W_OK))
		return "this kernel has no cancel_entries (CONFIG_KVM_INTERVAL_DEBUG)";
	return why;
}

static void run_case(const struct test_case *tc, uint64_t contest_ns)
{
	case_name = tc->name;
	if (tc->run)
		tc->run();
	else
		case_contest(&tc->contest, contest_ns);
}

static int run_all(struct cases *c)
{
	uint64_t contest_ns, contests = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		contests += cases_chosen(c, i) && !cases[i].run;
	contest_ns = opt.seconds * 1000 * MSEC / max(contests, 1UL);

	cases_start(c);
	ktap_info("seed=%lu paging=%s", opt.seed, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	mem = map_aligned(PAGE, PROT_READ | PROT_WRITE);
	while (cases_next(c))
		if (!cases_skip(c, why_not(&cases[c->i])))
			run_case(&cases[c->i], contest_ns);
	ktap_info("guest writes=%lu host calls=%lu faults=%lu longest_pause_ms=%lu", all_writes,
		  all_calls, all_faults, longest_pause / MSEC);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), name_of);
	rng = oracle_mix(opt.seed) | 1;
	guard_init();
	return run_all(&c);
}
