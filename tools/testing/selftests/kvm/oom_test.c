// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, the memory of a killed VM is not freed when the machine
 * has run out of it, or the guest still writes to pages that the OOM reaper has
 * already freed.
 *
 * VMs are killed while their guests write, and their memory is reaped before
 * they are dead: by process_mrelease(2), and by the OOM killer and its reaper,
 * whose invalidations must not block and may be refused.
 *
 * Each victim is a process of its own (include/victim.h).  Until the kill its
 * guest must find its words right.  After it:
 *   - process_mrelease() returns 0, ESRCH or, where a notifier refuses, EAGAIN, and
 *     succeeds once no notifier refuses;
 *   - reaped memory is neither mapped by the guest nor held by the process.  To check
 *     that, the main thread of every other victim is kept from exiting, and its mm with
 *     it;
 *   - process, VM and memory are gone in the end.
 * A case also fails if KVM was not called by a reaper.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "cases.h"
#include "child.h"
#include "interval_debug.h"
#include "knob.h"
#include "kvm_util.h"
#include "memcg.h"
#include "test_util.h"
#include "trace_count.h"
#include "victim.h"

#define REFUSE			INTERVAL_DEBUG "refuse"
#define REFUSE_SOME		5
#define REFUSE_FOR_EVER		1000000000UL

#define MAX_LIVES		4096
#define MIN_LIVES		4
#define MANY_TRIES		2000
#define FEW_TRIES		20
/*
 * What a VM in the cgroup writes, the limit it is cut to, and the limit it may
 * grow to.
 */
#define MEMCG_MIB		8
#define MEMCG_CUT		(2UL << 20)
#define MEMCG_GROW		(6UL << 20)

#define COUNTS		"lives=%lu writes=%lu reaps=%lu calls=%lu nonblock=%lu "		\
			"refused=%lu again=%lu waits=%lu late=%lu kill-to-reaped-us=%u "	\
			"kill-to-gone-us=%u ms=%lu"

/* The request of lib/test_hmm.c's device. */
struct mirror_read {
	uint64_t addr;
	uint64_t ptr;
	uint64_t npages;
	uint64_t cpages;
	uint64_t faults;
};

#define MIRROR_READ		_IOWR('H', 0, struct mirror_read)

struct result {
	uint64_t lives;
	uint64_t writes;
	uint64_t waits;
	/* Reaps of victims that were kept, as counted by KVM. */
	uint64_t reaps;
	uint64_t invalidations;
	uint64_t nonblock;
	uint64_t refused;
	uint64_t again;
	uint64_t too_late;
	int nr_reaped;
	int nr_gone;
	uint32_t reaped_us[MAX_LIVES];
	uint32_t gone_us[MAX_LIVES];
};

struct test_case {
	const char *name;
	/* Runs the case for about @usec; returns NULL, or what is wrong. */
	const char *(*run)(const struct test_case *tc, struct result *r, uint64_t usec);
	const char *(*why_not)(void);
	struct victim_plan plan;
	/*
	 * The kill comes after so many visits of the guest, and up to so much
	 * later.
	 */
	uint64_t visits;
	uint64_t late_us;
	const char *knob;
	const char *value;
	/* How often non-blockable invalidations are refused. */
	uint64_t refuse;
	/* Victims are kept until the result of the reap has been checked. */
	bool hold;
	/* KVM must have been notified by the reap of at least one victim. */
	bool must_reap;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.mib = 4,
};

static uint64_t rng;
static struct trace_count my_invalidations;
static struct trace_count reaper_invalidations;
static struct trace_count reaper_finishes;
static bool has_nonblock;

static uint64_t pick(uint64_t n)
{
	return n ? oracle_pick(&rng, n) : 0;
}

/* ---- counts ---- */

