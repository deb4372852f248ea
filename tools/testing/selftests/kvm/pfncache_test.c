// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest's clock or its Xen areas stop being updated,
 * events get lost, or KVM itself writes into a page that no longer belongs to
 * the guest.
 *
 * KVM writes guest memory by itself, through cached kernel addresses (pfn
 * caches): kvmclock pages, and Xen's shared info, vcpu_info, time and runstate
 * areas.  Here the pages of these areas are discarded, protected, moved and
 * replaced, and their memslot moves, while KVM is made to write all of them all
 * the time.
 *
 * A vCPU requests new clocks in each round, and must find on its next entry
 * that every area was written, each as a whole, and that every event that was
 * sent has arrived.  A write may be missing only if an area was not there or
 * was replaced since the last look (a "disturbance", which the host counts).
 * Most attacks are none: the contents stay, and only the page or its mapping
 * changes.  Also:
 *   - a page that was replaced or protected, or whose memslot is gone, must not change
 *     any more;
 *   - a child of fork() must not see what KVM writes to the parent's page.
 * Two cases are about the refresh of a cache: in `nested` one invalidation of
 * its page ends while another is in progress, and `window` replaces the page
 * between its lookup and the retry check.  In the `orphan` cases no guest runs:
 * KVM delivers events to a VM whose owner has exited.
 *
 * A known difference of stock 6.1, which the changed kernel shares: if a vCPU
 * is preempted while KVM updates its runstate, a time is counted twice, so the
 * times no longer add up to the entry time.  This persists with the next write,
 * while a torn copy does not; it is counted ("skewed") and printed.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cases.h"
#include "counters.h"
#include "deadline.h"
#include "framework.h"
#include "interval_debug.h"
#include "oracle.h"
#include "orphan.h"
#include "reserve.h"
#include "sum_counts.h"
#include "swap.h"
#include "thp.h"
#include "vcpu_guard.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGE			4096UL
#define HUGE			0x200000UL
#define MAX_VCPUS		16
#define SLOT			1
#define CTL_SLOT		2
#define AREAS_GPA		0x100000000UL
#define AWAY_GPA		0x110000000UL
#define CTL_GPA			0x120000000UL
#define AREAS_GVA		0x1000000000UL
#define CTL_GVA			0x1100000000UL
#define MSR_KVMCLOCK		0x4b564d01
#define MSR_XEN_HYPERCALL	0x40000000
#define STALL_SECONDS		20
#define DEADLINE_ATTACKS	200
/* Entries into the guest, each of which would deliver a pending event. */
#define EVENT_ROUNDS		1000
#define MIN_ATTACKS		16
#define SWAP_BYTES		(16UL << 20)
#define MIN_ROUNDS		30
#define MIN_SPECIAL		8
#define MIN_ORPHANS		3
#define WINDOW_US		4000
#define WINDOW_POLLS		50
#define ORPHAN_EVENTS		3

#define GUEST_LINE	"guest rounds=%lu kernel_writes=%lu events=%lu invalidations=%lu "	\
			"moved=%lu skewed=%lu stale=%lu lost=%lu"

/* Page 0 is the shared info; then each vCPU has a page for each of these. */
enum area { AREA_KVMCLOCK, AREA_VCPU_INFO, AREA_TIME_INFO, AREA_RUNSTATE, NR_AREAS };

#define NR_CLOCKS		3
#define SHARED_INFO_PENDING	2048
#define COUNTS	"invalidations=%lu kernel_writes=%lu events=%lu moved=%lu efaults=%lu exits=%lu"

#define EXITED	"known difference, this kernel writes to memory of a process that has exited; "
#define ORPHANS	"vms=%lu delivered=%lu sent=%lu by_worker=%lu stale=%lu"

#define RUNSTATE_RUNNING	0
#define RUNSTATE_UPDATE		0x8000000000000000UL

enum complaint { FINE, NOT_WRITTEN, TORN_CLOCK, TORN_RUNSTATE, NOT_RUNNING };

static const char * const complaints[] = {
	"fine", "LOST: not written", "TORN clock", "TORN runstate", "LOST: state is not running",
};

struct clock_area {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad[2];
};

struct vcpu_info_area {
	uint8_t upcall_pending;
	uint8_t upcall_mask;
	uint64_t pending_sel;
	uint64_t arch[2];
	struct clock_area time;
};

struct runstate_area {
	uint32_t state;
	uint64_t entry_time;
	uint64_t time[4];
};

/* What a vCPU saw of its areas, and when. */
struct snapshot {
	uint64_t ended;
	uint32_t version[NR_CLOCKS];
	uint64_t entry_time;
};

struct vcpu_ctl {
	uint64_t rounds;
	uint64_t writes;
	uint64_t disturbed;
	uint64_t events;
	/*
	 * Difference between the sum of the runstate times and the entry time;
	 * is it new?
	 */
	uint64_t skew;
	uint64_t new_skew;
	uint64_t skewed;
	uint32_t mul;
	uint32_t complaint;
	uint32_t where;
	uint64_t was;
	uint64_t is;
} __aligned(128);

struct ctl {
	uint64_t stop;
	/* Disturbances, counted before and after each. */
	uint64_t begun;
	uint64_t ended;
	struct vcpu_ctl vcpu[MAX_VCPUS];
};

/* ---- guest ---- */

static void *area_at(uint32_t me, enum area area)
{
	return (void *)(AREAS_GVA + (1 + me * NR_AREAS + area) * PAGE);
}

static struct clock_area *clock_at(uint32_t me, int i)
{
	struct vcpu_info_area *vi = area_at(me, AREA_VCPU_INFO);

	if (i == AREA_VCPU_INFO)
		return &vi->time;
	return area_at(me, i);
}

static void check_areas(struct ctl *ctl, uint32_t me, struct snapshot *l)
{
	struct runstate_area *rs = area_at(me, AREA_RUNSTATE);
	int i;

	l->ended = READ_ONCE(ctl->ended);
	for (i = 0; i < NR_CLOCKS; i++)
		l->version[i] = READ_ONCE(clock_at(me, i)->version);
	l->entry_time = READ_ONCE(rs->entry_time);
}

