// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest of a guest (L2) writes through a shadow of page
 * tables, or to a page of the host, that is no longer valid: L1 and L2 lose
 * writes, or write to pages of someone else.
 *
 * On each vCPU a guest hypervisor (L1) runs an L2 by AMD's SVM.  Both write and
 * check the same memory, by the rules of include/oracle.h, while host threads
 * invalidate it (include/storm.h).
 *
 * With nested paging (npt/...) L2 has guest physical addresses of its own: L1
 * has page tables for them, which KVM shadows.  Without (plain/...) L2 has page
 * tables for L1's physical addresses.  In both, L2 sees the memory through two
 * windows: one of 2 MiB entries, shared by all vCPUs, and one of 4 KiB entries
 * for its vCPU alone.  In the second one L1 swaps pages and removes some until
 * L2 misses them; without nested paging L2 does that as well.  A stale shadow
 * entry leads to another page, whose words do not fit.
 *
 * L2 talks to the host directly, because L1 intercepts no port.  Each case runs
 * with one vCPU and with several.  It also fails if what it is for did not
 * happen.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>

#include "cases.h"
#include "deadline.h"
#include "knob.h"
#include "kvm_util.h"
#include "processor.h"
#include "storm.h"
#include "svm_util.h"
#include "swap.h"
#include "test_util.h"
#include "thp.h"
#include "trace_count.h"
#include "writers.h"

#define PAGE			ORACLE_PAGE_SIZE
#define ENTRIES			(PAGE / sizeof(uint64_t))
#define MAX_VCPUS		16
#define SWAP_BYTES		(32UL << 20)

/* Data that L1 and L2 share, and L2's page tables. */
#define NEST_SLOT		3
#define NEST_GPA		0x40000000UL
#define NEST_GVA		0x11000000000UL
/*
 * Pages of it for each vCPU, besides those that depend on the size of the
 * memory.
 */
#define NEST_PAGES		24

/* L2's windows: the shared 2 MiB entries, and the vCPU's own 4 KiB entries. */
#define WINDOWS			2
#define OWN			1
#define L2_GVA(window)		(0x20000000000UL + (window) * 0x400000000UL)
#define L2_GPA(window)		(0x800000000UL + (window) * 0x400000000UL)
#define L2_STACK_BYTES		(4 * PAGE)
#define TABLE			(PTE_PRESENT_MASK | PTE_WRITABLE_MASK | PTE_USER_MASK)

#define RFLAGS_IF		BIT(9)
#define L2_VISITS		32
#define L1_VISITS		4
#define L1_MOVES		2
/* Attacks, and visits of L2, which now and then returns to L1. */
#define DEADLINE_ATTACKS	500
#define VISITS_PER_ATTACK	4
#define MIN_ATTACKS		16
#define MIN_EXITS		50

#define DONE	"writes=%lu invalidations=%lu faults=%lu erased=%lu efaults=%lu 2m=%lu"
#define SEEN		"l2_visits=%lu l1_visits=%lu l2_exits=%lu l2_faults=%lu "		\
			"moves=%lu walks=%lu async=%lu"

#define GUEST_LINE	"guest writes=%lu l2_exits=%lu invalidations=%lu faults=%lu "		\
			"stale=%lu lost=%lu torn=%lu"

#define FAIL_LINE	"%s; stale=%lu lost=%lu torn=%lu vcpus=%d attacks=%lu seed=%lu "	\
			"after %lu ms"

/* One vCPU.  Pointers are the guest's. */
struct nested_vcpu {
	/*
	 * L2's registers while L1 runs, and L1's while L2 runs; SSE state, too.
	 */
	uint8_t fx[512] __aligned(64);
	uint64_t swapped[13];
	uint64_t rsi;
	/* Set by the host. */
	uint64_t npt;
	uint64_t root;
	uint64_t stack;
	uint64_t mem_gpa;
	/*
	 * The 4 KiB entries; the index of each page in them, and the page at
	 * each index.
	 */
	uint64_t *entry;
	uint32_t *place;
	uint32_t *page_at;
	/* Counters. */
	uint64_t l1_visits;
	uint64_t l2_visits;
	uint64_t exits;
	uint64_t faults;
	uint64_t moves;
};

/* ---- guest: both levels ---- */

