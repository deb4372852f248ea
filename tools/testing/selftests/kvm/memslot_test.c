// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest keeps writing through a memslot that was
 * deleted, moved or made read-only, or the dirty log misses a page, so that
 * live migration loses a write.
 *
 * Memslots are created, deleted, moved and changed while vCPUs write through
 * them and other threads invalidate the memory behind them (include/storm.h).
 *
 * The guest sees the memory through one or two windows of guest physical
 * addresses. Where it has no memslot at the moment it exits to user space,
 * which emulates the access, so that every word is still right or wrong
 * (include/oracle.h).  Also:
 *   - memory without a memslot, or with read-only ones only, must not change;
 *   - KVM may return an access to user space only if a memslot is missing or read-only;
 *   - everything the guest has written since the dirty log was last read must be in the
 *     log the next time, and likewise for the dirty rings;
 *   - writes of a child of fork() to its copy must not reach the guest;
 *   - a process that exits or execs with running vCPUs leaves what they wrote.
 * Each case runs with one vCPU and with several.  It also fails if what it is
 * for did not happen.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <sys/wait.h>

#include "cases.h"
#include "deadline.h"
#include "dirty_log.h"
#include "kvm_util.h"
#include "reserve.h"
#include "storm.h"
#include "test_util.h"
#include "thp.h"
#include "writers.h"

#define PAGE			ORACLE_PAGE_SIZE
#define FIRST_SLOT		16
#define MAX_SLOTS		2048
#define RING_ENTRIES		4096
#define RING_BYTES		(RING_ENTRIES * sizeof(struct kvm_dirty_gfn))
#define DEADLINE_CHANCES	200
#define WRITES_PER_CHANCE	64
#define MIN_ATTACKS		16

#define DONE	"writes=%lu invalidations=%lu faults=%lu steps=%lu updates=%lu longest_us=%lu"
#define SEEN	"exits=%lu dirty=%lu late=%lu checks=%lu erased=%lu 2m=%lu"
#define TOTALS	"writes=%lu invalidations=%lu faults=%lu updates=%lu exits=%lu dirty=%lu"

struct scene;

enum needs {
	NEEDS_EXITS	= 1 << 0,
	NEEDS_DIRTY	= 1 << 1,
	NEEDS_ERASED	= 1 << 2,
	NEEDS_CHECKS	= 1 << 3,
	NEEDS_HUGE	= 1 << 4,
};

struct test_case {
	const char *name;
	void (*setup)(struct scene *s);
	void (*step)(struct scene *s);
	/* Pages of a memslot; 0: one memslot, made by writers_create(). */
	uint64_t slot_pages;
	int pages;
	/*
	 * Pages in front that the guest does not use, to make attacks last
	 * longer.
	 */
	int filler;
	int windows;
	unsigned int needs;
	unsigned int min_steps;
	bool huge;
	bool shmem;
	bool ring;
	/* Replaces everything above. */
	void (*lives)(struct scene *s, uint64_t usec);
};

struct slot {
	uint32_t id;
	uint32_t flags;
	uint64_t first;
	uint64_t n;
	int window;
};

struct dirty {
	struct dirty_log log;
	const struct slot *slot;
	uint32_t ring_index[WRITERS_MAX_VCPUS];
	struct kvm_dirty_gfn *ring[WRITERS_MAX_VCPUS];
	bool valid;
};

struct counts {
	uint64_t steps;
	uint64_t updates;
	uint64_t exits;
	uint64_t dirty;
	uint64_t late;
	uint64_t checks;
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	uint64_t erased;
	uint64_t huge;
	uint64_t longest;
	uint64_t usec;
};

struct scene {
	const struct test_case *tc;
	struct writers w;
	struct storm storm;
	struct slot slot[MAX_SLOTS];
	int nr_slots;
	struct dirty dirty;
	uint64_t seed;
	uint64_t rng;
	int fd[2];
	int current;
	uint8_t *hva;
	uint64_t pages;
	int vcpus;
	struct counts c;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = WRITERS_MAX_VCPUS,
	.stall = 20,
};

static uint64_t pick(struct scene *s, uint64_t n)
{
	return oracle_pick(&s->rng, n);
}

static struct slot *pick_slot(struct scene *s)
{
	return &s->slot[pick(s, s->nr_slots)];
}

/* ---- memslots ---- */