/* Something is missing; a disturbance excuses it. */
static bool complain(struct ctl *ctl, uint32_t me, const struct snapshot *l, enum complaint what,
		     uint32_t where, uint64_t was, uint64_t is)
{
	struct vcpu_ctl *v = &ctl->vcpu[me];

	if (READ_ONCE(ctl->begun) != l->ended) {
		v->disturbed++;
		return true;
	}
	v->where = where;
	v->was = was;
	v->is = is;
	WRITE_ONCE(v->complaint, what);
	return false;
}

static bool check_clock(struct ctl *ctl, uint32_t me, const struct snapshot *l, int i)
{
	struct clock_area *c = clock_at(me, i);
	struct vcpu_ctl *v = &ctl->vcpu[me];
	uint32_t version = READ_ONCE(c->version), mul = READ_ONCE(c->mul);

	if (version == l->version[i])
		return complain(ctl, me, l, NOT_WRITTEN, i, l->version[i], version);
	if (!v->mul)
		v->mul = mul;
	if (version & 1 || !mul || mul != v->mul)
		return complain(ctl, me, l, TORN_CLOCK, i, v->mul, mul);
	v->writes++;
	return true;
}

/*
 * KVM may write the area again at any moment; the top bit says that it is doing
 * so.
 */
static uint64_t read_runstate(const struct runstate_area *rs, uint32_t *state, uint64_t *sum)
{
	uint64_t entry_time;
	int i;

	do {
		entry_time = READ_ONCE(rs->entry_time);
		*state = READ_ONCE(rs->state);
		for (*sum = 0, i = 0; i < 4; i++)
			*sum += READ_ONCE(rs->time[i]);
	} while (entry_time != READ_ONCE(rs->entry_time) && !(entry_time & RUNSTATE_UPDATE));
	return entry_time;
}

/* Returns false if a difference was seen once and never again: a torn copy. */
static bool check_skew(struct vcpu_ctl *v, uint64_t skew)
{
	uint64_t suspected = v->new_skew;

	v->new_skew = v->skew;
	if (skew == v->skew)
		return suspected == v->skew;
	if (skew == suspected) {
		v->skew = skew;
		v->skewed++;
	}
	v->new_skew = skew;
	return true;
}

static bool check_runstate(struct ctl *ctl, uint32_t me, const struct snapshot *l)
{
	struct runstate_area *rs = area_at(me, AREA_RUNSTATE);
	uint64_t entry_time, sum;
	uint32_t state;

	entry_time = read_runstate(rs, &state, &sum);
	if (entry_time == l->entry_time)
		return complain(ctl, me, l, NOT_WRITTEN, AREA_RUNSTATE, l->entry_time, entry_time);
	/*
	 * Reading two pages at once proves nothing about either if they were
	 * disturbed.
	 */
	if (READ_ONCE(ctl->begun) == l->ended && !check_skew(&ctl->vcpu[me], sum - entry_time))
		return complain(ctl, me, l, TORN_RUNSTATE, AREA_RUNSTATE, sum, entry_time);
	if (state != RUNSTATE_RUNNING)
		return complain(ctl, me, l, NOT_RUNNING, AREA_RUNSTATE, RUNSTATE_RUNNING, state);
	ctl->vcpu[me].writes++;
	return true;
}

static uint64_t exchange(uint64_t *p, uint64_t value)
{
	return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

/* Each vCPU has one port, in a word of its own. */
static void take_events(struct ctl *ctl, uint32_t me, const struct snapshot *l)
{
	struct vcpu_info_area *vi = area_at(me, AREA_VCPU_INFO);
	uint64_t *pending = (uint64_t *)(AREAS_GVA + SHARED_INFO_PENDING) + me + 1;
	bool told = READ_ONCE(vi->upcall_pending);

	/* After a disturbance the event's upcall may be lost: look at once. */
	if (!told && READ_ONCE(ctl->begun) == l->ended)
		return;
	WRITE_ONCE(vi->upcall_pending, 0);
	__sync_synchronize();
	exchange(&vi->pending_sel, 0);
	if (exchange(pending, 0))
		WRITE_ONCE(ctl->vcpu[me].events, ctl->vcpu[me].events + 1);
}

/*
 * The framework's stacks do not have the ABI's alignment, hence the attribute.
 */
static void __attribute__((force_align_arg_pointer)) guest_code(uint32_t me)
{
	struct ctl *ctl = (void *)CTL_GVA;
	struct snapshot last = {}, l;
	bool good = true;
	int i;

	while (!READ_ONCE(ctl->stop) && good) {
		check_areas(ctl, me, &l);
		GUEST_SYNC(1);
		for (i = 0; i < NR_CLOCKS && good; i++)
			good = check_clock(ctl, me, &l, i);
		good = good && check_runstate(ctl, me, &l);
		take_events(ctl, me, &last);
		last = l;
		WRITE_ONCE(ctl->vcpu[me].rounds, ctl->vcpu[me].rounds + 1);
	}
	GUEST_DONE();
}

/* ---- host ---- */

struct scene;

struct operation {
	const char *name;
	void (*attack)(struct scene *s, uint64_t first, uint64_t n);
	bool on_shmem;
	bool on_anon;
	const char *(*why_not)(void);
	/*
	 * The pages themselves must be seen to move, not only their mappings.
	 */
	bool moves;
	/* The areas lie at the end of a huge page, which is replaced often. */
	bool at_end;
	/*
	 * How long each refresh of a cache takes after the lookup of its page.
	 */
	int delay_us;
	/*
	 * What scene.special counts, which must happen, and the message if it
	 * does not.
	 */
	const char *special;
	const char *too_few;
};

struct vcpu_thread {
	struct scene *s;
	struct kvm_vcpu *vcpu;
	struct vcpu_ctl *shared;
	pthread_t runner;
	pthread_t sender;
	pid_t tid;
	pid_t sender_tid;
	bool finished;
	uint64_t sent;
	struct stall stall;
};

struct scene {
	const struct operation *op;
	struct kvm_vm *vm;
	struct ctl *ctl;
	struct vcpu_thread thread[MAX_VCPUS];
	int vcpus;
	uint64_t pages;
	uint64_t rng;
	bool shmem;
	/* HUGE bytes, aligned; and the areas in them. */
	uint8_t *mem;
	uint8_t *hva;
	uint8_t *alias[2];
	/* Where a huge page is made that will replace @mem. */
	uint8_t *spare;
	int fd[2];
	/*
	 * For each page: which file is mapped, and the checksum of the other.
	 */
	uint8_t current[MAX_VCPUS * NR_AREAS + 1];
	uint64_t sum[MAX_VCPUS * NR_AREAS + 1];
	bool failed;
	uint64_t stale;
	uint64_t lost;
	uint64_t attacks;
	uint64_t moved;
	uint64_t efaults;
	uint64_t exits;
	uint64_t special;
	uint64_t usec;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = MAX_VCPUS,
};

static struct scene scene;

static uint64_t pick(struct scene *s, uint64_t n)
{
	return oracle_pick(&s->rng, n);
}

static bool stopping(struct scene *s)
{
	return READ_ONCE(s->ctl->stop) || READ_ONCE(s->failed);
}

static void fail(struct scene *s)
{
	WRITE_ONCE(s->failed, true);
	WRITE_ONCE(s->ctl->stop, 1);
}

static void disturb_begin(struct scene *s)
{
	__atomic_add_fetch(&s->ctl->begun, 1, __ATOMIC_SEQ_CST);
}

static void disturb_end(struct scene *s)
{
	__atomic_add_fetch(&s->ctl->ended, 1, __ATOMIC_SEQ_CST);
}

/* Was there a disturbance at any time since @ended was read? */
static bool disturbed_since(struct scene *s, uint64_t ended)
{
	return __atomic_load_n(&s->ctl->begun, __ATOMIC_SEQ_CST) != ended;
}

static uint64_t disturbances_ended(struct scene *s)
{
	return __atomic_load_n(&s->ctl->ended, __ATOMIC_SEQ_CST);
}

static uint64_t rounds(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, rounds);
}