static void change_places(struct nested_vcpu *n, uint64_t a, uint64_t b)
{
	uint32_t at_a = n->place[a], at_b = n->place[b];
	uint64_t entry = n->entry[at_a];

	WRITE_ONCE(n->entry[at_a], n->entry[at_b]);
	WRITE_ONCE(n->entry[at_b], entry);
	n->place[a] = at_b;
	n->place[b] = at_a;
	n->page_at[at_a] = b;
	n->page_at[at_b] = a;
	WRITE_ONCE(n->moves, n->moves + 1);
}

/* ---- guest: L2 ---- */

static uint64_t *l2_address(const struct nested_vcpu *n, uint64_t page, uint64_t random)
{
	if (random & 0x200000)
		return (uint64_t *)(L2_GVA(0) + page * PAGE);
	return (uint64_t *)(L2_GVA(OWN) + n->place[page] * PAGE);
}

static void l2_invlpg(const struct nested_vcpu *n, uint64_t page)
{
	asm volatile("invlpg (%0)" : : "r" (L2_GVA(OWN) + n->place[page] * PAGE) : "memory");
}

/* L2 changes its own page tables, as any kernel does. */
static void l2_change_tables(struct nested_vcpu *n, const struct writers_guest *g, uint64_t *rng)
{
	uint64_t a = writers_pick(g, oracle_random(rng)), b = writers_pick(g, oracle_random(rng));

	change_places(n, a, b);
	l2_invlpg(n, a);
	l2_invlpg(n, b);
}

static void l2_code(uint32_t me, struct nested_vcpu *n)
{
	const struct writers_guest *g = &writers_guest;
	uint64_t random, page, rng = writers_seed(g, me);

	while (!READ_ONCE(g->ctl->stop)) {
		random = oracle_random(&rng);
		page = writers_pick(g, random);
		writers_visit(g, me, page, l2_address(n, page, random), random);
		WRITE_ONCE(n->l2_visits, n->l2_visits + 1);
		if (n->l2_visits % L2_VISITS == 0)
			asm volatile("vmmcall" : : : "memory");
		else if (!n->npt && n->l2_visits % 8 == 0)
			l2_change_tables(n, g, &rng);
	}
	GUEST_DONE();
}

/* ---- guest: L1 ---- */

/* All general registers but rax and rsp, which VMRUN switches, and rsi. */
#define SWAP_REGISTERS							\
	".set at, %c[swapped]\n\t"					\
	".irp reg, rbx, rcx, rdx, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15\n\t" \
	"xchg %%\\reg, at(%%rsi)\n\t"					\
	".set at, at + 8\n\t"						\
	".endr\n\t"

/* The red zone below the stack pointer may be in use by the caller. */
static noinline void run_l2(struct nested_vcpu *n, uint64_t vmcb_gpa)
{
	asm volatile("add $-128, %%rsp\n\t"
		     "fxrstor64 %c[fx](%%rsi)\n\t"
		     SWAP_REGISTERS
		     "push %%rsi\n\t"
		     "mov %c[rsi](%%rsi), %%rsi\n\t"
		     "vmrun\n\t"
		     "xchg %%rsi, (%%rsp)\n\t"
		     SWAP_REGISTERS
		     "pop %c[rsi](%%rsi)\n\t"
		     "fxsave64 %c[fx](%%rsi)\n\t"
		     "sub $-128, %%rsp\n\t"
		     : "+a" (vmcb_gpa), "+S" (n)
		     : [fx] "i" (offsetof(struct nested_vcpu, fx)),
		       [swapped] "i" (offsetof(struct nested_vcpu, swapped)),
		       [rsi] "i" (offsetof(struct nested_vcpu, rsi))
		     : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
		       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		       "xmm15");
}

static void prepare_l2(struct nested_vcpu *n, struct svm_test_data *svm, uint32_t me)
{
	struct vmcb *vmcb = svm->vmcb;

	generic_svm_setup(svm, l2_code, (void *)n->stack);
	asm volatile("fxsave64 %0" : "=m" (n->fx));
	vmcb->save.rflags = X86_EFLAGS_FIXED | RFLAGS_IF;
	vmcb->control.intercept |= 1UL << INTERCEPT_SHUTDOWN;
	if (n->npt) {
		vmcb->control.nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
		vmcb->control.nested_cr3 = n->root;
	} else {
		vmcb->control.intercept_exceptions = 1U << PF_VECTOR;
		vmcb->save.cr3 = n->root;
	}
	/* Arguments of l2_code(): rdi and rsi. */
	n->swapped[3] = me;
	n->rsi = (uint64_t)n;
}

