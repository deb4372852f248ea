// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, creating or destroying a VM crashes the host or leaves
 * it with a notifier of a VM that is gone, or KVM_CREATE_VM and KVM_RUN return
 * errors that user space does not expect.
 *
 * VMs are created and destroyed in a process that lives on, while a thread of
 * it discards memory without pause:
 *
 *   - private/...: VMs with private memslots, which KVM creates for itself and deletes when
 *     it destroys the VM.  The VM is closed by its process, by another process (so that
 *     KVM destroys it with another mm), or dies with its process; its vCPU has run, or
 *     there is none.
 *   - failed/...: KVM_CREATE_VM fails half way, or after the VM was created.
 *   - signals: a thread gets signals as fast as it can handle them while it does
 *     everything to the first VM of a new mm.  KVM_CREATE_VM and KVM_RUN may return EINTR,
 *     and nothing else may fail (docs/errors.md).
 *
 * A private memslot shows in two ways: a user memslot at its gpa gets EEXIST,
 * and there is one more mapping of /dev/zero.  A VM that is gone has no
 * directory in debugfs.  Intel creates private memslots by default: for the TSS
 * and the identity map without unrestricted guests, and for the APIC access
 * page.  On AMD only AVIC does, or private_memslots of
 * CONFIG_KVM_INTERVAL_DEBUG.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bare_vm.h"
#include "cases.h"
#include "child.h"
#include "deadline.h"
#include "interval_debug.h"
#include "oracle.h"
#include "vcpu_guard.h"

#define PAGE		BARE_PAGE
#define PAGES		64UL
#define MEM_SLOT	0
#define PROBE_SLOT	5
#define TSS_GPA		0xfffbd000UL
#define IDENTITY_GPA	0xfffbc000UL
#define APIC_GPA	0xfee00000UL
#define TSS_PAGES	3

/* The lives, failures or children that a case must see. */
#define MIN_LIVES	16

#define LIVES_LINE	"lives=%lu ran=%lu tss=%lu identity=%lu apic=%lu gone=%lu "		\
			"left=%lu invalidations=%lu private=%lu"

#define SIGNALS_LINE	"children=%lu signals=%lu interrupted=%lu of calls=%lu "		\
			"memslots=%lu create_vm_eintr=%lu run_eintr=%lu calmed=%lu"

static struct options opt = { .seconds = 15 };
static const char *case_name;
static uint64_t rng, all_lives, all_invalidations;
/* A child reports what is wrong, and its parent prints the case's line. */
static bool in_child;

static bool __printf(1, 2) wrong(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in_child)
		ktap_info("%s: %s", case_name, text);
	else
		ktap_fail(case_name, "%s", text);
	return false;
}

/* ---- memory, and who discards it ---- */

static uint8_t *mem;

/*
 * Ranges for the discarder: the memory of the VM, and of its private memslots.
 */
static struct {
	pthread_t thread;
	bool stop;
	uint64_t calls;
	uint64_t private_calls;
	uint64_t private[3];
} discarder;

static void create_memory(void)
{
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	TEST_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	memcpy(mem, bare_code, sizeof(bare_code));
}

/*
 * Private memslots are discarded at addresses that may be in use for something
 * else by now. All other such mappings of this process are shared, and lose
 * nothing.
 */
static void *discard(void *arg)
{
	uint64_t hva;
	int i;

	while (!READ_ONCE(discarder.stop)) {
		/* The first page has the code. */
		TEST_ASSERT(!madvise(mem + PAGE, (PAGES - 1) * PAGE, MADV_DONTNEED), "madvise: %s",
			    strerror(errno));
		WRITE_ONCE(discarder.calls, discarder.calls + 1);
		mem[PAGE] = 1;
		for (i = 0; i < 3; i++) {
			hva = READ_ONCE(discarder.private[i]);
			if (hva && !madvise((void *)hva, PAGE, MADV_DONTNEED))
				discarder.private_calls++;
		}
	}
	return NULL;
}

static void start_discarder(void)
{
	memset(&discarder, 0, sizeof(discarder));
	TEST_ASSERT(!pthread_create(&discarder.thread, NULL, discard, NULL), "pthread_create");
}

static void stop_discarder(void)
{
	WRITE_ONCE(discarder.stop, true);
	pthread_join(discarder.thread, NULL);
	all_invalidations += discarder.calls + discarder.private_calls;
}

/* ---- private memslots ---- */

/* Bits for the private memslots of a VM. */
enum { HAS_TSS = 1 << 0, HAS_IDENTITY = 1 << 1, HAS_APIC = 1 << 2 };