static void *slot_hva(struct scene *s, const struct slot *slot)
{
	return s->hva + slot->first * PAGE;
}

static void slot_set(struct scene *s, struct slot *slot, uint64_t n)
{
	uint64_t start = now_us(), took;

	vm_set_user_memory_region(s->w.vm, slot->id, slot->flags,
				  writers_gpa(s->pages, slot->window, slot->first), n * PAGE,
				  slot_hva(s, slot));
	took = now_us() - start;
	s->c.longest = took > s->c.longest ? took : s->c.longest;
	s->c.updates++;
}

static void slot_create(struct scene *s, struct slot *slot)
{
	slot_set(s, slot, slot->n);
}

static void slot_delete(struct scene *s, struct slot *slot)
{
	slot_set(s, slot, 0);
}

static void add_slots(struct scene *s, int window, uint32_t flags)
{
	uint64_t first, left;

	for (first = 0; first < s->pages; first += s->tc->slot_pages) {
		struct slot *slot = &s->slot[s->nr_slots];

		left = s->pages - first;
		*slot = (struct slot) {
			.id = FIRST_SLOT + s->nr_slots++,
			.flags = flags,
			.first = first,
			.n = left < s->tc->slot_pages ? left : s->tc->slot_pages,
			.window = window,
		};
		slot_create(s, slot);
	}
}

static void setup_one_window(struct scene *s)
{
	add_slots(s, 0, 0);
}

static void setup_alias(struct scene *s)
{
	add_slots(s, 0, 0);
	add_slots(s, 1, 0);
}

static void setup_readonly(struct scene *s)
{
	add_slots(s, 0, 0);
	add_slots(s, 1, KVM_MEM_READONLY);
}

/* ---- the guest's accesses where no memslot is ---- */

/* May KVM return this access to user space? */
static bool exit_expected(struct writers_thread *t)
{
	struct scene *s = t->w->owner;

	if (s->tc->setup == setup_readonly && t->vcpu->run->mmio.is_write)
		return true;
	return s->tc->slot_pages && writers_met_hole(t);
}

static bool do_access(struct writers_thread *t)
{
	struct scene *s = t->w->owner;
	struct kvm_run *run = t->vcpu->run;
	uint64_t offset = run->mmio.phys_addr - WRITERS_MEM_GPA;
	uint64_t *word;

	offset %= writers_window(s->pages, 1);
	if (run->mmio.len != sizeof(*word) || offset % sizeof(*word) ||
	    offset >= s->pages * PAGE || !exit_expected(t)) {
		ktap_info("vcpu=%u unexpected %s of %u bytes at %#llx, where a memslot is",
			  t->vcpu->id, run->mmio.is_write ? "write" : "read", run->mmio.len,
			  run->mmio.phys_addr);
		return false;
	}
	word = (uint64_t *)(s->hva + offset);
	storm_enter(&s->storm);
	if (run->mmio.is_write)
		WRITE_ONCE(*word, *(uint64_t *)run->mmio.data);
	else
		*(uint64_t *)run->mmio.data = READ_ONCE(*word);
	storm_leave(&s->storm);
	__atomic_add_fetch(&s->c.exits, 1, __ATOMIC_RELAXED);
	return true;
}

static bool on_exit_of_vcpu(struct writers_thread *t)
{
	switch (t->vcpu->run->exit_reason) {
	case KVM_EXIT_MMIO:
		return do_access(t);
	case KVM_EXIT_DIRTY_RING_FULL:
		usleep(100);
		return true;
	}
	return false;
}

/* ---- steps: each changes memslots and leaves them as they were, roughly ---- */

static void let_guest_work(struct scene *s)
{
	storm_let_guest_work(&s->storm, pick(s, 200));
}

static void check_frozen(struct scene *s, struct slot *slot)
{
	if (pick(s, 3))
		return;
	storm_hold(&s->storm);
	if (storm_check_frozen(&s->storm, slot->first, slot->n, pick(s, 2000)))
		writers_verify(&s->w, slot->first, slot->n);
	storm_release(&s->storm);
	s->c.checks++;
}