/* L2 may only miss a page that was removed; any other is present. */
static bool give_back(struct nested_vcpu *n, const struct vmcb_control_area *exit)
{
	uint32_t expected = n->npt ? SVM_EXIT_NPF : SVM_EXIT_EXCP_BASE + PF_VECTOR;
	uint64_t at = (exit->exit_info_2 - (n->npt ? L2_GPA(OWN) : L2_GVA(OWN))) / PAGE;

	if (exit->exit_code != expected || at >= writers_guest.pages || n->entry[at])
		return false;
	WRITE_ONCE(n->entry[at], (n->mem_gpa + n->page_at[at] * PAGE) | TABLE);
	WRITE_ONCE(n->faults, n->faults + 1);
	return true;
}

/*
 * Called by L2 between two visits, when it holds no address but those of its
 * tables.
 */
static void l1_work(struct nested_vcpu *n, struct vmcb *vmcb, uint32_t me, uint64_t *rng)
{
	const struct writers_guest *g = &writers_guest;
	uint64_t random, page;
	int i;

	for (i = 0; i < L1_VISITS; i++) {
		random = oracle_random(rng);
		page = writers_pick(g, random);
		writers_visit(g, me, page, writers_pick_window(g, page, random), random);
		WRITE_ONCE(n->l1_visits, n->l1_visits + 1);
	}
	for (i = 0; i < L1_MOVES; i++)
		change_places(n, writers_pick(g, oracle_random(rng)),
			      writers_pick(g, oracle_random(rng)));
	WRITE_ONCE(n->entry[n->place[writers_pick(g, oracle_random(rng))]], 0);
	vmcb->control.tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
}

static void l1_code(uint32_t me, struct svm_test_data *svm, struct nested_vcpu *n)
{
	uint64_t rng = writers_seed(&writers_guest, me + MAX_VCPUS);
	struct vmcb *vmcb = svm->vmcb;

	prepare_l2(n, svm, me);
	asm volatile("sti");
	for (;;) {
		run_l2(n, svm->vmcb_gpa);
		stgi();
		WRITE_ONCE(n->exits, n->exits + 1);
		vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
		if (vmcb->control.exit_code == SVM_EXIT_VMMCALL) {
			vmcb->save.rip += 3;
			l1_work(n, vmcb, me, &rng);
		} else if (!give_back(n, &vmcb->control)) {
			writers_unexpected("exit of L2", vmcb->control.exit_code, vmcb->save.rip,
					   vmcb->control.exit_info_2);
		}
	}
}

/* ---- host ---- */

struct test_case {
	const char *name;
	bool npt;
	bool shmem;
	bool huge;
	/* NULL: those of the storm. */
	void (*attack)(struct storm_thread *t, uint64_t first, uint64_t n);
};

struct counts {
	uint64_t writes;
	uint64_t attacks;
	uint64_t faults;
	uint64_t erased;
	uint64_t efaults;
	uint64_t huge;
	uint64_t l1_visits;
	uint64_t l2_visits;
	uint64_t exits;
	uint64_t l2_faults;
	uint64_t moves;
	uint64_t walks;
	uint64_t asyncs;
	uint64_t usec;
};

struct scene {
	const struct test_case *tc;
	struct writers w;
	struct storm storm;
	int fd[2];
	uint8_t *hva;
	uint64_t size;
	int vcpus;
	/* The memory of the memslot NEST_SLOT. */
	int nest_fd;
	uint8_t *nest;
	uint64_t nest_size;
	uint64_t nest_used;
	struct nested_vcpu *vcpu[MAX_VCPUS];
	struct counts c;
};

static struct options opt = {
	.seconds = 15,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = MAX_VCPUS,
	.mib = 4,
	.stall = 20,
};

static struct scene scene;
static struct trace_count walks;
static struct trace_count asyncs;

/* ---- L2's page tables ---- */