/*
 * Finds KVM's mappings for private memslots in this process, at most three.
 * They are the only mappings of /dev/zero that are so small.
 */
static int find_private(uint64_t hva[3], uint64_t size[3])
{
	FILE *f = fopen("/proc/self/maps", "r");
	uint64_t start, end;
	char line[256];
	int n = 0;

	TEST_ASSERT(f, "/proc/self/maps: %s", strerror(errno));
	while (n < 3 && fgets(line, sizeof(line), f)) {
		if (!strstr(line, "/dev/zero") || sscanf(line, "%lx-%lx", &start, &end) != 2 ||
		    end - start > TSS_PAGES * PAGE)
			continue;
		hva[n] = start;
		size[n++] = end - start;
	}
	fclose(f);
	return n;
}

static void publish_private(const uint64_t hva[3], int n)
{
	int i;

	for (i = 0; i < 3; i++)
		WRITE_ONCE(discarder.private[i], i < n ? hva[i] : 0);
}

/*
 * KVM leaves its mappings behind if a process with another mm destroyed the VM.
 */
static int drop_private(void)
{
	uint64_t hva[3], size[3];
	int i, n = find_private(hva, size);

	publish_private(hva, 0);
	for (i = 0; i < n; i++)
		munmap((void *)hva[i], size[i]);
	return n;
}

/* Returns true if there is a private memslot at @gpa. */
static bool is_taken(int vm, uint64_t gpa)
{
	int r = bare_vm_memory(vm, PROBE_SLOT, 0, gpa, PAGE, mem + PAGE), error = errno;

	TEST_ASSERT(!r || error == EEXIST, "a memslot at %#lx: %s", gpa, strerror(error));
	if (!r)
		TEST_ASSERT(!bare_vm_memory(vm, PROBE_SLOT, 0, gpa, 0, mem + PAGE),
			    "its deletion: %s", strerror(errno));
	return r;
}

static unsigned int private_of(int vm)
{
	return (is_taken(vm, TSS_GPA) ? HAS_TSS : 0) |
	       (is_taken(vm, IDENTITY_GPA) ? HAS_IDENTITY : 0) |
	       (is_taken(vm, APIC_GPA) ? HAS_APIC : 0);
}

/* ---- a VM and its life ---- */

/* Shared with children; too large to be mistaken for a private memslot. */
#define SHARED_SIZE	(16 * PAGE)

