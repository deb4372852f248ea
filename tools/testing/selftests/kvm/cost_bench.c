// SPDX-License-Identifier: GPL-2.0
/*
 * How many instructions KVM and mm need for single operations, on one CPU whose
 * TSC counts instructions (configs/machine-tcg-icount).  Not a test: it
 * measures, and fails only if what it meant to measure did not happen.
 * docs/benchmarks.md says what the figures mean.
 *
 * faults	one guest access: to a page that only the host has, that nobody has,
 *		that is a huge page, that is write-protected for the dirty log
 * slots	one MADV_DONTNEED inside and outside of memslots, and one update of a
 *		memslot, by the number of memslots
 * vms		the same MADV_DONTNEED by the number of VMs in the process
 * aliases	the same MADV_DONTNEED by the number of memslots that have the page
 * size		write-protecting, and discarding, all memory of a guest, by its size
 * ksm		a page that KSM merges, and a guest's write to it
 * reap		a page that process_mrelease() takes from a killed VM
 *
 * Of all samples of one operation the minimum, the 10th percentile and the
 * median are printed, as rows (include/measure.h).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench_options.h"
#include "counters.h"
#include "framework.h"
#include "guest_sync.h"
#include "icount.h"
#include "knob.h"
#include "ktap.h"
#include "kvm_stats.h"
#include "measure.h"
#include "reserve.h"
#include "sweep.h"
#include "vcpu_guard.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open		434
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease	448
#endif

#define PAGE			4096UL
#define HUGE_PAGE		0x200000UL
#define MEM_SLOT		1
#define SPARE_SLOT		2
#define MEM_GPA			0x100000000UL
#define MEM_GVA			0x1000000000UL
#define SLOT_GPA		0x200000000UL

#define MAX_SAMPLES		1000
#define FAULT_PAGES		1000UL
#define HUGE_PAGES		32UL
#define HUGE_PASSES		20
#define INVALIDATIONS		200
#define UPDATES			400
/* The first updates are slower, because caches fill. */
#define WARM_UPDATES		20
#define SIZE_PASSES		5
/* The number of pages that share one frame by default. */
#define KSM_PAGES		256UL
#define KSM_SCANS		3
#define KSM_PASSES		10
#define REAP_PAGES		4096UL
#define REAP_VICTIMS		10
#define MAX_SLOTS		32000
#define MAX_VMS			1000
#define MAX_MIB			1024
/* Two for each VM, and some. */
#define MAX_FILES		(3 * MAX_VMS)

#define KSM			"/sys/kernel/mm/ksm/"

/* The guest's data; the host accesses it in the VM's first memslot. */
struct guest_shared {
	uint64_t nr;
	uint64_t stride;
	uint32_t samples[MAX_SAMPLES];
};

static struct guest_shared guest_shared;

static struct options {
	struct sweep slots;
	struct sweep vms;
	struct sweep aliases;
	struct sweep mib;
} opt = {
	.slots = { "slots", 0, MAX_SLOTS, 4, { 0, 512, 4096, 32000 } },
	.vms = { "vms", 1, MAX_VMS, 4, { 1, 10, 100, 1000 } },
	.aliases = { "aliases", 1, MAX_SLOTS, 3, { 1, 32, 1000 } },
	.mib = { "mib", 2, MAX_MIB, 3, { 4, 16, 64 } },
};

/* A VM with a vCPU, and memory for its guest to touch. */
struct guest {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	struct kvm_stats stats;
	struct guest_shared *shared;
	uint8_t *mem;
	size_t len;
	uint8_t *spare;
};

static uint64_t samples[HUGE_PAGES * HUGE_PASSES > KSM_PAGES * KSM_PASSES ?
			HUGE_PAGES * HUGE_PASSES : KSM_PAGES * KSM_PASSES];
static unsigned int nr_samples;

static void must(bool done, const char *what)
{
	TEST_ASSERT(done, "%s: %s", what, strerror(errno));
}

/* ---- samples ---- */