static uint64_t events(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, events);
}

static uint64_t skewed(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, skewed);
}

static uint64_t kernel_writes(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, writes);
}

/* ---- vCPUs ---- */

/* Emulates the guest's access while the memslot is missing. */
static bool do_access(struct vcpu_thread *t, uint64_t ended)
{
	struct kvm_run *run = t->vcpu->run;
	uint64_t offset = run->mmio.phys_addr - AREAS_GPA;

	if (offset + run->mmio.len > t->s->pages * PAGE || !disturbed_since(t->s, ended))
		return false;
	if (run->mmio.is_write)
		memcpy(t->s->hva + offset, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, t->s->hva + offset, run->mmio.len);
	__atomic_add_fetch(&t->s->exits, 1, __ATOMIC_RELAXED);
	return true;
}

static bool handle_ucall(struct vcpu_thread *t)
{
	struct ucall uc;

	switch (get_ucall(t->vcpu, &uc)) {
	case UCALL_SYNC:
		if (uc.args[1] == 1)
			return true;
		guard_exception(t->vcpu, &uc);
		break;
	case UCALL_DONE:
		if (!t->shared->complaint)
			return false;
		ktap_info("vcpu=%u %s: area %u, was %#lx, is %#lx", t->vcpu->id,
			  complaints[t->shared->complaint], t->shared->where, t->shared->was,
			  t->shared->is);
		t->s->lost++;
		break;
	default:
		guard_unexpected(t->vcpu);
	}
	fail(t->s);
	return false;
}

/* Returns true if the vCPU continues. */
static bool run_once(struct vcpu_thread *t)
{
	uint64_t ended = disturbances_ended(t->s);
	int r = __vcpu_run(t->vcpu);

	if (!r && t->vcpu->run->exit_reason == KVM_EXIT_MMIO && do_access(t, ended))
		return true;
	if (!r)
		return handle_ucall(t);
	if (errno == EFAULT && disturbed_since(t->s, ended)) {
		__atomic_add_fetch(&t->s->efaults, 1, __ATOMIC_RELAXED);
		sched_yield();
		return !READ_ONCE(t->s->failed);
	}
	if (errno == EINTR && !stopping(t->s))
		return true;
	ktap_info("vcpu=%u KVM_RUN: %s", t->vcpu->id, strerror(errno));
	guard_dump(t->vcpu);
	fail(t->s);
	return false;
}