static void *map_shared(size_t size)
{
	void *p = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(size <= SHARED_SIZE, "%zu bytes", size);
	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

struct vm {
	int fd;
	struct bare_vcpu vcpu;
	bool has_vcpu;
	unsigned int private;
	char debugfs[96];
};

static void ask_for_private(int vm)
{
	uint64_t identity = IDENTITY_GPA;

	TEST_ASSERT(!ioctl(vm, KVM_SET_TSS_ADDR, TSS_GPA), "KVM_SET_TSS_ADDR: %s",
		    strerror(errno));
	TEST_ASSERT(!ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity),
		    "KVM_SET_IDENTITY_MAP_ADDR: %s", strerror(errno));
	TEST_ASSERT(!ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP: %s", strerror(errno));
}

static void create_vm(struct vm *vm, bool with_vcpu)
{
	*vm = (struct vm) { .fd = bare_vm_create(), .has_vcpu = with_vcpu };
	TEST_ASSERT(vm->fd >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	snprintf(vm->debugfs, sizeof(vm->debugfs), KNOB_DEBUGFS "/kvm/%ld-%d",
		 syscall(SYS_gettid), vm->fd);
	ask_for_private(vm->fd);
	TEST_ASSERT(!bare_vm_memory(vm->fd, MEM_SLOT, 0, BARE_GPA, PAGES * PAGE, mem),
		    "KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
	if (with_vcpu)
		TEST_ASSERT(bare_vcpu_create(&vm->vcpu, vm->fd), "a vCPU: %s", strerror(errno));
	vm->private = private_of(vm->fd);
}

static bool run_vcpu(struct vm *vm)
{
	int r = ioctl(vm->vcpu.fd, KVM_RUN, 0);

	if (!r && bare_vcpu_left(&vm->vcpu))
		return true;
	return wrong("KVM_RUN: %s, exit %u", r ? strerror(errno) : "0",
		     vm->vcpu.run->exit_reason);
}

static void close_vm(struct vm *vm)
{
	if (vm->has_vcpu)
		bare_vcpu_close(&vm->vcpu);
	close(vm->fd);
}

/* Returns false if debugfs shows the VM although all its files are closed. */
static bool is_gone(const struct vm *vm)
{
	return access(vm->debugfs, F_OK);
}

struct lives {
	uint64_t lives;
	uint64_t ran;
	uint64_t tss;
	uint64_t identity;
	uint64_t apic;
	uint64_t gone;
	uint64_t left;		/* mappings of VMs that another process destroyed */
};

static void count_life(struct lives *l, const struct vm *vm)
{
	l->lives++;
	l->ran += vm->has_vcpu;
	l->tss += !!(vm->private & HAS_TSS);
	l->identity += !!(vm->private & HAS_IDENTITY);
	l->apic += !!(vm->private & HAS_APIC);
	all_lives++;
}

/* Checks what must be there before the VM may end. */
static bool live(struct vm *vm, bool with_vcpu)
{
	uint64_t hva[3], size[3];
	int n;

	create_vm(vm, with_vcpu);
	n = find_private(hva, size);
	publish_private(hva, n);
	if (!vm->private || !n)
		return wrong("private memslots %#x, mappings for them %d", vm->private, n);
	return !with_vcpu || run_vcpu(vm);
}

/* ---- ends of a life ---- */

static bool end_closed(struct vm *vm, struct lives *l)
{
	uint64_t hva[3], size[3];
	int n;

	close_vm(vm);
	n = find_private(hva, size);
	publish_private(hva, 0);
	if (n)
		return wrong("%d mappings of private memslots are left", n);
	return true;
}

static bool child_ended(pid_t pid, int status)
{
	int s = -1;

	TEST_ASSERT(waitpid(pid, &s, 0) == pid, "waitpid: %s", strerror(errno));
	if (WIFEXITED(s) && WEXITSTATUS(s) == status)
		return true;
	return wrong("a child ended with status %#x", s);
}

/*
 * The child has the VM's files, too, and closes them last, or exits with them.
 */
static bool end_elsewhere(struct vm *vm, struct lives *l)
{
	int go[2];
	char byte;
	pid_t pid;

	TEST_ASSERT(!pipe(go), "pipe: %s", strerror(errno));
	pid = child_fork();
	if (!pid) {
		close(go[1]);
		if (read(go[0], &byte, 1) < 0)
			_exit(1);
		if (l->lives & 1)
			close_vm(vm);
		_exit(0);
	}
	close(go[0]);
	close_vm(vm);
	if (is_gone(vm) && !knob_debugfs_why_not())
		return wrong("the VM was destroyed before its last file was closed");
	close(go[1]);
	if (!child_ended(pid, 0))
		return false;
	l->left += drop_private();
	return true;
}

static bool count_gone(struct vm *vm, struct lives *l)
{
	if (knob_debugfs_why_not())
		return true;
	if (!is_gone(vm))
		return wrong("%s still exists", vm->debugfs);
	l->gone++;
	return true;
}

static bool one_life(struct lives *l, bool with_vcpu, bool (*end)(struct vm *, struct lives *))
{
	struct vm vm;

	if (!live(&vm, with_vcpu))
		return false;
	count_life(l, &vm);
	return end(&vm, l) && count_gone(&vm, l);
}

/* A process that creates the VM, and exits without closing it. */
struct owner {
	struct vm vm;
	uint64_t calls;
	uint64_t private_calls;
};

static bool one_owner(struct lives *l, bool with_vcpu)
{
	struct owner *o = map_shared(sizeof(*o));
	bool good;
	pid_t pid;

	pid = child_fork();
	if (!pid) {
		in_child = true;
		start_discarder();
		good = live(&o->vm, with_vcpu);
		usleep(1000);
		o->calls = READ_ONCE(discarder.calls);
		o->private_calls = READ_ONCE(discarder.private_calls);
		_exit(!good);
	}
	good = child_ended(pid, 0);
	count_life(l, &o->vm);
	discarder.calls += o->calls;
	discarder.private_calls += o->private_calls;
	good = good && count_gone(&o->vm, l);
	munmap(o, SHARED_SIZE);
	return good;
}

/* ---- private ---- */

enum end { END_CLOSED, END_ELSEWHERE, END_EXIT };

struct test_case {
	const char *name;
	void (*run)(const struct test_case *tc, uint64_t usec);
	enum end end;
	bool with_vcpu;
	bool private;
};

static bool life_of(const struct test_case *tc, struct lives *l)
{
	switch (tc->end) {
	case END_CLOSED:
		return one_life(l, tc->with_vcpu, end_closed);
	case END_ELSEWHERE:
		return one_life(l, tc->with_vcpu, end_elsewhere);
	case END_EXIT:
		return one_owner(l, tc->with_vcpu);
	}
	return false;
}

static void run_private(const struct test_case *tc, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec, 0, MIN_LIVES);
	struct lives l = {};
	bool good = true;

	if (tc->end != END_EXIT)
		start_discarder();
	else
		memset(&discarder, 0, sizeof(discarder));
	while (good && !deadline_passed(&deadline, l.lives))
		good = life_of(tc, &l);
	if (tc->end != END_EXIT)
		stop_discarder();
	if (!good)
		return;
	if (!discarder.private_calls) {
		wrong("no private memslot was invalidated in %lu lives", l.lives);
		return;
	}
	ktap_pass(tc->name, LIVES_LINE,
		  l.lives, l.ran, l.tss, l.identity, l.apic, l.gone, l.left, discarder.calls,
		  discarder.private_calls);
}

/* Set once: are there private memslots with a vCPU, and without? */
static bool has_private[2];

static void find_private_memslots(void)
{
	struct vm vm;
	int i;

	if (!access(PRIVATE_MEMSLOTS, W_OK))
		interval_debug_set(PRIVATE_MEMSLOTS, 1);
	for (i = 0; i < 2; i++) {
		create_vm(&vm, i);
		has_private[i] = vm.private;
		close_vm(&vm);
	}
	drop_private();
}

/* ---- KVM_CREATE_VM that fails ---- */

/* What children report. */
struct report {
	uint64_t tries;
	uint64_t failed;
	uint64_t made;
	int unexpected;
};

static struct report *report;

static void try_creation(unsigned long type, int want)
{
	int fd, error;

	report->tries++;
	fd = ioctl(bare_kvm, KVM_CREATE_VM, type);
	error = errno;

	if (fd >= 0)
		report->made++;
	else if (error == want)
		report->failed++;
	else
		report->unexpected = error;
	if (fd >= 0)
		close(fd);
}

static void fail_type(void)
{
	try_creation(0xff, EINVAL);
}

/* The process has no file descriptor left, so it fails before there is a VM. */
static void fail_descriptors(void)
{
	struct rlimit old, none;

	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	try_creation(0, EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
}

#define FILE_MAX	"/proc/sys/fs/file-max"
#define NOBODY		65534

/*
 * No file is left in the system for anyone but root.  The VM's file is created
 * last, so KVM destroys a complete VM.  Kept short, because it affects all
 * processes.
 */
static void fail_files(void)
{
	char old[64];
	pid_t pid;

	TEST_ASSERT(knob_read(FILE_MAX, old, sizeof(old)) && knob_set(FILE_MAX, "0"), "%s: %s",
		    FILE_MAX, strerror(errno));
	pid = child_fork();
	if (!pid) {
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		try_creation(0, ENFILE);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	TEST_ASSERT(knob_set(FILE_MAX, old), "%s: %s", FILE_MAX, strerror(errno));
}

/* A process is killed within KVM_CREATE_VM, or between two of them. */
static void fail_killed(void)
{
	int status;
	pid_t pid;

	pid = child_fork();
	if (!pid) {
		for (;;)
			try_creation(0, 0);
	}
	usleep(oracle_pick(&rng, 50000));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	report->failed++;
}

/* A VM that is created afterwards must work. */
static bool still_works(void)
{
	struct vm vm;
	bool good;

	create_vm(&vm, true);
	good = run_vcpu(&vm);
	close_vm(&vm);
	drop_private();
	return good;
}

static void run_failed(const struct test_case *tc, uint64_t usec, void (*fail)(void), bool never)
{
	struct deadline deadline = deadline_start(usec, 0, MIN_LIVES);
	uint64_t rounds = 0;

	memset(report, 0, sizeof(*report));
	start_discarder();
	while (!deadline_passed(&deadline, rounds) && !report->unexpected) {
		fail();
		rounds++;
	}
	stop_discarder();
	if (report->unexpected)
		wrong("KVM_CREATE_VM: %s after %lu tries", strerror(report->unexpected),
		      report->tries);
	else if (!report->failed || (never && report->made))
		wrong("tries=%lu failed=%lu made=%lu", report->tries, report->failed,
		      report->made);
	else if (still_works())
		ktap_pass(tc->name, "tries=%lu failed=%lu made=%lu invalidations=%lu",
			  report->tries, report->failed, report->made, discarder.calls);
}

static void run_type(const struct test_case *tc, uint64_t usec)
{
	run_failed(tc, usec, fail_type, true);
}

static void run_descriptors(const struct test_case *tc, uint64_t usec)
{
	run_failed(tc, usec, fail_descriptors, true);
}

static void run_files(const struct test_case *tc, uint64_t usec)
{
	run_failed(tc, usec, fail_files, true);
}

static void run_killed(const struct test_case *tc, uint64_t usec)
{
	run_failed(tc, usec, fail_killed, false);
}

/* ---- signals ---- */

/*
 * Everything that is done to a VM.  A kernel that lacks one of them (Xen) skips
 * it.  Each is repeated after EINTR, to see what else it returns, and a table
 * shows all results.
 */
enum op {
	OP_CREATE_VM,
	OP_TSS,
	OP_IDENTITY,
	OP_IRQCHIP,
	OP_VCPU,
	OP_CREATE,
	OP_FLAGS,
	OP_MOVE,
	OP_DELETE,
	OP_XEN_CONFIG,
	OP_SHARED_INFO,
	OP_VCPU_INFO,
	OP_TIME_INFO,
	OP_KVMCLOCK,
	OP_RUN,
	OP_CLOSE,
	NR_OPS,
};

static const struct {
	const char *name;
	bool eintr;		/* stock returns it, too */
} ops[NR_OPS] = {
	[OP_CREATE_VM]	= { "KVM_CREATE_VM", true },
	[OP_TSS]	= { "KVM_SET_TSS_ADDR" },
	[OP_IDENTITY]	= { "KVM_SET_IDENTITY_MAP_ADDR" },
	[OP_IRQCHIP]	= { "KVM_CREATE_IRQCHIP" },
	[OP_VCPU]	= { "KVM_CREATE_VCPU" },
	[OP_CREATE]	= { "KVM_SET_USER_MEMORY_REGION(create)" },
	[OP_FLAGS]	= { "KVM_SET_USER_MEMORY_REGION(flags)" },
	[OP_MOVE]	= { "KVM_SET_USER_MEMORY_REGION(move)" },
	[OP_DELETE]	= { "KVM_SET_USER_MEMORY_REGION(delete)" },
	[OP_XEN_CONFIG]	= { "KVM_XEN_HVM_CONFIG" },
	[OP_SHARED_INFO] = { "KVM_XEN_HVM_SET_ATTR(shared_info)" },
	[OP_VCPU_INFO]	= { "KVM_XEN_VCPU_SET_ATTR(vcpu_info)" },
	[OP_TIME_INFO]	= { "KVM_XEN_VCPU_SET_ATTR(time_info)" },
	[OP_KVMCLOCK]	= { "KVM_SET_MSRS(kvmclock)" },
	[OP_RUN]	= { "KVM_RUN", true },
	[OP_CLOSE]	= { "close(VM)" },
};

#define MAX_ERRNO	134
#define XEN_GPA(n)	(BARE_GPA + (8 + (n)) * PAGE)
#define MSR_KVMCLOCK	0x4b564d01
/* An ioctl is repeated so often after EINTR with signals, and then without. */
#define STORM_TRIES	8
#define VMAS		256

/*
 * Shared by all children: how often each ioctl succeeded, and all other
 * results.
 */
struct errnos {
	uint64_t calls[NR_OPS];
	uint64_t good[NR_OPS];
	uint64_t errors[NR_OPS][MAX_ERRNO];
	uint64_t signals;
	uint64_t within;	/* calls that were interrupted by a signal handler */
	uint64_t gave_up;
};

static struct errnos *errnos;

/* The thread that sends signals, its target, and their progress. */
static struct {
	pthread_t thread;
	pid_t target;
	timer_t timer;
	bool inside;
	bool stop;
	uint64_t handled;
} storm;

static void on_signal(int sig)
{
	(void)sig;
	WRITE_ONCE(storm.handled, storm.handled + 1);
}

/*
 * Sends one signal at a time, after the last one was handled and the target has
 * had some hundred instructions for its next system call; otherwise it would
 * only handle signals.
 */
static void *send_signals(void *arg)
{
	uint64_t seed = oracle_mix((uintptr_t)arg + opt.seed) | 1, before, i;
	pid_t pid = getpid();

	while (!READ_ONCE(storm.stop)) {
		if (!READ_ONCE(storm.inside))
			continue;
		for (i = oracle_pick(&seed, 1 << oracle_pick(&seed, 9)); i; i--)
			cpu_relax();
		before = READ_ONCE(storm.handled);
		syscall(SYS_tgkill, pid, storm.target, SIGUSR1);
		while (READ_ONCE(storm.handled) == before && !READ_ONCE(storm.stop))
			cpu_relax();
	}
	return NULL;
}

/*
 * The target's own timer sends a signal, too.  It needs no other CPU, so it
 * interrupts short calls on a busy machine as well.
 */
static void arm_timer(void)
{
	static uint64_t seed;
	struct itimerspec when = {};

	seed = seed ?: oracle_mix(storm.target) | 1;
	when.it_value.tv_nsec = 1000 * (1 + oracle_pick(&seed, 1 << oracle_pick(&seed, 10)));
	timer_settime(storm.timer, 0, &when, NULL);
}

static void start_storm(uint64_t n)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct sigevent sev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };

	memset(&storm, 0, sizeof(storm));
	storm.target = syscall(SYS_gettid);
	sev._sigev_un._tid = storm.target;
	sigaction(SIGUSR1, &sa, NULL);
	TEST_ASSERT(!timer_create(CLOCK_MONOTONIC, &sev, &storm.timer), "timer_create: %s",
		    strerror(errno));
	TEST_ASSERT(!pthread_create(&storm.thread, NULL, send_signals, (void *)n),
		    "pthread_create");
}

static void stop_storm(void)
{
	timer_delete(storm.timer);
	WRITE_ONCE(storm.stop, true);
	pthread_join(storm.thread, NULL);
	errnos->signals += storm.handled;
}

/* What a child has created so far. */
struct storm_vm {
	int vm;
	struct bare_vcpu vcpu;
	bool xen;
};

static int set_xen_vcpu_attr(struct storm_vm *s, uint16_t type, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = { .type = type, .u.gpa = gpa };

	return ioctl(s->vcpu.fd, KVM_XEN_VCPU_SET_ATTR, &attr);
}

static int set_shared_info(struct storm_vm *s)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = XEN_GPA(0) / PAGE,
	};

	return ioctl(s->vm, KVM_XEN_HVM_SET_ATTR, &attr);
}