static uint64_t nest_alloc(struct scene *s, uint64_t bytes)
{
	uint64_t offset = s->nest_used;

	s->nest_used += align_up(bytes, PAGE);
	TEST_ASSERT(s->nest_used <= s->nest_size, "too little memory for L2's page tables");
	return offset;
}

/* Returns the 2 MiB entry at @address in the tables below @root. */
static uint64_t *table_entry(struct scene *s, uint64_t root, uint64_t address)
{
	uint64_t *entry, table = root;
	int level;

	for (level = PG_LEVEL_512G;; level--) {
		entry = (uint64_t *)(s->nest + table - NEST_GPA);
		entry += address >> PG_LEVEL_SHIFT(level) & (ENTRIES - 1);
		if (level == PG_LEVEL_2M)
			return entry;
		if (!*entry)
			*entry = (NEST_GPA + nest_alloc(s, PAGE)) | TABLE;
		table = *entry & PHYSICAL_PAGE_MASK;
	}
}

static void map_2m(struct scene *s, uint64_t root, uint64_t address, uint64_t gpa, uint64_t size)
{
	uint64_t offset;

	for (offset = 0; offset < size; offset += WRITERS_HUGE)
		*table_entry(s, root, address + offset) = (gpa + offset) | TABLE | PTE_LARGE_MASK;
}

/* The tables with the 4 KiB entries are adjacent, as one array. */
static void map_own(struct scene *s, struct nested_vcpu *n, uint64_t address)
{
	uint64_t offset = nest_alloc(s, s->w.pages * sizeof(uint64_t));
	uint64_t *entry = (uint64_t *)(s->nest + offset), p;

	n->entry = (uint64_t *)(NEST_GVA + offset);
	for (p = 0; p < s->w.pages; p++)
		entry[p] = (n->mem_gpa + p * PAGE) | TABLE;
	for (p = 0; p < s->w.pages; p += ENTRIES)
		*table_entry(s, n->root, address + p * PAGE) =
			(NEST_GPA + offset + p * sizeof(uint64_t)) | TABLE;
}

static uint32_t *create_index(struct scene *s)
{
	uint64_t offset = nest_alloc(s, s->w.pages * sizeof(uint32_t)), p;

	for (p = 0; p < s->w.pages; p++)
		((uint32_t *)(s->nest + offset))[p] = p;
	return (uint32_t *)(NEST_GVA + offset);
}

/* Everything but the windows and L1's own memory is identity-mapped for L2. */
static void map_all(struct scene *s, struct nested_vcpu *n)
{
	struct kvm_vm *vm = s->w.vm;

	n->root = NEST_GPA + nest_alloc(s, PAGE);
	if (n->npt) {
		map_2m(s, n->root, 0, 0, memslot2region(vm, 0)->region.memory_size);
		map_2m(s, n->root, NEST_GPA, NEST_GPA, s->nest_size);
		map_2m(s, n->root, addr_gva2gpa(vm, WRITERS_CTL_GVA),
		       addr_gva2gpa(vm, WRITERS_CTL_GVA), s->w.ctl_size);
	} else {
		memcpy(s->nest + n->root - NEST_GPA, addr_gpa2hva(vm, vm->pgd), PAGE);
	}
	map_2m(s, n->root, n->npt ? L2_GPA(0) : L2_GVA(0), n->mem_gpa, s->size);
	map_own(s, n, n->npt ? L2_GPA(OWN) : L2_GVA(OWN));
}

static void create_l1(struct scene *s, struct kvm_vcpu *vcpu)
{
	uint64_t offset = nest_alloc(s, sizeof(struct nested_vcpu));
	struct nested_vcpu *n = (void *)(s->nest + offset);
	vm_vaddr_t svm;

	vcpu_alloc_svm(s->w.vm, &svm);
	n->npt = s->tc->npt;
	n->mem_gpa = WRITERS_MEM_GPA;
	n->stack = vm_vaddr_alloc(s->w.vm, L2_STACK_BYTES, KVM_UTIL_MIN_VADDR) +
		   L2_STACK_BYTES - sizeof(uint64_t);
	n->place = create_index(s);
	n->page_at = create_index(s);
	s->vcpu[vcpu->id] = n;
	vcpu_args_set(vcpu, 3, vcpu->id, svm, NEST_GVA + offset);
}