/* Each exit requests new clocks, so every entry writes all of them. */
static void *runner_main(void *arg)
{
	struct vcpu_thread *t = arg;

	t->tid = syscall(SYS_gettid);
	do {
		vcpu_ioctl(t->vcpu, KVM_KVMCLOCK_CTRL, NULL);
	} while (run_once(t));
	__atomic_store_n(&t->finished, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/*
 * Returns true if the event was sent, or has to be sent again for a valid
 * reason.
 */
static bool send_event(struct vcpu_thread *t, uint64_t ended)
{
	struct kvm_irq_routing_xen_evtchn e = {
		.port = (t->vcpu->id + 1) * 64 + 1,
		.vcpu = t->vcpu->id,
		.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
	};

	if (!__vm_ioctl(t->s->vm, KVM_XEN_HVM_EVTCHN_SEND, &e) || disturbed_since(t->s, ended))
		return true;
	ktap_info("vcpu=%u KVM_XEN_HVM_EVTCHN_SEND: %s, but nothing was unmapped", t->vcpu->id,
		  strerror(errno));
	t->s->lost++;
	fail(t->s);
	return false;
}

static void wait_for_event(struct vcpu_thread *t, uint64_t before, uint64_t ended)
{
	uint64_t start = now_us(), end = READ_ONCE(t->shared->rounds) + EVENT_ROUNDS;

	while (READ_ONCE(t->shared->events) == before && !stopping(t->s)) {
		if (READ_ONCE(t->shared->rounds) > end)
			break;
		usleep(100);
		if (now_us() - start > 20000 && disturbed_since(t->s, ended))
			return;
	}
	if (READ_ONCE(t->shared->events) != before) {
		t->sent++;
	} else if (!stopping(t->s)) {
		ktap_info("LOST event of vcpu=%u: sent %d entries ago, nothing was replaced since",
			  t->vcpu->id, EVENT_ROUNDS);
		t->s->lost++;
		fail(t->s);
	}
}

static void *sender_main(void *arg)
{
	struct vcpu_thread *t = arg;
	uint64_t ended, before;

	t->sender_tid = syscall(SYS_gettid);
	while (!stopping(t->s)) {
		ended = disturbances_ended(t->s);
		before = READ_ONCE(t->shared->events);
		if (send_event(t, ended))
			wait_for_event(t, before, ended);
	}
	return NULL;
}

/* ---- attacks ---- */

static uint8_t *page_at(uint8_t *base, uint64_t page)
{
	return base + page * PAGE;
}

static uint64_t page_sum(const uint8_t *page)
{
	const uint64_t *p = (const uint64_t *)page;
	uint64_t sum = 1;
	size_t i;

	for (i = 0; i < PAGE / sizeof(*p); i++)
		sum = (sum << 7 | sum >> 57) ^ READ_ONCE(p[i]);
	return sum;
}

static void must(bool done, const char *what, uint64_t first, uint64_t n)
{
	TEST_ASSERT(done, "%s of %lu pages at page %lu: %s", what, n, first, strerror(errno));
}

static void found_stale(struct scene *s, uint64_t page, const char *where)
{
	ktap_info("STALE write: page %lu has changed %s", page, where);
	__atomic_add_fetch(&s->stale, 1, __ATOMIC_SEQ_CST);
	fail(s);
}

/* Nobody may write these pages; KVM gets time to do so by mistake. */
static void check_frozen(struct scene *s, const uint8_t *base, uint64_t first, uint64_t n,
			 const char *where)
{
	uint64_t was[4], tries = pick(s, 4) * 5, i, efaults = READ_ONCE(s->efaults);

	for (i = 0; i < n; i++)
		was[i] = page_sum(base + (first + i) * PAGE);
	while (tries-- && READ_ONCE(s->efaults) < efaults + 2 && !stopping(s))
		usleep(100);
	for (i = 0; i < n; i++)
		if (page_sum(base + (first + i) * PAGE) != was[i])
			found_stale(s, first + i, where);
}

static void map_file(struct scene *s, uint64_t first, uint64_t n, int file)
{
	must(mmap(page_at(s->hva, first), n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		  s->fd[file], first * PAGE) != MAP_FAILED, "mmap", first, n);
}

static void attack_dontneed(struct scene *s, uint64_t first, uint64_t n)
{
	must(!madvise(page_at(s->hva, first), n * PAGE, MADV_DONTNEED), "MADV_DONTNEED", first, n);
}

static void attack_remap(struct scene *s, uint64_t first, uint64_t n)
{
	map_file(s, first, n, 0);
}

static void attack_munmap(struct scene *s, uint64_t first, uint64_t n)
{
	disturb_begin(s);
	must(!munmap(page_at(s->hva, first), n * PAGE), "munmap", first, n);
	check_frozen(s, s->alias[0], first, n, "while it was not mapped");
	map_file(s, first, n, 0);
	disturb_end(s);
}

static void attack_mprotect(struct scene *s, uint64_t first, uint64_t n)
{
	int prot = s->shmem && pick(s, 2) ? PROT_NONE : PROT_READ;

	disturb_begin(s);
	must(!mprotect(page_at(s->hva, first), n * PAGE, prot), "mprotect", first, n);
	check_frozen(s, s->shmem ? s->alias[0] : s->hva, first, n, "while it was protected");
	must(!mprotect(page_at(s->hva, first), n * PAGE, PROT_READ | PROT_WRITE), "mprotect back",
	     first, n);
	disturb_end(s);
}

/* The page that is not mapped must not have changed since it was replaced. */
static void check_retired(struct scene *s, uint64_t page)
{
	const uint8_t *retired = page_at(s->alias[!s->current[page]], page);

	if (s->sum[page] && page_sum(retired) != s->sum[page])
		found_stale(s, page, "after it was replaced");
}

static void replace_page(struct scene *s, uint64_t page)
{
	int file = !s->current[page];

	check_retired(s, page);
	memset(page_at(s->alias[file], page), 0, PAGE);
	disturb_begin(s);
	map_file(s, page, 1, file);
	disturb_end(s);
	s->current[page] = file;
	s->sum[page] = page_sum(page_at(s->alias[!file], page));
}

static void attack_replace(struct scene *s, uint64_t first, uint64_t n)
{
	uint64_t p;

	for (p = first; p < first + n; p++)
		replace_page(s, p);
}

/* Gives whoever must fault a page in the time to do so. */
static void let_vcpus_run(struct scene *s)
{
	uint64_t goal = rounds(s) + 2 * s->vcpus;

	while (rounds(s) < goal && !stopping(s))
		usleep(100);
}

/*
 * Is this thread in the refresh of a pfn cache?  Kernels have two names for it.
 */
static bool refreshes(pid_t tid)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack", tid);
	f = tid ? fopen(path, "r") : NULL;
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "gfn_to_pfn_cache_refresh") || strstr(line, "gpc_refresh");
	if (f)
		fclose(f);
	return found;
}

static bool any_refreshes(struct scene *s)
{
	bool found = false;
	int i;

	for (i = 0; i < s->vcpus && !found; i++)
		found = refreshes(READ_ONCE(s->thread[i].tid)) ||
			refreshes(READ_ONCE(s->thread[i].sender_tid));
	return found;
}