static int set_xen_config(struct storm_vm *s)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = 0x40000000,
	};

	return ioctl(s->vm, KVM_XEN_HVM_CONFIG, &config);
}

static int set_kvmclock(struct storm_vm *s)
{
	struct {
		struct kvm_msrs msrs;
		struct kvm_msr_entry entry;
	} m = {
		.msrs.nmsrs = 1,
		.entry = { .index = MSR_KVMCLOCK, .data = XEN_GPA(3) | 1 },
	};

	return ioctl(s->vcpu.fd, KVM_SET_MSRS, &m) == 1 ? 0 : -1;
}

/* A memslot besides that of the code: created, logged, moved and deleted. */
#define SPARE_SLOT	1
#define SPARE_GPA	0x1000000UL

static int set_spare(struct storm_vm *s, uint32_t flags, uint64_t gpa, uint64_t pages)
{
	return bare_vm_memory(s->vm, SPARE_SLOT, flags, gpa, pages * PAGE, mem + 16 * PAGE);
}

static int create_vm_op(struct storm_vm *s)
{
	s->vm = bare_vm_create();
	return s->vm < 0 ? -1 : 0;
}

static int create_vcpu_op(struct storm_vm *s)
{
	s->vcpu.fd = ioctl(s->vm, KVM_CREATE_VCPU, 0UL);
	return s->vcpu.fd < 0 ? -1 : 0;
}