static void step_recreate(struct scene *s)
{
	struct slot *slot = pick_slot(s);

	writers_hole_begin(&s->w);
	slot_delete(s, slot);
	if (s->tc->windows == 1)
		check_frozen(s, slot);
	let_guest_work(s);
	slot->flags = pick(s, 4) ? 0 : KVM_MEM_LOG_DIRTY_PAGES;
	slot_create(s, slot);
	writers_hole_end(&s->w);
	let_guest_work(s);
}

/* Moves the memslot to where the guest has no window, and back. */
static void step_move_away(struct scene *s)
{
	struct slot *slot = pick_slot(s);

	writers_hole_begin(&s->w);
	slot->window = s->tc->windows;
	slot_create(s, slot);
	check_frozen(s, slot);
	slot->window = 0;
	slot_create(s, slot);
	writers_hole_end(&s->w);
	let_guest_work(s);
}

/*
 * Replaces the memory together with the filler in front of it in one
 * invalidation.  It reaches the guest's pages last, and KVM is not notified of
 * it if there is no memslot when it begins.
 */
static void *replace_all(void *arg)
{
	struct scene *s = arg;
	uint64_t size = (s->tc->filler + s->pages) * PAGE;
	uint8_t *start = s->hva - s->tc->filler * PAGE;
	static const uint8_t zeros[ORACLE_PAGE_SIZE];
	int file = !s->current, flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	uint64_t p;

	for (p = s->tc->filler; p < s->tc->filler + s->pages; p++)
		TEST_ASSERT(pwrite(s->fd[file], zeros, PAGE, p * PAGE) == PAGE, "pwrite: %s",
			    strerror(errno));
	oracle_erase_begin(s->w.ctl->log, 0, s->pages);
	TEST_ASSERT(mmap(start, size, PROT_READ | PROT_WRITE, flags, s->fd[file], 0) == start,
		    "mmap of %lu bytes: %s", size, strerror(errno));
	oracle_erase_end(s->w.ctl->log, 0, s->pages);
	s->current = file;
	return NULL;
}

/* Creates a memslot in the middle of an invalidation. */
static void step_create_during(struct scene *s)
{
	struct slot *slot = &s->slot[0];
	pthread_t thread;

	writers_hole_begin(&s->w);
	slot_delete(s, slot);
	TEST_ASSERT(!pthread_create(&thread, NULL, replace_all, s), "pthread_create");
	usleep(pick(s, 5000));
	slot_create(s, slot);
	pthread_join(thread, NULL);
	writers_hole_end(&s->w);
	let_guest_work(s);
	writers_verify(&s->w, 0, s->pages);
	/* The storm itself has no attacks in this case. */
	s->storm.thread[0].attacks++;
}

/*
 * Moves the memslot between the guest's windows, or to where the guest has
 * none.
 */
static void step_move(struct scene *s)
{
	struct slot *slot = pick_slot(s);
	int away = s->tc->windows;

	slot->window = (slot->window + 1 + pick(s, 2)) % (away + 1);
	slot_create(s, slot);
	if (slot->window == away)
		check_frozen(s, slot);
	let_guest_work(s);
}

/* One of the windows never has a memslot here. */
static void setup_move(struct scene *s)
{
	writers_hole_begin(&s->w);
	add_slots(s, 0, 0);
}

/* Read-only memslots cannot be changed, only created again. */
static void step_readonly(struct scene *s)
{
	struct slot *slot = &s->slot[pick(s, s->nr_slots / 2)];

	writers_hole_begin(&s->w);
	slot_delete(s, slot);
	slot->flags ^= KVM_MEM_READONLY;
	slot_create(s, slot);
	writers_hole_end(&s->w);
	if (slot->flags & KVM_MEM_READONLY)
		check_frozen(s, slot);
	let_guest_work(s);
}

static void step_many(struct scene *s)
{
	int i;

	for (i = 0; i < 4 && !writers_failed(&s->w); i++) {
		if (pick(s, 2))
			step_recreate(s);
		else
			step_move(s);
	}
}

static void step_alias(struct scene *s)
{
	struct slot *slot = pick_slot(s);

	if (pick(s, 2)) {
		step_recreate(s);
		return;
	}
	slot->flags ^= KVM_MEM_LOG_DIRTY_PAGES;
	slot_create(s, slot);
	let_guest_work(s);
}

/* ---- dirty log and dirty ring ---- */