/*
 * Replaces a page, and replaces it again while its cache is being refreshed;
 * the refresh sleeps between lookup and check nearly all of that time.
 */
static void attack_window(struct scene *s, uint64_t first, uint64_t n)
{
	bool met = false;
	int polls;

	let_vcpus_run(s);
	replace_page(s, first);
	for (polls = 0; polls < WINDOW_POLLS && !met && !stopping(s); polls++) {
		usleep(100);
		met = any_refreshes(s);
	}
	replace_page(s, first);
	s->special += met;
}

static uint64_t pfn_of(const void *hva)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (uint64_t)hva / PAGE * 8) != 8 || !(entry >> 63))
		entry = 0;
	if (fd >= 0)
		close(fd);
	return entry & ((1UL << 55) - 1);
}

static void count_moves(struct scene *s, uint64_t first, uint64_t n, const uint64_t *was)
{
	uint64_t i, pfn;

	for (i = 0; i < n; i++) {
		pfn = pfn_of(page_at(s->hva, first + i));
		s->moved += was[i] && pfn && pfn != was[i];
	}
}

static void note_pfns(struct scene *s, uint64_t first, uint64_t n, uint64_t *was)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		was[i] = pfn_of(page_at(s->hva, first + i));
}

/*
 * Copies all pages into a new huge page.  It must be split before the next
 * time, which a hole in a part without areas does.
 */