static void create_nest(struct scene *s)
{
	uint64_t pages = s->w.pages;
	int i;

	s->nest_size = align_up(s->vcpus * (NEST_PAGES * PAGE + pages * 16), WRITERS_HUGE);
	s->nest_fd = memfd_create("nested_test", MFD_CLOEXEC);
	TEST_ASSERT(s->nest_fd >= 0 && !ftruncate(s->nest_fd, s->nest_size), "memfd: %s",
		    strerror(errno));
	s->nest = mmap(NULL, s->nest_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->nest_fd, 0);
	TEST_ASSERT(s->nest != MAP_FAILED, "mmap: %s", strerror(errno));
	vm_set_user_memory_region(s->w.vm, NEST_SLOT, 0, NEST_GPA, s->nest_size, s->nest);
	virt_map(s->w.vm, NEST_GVA, NEST_GPA, s->nest_size / PAGE);
	for (i = 0; i < WINDOWS && s->tc->npt; i++)
		virt_map_level(s->w.vm, L2_GVA(i), L2_GPA(i), s->size, PG_LEVEL_2M);
	for (i = 0; i < s->vcpus; i++)
		create_l1(s, s->w.thread[i].vcpu);
	/* This comes last, because it copies L1's page tables. */
	for (i = 0; i < s->vcpus; i++)
		map_all(s, s->vcpu[i]);
}

static void destroy_nest(struct scene *s)
{
	munmap(s->nest, s->nest_size);
	close(s->nest_fd);
}

/* ---- attacks ---- */