/* Each entry's flags are passed back and forth with acquire and release. */
static void collect_ring(struct scene *s, int vcpu)
{
	struct dirty *d = &s->dirty;
	struct kvm_dirty_gfn *e;
	uint64_t page;

	for (;;) {
		e = &d->ring[vcpu][d->ring_index[vcpu] % RING_ENTRIES];
		if (__atomic_load_n(&e->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			return;
		page = s->slot[e->slot - FIRST_SLOT].first + e->offset;
		TEST_ASSERT(page < s->pages, "dirty ring: slot %u offset %llu", e->slot, e->offset);
		d->log.bitmap[page / 64] |= 1UL << page % 64;
		__atomic_store_n(&e->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
		d->ring_index[vcpu]++;
	}
}

static void harvest_rings(struct dirty_log *log, uint64_t first, uint64_t n)
{
	struct scene *s = log->owner;
	int i;

	for (i = 0; i < s->vcpus; i++)
		collect_ring(s, i);
}

static void harvest_slot(struct dirty_log *log, uint64_t first, uint64_t n)
{
	struct scene *s = log->owner;

	dirty_log_get(log, s->dirty.slot->id, n);
}

static void dirty_taken(struct scene *s, const struct slot *slot)
{
	dirty_log_taken(&s->dirty.log, slot->first, slot->n);
}

static void dirty_take(struct scene *s, const struct slot *slot)
{
	s->dirty.slot = slot;
	dirty_log_take(&s->dirty.log, slot->first, slot->n);
}

static void dirty_check(struct scene *s, const struct slot *slot)
{
	dirty_log_check(&s->dirty.log, slot->first, slot->n);
}

/* Changes only flags, twice, while the storm continues. */
static void step_flags(struct scene *s)
{
	struct slot *slot = pick_slot(s);
	int i;

	slot->flags = KVM_MEM_LOG_DIRTY_PAGES;
	slot_create(s, slot);
	for (i = pick(s, 4); i >= 0 && !writers_failed(&s->w); i--) {
		dirty_taken(s, slot);
		let_guest_work(s);
		dirty_take(s, slot);
		dirty_check(s, slot);
	}
	slot->flags = 0;
	slot_create(s, slot);
	let_guest_work(s);
}

static void setup_clear(struct scene *s)
{
	vm_enable_cap(s->w.vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		      KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
	add_slots(s, 0, KVM_MEM_LOG_DIRTY_PAGES);
}

/* Reads the log, and clears and write-protects its pages later. */
static void step_clear(struct scene *s)
{
	struct slot *slot = pick_slot(s);

	dirty_take(s, slot);
	if (s->c.steps >= s->nr_slots * 4UL)
		dirty_check(s, slot);
	kvm_vm_clear_dirty_log(s->w.vm, slot->id, s->dirty.log.bitmap, 0, slot->n);
	dirty_taken(s, slot);
	let_guest_work(s);
}

static void setup_ring(struct scene *s)
{
	int i;

	for (i = 0; i < s->vcpus; i++)
		s->dirty.ring[i] = vcpu_map_dirty_ring(s->w.thread[i].vcpu);
	add_slots(s, 0, KVM_MEM_LOG_DIRTY_PAGES);
	s->dirty.valid = false;
}

static void step_ring(struct scene *s)
{
	struct slot all = { .n = s->pages };
	struct dirty *d = &s->dirty;

	dirty_take(s, &all);
	if (d->valid)
		dirty_check(s, &all);
	kvm_vm_reset_dirty_ring(s->w.vm);
	dirty_taken(s, &all);
	d->valid = true;
	let_guest_work(s);
}

static void create_dirty(struct scene *s)
{
	struct dirty *d = &s->dirty;

	dirty_log_create(&d->log, &s->w);
	d->log.harvest = s->tc->ring ? harvest_rings : harvest_slot;
	d->log.owner = s;
}

static void destroy_dirty(struct scene *s)
{
	int i;

	for (i = 0; i < s->vcpus && s->dirty.ring[i]; i++)
		munmap(s->dirty.ring[i], RING_BYTES);
	dirty_log_destroy(&s->dirty.log);
}

/* ---- fork ---- */

static void reap(pid_t pid, const char *what)
{
	int status = 0;

	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status),
		    "%s: status %#x", what, status);
}

/* The child overwrites its copy; the guest must not see that. */
static void step_fork(struct scene *s)
{
	uint64_t first = pick(s, s->pages), p;
	bool execs = pick(s, 2);
	pid_t pid;

	/* A copy that is made while there is a hole could not be written. */
	storm_enter(&s->storm);
	pid = fork();
	if (!pid) {
		for (p = first; p < s->pages && p < first + 64; p++)
			memset(writers_page(&s->w, p), 0x5a, PAGE);
		if (execs)
			execl("/proc/self/exe", "memslot_test", "-X", NULL);
		_exit(execs);
	}
	storm_leave(&s->storm);
	TEST_ASSERT(pid > 0, "fork: %s", strerror(errno));
	let_guest_work(s);
	reap(pid, "child");
	s->c.checks++;
}

/* ---- the memory and the VM ---- */

static int create_file(uint64_t size)
{
	int fd = memfd_create("memslot_test", MFD_CLOEXEC);

	TEST_ASSERT(fd >= 0 && !fallocate(fd, 0, 0, size), "memfd of %lu bytes: %s", size,
		    strerror(errno));
	return fd;
}

/* Checks after the owner's exit know only one file. */
static void create_memory(struct scene *s)
{
	uint64_t size = (s->tc->filler + s->pages) * PAGE;
	int flags = MAP_FIXED | (s->tc->shmem ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);

	s->fd[0] = s->tc->shmem ? create_file(size) : -1;
	s->fd[1] = s->tc->shmem && !s->tc->lives ? create_file(size) : -1;
	s->hva = mmap(reserve(size), size, PROT_READ | PROT_WRITE, flags, s->fd[0], 0);
	TEST_ASSERT(s->hva != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	madvise(s->hva, size, s->tc->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	s->hva += s->tc->filler * PAGE;
}

static void destroy_memory(struct scene *s)
{
	int i;

	munmap(s->hva - s->tc->filler * PAGE, (s->tc->filler + s->pages) * PAGE);
	for (i = 0; i < 2 && s->fd[i] >= 0; i++)
		close(s->fd[i]);
}

static void create_writers(struct scene *s, struct writers_ctl *ctl)
{
	struct writers_setup setup = {
		.nr_vcpus = s->vcpus,
		.hva = s->hva,
		.pages = s->pages,
		.huge = s->tc->huge,
		.nr_hot = STORM_THREADS,
		.seed = s->seed,
		.windows = s->tc->slot_pages ? s->tc->windows : 0,
		.dirty_ring = s->tc->ring ? RING_BYTES : 0,
		.ctl = ctl,
	};

	writers_create_from(&s->w, &setup);
	s->w.stall_seconds = opt.stall;
	s->w.on_exit = on_exit_of_vcpu;
	s->w.owner = s;
	s->nr_slots = 0;
	if (s->tc->setup)
		s->tc->setup(s);
}

static void start_all(struct scene *s)
{
	s->storm = (struct storm) {
		.w = &s->w,
		.fd = { s->fd[0], s->fd[1] },
		.ops = s->tc->step == step_create_during ? 0 : STORM_ALL,
		.huge = s->tc->huge,
		.threads = STORM_THREADS,
	};
	storm_start(&s->storm, s->seed);
	writers_start(&s->w);
}

static void stop_all(struct scene *s)
{
	storm_stop(&s->storm);
	writers_stop(&s->w);
}

static void collect(struct scene *s, uint64_t start)
{
	struct counts *c = &s->c;

	c->writes = writers_writes(&s->w);
	c->faults = writers_faults(&s->w);
	c->erased = writers_erased(&s->w);
	c->attacks = storm_attacks(&s->storm);
	c->huge = max(c->huge, vm_get_stat(s->w.vm, "pages_2m"));
	c->dirty = s->dirty.log.dirty;
	c->late = s->dirty.log.late;
	c->usec = now_us() - start;
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(const struct scene *s)
{
	const struct counts *c = &s->c;
	unsigned int needs = s->tc->needs;

	if (!c->writes)
		return "the guest wrote nothing";
	if (!c->faults)
		return "KVM fixed no fault";
	if (c->attacks < MIN_ATTACKS)
		return "too little was invalidated";
	if (c->steps < s->tc->min_steps)
		return "memslots changed too seldom";
	if (needs & NEEDS_EXITS && !c->exits)
		return "the guest never accessed a missing or read-only memslot";
	if (needs & NEEDS_DIRTY && !c->dirty)
		return "no page was ever dirty";
	if (needs & NEEDS_ERASED && !c->erased)
		return "no vCPU found an erased page";
	if (needs & NEEDS_CHECKS && !c->checks)
		return "the check of this case never ran";
	if (needs & NEEDS_HUGE && !c->huge)
		return "KVM mapped nothing with 2 MiB";
	return NULL;
}

/*
 * Steps alone are no measure of what the guest may run into: on a slow machine,
 * e.g. with one emulated CPU, it visits few pages in one step.
 */
static uint64_t chances(const struct scene *s)
{
	return min(s->c.steps, s->c.writes / WRITES_PER_CHANCE);
}

static void run_steps(struct scene *s, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_CHANCES);
	uint64_t start = now_us();

	while (!writers_failed(&s->w)) {
		s->tc->step(s);
		s->c.steps++;
		writers_watch(&s->w);
		collect(s, start);
		if (s->c.usec > usec && !nothing_happened(s))
			break;
		if (deadline_passed(&deadline, chances(s)))
			break;
	}
}

static void run_one_vm(struct scene *s, uint64_t usec)
{
	create_writers(s, NULL);
	create_dirty(s);
	start_all(s);
	run_steps(s, usec);
	stop_all(s);
	if (!writers_failed(&s->w))
		writers_verify_all(&s->w);
	destroy_dirty(s);
	writers_destroy(&s->w);
}

/* ---- many short lives ---- */

static void count_life(struct scene *s)
{
	s->c.steps++;
	s->c.writes += writers_writes(&s->w);
	s->c.attacks += storm_attacks(&s->storm);
	s->c.erased += writers_erased(&s->w);
}

/* The VM is freed while the storm continues. */
static void one_teardown(struct scene *s)
{
	create_writers(s, NULL);
	start_all(s);
	usleep(20000 + pick(s, 30000));
	writers_stop(&s->w);
	s->c.faults += writers_faults(&s->w);
	while (!storm_attacks(&s->storm) && !writers_failed(&s->w))
		usleep(100);
	writers_free_vm(&s->w);
	usleep(pick(s, 3000));
	storm_stop(&s->storm);
	if (!writers_failed(&s->w))
		writers_verify_all(&s->w);
	count_life(s);
	writers_free_ctl(&s->w);
}

/*
 * A process with running vCPUs and a storm ends: by exec, exit or a signal.
 * Its memory and the oracle's log are shared with the parent, which checks
 * them.
 */
static void child_life(struct scene *s, struct writers_ctl *ctl, int how)
{
	create_writers(s, ctl);
	start_all(s);
	usleep(5000 + pick(s, 40000));
	while (!writers_writes(&s->w) && !writers_failed(&s->w))
		usleep(1000);
	if (writers_failed(&s->w))
		_exit(2);
	/*
	 * The number of attacks goes to the parent in an unused word of the
	 * control area.
	 */
	ctl->hot[WRITERS_MAX_HOT - 1] = storm_attacks(&s->storm);
	if (how == 0)
		execl("/proc/self/exe", "memslot_test", "-X", NULL);
	if (how == 1)
		kill(getpid(), SIGKILL);
	_exit(how == 0);
}

static void check_after(struct scene *s, struct writers_ctl *ctl)
{
	/* This is not a VM, only what the oracle needs. */
	s->w = (struct writers) {
		.ctl = ctl,
		.ctl_size = writers_ctl_size(s->pages),
		.hva = (uint64_t *)s->hva,
		.pages = s->pages,
		.step = PAGE,
		.salt = oracle_mix(s->seed),
		.distinct = s->pages,
		.nr_vcpus = s->vcpus,
	};
	storm_check_frozen(&s->storm, 0, s->pages, pick(s, 2000));
	writers_verify_all(&s->w);
	s->c.steps++;
	s->c.checks++;
	s->c.writes += writers_writes(&s->w);
	s->c.erased += writers_erased(&s->w);
	s->c.attacks += ctl->hot[WRITERS_MAX_HOT - 1];
}

static void one_owner(struct scene *s)
{
	struct writers_ctl *ctl = writers_map_ctl(s->pages);
	int how = pick(s, 3), status = 0;
	pid_t pid;

	s->storm.w = &s->w;
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		child_life(s, ctl, how);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	check_after(s, ctl);
	if (how == 1 ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : status) {
		ktap_info("process that owns the VM, end %d: status %#x", how, status);
		writers_fail(&s->w);
	}
	munmap(ctl, s->w.ctl_size);
}

static void run_lives(struct scene *s, uint64_t usec, void (*one)(struct scene *s))
{
	uint64_t start = now_us(), min = s->tc->min_steps;

	do {
		create_memory(s);
		s->seed++;
		one(s);
		destroy_memory(s);
		s->c.usec = now_us() - start;
	} while (!s->w.failed && (s->c.usec < usec || s->c.steps < min || s->c.attacks < 8));
}

static void run_teardown(struct scene *s, uint64_t usec)
{
	run_lives(s, usec, one_teardown);
}

static void run_owner(struct scene *s, uint64_t usec)
{
	run_lives(s, usec, one_owner);
}

static const struct test_case cases[] = {
	{ "create/4k", setup_one_window, step_recreate, .slot_pages = 32, .pages = 2048,
	  .windows = 1, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS, .min_steps = 8 },
	{ "create/2m", setup_one_window, step_recreate, .slot_pages = 768, .pages = 4096,
	  .windows = 1, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS | NEEDS_HUGE,
	  .min_steps = 5, .huge = true },
	{ "create/shmem", setup_one_window, step_recreate, .slot_pages = 32, .pages = 2048,
	  .windows = 1, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS, .min_steps = 8,
	  .shmem = true },
	{ "create/during", setup_one_window, step_create_during, .slot_pages = 64, .pages = 64,
	  .filler = 4096, .windows = 1, .needs = NEEDS_EXITS | NEEDS_ERASED, .min_steps = 8,
	  .shmem = true },
	{ "away/shmem", setup_one_window, step_move_away, .slot_pages = 64, .pages = 1024,
	  .windows = 1, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS, .min_steps = 8,
	  .shmem = true },
	{ "move/4k", setup_move, step_move, .slot_pages = 64, .pages = 1024, .windows = 2,
	  .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS, .min_steps = 8 },
	{ "move/2m", setup_move, step_move, .slot_pages = 1024, .pages = 4096, .windows = 2,
	  .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS | NEEDS_HUGE, .min_steps = 5,
	  .huge = true },
	{ "flags/4k", setup_one_window, step_flags, .slot_pages = 512, .pages = 2048,
	  .windows = 1, .needs = NEEDS_DIRTY | NEEDS_ERASED, .min_steps = 5 },
	{ "flags/2m", setup_one_window, step_flags, .slot_pages = 1024, .pages = 4096,
	  .windows = 1, .needs = NEEDS_DIRTY | NEEDS_ERASED | NEEDS_HUGE, .min_steps = 5,
	  .huge = true },
	{ "clearlog", setup_clear, step_clear, .slot_pages = 256, .pages = 1024, .windows = 1,
	  .needs = NEEDS_DIRTY | NEEDS_ERASED, .min_steps = 24 },
	{ "dirtyring", setup_ring, step_ring, .slot_pages = 256, .pages = 1024, .windows = 1,
	  .needs = NEEDS_DIRTY | NEEDS_ERASED, .min_steps = 5, .ring = true },
	{ "readonly", setup_readonly, step_readonly, .slot_pages = 64, .pages = 1024,
	  .windows = 2, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_CHECKS, .min_steps = 8 },
	{ "thousands", setup_move, step_many, .slot_pages = 1, .pages = MAX_SLOTS,
	  .windows = 2, .needs = NEEDS_EXITS | NEEDS_ERASED, .min_steps = 4 },
	{ "alias/4k", setup_alias, step_alias, .slot_pages = 64, .pages = 1024, .windows = 2,
	  .needs = NEEDS_EXITS | NEEDS_ERASED, .min_steps = 8 },
	{ "alias/shmem", setup_alias, step_alias, .slot_pages = 64, .pages = 1024, .windows = 2,
	  .needs = NEEDS_EXITS | NEEDS_ERASED, .min_steps = 8, .shmem = true },
	{ "alias/2m", setup_alias, step_alias, .slot_pages = 1024, .pages = 4096,
	  .windows = 2, .needs = NEEDS_EXITS | NEEDS_ERASED | NEEDS_HUGE, .min_steps = 5,
	  .huge = true },
	{ "fork/4k", .step = step_fork, .pages = 1024, .needs = NEEDS_ERASED | NEEDS_CHECKS,
	  .min_steps = 3 },
	{ "fork/2m", .step = step_fork, .pages = 4096,
	  .needs = NEEDS_ERASED | NEEDS_CHECKS | NEEDS_HUGE, .min_steps = 3, .huge = true },
	{ "teardown", .pages = 512, .min_steps = 2, .lives = run_teardown },
	{ "owner", .pages = 512, .min_steps = 3, .shmem = true, .lives = run_owner },
};

/* Returns why this case cannot run here, or NULL. */
static const char *why_not(const struct test_case *tc)
{
	if (tc->ring && !kvm_has_cap(KVM_CAP_DIRTY_LOG_RING))
		return "no dirty rings in this kernel";
	if (tc->setup == setup_readonly && !kvm_has_cap(KVM_CAP_READONLY_MEM))
		return "no read-only memslots in this kernel";
	return tc->huge ? thp_why_not(false) : NULL;
}

static struct scene scene;

static void add_counts(struct counts *to, const struct counts *c)
{
	to->updates += c->updates;
	to->exits += c->exits;
	to->dirty += c->dirty;
	to->late += c->late;
	to->checks += c->checks;
	to->writes += c->writes;
	to->attacks += c->attacks;
	to->faults += c->faults;
	to->erased += c->erased;
	to->steps += c->steps;
	to->huge = max(to->huge, c->huge);
	to->longest = max(to->longest, c->longest);
}

/* Runs the case with @vcpus vCPUs.  Returns what was wrong, or NULL. */
static const char *run_with(const struct test_case *tc, int vcpus, uint64_t seed, uint64_t usec,
			    uint64_t *found)
{
	struct scene *s = &scene;

	memset(s, 0, sizeof(*s));
	s->tc = tc;
	s->vcpus = vcpus;
	s->pages = tc->pages;
	s->seed = seed;
	s->rng = oracle_mix(seed) | 1;
	if (tc->lives) {
		tc->lives(s, usec);
	} else {
		create_memory(s);
		run_one_vm(s, usec);
		destroy_memory(s);
	}
	oracle_add(found, s->w.found);
	if (s->w.failed)
		return "see above";
	return tc->lives ? NULL : nothing_happened(s);
}

static void test_case(const struct test_case *tc, struct counts *total, uint64_t *found,
		      uint64_t seed, uint64_t usec)
{
	int vcpus[] = { 1, opt.vcpus }, n = opt.vcpus > 1 ? 2 : 1, i;
	struct counts c = {};
	uint64_t start = now_us();
	const char *why;

	for (i = 0; i < n; i++) {
		why = run_with(tc, vcpus[i], seed, usec / n, found);
		add_counts(&c, &scene.c);
		if (!why)
			continue;
		ktap_fail(tc->name, "%s; vcpus=%d seed=%lu steps=%lu attacks=%lu after %lu ms",
			  why, vcpus[i], opt.seed, scene.c.steps, scene.c.attacks,
			  scene.c.usec / 1000);
		break;
	}
	if (i == n)
		ktap_pass(tc->name, DONE " " SEEN " ms=%lu", c.writes, c.attacks, c.faults,
			  c.steps, c.updates, c.longest, c.exits, c.dirty, c.late, c.checks,
			  c.erased, c.huge, (now_us() - start) / 1000);
	add_counts(total, &c);
}

static const char *name_of(int i)
{
	return cases[i].name;
}

static int run_all(struct cases *c)
{
	uint64_t found[ORACLE_VERDICTS] = {};
	struct counts total = {};

	cases_start(c);
	ktap_info("seed=%lu vcpus=1,%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, why_not(&cases[c->i])))
			test_case(&cases[c->i], &total, found, opt.seed + c->i, cases_share(c));
	ktap_info("guest " TOTALS " stale=%lu lost=%lu torn=%lu",
		  total.writes, total.attacks, total.faults, total.updates, total.exits,
		  total.dirty, found[ORACLE_STALE], found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	/* The program that the cases exec. */
	if (argc == 2 && !strcmp(argv[1], "-X"))
		return 0;
	options_parse(&opt, argc, argv);
	/*
	 * With a single malloc arena nothing else is mapped where the storm
	 * left a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), name_of);
	guard_init();
	return run_all(&c);
}