static int run_op(struct storm_vm *s)
{
	return ioctl(s->vcpu.fd, KVM_RUN, 0);
}

static int identity_op(struct storm_vm *s)
{
	uint64_t gpa = IDENTITY_GPA;

	return ioctl(s->vm, KVM_SET_IDENTITY_MAP_ADDR, &gpa);
}

static int call(struct storm_vm *s, enum op op)
{
	switch (op) {
	case OP_CREATE_VM:
		return create_vm_op(s);
	case OP_TSS:
		return ioctl(s->vm, KVM_SET_TSS_ADDR, TSS_GPA);
	case OP_IDENTITY:
		return identity_op(s);
	case OP_IRQCHIP:
		return ioctl(s->vm, KVM_CREATE_IRQCHIP, 0);
	case OP_VCPU:
		return create_vcpu_op(s);
	case OP_CREATE:
		return set_spare(s, 0, SPARE_GPA, 16);
	case OP_FLAGS:
		return set_spare(s, KVM_MEM_LOG_DIRTY_PAGES, SPARE_GPA, 16);
	case OP_MOVE:
		return set_spare(s, KVM_MEM_LOG_DIRTY_PAGES, 2 * SPARE_GPA, 16);
	case OP_DELETE:
		return set_spare(s, 0, 0, 0);
	case OP_XEN_CONFIG:
		return set_xen_config(s);
	case OP_SHARED_INFO:
		return set_shared_info(s);
	case OP_VCPU_INFO:
		return set_xen_vcpu_attr(s, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO, XEN_GPA(1));
	case OP_TIME_INFO:
		return set_xen_vcpu_attr(s, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO, XEN_GPA(2));
	case OP_KVMCLOCK:
		return set_kvmclock(s);
	case OP_RUN:
		return run_op(s);
	default:
		return close(s->vm);
	}
}