static void attack_punch(struct storm_thread *t, uint64_t first, uint64_t n)
{
	struct storm *s = t->storm;

	oracle_erase_begin(s->w->ctl->log, first, n);
	TEST_ASSERT(!fallocate(s->fd[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE,
			       n * PAGE), "fallocate: %s", strerror(errno));
	oracle_erase_end(s->w->ctl->log, first, n);
}

static void attack_swap(struct storm_thread *t, uint64_t first, uint64_t n)
{
	TEST_ASSERT(swap_out_slow(writers_page(t->storm->w, first), n * PAGE),
		    "MADV_PAGEOUT: %s", strerror(errno));
}

/* The file keeps the contents of L2's page tables. */
static void attack_tables(struct scene *s)
{
	TEST_ASSERT(!madvise(s->nest, s->nest_size, MADV_DONTNEED), "MADV_DONTNEED: %s",
		    strerror(errno));
}

/* ---- the memory and the VM ---- */

static void create_memory(struct scene *s)
{
	int flags = MAP_FIXED | (s->tc->shmem ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), i;
	uint8_t *p;

	s->size = (uint64_t)opt.mib << 20;
	s->fd[0] = -1;
	s->fd[1] = -1;
	for (i = 0; i < (s->tc->attack ? 1 : 2) && s->tc->shmem; i++) {
		s->fd[i] = memfd_create("nested_test", MFD_CLOEXEC);
		TEST_ASSERT(s->fd[i] >= 0 && !ftruncate(s->fd[i], s->size),
			    "memfd of %lu bytes: %s", s->size, strerror(errno));
	}
	p = mmap(NULL, s->size + WRITERS_HUGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	p = (uint8_t *)align_up((uint64_t)p, WRITERS_HUGE);
	s->hva = mmap(p, s->size, PROT_READ | PROT_WRITE, flags, s->fd[0], 0);
	TEST_ASSERT(s->hva == p, "mmap of %lu bytes: %s", s->size, strerror(errno));
	madvise(s->hva, s->size, s->tc->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static void destroy_memory(struct scene *s)
{
	int i;

	munmap(s->hva, s->size);
	for (i = 0; i < 2 && s->fd[i] >= 0; i++)
		close(s->fd[i]);
}

static void create_all(struct scene *s, uint64_t seed)
{
	struct writers_setup setup = {
		.code = l1_code,
		.nr_vcpus = s->vcpus,
		.pages = (uint64_t)opt.mib << 20 >> 12,
		.huge = s->tc->huge,
		.nr_hot = STORM_THREADS,
		.seed = seed,
	};

	create_memory(s);
	setup.hva = s->hva;
	writers_create_from(&s->w, &setup);
	s->w.stall_seconds = opt.stall;
	create_nest(s);
	s->storm = (struct storm) {
		.w = &s->w,
		.fd = { s->fd[0], s->fd[1] },
		.ops = STORM_ALL,
		.huge = s->tc->huge,
		.threads = STORM_THREADS,
		.attack = s->tc->attack,
	};
}

static void destroy_all(struct scene *s)
{
	writers_destroy(&s->w);
	destroy_nest(s);
	destroy_memory(s);
}

/* ---- cases ---- */

static const struct test_case cases[] = {
	{ "npt/anon/4k", .npt = true },
	{ "npt/anon/2m", .npt = true, .huge = true },
	{ "npt/shmem/4k", .npt = true, .shmem = true },
	{ "npt/shmem/2m", .npt = true, .shmem = true, .huge = true },
	{ "npt/punch/4k", .npt = true, .shmem = true, .attack = attack_punch },
	{ "npt/punch/2m", .npt = true, .shmem = true, .attack = attack_punch, .huge = true },
	{ "npt/swap/4k", .npt = true, .attack = attack_swap },
	{ "plain/anon/4k" },
	{ "plain/anon/2m", .huge = true },
	{ "plain/shmem/4k", .shmem = true },
	{ "plain/shmem/2m", .shmem = true, .huge = true },
	{ "plain/punch/4k", .shmem = true, .attack = attack_punch },
	{ "plain/punch/2m", .shmem = true, .attack = attack_punch, .huge = true },
	{ "plain/swap/4k", .attack = attack_swap },
};

/* Returns why this case cannot run here, or NULL. */
static const char *why_not(const struct test_case *tc)
{
	const char *knob = tc->shmem ? THP "shmem_enabled" : THP "enabled";

	if (!kvm_cpu_has(X86_FEATURE_SVM))
		return "KVM offers guests no SVM here (L1 cannot use VMX; kvm_amd.nested=1?)";
	if (tc->npt && !kvm_cpu_has(X86_FEATURE_NPT))
		return "KVM offers guests no nested paging here (kvm_amd.npt=0?)";
	if (tc->huge && !knob_set(knob, tc->shmem ? "advise" : "madvise"))
		return "transparent huge pages cannot be turned on (kernel, or not root)";
	if (tc->attack == attack_swap)
		return swap_create_slow(SWAP_BYTES);
	return NULL;
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(const struct scene *s)
{
	const struct counts *c = &s->c;

	if (!c->writes || !c->l1_visits || !c->l2_visits)
		return "L1 or L2 did not access the memory";
	if (c->exits < MIN_EXITS)
		return "L2 exited to L1 too seldom";
	if (!c->moves || !c->l2_faults)
		return "L2's page tables did not change";
	if (!c->faults)
		return "KVM fixed no fault";
	if (s->tc->npt && walks.cpus && !c->walks)
		return "KVM did not walk L1's nested page tables";
	if (c->attacks < MIN_ATTACKS)
		return "too little was invalidated";
	if (s->tc->attack != attack_swap && !c->erased)
		return "no vCPU found an erased page";
	if (!s->tc->attack && !c->efaults)
		return "no vCPU ran into a hole";
	if (s->tc->attack == attack_swap && asyncs.cpus && !c->asyncs)
		return "KVM resolved no fault asynchronously";
	if (s->tc->huge && !c->huge)
		return "KVM mapped nothing with 2 MiB";
	return NULL;
}

static void collect(struct scene *s, uint64_t start, const struct counts *before)
{
	struct counts *c = &s->c;
	int i;

	c->l1_visits = 0;
	c->l2_visits = 0;
	c->exits = 0;
	c->l2_faults = 0;
	c->moves = 0;
	for (i = 0; i < s->vcpus; i++) {
		c->l1_visits += READ_ONCE(s->vcpu[i]->l1_visits);
		c->l2_visits += READ_ONCE(s->vcpu[i]->l2_visits);
		c->exits += READ_ONCE(s->vcpu[i]->exits);
		c->l2_faults += READ_ONCE(s->vcpu[i]->faults);
		c->moves += READ_ONCE(s->vcpu[i]->moves);
	}
	c->writes = writers_writes(&s->w);
	c->faults = writers_faults(&s->w);
	c->erased = writers_erased(&s->w);
	c->efaults = writers_efaults(&s->w);
	c->attacks = storm_attacks(&s->storm);
	c->huge = max(c->huge, vm_get_stat(s->w.vm, "pages_2m"));
	c->walks = trace_count_read(&walks) - before->walks;
	c->asyncs = trace_count_read(&asyncs) - before->asyncs;
	c->usec = now_us() - start;
}

static void run_scene(struct scene *s, uint64_t seed, uint64_t usec)
{
	struct counts before = {
		.walks = trace_count_read(&walks),
		.asyncs = trace_count_read(&asyncs),
	};
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us();

	storm_start(&s->storm, seed);
	writers_start(&s->w);
	while (!writers_failed(&s->w)) {
		usleep(5000);
		attack_tables(s);
		writers_watch(&s->w);
		collect(s, start, &before);
		if (s->c.usec > usec && !nothing_happened(s))
			break;
		if (deadline_passed(&deadline, min(s->c.attacks,
						   s->c.l2_visits / VISITS_PER_ATTACK)))
			break;
	}
	storm_stop(&s->storm);
	writers_stop(&s->w);
	if (!writers_failed(&s->w))
		writers_verify_all(&s->w);
}

static void add_counts(struct counts *to, const struct counts *c)
{
	to->writes += c->writes;
	to->attacks += c->attacks;
	to->faults += c->faults;
	to->erased += c->erased;
	to->efaults += c->efaults;
	to->huge = max(to->huge, c->huge);
	to->l1_visits += c->l1_visits;
	to->l2_visits += c->l2_visits;
	to->exits += c->exits;
	to->l2_faults += c->l2_faults;
	to->moves += c->moves;
	to->walks += c->walks;
	to->asyncs += c->asyncs;
	to->usec += c->usec;
}

/* Runs the case with @vcpus vCPUs.  Returns what was wrong, or NULL. */
static const char *run_with(const struct test_case *tc, int vcpus, uint64_t seed, uint64_t usec,
			    uint64_t *found)
{
	struct scene *s = &scene;

	memset(s, 0, sizeof(*s));
	s->tc = tc;
	s->vcpus = vcpus;
	create_all(s, seed);
	run_scene(s, seed, usec);
	destroy_all(s);
	oracle_add(found, s->w.found);
	return s->w.failed ? "see above" : nothing_happened(s);
}

static void test_case(const struct test_case *tc, struct counts *total, uint64_t *found,
		      uint64_t seed, uint64_t usec)
{
	int vcpus[] = { 1, opt.vcpus }, n = opt.vcpus > 1 ? 2 : 1, i;
	const char *why = NULL;
	struct counts c = {};

	for (i = 0; i < n && !why; i++) {
		why = run_with(tc, vcpus[i], seed, usec / n, found);
		add_counts(&c, &scene.c);
		if (why)
			ktap_fail(tc->name, FAIL_LINE,
				  why, found[ORACLE_STALE], found[ORACLE_LOST],
				  found[ORACLE_TORN], vcpus[i], scene.c.attacks, opt.seed,
				  scene.c.usec / 1000);
	}
	if (!why)
		ktap_pass(tc->name, DONE " " SEEN " ms=%lu", c.writes, c.attacks, c.faults,
			  c.erased, c.efaults, c.huge, c.l2_visits, c.l1_visits, c.exits,
			  c.l2_faults, c.moves, c.walks, c.asyncs, c.usec / 1000);
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
	ktap_info("seed=%lu vcpus=1,%d mib=%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.mib,
		  opt.seconds, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c))
		if (!cases_skip(c, why_not(&cases[c->i])))
			test_case(&cases[c->i], &total, found, opt.seed + c->i, cases_share(c));
	ktap_info(GUEST_LINE,
		  total.writes, total.exits, total.attacks, total.faults, found[ORACLE_STALE],
		  found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	struct cases c;

	options_parse(&opt, argc, argv);
	if (opt.mib < 2 * STORM_THREADS) {
		options_usage(&opt, argv[0]);
		return 2;
	}
	/*
	 * With a single malloc arena nothing else is mapped where the storm
	 * left a hole.
	 */
	mallopt(M_ARENA_MAX, 1);
	c = cases_choose(&opt, ARRAY_SIZE(cases), name_of);
	guard_init();
	trace_count_open(&walks, "kvmmmu/kvm_mmu_pagetable_walk");
	trace_count_open(&asyncs, "kvm/kvm_async_pf_completed");
	return run_all(&c);
}