static void attack_collapse(struct scene *s, uint64_t first, uint64_t n)
{
	uint8_t *end = s->hva + HUGE - PAGE;
	uint64_t was[4];

	if (s->shmem)
		fallocate(s->fd[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, HUGE - PAGE, PAGE);
	else
		madvise(end, PAGE, MADV_DONTNEED);
	WRITE_ONCE(*end, 1);
	note_pfns(s, first, n, was);
	madvise(s->hva, HUGE, MADV_COLLAPSE);
	count_moves(s, first, n, was);
}

/*
 * fork() write-protects all pages, so KVM must get a copy before it writes, and
 * the child keeps the original, which must not change.
 */
static void attack_fork(struct scene *s, uint64_t first, uint64_t n)
{
	uint64_t was[4], i, sum[4];
	pid_t pid;
	int status = 0;

	note_pfns(s, first, n, was);
	pid = fork();
	if (!pid) {
		for (i = 0; i < n; i++)
			sum[i] = page_sum(page_at(s->hva, first + i));
		usleep(pick(s, 3000));
		for (i = 0; i < n; i++)
			if (page_sum(page_at(s->hva, first + i)) != sum[i])
				_exit(1);
		_exit(0);
	}
	must(pid > 0, "fork", first, n);
	let_vcpus_run(s);
	count_moves(s, first, n, was);
	must(waitpid(pid, &status, 0) == pid, "waitpid", first, n);
	if (status)
		found_stale(s, first, "in a child of fork()");
}

/*
 * A page that was just used is not reclaimed, but one that cannot be reached
 * is.
 */
static void attack_pageout(struct scene *s, uint64_t first, uint64_t n)
{
	uint8_t *hva = page_at(s->hva, first);
	bool hide = pick(s, 2);
	uint64_t was[4];

	note_pfns(s, first, n, was);
	if (hide) {
		disturb_begin(s);
		must(!mprotect(hva, n * PAGE, PROT_NONE), "mprotect", first, n);
	}
	madvise(hva, n * PAGE, MADV_PAGEOUT);
	if (hide) {
		must(!mprotect(hva, n * PAGE, PROT_READ | PROT_WRITE), "mprotect back", first, n);
		disturb_end(s);
	}
	let_vcpus_run(s);
	count_moves(s, first, n, was);
}

/*
 * Replaces all memory by a huge page that was never used.  It is prepared
 * elsewhere, so that no fault of a vCPU can allocate a small page first.
 */
static void put_huge_page(struct scene *s)
{
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

	WRITE_ONCE(*s->spare, 0);
	must(mremap(s->spare, HUGE, HUGE, flags, s->mem) == s->mem, "mremap", 0, s->pages);
}

static uint64_t pmd_splits(void)
{
	uint64_t n = 0;

	counter_vmstat("thp_split_pmd", &n);
	return n;
}

/*
 * Discards a part of a huge page that ends with an area.  The kernel first
 * splits the huge mapping, which is an invalidation of its own: it ends long
 * before that of the part, which zaps all pages before the area first.  A
 * refresh that waits only for the end of the inner invalidation uses the page
 * that the outer one is going to zap.
 *
 * The huge page is not freed, because its last page stays mapped, so what a
 * broken kernel writes to the old page does no damage.
 */
static void attack_nested(struct scene *s, uint64_t first, uint64_t n)
{
	uint64_t splits;

	disturb_begin(s);
	put_huge_page(s);
	disturb_end(s);
	let_vcpus_run(s);
	splits = pmd_splits();
	disturb_begin(s);
	must(!madvise(s->mem, page_at(s->hva, first + n) - s->mem, MADV_DONTNEED), "MADV_DONTNEED",
	     first, n);
	disturb_end(s);
	s->special += pmd_splits() - splits;
	let_vcpus_run(s);
}

static void attack_move_pages(struct scene *s, uint64_t first, uint64_t n)
{
	int to[] = { s->attacks & 1, s->attacks & 1, s->attacks & 1, s->attacks & 1 }, status[4];
	void *page[4];
	uint64_t was[4], i;

	for (i = 0; i < n; i++)
		page[i] = page_at(s->hva, first + i);
	note_pfns(s, first, n, was);
	/* A page in use may stay; the case fails if none ever moves. */
	must(syscall(SYS_move_pages, 0, n, page, to, status, 2) >= 0 || errno == EAGAIN,
	     "move_pages", first, n);
	count_moves(s, first, n, was);
}

static void set_slot(struct scene *s, uint64_t gpa, uint64_t size)
{
	vm_set_user_memory_region(s->vm, SLOT, 0, gpa, size, s->hva);
}

/* Moves the memslot away and back, or deletes and creates it. */
static void attack_memslot(struct scene *s, uint64_t first, uint64_t n)
{
	bool moves = pick(s, 2);

	disturb_begin(s);
	set_slot(s, moves ? AWAY_GPA : AREAS_GPA, moves ? s->pages * PAGE : 0);
	usleep(pick(s, 500));
	set_slot(s, AREAS_GPA, s->pages * PAGE);
	disturb_end(s);
	/* What was cached for the old memslot must still be invalidated. */
	attack_replace(s, first, n);
}

/* ---- what must be there ---- */

static const char *no_swap(void)
{
	return swap_create(SWAP_BYTES);
}

static const char *one_node(void)
{
	return access("/sys/devices/system/node/node1", F_OK) ? "one NUMA node" : NULL;
}

static const char *no_thp(void)
{
	return access("/sys/kernel/mm/transparent_hugepage", F_OK) ?
	       "no transparent huge pages in this kernel" : NULL;
}

static const char *no_window(void)
{
	const char *why = interval_debug_why_not();

	if (!why && access(DELAY_GPC, W_OK))
		return "no fault injection for pfn caches in this kernel";
	return why ?: access("/proc/self/stack", R_OK) ?
	       "the kernel does not show where a thread is (CONFIG_STACKTRACE)" : NULL;
}

static const char *no_split(void)
{
	uint64_t n;

	return thp_why_not(false) ?: counter_vmstat("thp_split_pmd", &n) ? NULL :
	       "this kernel does not count splits of huge pages (CONFIG_VM_EVENT_COUNTERS)";
}

static const struct operation operations[] = {
	{ "dontneed", attack_dontneed, .on_shmem = true },
	{ "remap", attack_remap, .on_shmem = true },
	{ "munmap", attack_munmap, .on_shmem = true },
	{ "mprotect", attack_mprotect, .on_shmem = true },
	{ "replace", attack_replace, .on_shmem = true },
	{ "window", attack_window, .on_shmem = true, .why_not = no_window, .delay_us = WINDOW_US,
	  .special = "met", .too_few = "no refresh was met between lookup and check" },
	{ "memslot", attack_memslot, .on_shmem = true },
	{ "collapse", attack_collapse, .on_shmem = true, .on_anon = true, .why_not = no_thp,
	  .moves = true },
	{ "fork", attack_fork, .on_anon = true, .moves = true },
	{ "pageout", attack_pageout, .on_anon = true, .why_not = no_swap, .moves = true },
	{ "nested", attack_nested, .on_anon = true, .why_not = no_split, .at_end = true,
	  .special = "splits", .too_few = "no huge page was split" },
	{ "move_pages", attack_move_pages, .on_anon = true, .why_not = one_node, .moves = true },
};

/* ---- memory ---- */

static uint8_t *map_huge(int flags, int fd)
{
	uint8_t *p = mmap(reserve(HUGE), HUGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static void create_files(struct scene *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		s->fd[i] = memfd_create("pfncache_test", MFD_CLOEXEC);
		TEST_ASSERT(s->fd[i] >= 0 && !ftruncate(s->fd[i], HUGE), "memfd: %s",
			    strerror(errno));
		s->alias[i] = map_huge(MAP_SHARED, s->fd[i]);
	}
}

static void create_memory(struct scene *s)
{
	int flags = s->shmem ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;

	s->fd[0] = -1;
	if (s->shmem)
		create_files(s);
	s->mem = map_huge(flags, s->fd[0]);
	if (s->op->at_end) {
		s->spare = map_huge(flags, -1);
		TEST_ASSERT(!madvise(s->spare, HUGE, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s",
			    strerror(errno));
	}
	s->hva = s->mem + (s->op->at_end ? HUGE - (s->pages + 1) * PAGE : 0);
	memset(s->hva, 0, s->pages * PAGE);
	s->ctl = mmap(NULL, align_up(sizeof(*s->ctl), PAGE), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	TEST_ASSERT(s->ctl != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void destroy_memory(struct scene *s)
{
	int i;

	munmap(s->mem, HUGE);
	if (s->spare)
		munmap(s->spare, HUGE);
	munmap(s->ctl, align_up(sizeof(*s->ctl), PAGE));
	for (i = 0; i < 2 && s->shmem; i++) {
		munmap(s->alias[i], HUGE);
		close(s->fd[i]);
	}
}

/* ---- the VM ---- */

static void set_xen(struct scene *s)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL | KVM_XEN_HVM_CONFIG_EVTCHN_SEND,
		.msr = MSR_XEN_HYPERCALL,
	};
	struct kvm_xen_hvm_attr long_mode = {
		.type = KVM_XEN_ATTR_TYPE_LONG_MODE,
		.u.long_mode = 1,
	};
	struct kvm_xen_hvm_attr shared_info = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = AREAS_GPA / PAGE,
	};

	vm_ioctl(s->vm, KVM_XEN_HVM_CONFIG, &config);
	vm_ioctl(s->vm, KVM_XEN_HVM_SET_ATTR, &long_mode);
	vm_ioctl(s->vm, KVM_XEN_HVM_SET_ATTR, &shared_info);
}

static void set_area(struct kvm_vcpu *vcpu, int type, enum area area)
{
	struct kvm_xen_vcpu_attr attr = {
		.type = type,
		.u.gpa = AREAS_GPA + (1 + vcpu->id * NR_AREAS + area) * PAGE,
	};

	vcpu_ioctl(vcpu, KVM_XEN_VCPU_SET_ATTR, &attr);
}

static void set_areas(struct kvm_vcpu *vcpu)
{
	set_area(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, AREA_VCPU_INFO);
	set_area(vcpu, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, AREA_TIME_INFO);
	set_area(vcpu, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR, AREA_RUNSTATE);
	vcpu_set_msr(vcpu, MSR_KVMCLOCK,
		     (AREAS_GPA + (1 + vcpu->id * NR_AREAS + AREA_KVMCLOCK) * PAGE) | 1);
}

static void create_vm(struct scene *s)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	uint64_t ctl_size = align_up(sizeof(*s->ctl), PAGE);
	int i;

	s->vm = vm_create_with_vcpus(s->vcpus, guest_code, vcpus);
	set_slot(s, AREAS_GPA, s->pages * PAGE);
	vm_set_user_memory_region(s->vm, CTL_SLOT, 0, CTL_GPA, ctl_size, s->ctl);
	virt_map(s->vm, AREAS_GVA, AREAS_GPA, s->pages);
	virt_map(s->vm, CTL_GVA, CTL_GPA, ctl_size / PAGE);
	guard_catch_exceptions(s->vm, vcpus, s->vcpus, guard_trap);
	set_xen(s);
	for (i = 0; i < s->vcpus; i++) {
		vcpu_args_set(vcpus[i], 1, i);
		set_areas(vcpus[i]);
		s->thread[i] = (struct vcpu_thread) {
			.s = s,
			.vcpu = vcpus[i],
			.shared = &s->ctl->vcpu[i],
		};
	}
}

static void start_vcpus(struct scene *s)
{
	struct vcpu_thread *t;
	int i, r;

	for (i = 0; i < s->vcpus; i++) {
		t = &s->thread[i];
		r = pthread_create(&t->runner, NULL, runner_main, t) ?:
		    pthread_create(&t->sender, NULL, sender_main, t);
		TEST_ASSERT(!r, "pthread_create: %s", strerror(r));
	}
}

/* Reports where a vCPU without progress is; the test cannot recover from it. */
static void watch(struct scene *s)
{
	struct vcpu_thread *t;
	int i;

	for (i = 0; i < s->vcpus; i++) {
		t = &s->thread[i];
		if (!READ_ONCE(t->finished) &&
		    stall_seen(&t->stall, READ_ONCE(t->shared->rounds), STALL_SECONDS)) {
			ktap_info("vcpu=%u made no progress for %d s", t->vcpu->id, STALL_SECONDS);
			exit(KSFT_FAIL);
		}
	}
}

static void stop_vcpus(struct scene *s)
{
	int i;

	WRITE_ONCE(s->ctl->stop, 1);
	for (i = 0; i < s->vcpus; i++) {
		while (!READ_ONCE(s->thread[i].finished)) {
			usleep(1000);
			watch(s);
		}
		pthread_join(s->thread[i].runner, NULL);
		pthread_join(s->thread[i].sender, NULL);
	}
}

/* ---- cases ---- */

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct scene *s)
{
	if (rounds(s) < MIN_ROUNDS || !kernel_writes(s))
		return "KVM wrote too little";
	if (!events(s))
		return "no event arrived";
	if (s->attacks < MIN_ATTACKS)
		return "too little was invalidated";
	if (s->op->moves && !s->moved)
		return "no page moved";
	if (s->op->special && s->special < MIN_SPECIAL)
		return s->op->too_few;
	if (s->op->attack == attack_memslot && !s->exits)
		return "no vCPU accessed the missing memslot";
	return NULL;
}

static void attack(struct scene *s)
{
	uint64_t first = pick(s, s->pages), n = 1 + pick(s, 3);
	uint64_t goal = rounds(s) + pick(s, 3) * s->vcpus;
	int tries;

	n = first + n > s->pages ? 1 : n;
	for (tries = 0; tries < 100 && rounds(s) < goal && !stopping(s); tries++)
		usleep(100);
	s->op->attack(s, first, n);
	s->attacks++;
}

static void run_scene(struct scene *s, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us(), p;

	start_vcpus(s);
	while (!READ_ONCE(s->failed)) {
		attack(s);
		watch(s);
		s->usec = now_us() - start;
		if (s->usec > usec && !nothing_happened(s))
			break;
		if (deadline_passed(&deadline, s->attacks))
			break;
	}
	stop_vcpus(s);
	for (p = 0; p < s->pages && s->shmem; p++)
		check_retired(s, p);
}

struct totals {
	uint64_t rounds;
	uint64_t writes;
	uint64_t events;
	uint64_t attacks;
	uint64_t moved;
	uint64_t efaults;
	uint64_t exits;
	uint64_t special;
	uint64_t skewed;
	uint64_t stale;
	uint64_t lost;
};

static void add_totals(struct totals *t, struct scene *s)
{
	t->rounds += rounds(s);
	t->writes += kernel_writes(s);
	t->events += events(s);
	t->attacks += s->attacks;
	t->moved += s->moved;
	t->efaults += s->efaults;
	t->exits += s->exits;
	t->special += s->special;
	t->skewed += skewed(s);
	t->stale += s->stale;
	t->lost += s->lost;
}

/* The operation's own counter, for the case's result line. */
static const char *special(const struct operation *op, uint64_t n)
{
	static char text[64];

	snprintf(text, sizeof(text), " %s=%lu", op->special, n);
	return op->special ? text : "";
}

/* Runs the case with @vcpus vCPUs.  Returns what was wrong, or NULL. */
static const char *run_with(const struct operation *op, bool shmem, int vcpus, uint64_t seed,
			    uint64_t usec, struct totals *totals)
{
	struct scene *s = &scene;
	const char *why;

	*s = (struct scene) {
		.op = op,
		.shmem = shmem,
		.vcpus = vcpus,
		.pages = 1 + vcpus * NR_AREAS,
		.rng = seed * 2 + 1,
	};
	create_memory(s);
	create_vm(s);
	run_scene(s, usec);
	why = s->failed ? "see above" : nothing_happened(s);
	add_totals(totals, s);
	kvm_vm_free(s->vm);
	destroy_memory(s);
	return why;
}

static void test_case(const char *name, const struct operation *op, bool shmem, uint64_t seed,
		      uint64_t usec, struct totals *totals)
{
	int vcpus[] = { 1, opt.vcpus }, n = opt.vcpus > 1 ? 2 : 1, i;
	struct totals t = *totals;
	const char *why = NULL;

	for (i = 0; i < n && !why; i++)
		why = run_with(op, shmem, vcpus[i], seed, usec / n, totals);
	if (why)
		ktap_fail(name, "%s; vcpus=%d seed=%lu attacks=%lu after %lu ms", why,
			  vcpus[i - 1], opt.seed, scene.attacks, scene.usec / 1000);
	else
		ktap_pass(name, COUNTS "%s", totals->attacks - t.attacks, totals->writes - t.writes,
			  totals->events - t.events, totals->moved - t.moved,
			  totals->efaults - t.efaults, totals->exits - t.exits,
			  special(op, totals->special - t.special));
}

/* ---- VMs without their owner ---- */

struct orphans {
	uint64_t vms;
	uint64_t delivered;
	/* Events that must leave no trace, because nobody has the memory. */
	uint64_t sent;
	uint64_t worker;
	uint64_t stale;
};

/* Has the kernel ever printed a WARNING? */
static bool tainted_by_warning(void)
{
	return counter_read("/proc/sys/kernel/tainted") >> 9 & 1;
}

static bool changed_kernel(void)
{
	return trace_count_id("kvm/kvm_interval_invalidate");
}

static void one_orphan(struct orphans *t, bool moves)
{
	static struct orphan o;
	int i;

	orphan_create(&o);
	t->vms++;
	t->delivered += orphan_arrives(&o);
	if (moves)
		orphan_move(&o);
	orphan_leave(&o);
	for (i = 0; i < ORPHAN_EVENTS; i++)
		t->worker += orphan_send(&o);
	t->sent += ORPHAN_EVENTS;
	orphan_close(&o);
	t->stale += orphan_changed(&o);
	orphan_destroy(&o);
}

/* Returns why this is a failure, or NULL. */
static const char *orphans_failed(const struct orphans *t, bool moves, bool warned)
{
	if (t->delivered < t->vms)
		return "LOST: an event did not arrive while the owner lived";
	if (t->stale && (moves || changed_kernel()))
		return "STALE write: to memory of a process that has exited";
	if (!warned && tainted_by_warning())
		return "the kernel has warned";
	/* Stock kernels leave the cache valid, and write without the worker. */
	if (t->worker < t->sent && !t->stale)
		return "KVM's worker was not seen to deliver each event";
	return NULL;
}

static void test_orphans(const char *name, bool moves, uint64_t usec)
{
	struct orphans t = {};
	bool warned = tainted_by_warning();
	uint64_t end = now_us() + usec;
	const char *why;

	do {
		one_orphan(&t, moves);
		why = orphans_failed(&t, moves, warned);
	} while (!why && (t.vms < MIN_ORPHANS || now_us() < end));
	if (why)
		ktap_fail(name, "%s; " ORPHANS, why, t.vms, t.delivered, t.sent, t.worker, t.stale);
	else
		ktap_pass(name, "%s" ORPHANS, t.stale ? EXITED : "", t.vms, t.delivered, t.sent,
			  t.worker, t.stale);
}

static const char *no_orphans(void)
{
	struct trace_count t;

	if (!trace_count_open(&t, ORPHAN_TRACE))
		return TRACE_WHY;
	trace_count_close(&t);
	return NULL;
}

static const char * const orphan_names[] = { "orphan/kept", "orphan/moved" };

/* ---- all of them ---- */

#define NR_OPERATIONS		((int)ARRAY_SIZE(operations) * 2)

static const char *name_of(int i)
{
	const struct operation *op;
	static char name[64];
	bool shmem = i & 1;

	if (i >= NR_OPERATIONS)
		return orphan_names[i - NR_OPERATIONS];
	op = &operations[i / 2];
	snprintf(name, sizeof(name), "%s/%s", op->name, shmem ? "shmem" : "anon");
	return (shmem ? op->on_shmem : op->on_anon) ? name : NULL;
}

static const char *why_not(const struct operation *op)
{
	const char *why = op->why_not ? op->why_not() : NULL;

	if (!why && op->moves && !pfn_of(&why))
		why = "page frame numbers are for root only";
	return why;
}

static void run_orphans(struct cases *c)
{
	if (!cases_skip(c, no_orphans()))
		test_orphans(c->name, c->i - NR_OPERATIONS, cases_share(c));
}

static void run_operation(struct cases *c, const struct operation *op, struct totals *t)
{
	if (cases_skip(c, why_not(op)))
		return;
	if (op->delay_us)
		interval_debug_set(DELAY_GPC, op->delay_us);
	test_case(c->name, op, c->i & 1, opt.seed + c->i, cases_share(c), t);
	if (op->delay_us)
		interval_debug_set(DELAY_GPC, 0);
}

static int run_all(struct cases *c)
{
	struct totals t = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c)) {
		if (c->i >= NR_OPERATIONS)
			run_orphans(c);
		else
			run_operation(c, &operations[c->i / 2], &t);
	}
	ktap_info(GUEST_LINE,
		  t.rounds, t.writes, t.events, t.attacks, t.moved, t.skewed, t.stale, t.lost);
	return ktap_finish();
}

/* Returns why nothing can run here, or NULL. */
static const char *no_xen(void)
{
	int need = KVM_XEN_HVM_CONFIG_SHARED_INFO | KVM_XEN_HVM_CONFIG_RUNSTATE |
		   KVM_XEN_HVM_CONFIG_EVTCHN_SEND;

	return (kvm_check_cap(KVM_CAP_XEN_HVM) & need) == need ? NULL :
	       "KVM has no Xen areas or cannot send their events (CONFIG_KVM_XEN)";
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where an attack
	 * left a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, NR_OPERATIONS + ARRAY_SIZE(orphan_names), name_of);
	guard_init();
	if (no_xen())
		return ktap_skip_all("%s", no_xen());
	return run_all(&c);
}