/* Does one call, with signals if @storming. */
static int try_op(struct storm_vm *s, enum op op, bool storming)
{
	uint64_t before = READ_ONCE(storm.handled);
	int r, error;

	WRITE_ONCE(storm.inside, storming);
	if (storming)
		arm_timer();
	r = call(s, op);
	error = r ? errno : 0;
	WRITE_ONCE(storm.inside, false);
	errnos->calls[op]++;
	errnos->within += READ_ONCE(storm.handled) != before;
	if (error)
		errnos->errors[op][min(error, MAX_ERRNO - 1)]++;
	else
		errnos->good[op]++;
	return error;
}

/*
 * Repeats until the result is not EINTR, in the end without signals.  Returns
 * false on an error.
 */
static bool do_op(struct storm_vm *s, enum op op)
{
	int i, error = EINTR;

	for (i = 0; i < 2 * STORM_TRIES && error == EINTR; i++)
		error = try_op(s, op, i < STORM_TRIES);
	errnos->gave_up += i > STORM_TRIES;
	return !error;
}

/* Many VMAs make the first registration of an mm slower. */
static void add_vmas(void)
{
	uint8_t *p = mmap(NULL, VMAS * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < VMAS; i += 2)
		TEST_ASSERT(!mprotect(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE), "mprotect: %s",
			    strerror(errno));
}