static void note_time(uint32_t *us, int *n, uint64_t from, uint64_t to)
{
	if (*n < MAX_LIVES)
		us[(*n)++] = to - from;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t median(uint32_t *us, int n)
{
	qsort(us, n, sizeof(*us), compare_u32);
	return n ? us[n / 2] : 0;
}

static uint64_t victim_stat(struct victim *v, const char *name)
{
	uint64_t value = 0;

	if (v->has_stats)
		has_nonblock |= kvm_stats_get(&v->stats, name, &value);
	return value;
}

static void count_reap(struct result *r, struct victim *v, uint64_t invalidations)
{
	r->reaps += !!invalidations;
	r->invalidations += invalidations;
	r->nonblock += victim_stat(v, "mmu_interval_nonblock");
	r->refused += victim_stat(v, "mmu_interval_refuse");
}

static void count_life(struct result *r, struct victim *v)
{
	r->lives++;
	r->writes += v->page->writes;
	r->waits += v->page->waits;
	r->again += v->again;
}

static uint64_t mem_available(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* ---- process_mrelease ---- */

/* Alternates kept and other victims, with one vCPU and with several. */
static void start_life(struct victim *v, const struct test_case *tc, uint64_t number)
{
	struct victim_plan plan = tc->plan;

	plan.seed = oracle_random(&rng);
	plan.vcpus = number / 2 % 2 ? 1 : opt.vcpus;
	plan.mib = plan.mib ?: opt.mib;
	plan.huge = pick(2);
	victim_start(v, &plan);
}

/* Reaps a victim that is kept until no retry is needed, and checks it. */
static const char *reap_held(const struct test_case *tc, struct victim *v, struct result *r)
{
	uint64_t before = trace_count_read(&my_invalidations);
	int error = victim_reap(v, tc->refuse == REFUSE_FOR_EVER ? FEW_TRIES : MANY_TRIES);

	count_reap(r, v, trace_count_read(&my_invalidations) - before);
	if (tc->refuse == REFUSE_FOR_EVER)
		return error == EAGAIN ? NULL : "not refused, though it should be";
	if (error)
		return error == EAGAIN ? "process_mrelease() returns EAGAIN" : strerror(error);
	note_time(r->reaped_us, &r->nr_reaped, v->killed_at, v->reaped_at);
	return victim_left(v) ? "some memory was not reaped" : NULL;
}

/* Lets the victim's exit race with the reap. */
static const char *reap_racing(struct victim *v, struct result *r)
{
	int error;

	usleep(pick(2) ? pick(1000) : 0);
	error = victim_reap(v, MANY_TRIES);
	r->too_late += error == ESRCH;
	return error && error != ESRCH ? strerror(error) : NULL;
}

static const char *kill_and_reap(const struct test_case *tc, struct victim *v, struct result *r)
{
	bool held = v->held;
	const char *why;

	usleep(pick(tc->late_us));
	victim_kill(v);
	why = held ? reap_held(tc, v, r) : reap_racing(v, r);
	if (why)
		ktap_info("life %lu (seed %lu, %d vCPUs, %s): %s", r->lives, v->plan.seed,
			  v->plan.vcpus, held ? "kept" : "racing", why);
	return why;
}

static const char *live_and_die(const struct test_case *tc, struct result *r, bool hold)
{
	const char *why, *end;
	struct victim v;

	start_life(&v, tc, r->lives);
	if (!victim_wait_ready(&v, tc->visits)) {
		victim_kill(&v);
		why = "the guest does not start";
	} else {
		if (hold)
			victim_hold(&v);
		why = kill_and_reap(tc, &v, r);
	}
	end = victim_end(&v);
	if (!hold && v.gone)
		note_time(r->gone_us, &r->nr_gone, v.killed_at, v.gone_at);
	count_life(r, &v);
	victim_free(&v);
	return why ?: end;
}

/* Detects memory that never comes back. */
static const char *check_memory(struct result *r, uint64_t before, uint64_t mib)
{
	uint64_t after = mem_available();

	if (r->lives * mib < 64 || after + r->lives * mib * 512 > before)
		return NULL;
	ktap_info("MemAvailable: %lu kB before %lu lives of %lu MiB, %lu kB after", before,
		  r->lives, mib, after);
	return "memory is not freed";
}

static const char *run_mrelease(const struct test_case *tc, struct result *r, uint64_t usec)
{
	uint64_t start = now_us(), before = mem_available();
	const char *why = NULL;

	while (!why && (now_us() - start < usec || r->lives < MIN_LIVES))
		why = live_and_die(tc, r, tc->hold || r->lives % 2);
	return why ?: check_memory(r, before, opt.mib);
}

static const char *run_refuse(const struct test_case *tc, struct result *r, uint64_t usec)
{
	uint64_t start = now_us();
	const char *why = NULL;

	while (!why && (now_us() - start < usec || r->lives < MIN_LIVES)) {
		interval_debug_set(REFUSE, tc->refuse);
		why = live_and_die(tc, r, true);
		interval_debug_set(REFUSE, 0);
	}
	return why ?: r->again ? NULL : "nothing was refused";
}

static bool wait_for(bool (*done)(uint64_t arg), uint64_t arg)
{
	struct stall stall = {};

	while (!done(arg)) {
		if (stall_seen(&stall, 0, VICTIM_STALL_S))
			return false;
		usleep(500);
	}
	return true;
}

/* ---- a second notifier ---- */

/*
 * Holds that notifier's mutex most of the time, after it has counted a read of
 * @v.
 */
static pid_t start_mirror_reader(struct victim *v)
{
	uint64_t size = (uint64_t)v->plan.mib << 20;
	struct mirror_read cmd = {
		.addr = v->page->hva,
		.npages = size / ORACLE_PAGE_SIZE,
	};
	pid_t pid = child_fork();

	if (pid)
		return pid;
	cmd.ptr = (uint64_t)malloc(size);
	for (;;) {
		if (!ioctl(v->mirror_fd, MIRROR_READ, &cmd))
			WRITE_ONCE(v->page->mirrored, v->page->mirrored + 1);
	}
}

static bool has_mirrored(uint64_t page)
{
	return READ_ONCE(((struct victim_page *)page)->mirrored);
}

static const char *die_mirrored(const struct test_case *tc, struct result *r)
{
	const char *why = "the guest does not start", *end;
	struct victim v;
	pid_t reader;

	start_life(&v, tc, r->lives);
	if (victim_wait_ready(&v, tc->visits)) {
		victim_hold(&v);
		TEST_ASSERT(v.mirror_fd >= 0, "pidfd_getfd: %s", strerror(errno));
		reader = start_mirror_reader(&v);
		if (wait_for(has_mirrored, (uint64_t)v.page)) {
			why = kill_and_reap(tc, &v, r);
		} else {
			why = "the second notifier reads nothing";
			victim_kill(&v);
		}
		/*
		 * The reader ends before the mm, because the device would
		 * search the mm for ever.
		 */
		kill(reader, SIGKILL);
		waitpid(reader, NULL, 0);
	} else {
		victim_kill(&v);
	}
	end = victim_end(&v);
	count_life(r, &v);
	victim_free(&v);
	return why ?: end;
}

static const char *run_mirror(const struct test_case *tc, struct result *r, uint64_t usec)
{
	uint64_t start = now_us(), spent = 0;
	const char *why = NULL;

	while (!why && (spent < usec || r->lives < MIN_LIVES ||
			(!r->again && spent < usec + 5000000))) {
		why = die_mirrored(tc, r);
		spent = now_us() - start;
	}
	return why ?: r->again ? NULL : "the second notifier never refused";
}

/* ---- the OOM killer ---- */

/*
 * A process of its own, because the write returns only when the usage is below
 * the limit.
 */
static pid_t cut_memcg(void)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	_exit(!memcg_write_bytes("memory.max", MEMCG_CUT));
}

static bool has_killed(uint64_t kills)
{
	return memcg_read("memory.events", "oom_kill") >= kills;
}

static bool has_reaped(uint64_t finishes)
{
	return trace_count_read(&reaper_finishes) >= finishes;
}

static bool has_ended(uint64_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == (pid_t)pid;
}

static bool is_below(uint64_t bytes)
{
	return memcg_read("memory.current", NULL) < bytes;
}

static void start_in_memcg(struct victim *v, const struct test_case *tc, int vcpus)
{
	struct victim_plan plan = tc->plan;

	plan.seed = oracle_random(&rng);
	plan.vcpus = vcpus;
	plan.mib = MEMCG_MIB;
	plan.in_memcg = true;
	victim_start(v, &plan);
}

/*
 * Checks what must hold after the reaper is done, while the victims still
 * exist.
 */
static const char *check_reaped(const struct test_case *tc, struct victim *v, int n,
				struct result *r, uint64_t calls)
{
	int i;

	calls = trace_count_read(&reaper_invalidations) - calls;
	for (i = 0; i < n; i++) {
		count_reap(r, &v[i], i ? 0 : calls);
		if (tc->refuse != REFUSE_FOR_EVER)
			note_time(r->reaped_us, &r->nr_reaped, v[i].killed_at, v[i].reaped_at);
		if (tc->refuse != REFUSE_FOR_EVER && victim_left(&v[i]))
			return "the reaper left memory behind";
	}
	if (tc->refuse == REFUSE_FOR_EVER)
		return NULL;
	if (!calls)
		return "the reaper did not call KVM";
	return wait_for(is_below, n * MEMCG_MIB << 19) ? NULL : "the cgroup's memory was not freed";
}

/* The @n victims are in one cgroup, and die together. */
static const char *squeeze(const struct test_case *tc, struct victim *v, int n, struct result *r)
{
	uint64_t kills = memcg_read("memory.events", "oom_kill") + n, now;
	uint64_t calls = trace_count_read(&reaper_invalidations);
	uint64_t finishes = trace_count_read(&reaper_finishes) + n;
	pid_t cutter = cut_memcg();
	const char *why = NULL;
	int i;

	if (!wait_for(has_killed, kills))
		why = "the OOM killer did not come";
	for (i = 0, now = now_us(); i < n; i++)
		v[i].killed_at = now;
	if (!why && tc->hold && !wait_for(has_reaped, finishes))
		why = "the OOM reaper did not come";
	/*
	 * The killer waits for the reaper, until the limit is reached or it
	 * gives up.
	 */
	if (!why && tc->hold && !wait_for(has_ended, cutter))
		why = "the limit was not reached when all had been reaped";
	for (i = 0, now = now_us(); i < n; i++)
		v[i].reaped_at = now;
	if (!why && tc->hold)
		why = check_reaped(tc, v, n, r, calls);
	return why;
}

static const char *end_in_memcg(struct victim *v, struct result *r, bool held)
{
	const char *why;

	why = victim_end(v);
	if (!held)
		note_time(r->gone_us, &r->nr_gone, v->killed_at, v->gone_at);
	count_life(r, v);
	victim_free(v);
	return why;
}

/* Starts @n VMs, with one and with several vCPUs, and cuts their limit. */
static const char *start_and_squeeze(const struct test_case *tc, struct victim *v, int n,
				     struct result *r)
{
	const char *why = NULL;
	int i;

	for (i = 0; i < n; i++)
		start_in_memcg(&v[i], tc, i ? 1 : opt.vcpus);
	for (i = 0; i < n; i++) {
		if (!victim_wait_ready(&v[i], tc->visits))
			why = "the guest does not start";
		else if (tc->hold)
			victim_hold(&v[i]);
	}
	return why ?: squeeze(tc, v, n, r);
}

static const char *run_cut(const struct test_case *tc, struct result *r, uint64_t usec)
{
	int i, n = tc->refuse ? 1 : 2;
	const char *why, *end;
	struct victim v[2];

	memcg_write("memory.oom.group", "1");
	if (tc->refuse)
		interval_debug_set(REFUSE, tc->refuse);
	why = start_and_squeeze(tc, v, n, r);
	for (i = 0; i < n; i++) {
		if (why)
			victim_kill(&v[i]);
		end = end_in_memcg(&v[i], r, tc->hold);
		why = why ?: end;
	}
	if (tc->refuse)
		interval_debug_set(REFUSE, 0);
	if (tc->refuse && !why && !r->refused)
		why = "nothing was refused";
	memcg_write("memory.max", "max");
	return why;
}

/*
 * A guest grows beyond the limit, so that its own fault invokes the OOM killer.
 */
static const char *run_grow(const struct test_case *tc, struct result *r, uint64_t usec)
{
	uint64_t start = now_us(), kills;
	const char *why = NULL, *end;
	struct victim v;

	memcg_write("memory.oom.group", "0");
	while (!why && (now_us() - start < usec || r->lives < 2)) {
		kills = memcg_read("memory.events", "oom_kill") + 1;
		memcg_write_bytes("memory.max", MEMCG_GROW);
		start_in_memcg(&v, tc, r->lives % 2 ? opt.vcpus : 1);
		if (!wait_for(has_killed, kills)) {
			why = "the OOM killer did not come";
			kill(v.pid, SIGKILL);
		}
		v.killed_at = now_us();
		if (!why && !READ_ONCE(v.page->running))
			why = "killed before its guest ran";
		end = end_in_memcg(&v, r, false);
		why = why ?: end;
	}
	memcg_write("memory.max", "max");
	return why;
}

/* A VM that is created afterwards must work. */
static const char *run_fresh(const struct test_case *tc, struct result *r, uint64_t usec)
{
	struct victim v;
	const char *why;

	start_life(&v, tc, r->lives);
	why = victim_end(&v);
	count_life(r, &v);
	victim_free(&v);
	return why;
}

/* ---- cases ---- */

static const char *need_nothing(void)
{
	return NULL;
}

static const char *need_mrelease(void)
{
	if (syscall(SYS_process_mrelease, -1, 0) && errno != EBADF)
		return "no process_mrelease(2) in this kernel";
	if (!my_invalidations.cpus)
		return "the tracepoint kvm:kvm_unmap_hva_range can't be counted: " TRACE_WHY;
	return NULL;
}

static const char *need_delays(void)
{
	return need_mrelease() ?: interval_debug_why_not();
}

static const char *need_userfault(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return "no userfaultfd(2) in this kernel, or not for this user";
	close(fd);
	return need_mrelease();
}

static const char *need_mirror(void)
{
	if (access(VICTIM_DMIRROR, R_OK | W_OK))
		return "no " VICTIM_DMIRROR " (CONFIG_TEST_HMM): nobody else refuses";
	return need_mrelease();
}

static const char *need_refuse(void)
{
	if (knob_debugfs_why_not())
		return knob_debugfs_why_not();
	if (access(REFUSE, W_OK))
		return "this kernel cannot refuse invalidations (kvm/interval/refuse in debugfs)";
	return need_mrelease();
}

static const char *need_memcg(void)
{
	return memcg_create();
}

static const char *need_reaper(void)
{
	if (!reaper_finishes.cpus || !reaper_invalidations.cpus)
		return "the OOM reaper's tracepoints can't be counted: " TRACE_WHY;
	return need_memcg();
}

static const char *need_refuse_reaper(void)
{
	return need_refuse() ?: need_reaper();
}

static const struct test_case cases[] = {
	{ "memcg/reaper", run_cut, need_reaper, .visits = 1500, .hold = true, .must_reap = true },
	{ "memcg/reaper/refused", run_cut, need_refuse_reaper, .visits = 1500, .hold = true,
	  .must_reap = true, .refuse = REFUSE_SOME },
	{ "memcg/reaper/gives-up", run_cut, need_refuse_reaper, .visits = 1500, .hold = true,
	  .refuse = REFUSE_FOR_EVER },
	{ "memcg/teardown", run_cut, need_memcg, .visits = 1500 },
	{ "memcg/fault", run_grow, need_memcg },
	{ "mrelease/lifecycle", run_mrelease, need_mrelease, { .lifecycle = true },
	  .late_us = 150000 },
	{ "mrelease/faults", run_mrelease, need_mrelease, { .storm = true }, .must_reap = true,
	  .visits = 200, .late_us = 20000 },
	{ "mrelease/memslots", run_mrelease, need_mrelease, { .memslots = true }, .must_reap = true,
	  .visits = 100, .late_us = 20000 },
	{ "mrelease/lookup", run_mrelease, need_delays, { .storm = true }, .must_reap = true,
	  .visits = 10, .late_us = 10000, .knob = DELAY_FAULT, .value = "2000" },
	{ "mrelease/wait", run_mrelease, need_delays, { .storm = true }, .must_reap = true,
	  .visits = 100, .late_us = 20000, .knob = DELAY_INVALIDATE, .value = "3000" },
	{ "mrelease/userfault", run_mrelease, need_userfault, { .userfault = true },
	  .must_reap = true, .late_us = 20000 },
	{ "mrelease/refused", run_refuse, need_refuse, { .storm = true }, .must_reap = true,
	  .visits = 100, .late_us = 5000, .refuse = REFUSE_SOME },
	{ "mrelease/refused-for-ever", run_refuse, need_refuse, { .storm = true },
	  .visits = 100, .late_us = 5000, .refuse = REFUSE_FOR_EVER },
	{ "mrelease/second-notifier", run_mirror, need_mirror, { .mirror = true },
	  .must_reap = true, .visits = 100 },
	{ "fresh-vm", run_fresh, need_nothing, { .finish = 1000, .storm = true } },
};

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(const struct test_case *tc, const struct result *r)
{
	if (!r->writes && !tc->plan.userfault)
		return "the guests wrote nothing";
	if (tc->must_reap && !r->reaps)
		return "no reap has called KVM";
	if (tc->must_reap && has_nonblock && !r->nonblock)
		return "KVM has counted no invalidation that must not block";
	if (tc->knob && !strcmp(tc->knob, DELAY_INVALIDATE) && !r->waits)
		return "no vCPU had to wait";
	return NULL;
}

static void report(const struct test_case *tc, struct result *r, const char *why, uint64_t usec)
{
	why = why ?: nothing_happened(tc, r);
	if (why) {
		ktap_fail(tc->name, "%s; after %lu lives and %lu ms, seed=%lu", why, r->lives,
			  usec / 1000, opt.seed);
		return;
	}
	ktap_pass(tc->name, COUNTS,
		  r->lives, r->writes, r->reaps, r->invalidations, r->nonblock, r->refused,
		  r->again, r->waits, r->too_late, median(r->reaped_us, r->nr_reaped),
		  median(r->gone_us, r->nr_gone), usec / 1000);
}

static void run_case(const struct test_case *tc, struct result *total, uint64_t usec)
{
	uint64_t start = now_us();
	static struct result r;
	const char *why;

	memset(&r, 0, sizeof(r));
	if (tc->knob)
		TEST_ASSERT(knob_set(tc->knob, tc->value), "%s can't be set", tc->knob);
	why = tc->run(tc, &r, usec);
	if (tc->knob)
		knob_set(tc->knob, "0");
	report(tc, &r, why, now_us() - start);
	total->lives += r.lives;
	total->writes += r.writes;
	total->reaps += r.reaps;
	total->invalidations += r.invalidations;
	total->nonblock += r.nonblock;
	total->again += r.again;
}

static const char *name_of(int i)
{
	return cases[i].name;
}

static int run_all(struct cases *c)
{
	static struct result total;

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d mib=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.mib,
		  opt.seconds, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, cases[c->i].why_not()))
			run_case(&cases[c->i], &total, cases_share(c));
	ktap_info("guest writes=%lu lives=%lu reaps=%lu invalidations=%lu nonblock=%lu again=%lu",
		  total.writes, total.lives, total.reaps, total.invalidations, total.nonblock,
		  total.again);
	return ktap_finish();
}

static pid_t find_task(const char *comm)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	char path[300], name[64];
	pid_t pid = -1;

	while (dir && pid < 0 && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (atoi(e->d_name) && knob_read(path, name, sizeof(name)) && !strcmp(name, comm))
			pid = atoi(e->d_name);
	}
	if (dir)
		closedir(dir);
	return pid;
}

static void open_counters(void)
{
	pid_t reaper = find_task("oom_reaper");

	trace_count_open_task(&my_invalidations, "kvm/kvm_unmap_hva_range", 0);
	if (reaper < 0)
		return;
	trace_count_open_task(&reaper_invalidations, "kvm/kvm_unmap_hva_range", reaper);
	trace_count_open_task(&reaper_finishes, "oom/finish_task_reaping", reaper);
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	c = cases_choose(&opt, ARRAY_SIZE(cases), name_of);
	rng = oracle_mix(opt.seed) | 1;
	guard_init();
	open_counters();
	return run_all(&c);
}