static void add_sample(uint64_t instructions)
{
	if (nr_samples < ARRAY_SIZE(samples))
		samples[nr_samples++] = instructions;
}

static int compare_samples(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void report_one(const char *name, const char *which, const char *suffix, uint64_t value)
{
	char row[MEASURE_NAME + 64];

	snprintf(row, sizeof(row), "cost/%s/%s%s", name, which, suffix);
	measure_lower(row, "instructions", value);
}

/*
 * @suffix names the parameter that the cost depends on, e.g. "/slots=512", or
 * is "".
 */
static void report(const char *name, const char *suffix)
{
	qsort(samples, nr_samples, sizeof(*samples), compare_samples);
	report_one(name, "min", suffix, samples[0]);
	report_one(name, "p10", suffix, samples[nr_samples / 10]);
	report_one(name, "median", suffix, samples[nr_samples / 2]);
	nr_samples = 0;
}

static const char *swept(const struct sweep *s, int i)
{
	static char suffix[32];

	snprintf(suffix, sizeof(suffix), "/%s=%d", s->name, s->value[i]);
	return suffix;
}

/* ---- a guest ---- */

/* Times one write to each of some pages. */
static void guest_code(void)
{
	struct guest_shared *s = &guest_shared;
	uint64_t i, start;

	for (;;) {
		for (i = 0; i < s->nr; i++) {
			start = rdtsc();
			WRITE_ONCE(*(uint64_t *)(MEM_GVA + i * s->stride), 1);
			s->samples[i % MAX_SAMPLES] = rdtsc() - start;
		}
		GUEST_SYNC(GUEST_SYNC_DONE);
	}
}

static uint8_t *map_memory(size_t len, int advice)
{
	uint8_t *p = reserve(len);

	must(mmap(p, len, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == p, "mmap");
	madvise(p, len, advice);
	return p;
}

static void populate(void *p, size_t len)
{
	must(!madvise(p, len, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
}

static void dontneed(void *p, size_t len)
{
	must(!madvise(p, len, MADV_DONTNEED), "MADV_DONTNEED");
}

static void guest_create(struct guest *g, size_t len, int advice)
{
	g->len = len;
	g->mem = map_memory(len, advice);
	g->vm = __vm_create_with_vcpus(VM_SHAPE_DEFAULT, 1, len / PAGE, guest_code, &g->vcpu);
	vm_set_user_memory_region(g->vm, MEM_SLOT, 0, MEM_GPA, len, g->mem);
	virt_map(g->vm, MEM_GVA, MEM_GPA, len / PAGE);
	guard_catch_exceptions(g->vm, &g->vcpu, 1, guard_trap);
	kvm_stats_open_vcpu(&g->stats, g->vcpu);
	g->shared = addr_gva2hva(g->vm, (vm_vaddr_t)&guest_shared);
}

static void guest_destroy(struct guest *g)
{
	kvm_stats_close(&g->stats);
	kvm_vm_free(g->vm);
	munmap(g->mem, g->len);
}

static void guest_touch(struct guest *g, uint64_t nr, uint64_t stride)
{
	g->shared->nr = nr;
	g->shared->stride = stride;
	must(!__vcpu_run(g->vcpu), "KVM_RUN");
	guest_sync_check(g->vcpu);
}

/* Returns the minimum cost of a write to a mapped page. */
static uint64_t guest_hot(struct guest *g, uint64_t nr, uint64_t stride)
{
	uint64_t hot = ~0UL, i;

	guest_touch(g, nr, stride);
	for (i = 0; i < nr; i++)
		hot = min_t(uint64_t, hot, g->shared->samples[i]);
	return hot;
}

/* Adds a sample for each first touch, less @hot. */
static void guest_take_samples(struct guest *g, uint64_t nr, uint64_t hot)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		add_sample(g->shared->samples[i] - hot);
}

/* KVM drops its mappings; the host's page tables keep all pages, writable. */
static void unmap_from_guest(struct guest *g)
{
	must(!mprotect(g->mem, g->len, PROT_READ) &&
	     !mprotect(g->mem, g->len, PROT_READ | PROT_WRITE), "mprotect");
	populate(g->mem, g->len);
}

static uint64_t guest_faults(struct guest *g)
{
	/*
	 * Not pf_fixed, which does not count faults on pages that are only
	 * write-protected.
	 */
	return kvm_stats_read(&g->stats, "pf_taken");
}

/* ---- faults ---- */

/*
 * The first pass is not reported, because KVM maps the guest's page tables in
 * it.
 */
static uint64_t touch_in_passes(struct guest *g, int passes, uint64_t nr, uint64_t stride,
				void (*unmap)(struct guest *g))
{
	uint64_t faults = 0, before, hot;
	int pass;

	guest_touch(g, nr, stride);
	hot = guest_hot(g, nr, stride);
	for (pass = 0; pass < passes; pass++) {
		unmap(g);
		before = guest_faults(g);
		guest_touch(g, nr, stride);
		faults += guest_faults(g) - before;
		guest_take_samples(g, nr, hot);
	}
	return faults;
}

static void report_faults(const char *name, uint64_t faults, uint64_t expected)
{
	if (faults < expected) {
		ktap_fail(name, "KVM took %lu faults, not %lu", faults, expected);
		nr_samples = 0;
		return;
	}
	ktap_pass(name, "%lu faults", faults);
	report(name, "");
}

static void discard(struct guest *g)
{
	dontneed(g->mem, g->len);
}

/* As after the dirty log was read: all pages are mapped read-only. */
static void write_protect(struct guest *g)
{
	vm_set_user_memory_region(g->vm, MEM_SLOT, 0, MEM_GPA, g->len, g->mem);
	guest_touch(g, g->shared->nr, g->shared->stride);
	vm_set_user_memory_region(g->vm, MEM_SLOT, KVM_MEM_LOG_DIRTY_PAGES, MEM_GPA, g->len,
				  g->mem);
}

static void measure_small_faults(void)
{
	struct guest g;

	guest_create(&g, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);
	report_faults("fault/first-touch",
		      touch_in_passes(&g, 1, FAULT_PAGES, PAGE, unmap_from_guest), FAULT_PAGES);
	report_faults("fault/unbacked", touch_in_passes(&g, 1, FAULT_PAGES, PAGE, discard),
		      FAULT_PAGES);
	report_faults("fault/write-protect",
		      touch_in_passes(&g, 1, FAULT_PAGES, PAGE, write_protect), FAULT_PAGES);
	guest_destroy(&g);
}

static void measure_huge_faults(void)
{
	struct guest g;
	uint64_t faults;

	guest_create(&g, HUGE_PAGES * HUGE_PAGE, MADV_HUGEPAGE);
	populate(g.mem, g.len);
	faults = touch_in_passes(&g, HUGE_PASSES, HUGE_PAGES, HUGE_PAGE, unmap_from_guest);
	if (vm_get_stat(g.vm, "pages_2m") < HUGE_PAGES) {
		ktap_skip("fault/huge", "KVM maps %lu pages of 2 MiB, not %lu: too few in the host",
			  vm_get_stat(g.vm, "pages_2m"), HUGE_PAGES);
		nr_samples = 0;
	} else {
		report_faults("fault/huge", faults, HUGE_PAGES * HUGE_PASSES);
	}
	guest_destroy(&g);
}

/*
 * A page that the guest has mapped, for comparison with those that nobody has.
 */
static void measure_mapped_invalidation(void)
{
	struct guest g;
	uint64_t start;
	size_t i;

	guest_create(&g, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);
	guest_touch(&g, FAULT_PAGES, PAGE);
	for (i = 0; i < FAULT_PAGES; i++) {
		start = rdtsc();
		dontneed(g.mem + i * PAGE, PAGE);
		add_sample(rdtsc() - start);
	}
	report("invalidate/mapped", "");
	ktap_pass("invalidate/mapped", "%lu pages", FAULT_PAGES);
	guest_destroy(&g);
}

static void run_faults(void)
{
	measure_small_faults();
	measure_huge_faults();
	measure_mapped_invalidation();
}

/* ---- memslots ---- */

static void measure_invalidation(const char *name, uint8_t *page, const char *suffix)
{
	uint64_t start;
	int i;

	for (i = 0; i < INVALIDATIONS; i++) {
		start = rdtsc();
		dontneed(page, PAGE);
		add_sample(rdtsc() - start);
	}
	report(name, suffix);
}

/* Times an update of memslot @slot. */
static uint64_t update(struct kvm_vm *vm, int slot, uint32_t flags, uint64_t gpa, size_t len,
		       uint8_t *hva)
{
	uint64_t start = rdtsc();

	vm_set_user_memory_region(vm, slot, flags, gpa, len, hva);
	return rdtsc() - start;
}

enum { CREATE, LOG_ON, LOG_OFF, MOVE, DELETE, NR_UPDATES };

static const char * const update_names[] = {
	"memslot/create", "memslot/log-on", "memslot/log-off", "memslot/move", "memslot/delete",
};

/* Adds one memslot of one page to the existing ones. */
static void measure_updates(struct kvm_vm *vm, int slot, uint8_t *hva, const char *suffix)
{
	uint64_t gpa = SLOT_GPA + slot * PAGE, cost[NR_UPDATES][UPDATES];
	int i, u;

	for (i = -WARM_UPDATES; i < UPDATES; i++) {
		u = i < 0 ? 0 : i;
		cost[CREATE][u] = update(vm, slot, 0, gpa, PAGE, hva);
		cost[LOG_ON][u] = update(vm, slot, KVM_MEM_LOG_DIRTY_PAGES, gpa, PAGE, hva);
		cost[LOG_OFF][u] = update(vm, slot, 0, gpa, PAGE, hva);
		cost[MOVE][u] = update(vm, slot, 0, gpa + PAGE, PAGE, hva);
		cost[DELETE][u] = update(vm, slot, 0, gpa + PAGE, 0, hva);
	}
	for (u = 0; u < NR_UPDATES; u++) {
		for (i = 0; i < UPDATES; i++)
			add_sample(cost[u][i]);
		report(update_names[u], suffix);
	}
}

static void run_slots(void)
{
	/* One mapping, so that mm does the same work inside and outside. */
	uint8_t *mem = map_memory((MAX_SLOTS + 2) * PAGE, MADV_NOHUGEPAGE);
	uint8_t *outside = mem + (MAX_SLOTS + 1) * PAGE;
	struct kvm_vm *vm = vm_create_barebones();
	int slot = 0, i, n;

	for (i = 0; i < opt.slots.nr; i++) {
		n = opt.slots.value[i];
		for (; slot < n; slot++)
			vm_set_user_memory_region(vm, slot, 0, SLOT_GPA + slot * PAGE, PAGE,
						  mem + slot * PAGE);
		measure_invalidation("invalidate/outside", outside, swept(&opt.slots, i));
		if (n)
			measure_invalidation("invalidate/inside", mem + n / 2 * PAGE,
					     swept(&opt.slots, i));
		measure_updates(vm, n, mem + n * PAGE, swept(&opt.slots, i));
		ktap_pass("slots", "%d memslots", n);
	}
	kvm_vm_free(vm);
	munmap(mem, (MAX_SLOTS + 2) * PAGE);
}

/* ---- VMs ---- */

/* Each has a memslot of one page.  Returns NULL if no more can be created. */
static struct kvm_vm *create_small_vm(uint8_t *page)
{
	uint64_t left;
	struct kvm_vm *vm;

	/*
	 * The framework fails an assertion when the kernel has no memory, so
	 * check before.
	 */
	left = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * PAGE;
	if (left < 64UL << 20)
		return NULL;
	vm = vm_create_barebones();
	vm_set_user_memory_region(vm, 0, 0, SLOT_GPA, PAGE, page);
	return vm;
}

static void run_vms(void)
{
	static struct kvm_vm *vm[MAX_VMS];
	struct rlimit files = { MAX_FILES, MAX_FILES };
	uint8_t *mem = map_memory((MAX_VMS + 1) * PAGE, MADV_NOHUGEPAGE);
	uint8_t *outside = mem + MAX_VMS * PAGE;
	int i, n, made = 0;

	must(!setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	for (i = 0; i < opt.vms.nr; i++) {
		for (n = opt.vms.value[i]; made < n; made++) {
			vm[made] = create_small_vm(mem + made * PAGE);
			if (!vm[made])
				break;
		}
		if (made < n) {
			ktap_skip("vms", "%d VMs: no memory for more than %d", n, made);
			continue;
		}
		measure_invalidation("invalidate/outside", outside, swept(&opt.vms, i));
		measure_invalidation("invalidate/inside", mem + n / 2 * PAGE, swept(&opt.vms, i));
		ktap_pass("vms", "%d VMs", n);
	}
	while (made)
		kvm_vm_free(vm[--made]);
	munmap(mem, (MAX_VMS + 1) * PAGE);
}

/* ---- aliases ---- */

/* One page, at many gpas of one VM. */
static void run_aliases(void)
{
	uint8_t *page = map_memory(PAGE, MADV_NOHUGEPAGE);
	struct kvm_vm *vm = vm_create_barebones();
	int slot = 0, i;

	for (i = 0; i < opt.aliases.nr; i++) {
		for (; slot < opt.aliases.value[i]; slot++)
			vm_set_user_memory_region(vm, slot, 0, SLOT_GPA + slot * PAGE, PAGE, page);
		measure_invalidation("invalidate/aliased", page, swept(&opt.aliases, i));
		ktap_pass("aliases", "%d memslots of one page", slot);
	}
	kvm_vm_free(vm);
	munmap(page, PAGE);
}

/* ---- size ---- */

/*
 * After some time without an update, SRCU makes the first one wait for the next
 * tick, which costs no instructions, so an additional update comes just before.
 * It must not be the deletion of a memslot, which would zap all mappings.
 */
static uint64_t log_on(struct guest *g)
{
	vm_set_user_memory_region(g->vm, SPARE_SLOT, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGE,
				  g->spare);
	vm_set_user_memory_region(g->vm, SPARE_SLOT, 0, SLOT_GPA, PAGE, g->spare);
	return update(g->vm, MEM_SLOT, KVM_MEM_LOG_DIRTY_PAGES, MEM_GPA, g->len, g->mem);
}

static uint64_t discard_all(struct guest *g)
{
	uint64_t start = rdtsc();

	dontneed(g->mem, g->len);
	return rdtsc() - start;
}

/* The guest maps all of its memory before each pass. */
static void measure_size(const char *name, uint64_t pages, uint64_t (*what)(struct guest *g),
			 const char *suffix)
{
	struct guest g;
	int pass;

	guest_create(&g, pages * PAGE, MADV_NOHUGEPAGE);
	g.spare = map_memory(PAGE, MADV_NOHUGEPAGE);
	vm_set_user_memory_region(g.vm, SPARE_SLOT, 0, SLOT_GPA, PAGE, g.spare);
	for (pass = 0; pass < SIZE_PASSES; pass++) {
		guest_touch(&g, pages, PAGE);
		add_sample(what(&g));
		vm_set_user_memory_region(g.vm, MEM_SLOT, 0, MEM_GPA, g.len, g.mem);
	}
	report(name, suffix);
	munmap(g.spare, PAGE);
	guest_destroy(&g);
}

static void run_size(void)
{
	int i;

	for (i = 0; i < opt.mib.nr; i++) {
		measure_size("size/log-on", opt.mib.value[i] * 256UL, log_on, swept(&opt.mib, i));
		measure_size("size/discard", opt.mib.value[i] * 256UL, discard_all,
			     swept(&opt.mib, i));
		ktap_pass("size", "%d MiB", opt.mib.value[i]);
	}
}

/* ---- KSM ---- */

/* Returns 0 if there is none of that name. */
static pid_t find_thread(const char *name)
{
	char path[280], comm[32];
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t pid = 0;

	while (dir && !pid && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (knob_read(path, comm, sizeof(comm)) && !strcmp(comm, name))
			pid = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return pid;
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec ts;

	must(!clock_gettime(clock, &ts), "clock_gettime of ksmd");
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

/* Waits for full scans of ksmd, which sleeps long after each. */
static void wait_for_scans(uint64_t scans)
{
	int polls;

	for (polls = 0; counter_read(KSM "full_scans") < scans; polls++) {
		TEST_ASSERT(polls < 10000, "ksmd does not scan the pages");
		usleep(1000);
	}
}

/*
 * Measures the CPU time of ksmd to merge all pages.  It needs two passes; a
 * third is cheap.
 */
static uint64_t merge_all(clockid_t ksmd)
{
	uint64_t before = cpu_ns(ksmd);

	knob_set(KSM "run", "1");
	wait_for_scans(counter_read(KSM "full_scans") + KSM_SCANS);
	knob_set(KSM "run", "0");
	TEST_ASSERT(counter_read(KSM "pages_sharing") == KSM_PAGES - 1,
		    "KSM shares %lu pages of %lu", counter_read(KSM "pages_sharing"), KSM_PAGES);
	return cpu_ns(ksmd) - before;
}

static void measure_ksm(clockid_t ksmd)
{
	uint64_t merges[KSM_PASSES], hot;
	struct guest g;
	int i;

	guest_create(&g, KSM_PAGES * PAGE, MADV_NOHUGEPAGE);
	must(!madvise(g.mem, g.len, MADV_MERGEABLE), "MADV_MERGEABLE");
	guest_touch(&g, KSM_PAGES, PAGE);
	hot = guest_hot(&g, KSM_PAGES, PAGE);
	for (i = 0; i < KSM_PASSES; i++) {
		merges[i] = merge_all(ksmd) / KSM_PAGES;
		guest_touch(&g, KSM_PAGES, PAGE);
		guest_take_samples(&g, KSM_PAGES, hot);
	}
	report("ksm/break", "");
	for (i = 0; i < KSM_PASSES; i++)
		add_sample(merges[i]);
	report("ksm/merge", "");
	ktap_pass("ksm", "%d times %lu pages", KSM_PASSES, KSM_PAGES);
	guest_destroy(&g);
}

/* One pass over all pages at a time, which ends where there is no more. */
static void run_ksm(void)
{
	char pages[16];
	clockid_t clock;
	pid_t ksmd;

	snprintf(pages, sizeof(pages), "%lu", 2 * KSM_PAGES);
	ksmd = find_thread("ksmd");
	if (!ksmd || access(KSM "run", W_OK))
		ktap_skip("ksm", "no KSM in this kernel, or not for this user");
	else if (!knob_set(KSM "run", "0") || !knob_set(KSM "sleep_millisecs", "100") ||
		 !knob_set(KSM "pages_to_scan", pages) || clock_getcpuclockid(ksmd, &clock))
		ktap_skip("ksm", "KSM can't be turned on, or ksmd has no clock");
	else
		measure_ksm(clock);
}

/* ---- reap ---- */

/* The child: reports when its guest has touched all pages. */
static void victim_main(int ready)
{
	struct guest g;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	knob_forget();
	guest_create(&g, REAP_PAGES * PAGE, MADV_NOHUGEPAGE);
	guest_touch(&g, REAP_PAGES, PAGE);
	must(write(ready, "", 1) == 1, "write to the parent");
	for (;;)
		pause();
}

static pid_t victim_start(void)
{
	int ends[2];
	pid_t pid;
	char byte;

	must(!pipe(ends), "pipe");
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid)
		victim_main(ends[1]);
	close(ends[1]);
	must(read(ends[0], &byte, 1) == 1, "read from the victim");
	close(ends[0]);
	return pid;
}

/* The victim does not run meanwhile; see be_first(). */
static uint64_t reap(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	uint64_t start;

	must(pidfd >= 0, "pidfd_open");
	must(!kill(pid, SIGKILL), "kill");
	start = rdtsc();
	must(!syscall(SYS_process_mrelease, pidfd, 0), "process_mrelease");
	start = rdtsc() - start;
	close(pidfd);
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
	return start;
}

static void run_reap(void)
{
	int i;

	for (i = 0; i < REAP_VICTIMS; i++)
		add_sample(reap(victim_start()) / REAP_PAGES);
	report("reap/page", "");
	ktap_pass("reap", "%d victims of %lu pages", REAP_VICTIMS, REAP_PAGES);
}

/* ---- main ---- */

static int one_case(void)
{
	return 1;
}

static int fault_cases(void)
{
	return 5;
}

static int slots_cases(void)
{
	return opt.slots.nr;
}

static int vms_cases(void)
{
	return opt.vms.nr;
}

static int aliases_cases(void)
{
	return opt.aliases.nr;
}

static int size_cases(void)
{
	return opt.mib.nr;
}

static const struct mode {
	const char *name;
	void (*run)(void);
	int (*cases)(void);
} modes[] = {
	{ "faults", run_faults, fault_cases },
	{ "slots", run_slots, slots_cases },
	{ "vms", run_vms, vms_cases },
	{ "aliases", run_aliases, aliases_cases },
	{ "size", run_size, size_cases },
	{ "ksm", run_ksm, one_case },
	{ "reap", run_reap, one_case },
};

static void usage(const char *name)
{
	printf("Usage: %s [OPTION]... [faults|slots|vms|aliases|size|ksm|reap]...\n"
	       "Without a name, all of them.  Lists, as 1,10,100, ascending:\n"
	       " -n  memslots, up to %d (default 0,512,4096,32000)\n"
	       " -k  VMs, up to %d (default 1,10,100,1000)\n"
	       " -a  memslots of one page, up to %d (default 1,32,1000)\n"
	       " -m  MiB of the guests of mode size, up to %d (default 4,16,64)\n",
	       name, MAX_SLOTS, MAX_VMS, MAX_SLOTS, MAX_MIB);
}

static bool take_option(int c, char *value)
{
	switch (c) {
	case 'n':
		return sweep_parse(&opt.slots, value);
	case 'k':
		return sweep_parse(&opt.vms, value);
	case 'a':
		return sweep_parse(&opt.aliases, value);
	case 'm':
		return sweep_parse(&opt.mib, value);
	default:
		return false;
	}
}

static bool wanted(const struct mode *m, int argc, char **argv)
{
	int i;

	for (i = optind; i < argc; i++)
		if (!strcmp(argv[i], m->name))
			return true;
	return optind == argc;
}

/* Exits if it is not to run; returns the number of cases. */
static int parse_options(int argc, char **argv)
{
	size_t i, found = 0;
	int n = 0;

	bench_options(argc, argv, "n:k:a:m:h", usage, take_option);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!wanted(&modes[i], argc, argv))
			continue;
		n += modes[i].cases();
		found++;
	}
	if (optind != argc && found != (size_t)(argc - optind)) {
		fprintf(stderr, "%s: no such mode; -h lists them\n", argv[0]);
		exit(2);
	}
	return n;
}

/*
 * A real-time thread preempts at once whatever wakes it up, and nothing else
 * runs unless it sleeps.  Otherwise the scheduler may let a kernel thread
 * finish first, or not, which adds 1,400 instructions to some updates of a
 * memslot.
 */
static void be_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	knob_set("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	must(!sched_setscheduler(0, SCHED_FIFO, &param), "SCHED_FIFO");
}

int main(int argc, char **argv)
{
	int n = parse_options(argc, argv);
	size_t i;

	guard_init();
	if (!icount_works())
		return ktap_skip_all("the TSC does not count instructions: needs QEMU's -icount");
	be_first();
	ktap_start(n);
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (wanted(&modes[i], argc, argv))
			modes[i].run();
	return ktap_finish();
}