/* Completes a vCPU; these calls are not under test. */
static void finish_vcpu(struct storm_vm *s)
{
	s->vcpu.run = mmap(NULL, bare_run_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->vcpu.fd,
			   0);
	TEST_ASSERT(s->vcpu.run != MAP_FAILED, "mmap of a vCPU: %s", strerror(errno));
	TEST_ASSERT(bare_vcpu_reset(&s->vcpu), "registers: %s", strerror(errno));
}

static bool do_memslots(struct storm_vm *s)
{
	return do_op(s, OP_CREATE) && do_op(s, OP_FLAGS) && do_op(s, OP_MOVE) &&
	       do_op(s, OP_DELETE);
}

static bool do_private(struct storm_vm *s)
{
	return do_op(s, OP_TSS) && do_op(s, OP_IDENTITY);
}

static bool do_vcpu(struct storm_vm *s)
{
	if (!do_op(s, OP_IRQCHIP) || !do_op(s, OP_VCPU))
		return false;
	finish_vcpu(s);
	return true;
}

static bool do_caches(struct storm_vm *s)
{
	if (s->xen && !(do_op(s, OP_XEN_CONFIG) && do_op(s, OP_SHARED_INFO) &&
			do_op(s, OP_VCPU_INFO) && do_op(s, OP_TIME_INFO)))
		return false;
	return do_op(s, OP_KVMCLOCK);
}

static bool do_run(struct storm_vm *s)
{
	if (!do_op(s, OP_RUN))
		return false;
	if (!bare_vcpu_left(&s->vcpu))
		return wrong("KVM_RUN: exit %u", s->vcpu.run->exit_reason);
	return true;
}

/*
 * The first memslot of the mm is the user's, KVM_SET_TSS_ADDR's, or the vCPU's.
 */
static bool do_first(struct storm_vm *s, int first)
{
	switch (first) {
	case 0:
		return do_memslots(s) && do_private(s) && do_vcpu(s);
	case 1:
		return do_private(s) && do_vcpu(s) && do_memslots(s);
	default:
		return do_vcpu(s) && do_memslots(s) && do_op(s, OP_TSS);
	}
}

static bool do_all(struct storm_vm *s, int first)
{
	bool good;

	if (!do_op(s, OP_CREATE_VM))
		return false;
	add_vmas();
	good = do_first(s, first) &&
	       !bare_vm_memory(s->vm, MEM_SLOT, 0, BARE_GPA, 16 * PAGE, mem) &&
	       do_caches(s) && do_run(s);
	if (good)
		bare_vcpu_close(&s->vcpu);
	return good && do_op(s, OP_CLOSE);
}

/* Runs in a process of its own, so that everything is the first in its mm. */
static void storm_child(uint64_t n, bool with_discarder)
{
	struct storm_vm s = { .vm = -1, .vcpu = { .fd = -1, .run = MAP_FAILED } };
	bool good;

	in_child = true;
	s.xen = ioctl(bare_kvm, KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM) &
		KVM_XEN_HVM_CONFIG_SHARED_INFO;
	if (with_discarder)
		start_discarder();
	start_storm(n);
	good = do_all(&s, n % 3);
	stop_storm();
	_exit(!good);
}

/* Returns true if the call has returned nothing that stock does not. */
static bool judge_op(enum op op)
{
	char text[256];
	int e, len = 0;
	bool good = true;

	text[0] = '\0';
	for (e = 1; e < MAX_ERRNO; e++) {
		if (!errnos->errors[op][e])
			continue;
		good = good && e == EINTR && ops[op].eintr;
		if (len < (int)sizeof(text) - 64)
			len += snprintf(text + len, sizeof(text) - len, " %s=%lu",
					strerrorname_np(e) ?: "?", errnos->errors[op][e]);
	}
	ktap_info("errnos %s calls=%lu good=%lu%s%s", ops[op].name, errnos->calls[op],
		  errnos->good[op], text, good ? "" : " <- stock does not return that");
	return good;
}

static uint64_t sum_calls(void)
{
	uint64_t sum = 0;
	int op;

	for (op = 0; op < NR_OPS; op++)
		sum += errnos->calls[op];
	return sum;
}

static void judge_signals(uint64_t children, bool good)
{
	const char *bad = NULL;
	int op;

	for (op = 0; op < NR_OPS; op++)
		if (errnos->calls[op] && !judge_op(op) && !bad)
			bad = ops[op].name;
	if (bad)
		wrong("%s failed in a way that stock does not; "
		      "children=%lu signals=%lu", bad, children,
		      errnos->signals);
	else if (!errnos->errors[OP_CREATE_VM][EINTR] || !errnos->good[OP_CLOSE])
		wrong("children=%lu, but KVM_CREATE_VM returned EINTR %lu times; "
		      "%lu VMs were closed",
		      children, errnos->errors[OP_CREATE_VM][EINTR], errnos->good[OP_CLOSE]);
	else if (good)
		ktap_pass(case_name, SIGNALS_LINE,
			  children, errnos->signals, errnos->within, sum_calls(),
			  errnos->calls[OP_CREATE], errnos->errors[OP_CREATE_VM][EINTR],
			  errnos->errors[OP_RUN][EINTR], errnos->gave_up);
}

static void run_signals(const struct test_case *tc, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec, 0, 3 * MIN_LIVES);
	uint64_t n = 0;
	bool good = true;
	pid_t pid;
	int status;

	memset(errnos, 0, sizeof(*errnos));
	while (good && !deadline_passed(&deadline, n)) {
		pid = child_fork();
		if (!pid)
			storm_child(n, n & 1);
		n++;
		TEST_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
		good = WIFEXITED(status) && !WEXITSTATUS(status);
	}
	judge_signals(n, good);
	if (!good && !ktap.failed)
		wrong("child %lu ended with status %#x", n, status);
}

/* ---- all ---- */

static const struct test_case cases[] = {
	{ "private/closed/bare", run_private, END_CLOSED, false, true },
	{ "private/closed/ran", run_private, END_CLOSED, true, true },
	{ "private/elsewhere/bare", run_private, END_ELSEWHERE, false, true },
	{ "private/elsewhere/ran", run_private, END_ELSEWHERE, true, true },
	{ "private/exit/bare", run_private, END_EXIT, false, true },
	{ "private/exit/ran", run_private, END_EXIT, true, true },
	{ "failed/type", run_type },
	{ "failed/descriptors", run_descriptors },
	{ "failed/files", run_files },
	{ "failed/killed", run_killed },
	{ "signals", run_signals },
};

static const char *name_of(int i)
{
	return cases[i].name;
}

static const char *why_not(const struct test_case *tc)
{
	if (tc->private && !has_private[tc->with_vcpu])
		return "no private memslots: neither this CPU nor private_memslots makes any";
	if (tc->run == run_files && (geteuid() || access(FILE_MAX, W_OK)))
		return "only root can change " FILE_MAX;
	return NULL;
}

static int run_all(struct cases *c)
{
	cases_start(c);
	ktap_info("seed=%lu paging=%s private_memslots=%d,%d", opt.seed,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow", has_private[0], has_private[1]);
	while (cases_next(c)) {
		case_name = c->name;
		if (!cases_skip(c, why_not(&cases[c->i])))
			cases[c->i].run(&cases[c->i], cases_share(c));
	}
	ktap_info("guest vms=%lu invalidations=%lu signals=%lu", all_lives, all_invalidations,
		  errnos->signals);
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
	bare_vm_init();
	create_memory();
	report = map_shared(sizeof(*report));
	errnos = map_shared(sizeof(*errnos));
	find_private_memslots();
	return run_all(&c);
}
