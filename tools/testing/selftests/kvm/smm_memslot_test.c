// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, code in system management mode reads or writes stale
 * memory after an invalidation, or accesses reach the memory of the wrong
 * address space.
 *
 * KVM has a second address space for system management mode (SMM).  Memory that
 * only SMM can see is discarded, replaced and loses its memslot, while vCPUs
 * enter SMM all the time.
 *
 * A vCPU sends itself an SMI for each access.  The handler returns the old
 * value of a word and writes a new one, and the vCPU judges the old one by the
 * rules of include/oracle.h: each page has one writer.  At the same guest
 * physical address the ordinary address space has other memory, which must
 * never change.  The mailbox through which both sides communicate is the same
 * memory in both.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "deadline.h"
#include "framework.h"
#include "ktap.h"
#include "options.h"
#include "oracle.h"
#include "sum_counts.h"
#include "vcpu_guard.h"

#define PAGE			ORACLE_PAGE_SIZE
#define MAX_VCPUS		16
#define PAGES			64
#define SMM(slot)		(1 << 16 | (slot))
#define HIDDEN_SLOT		1
#define SMRAM_SLOT		2
#define MAILBOX_SLOT		3
#define CTL_SLOT		4
#define HIDDEN_GPA		0x40000000UL
#define SMRAM_GPA		0x50000000UL
#define MAILBOX_GPA		0x60000000UL
#define CTL_GPA			0x100000000UL
#define MAILBOX_GVA		0x1000000000UL
#define CTL_GVA			0x1100000000UL
#define SMRAM_SIZE		0x10000UL
#define SMI_ENTRY		0x8000UL
#define NOT_THERE		0xffffffffU
#define STALL_SECONDS		20
#define DEADLINE_ATTACKS	200
#define MIN_ATTACKS		16
#define MIN_SMIS		50

#define COUNTS	"smis=%lu invalidations=%lu updates=%lu erased=%lu exits=%lu"

/* Real mode, with 32-bit operands and addresses; RSM restores all registers. */
static const uint8_t smi_handler[] = {
	0x67, 0x66, 0x8b, 0x19,		/* mov (%ecx), %ebx */
	0x67, 0x66, 0x89, 0x1a,		/* mov %ebx, (%edx) */
	0x67, 0x66, 0x89, 0x01,		/* mov %eax, (%ecx) */
	0x0f, 0xaa,			/* rsm */
};

struct vcpu_ctl {
	uint64_t smis;
	uint64_t erased;
	struct oracle_report report;
} __aligned(128);

struct ctl {
	uint64_t stop;
	uint64_t seed;
	uint64_t nr_vcpus;
	struct vcpu_ctl vcpu[MAX_VCPUS];
	/* Only the first cell of each is in use. */
	struct oracle_page log[PAGES];
};

/* ---- guest ---- */

/* Returns the value that @value has replaced; NOT_THERE if there was no SMI. */
static uint32_t exchange_in_smm(uint32_t me, uint32_t address, uint32_t value)
{
	uint32_t *mailbox = (uint32_t *)MAILBOX_GVA + me * 16;

	WRITE_ONCE(*mailbox, NOT_THERE);
	/*
	 * The SMI arrives before the next instruction, and sees these
	 * registers.
	 */
	asm volatile("movl %%esi, (%%rdi)"
		     : : "a" (value), "c" (address), "d" (MAILBOX_GPA + me * 64),
		       "S" (APIC_DEST_SELF | APIC_INT_ASSERT | APIC_DM_SMI),
		       "D" (APIC_DEFAULT_GPA + APIC_ICR) : "memory");
	return READ_ONCE(*mailbox);
}

/*
 * The stamp is the number of the page's write; there are no other places to
 * tell apart.
 */
static void visit(struct ctl *ctl, uint32_t me, uint64_t page)
{
	struct oracle_cell *c = &ctl->log[page].cell[0];
	struct vcpu_ctl *v = &ctl->vcpu[me];
	uint32_t quiet = READ_ONCE(ctl->log[page].ended), old;
	struct oracle_report r = {
		.page = page,
		.start = c->end + 1,
		.end = c->end,
		.quiet = c->quiet,
		.seen = c->seen,
		.gone = READ_ONCE(ctl->log[page].gone),
	};

	c->start = r.start;
	old = exchange_in_smm(me, HIDDEN_GPA + page * PAGE, c->start);
	r.begun = READ_ONCE(ctl->log[page].begun);
	r.value = (uint64_t)old << ORACLE_TAG_BITS;
	r.verdict = old > c->end ? ORACLE_TORN : oracle_judge(&r, r.value);
	v->erased += c->end && !old;
	c->quiet = quiet;
	c->seen = r.begun;
	c->end = c->start;
	WRITE_ONCE(v->smis, v->smis + 1);
	if (r.verdict != ORACLE_OK) {
		v->report = r;
		GUEST_SYNC(1);
	}
}

/*
 * The framework's stacks do not have the ABI's alignment, hence the attribute.
 */
static void __attribute__((force_align_arg_pointer)) guest_code(uint32_t me)
{
	struct ctl *ctl = (void *)CTL_GVA;
	uint64_t rng = oracle_mix(ctl->seed + me) | 1, page;

	while (!READ_ONCE(ctl->stop)) {
		page = oracle_pick(&rng, PAGES);
		if (page % ctl->nr_vcpus == me)
			visit(ctl, me, page);
	}
	GUEST_DONE();
}

/* ---- host ---- */

struct vcpu_thread {
	struct scene *s;
	struct kvm_vcpu *vcpu;
	pthread_t thread;
	bool finished;
	struct stall stall;
};

struct scene {
	struct kvm_vm *vm;
	struct ctl *ctl;
	struct vcpu_thread thread[MAX_VCPUS];
	int vcpus;
	uint64_t rng;
	uint8_t *hidden;
	uint8_t *decoy;
	uint8_t *smram;
	uint8_t *mailbox;
	int fd[2];
	uint8_t current[PAGES];
	/* How often the memslot became, and ceased to be, missing. */
	uint64_t gaps_begun;
	uint64_t gaps_ended;
	bool failed;
	uint64_t found[ORACLE_VERDICTS];
	uint64_t attacks;
	uint64_t updates;
	uint64_t exits;
	uint64_t usec;
};

static struct options opt = {
	.seconds = 5,
	.vcpus = 2,
	.min_vcpus = 1,
	.max_vcpus = MAX_VCPUS,
	.no_cases = true,
};

static struct scene scene;

static uint64_t pick(struct scene *s, uint64_t n)
{
	return oracle_pick(&s->rng, n);
}

static void fail(struct scene *s, enum oracle_verdict verdict)
{
	__atomic_add_fetch(&s->found[verdict], 1, __ATOMIC_SEQ_CST);
	WRITE_ONCE(s->failed, true);
	WRITE_ONCE(s->ctl->stop, 1);
}

static uint64_t smis(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, smis);
}

static uint64_t erased(struct scene *s)
{
	return sum_counts(s->ctl->vcpu, s->vcpus, erased);
}

/* ---- vCPUs ---- */

/* Emulates the handler's access while the memslot is missing. */
static bool do_access(struct vcpu_thread *t, uint64_t ended)
{
	struct kvm_run *run = t->vcpu->run;
	uint64_t offset = run->mmio.phys_addr - HIDDEN_GPA;
	uint32_t *word = (uint32_t *)(t->s->hidden + offset);

	if (run->mmio.len != sizeof(*word) || offset >= PAGES * PAGE ||
	    !(run->flags & KVM_RUN_X86_SMM) ||
	    __atomic_load_n(&t->s->gaps_begun, __ATOMIC_SEQ_CST) == ended) {
		ktap_info("vcpu=%u unexpected access of %u bytes at %#llx, flags %#x", t->vcpu->id,
			  run->mmio.len, run->mmio.phys_addr, run->flags);
		return false;
	}
	if (run->mmio.is_write)
		WRITE_ONCE(*word, *(uint32_t *)run->mmio.data);
	else
		*(uint32_t *)run->mmio.data = READ_ONCE(*word);
	__atomic_add_fetch(&t->s->exits, 1, __ATOMIC_RELAXED);
	return true;
}

static void report(struct vcpu_thread *t)
{
	const struct oracle_report *r = &t->s->ctl->vcpu[t->vcpu->id].report;
	uint64_t value = r->value >> ORACLE_TAG_BITS;

	ktap_info("%s seen by vcpu%u%s: page=%lu value=%#lx (last write: %lu quiet=%u seen=%u; "
		  "page: begun=%u gone=%u)",
		  oracle_names[r->verdict], t->vcpu->id,
		  value == NOT_THERE ? " (there was no SMI)" : "", r->page, value, r->end,
		  r->quiet, r->seen, r->begun, r->gone);
	fail(t->s, r->verdict);
}

/* Returns true if the vCPU continues. */
static bool handle_exit(struct vcpu_thread *t, uint64_t ended)
{
	struct ucall uc;

	if (t->vcpu->run->exit_reason == KVM_EXIT_MMIO && do_access(t, ended))
		return true;
	switch (get_ucall(t->vcpu, &uc)) {
	case UCALL_DONE:
		return false;
	case UCALL_SYNC:
		if (uc.args[1] == 1) {
			report(t);
			return true;
		}
		guard_exception(t->vcpu, &uc);
		break;
	default:
		guard_unexpected(t->vcpu);
	}
	fail(t->s, ORACLE_OK);
	return false;
}

static void *vcpu_main(void *arg)
{
	struct vcpu_thread *t = arg;
	uint64_t ended;

	do {
		ended = __atomic_load_n(&t->s->gaps_ended, __ATOMIC_SEQ_CST);
		if (!__vcpu_run(t->vcpu))
			continue;
		ktap_info("vcpu=%u KVM_RUN: %s", t->vcpu->id, strerror(errno));
		guard_dump(t->vcpu);
		fail(t->s, ORACLE_OK);
		break;
	} while (handle_exit(t, ended));
	__atomic_store_n(&t->finished, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void watch(struct scene *s)
{
	struct vcpu_thread *t;
	int i;

	for (i = 0; i < s->vcpus; i++) {
		t = &s->thread[i];
		if (!READ_ONCE(t->finished) &&
		    stall_seen(&t->stall, READ_ONCE(s->ctl->vcpu[i].smis), STALL_SECONDS)) {
			ktap_info("vcpu=%u made no progress for %d s", i, STALL_SECONDS);
			exit(KSFT_FAIL);
		}
	}
}

/* ---- attacks ---- */

static void map_pages(struct scene *s, uint64_t first, uint64_t n, int file)
{
	void *hva = s->hidden + first * PAGE;

	TEST_ASSERT(mmap(hva, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 s->fd[file], first * PAGE) == hva, "mmap: %s", strerror(errno));
}

static void attack_discard(struct scene *s, uint64_t first, uint64_t n)
{
	TEST_ASSERT(!madvise(s->hidden + first * PAGE, n * PAGE, MADV_DONTNEED),
		    "MADV_DONTNEED: %s", strerror(errno));
}

/* Maps zero pages of another file, which is not used for anything else. */
static void attack_replace(struct scene *s, uint64_t first, uint64_t n)
{
	static const uint8_t zeros[ORACLE_PAGE_SIZE];
	uint64_t p;
	int file;

	for (p = first; p < first + n; p++) {
		file = !s->current[p];
		TEST_ASSERT(pwrite(s->fd[file], zeros, PAGE, p * PAGE) == PAGE, "pwrite: %s",
			    strerror(errno));
		oracle_erase_begin(s->ctl->log, p, 1);
		map_pages(s, p, 1, file);
		oracle_erase_end(s->ctl->log, p, 1);
		s->current[p] = file;
	}
}

static void set_hidden(struct scene *s, uint32_t flags, uint64_t size)
{
	vm_set_user_memory_region(s->vm, SMM(HIDDEN_SLOT), flags, HIDDEN_GPA, size, s->hidden);
	s->updates++;
}

static void attack_memslot(struct scene *s)
{
	__atomic_add_fetch(&s->gaps_begun, 1, __ATOMIC_SEQ_CST);
	set_hidden(s, 0, 0);
	usleep(pick(s, 1000));
	set_hidden(s, 0, PAGES * PAGE);
	__atomic_add_fetch(&s->gaps_ended, 1, __ATOMIC_SEQ_CST);
}

static void attack_flags(struct scene *s)
{
	set_hidden(s, KVM_MEM_LOG_DIRTY_PAGES, PAGES * PAGE);
	usleep(pick(s, 500));
	set_hidden(s, 0, PAGES * PAGE);
}

static void check_decoy(struct scene *s)
{
	const uint64_t *p = (uint64_t *)s->decoy;
	size_t i;

	for (i = 0; i < PAGES * PAGE / sizeof(*p) && !s->failed; i++) {
		if (!READ_ONCE(p[i]))
			continue;
		ktap_info("TORN: page %zu of the ordinary address space has %#lx from SMM", i / 512,
			  p[i]);
		fail(s, ORACLE_TORN);
	}
}

static void attack(struct scene *s)
{
	uint64_t first = pick(s, PAGES), n = 1 + pick(s, PAGES - first);
	uint64_t goal = smis(s) + pick(s, 20);
	int tries, what = pick(s, 8);

	for (tries = 0; tries < 200 && smis(s) < goal && !s->failed; tries++)
		usleep(100);
	if (what == 0)
		attack_memslot(s);
	else if (what == 1)
		attack_flags(s);
	else if (what < 5)
		attack_replace(s, first, n);
	else
		attack_discard(s, first, n);
	s->attacks++;
}

/* ---- set-up ---- */

static uint8_t *map(uint64_t size, int fd)
{
	int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	return p;
}

static void create_memory(struct scene *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		s->fd[i] = memfd_create("smm_memslot_test", MFD_CLOEXEC);
		TEST_ASSERT(s->fd[i] >= 0 && !ftruncate(s->fd[i], PAGES * PAGE), "memfd: %s",
			    strerror(errno));
	}
	s->hidden = map(PAGES * PAGE, s->fd[0]);
	s->decoy = map(PAGES * PAGE, -1);
	s->smram = map(s->vcpus * SMRAM_SIZE, -1);
	s->mailbox = map(PAGE, -1);
	s->ctl = (struct ctl *)map(align_up(sizeof(*s->ctl), PAGE), -1);
	s->ctl->seed = opt.seed;
	s->ctl->nr_vcpus = s->vcpus;
	for (i = 0; i < s->vcpus; i++)
		memcpy(s->smram + i * SMRAM_SIZE + SMI_ENTRY, smi_handler, sizeof(smi_handler));
}

static void destroy_memory(struct scene *s)
{
	munmap(s->hidden, PAGES * PAGE);
	munmap(s->decoy, PAGES * PAGE);
	munmap(s->smram, s->vcpus * SMRAM_SIZE);
	munmap(s->mailbox, PAGE);
	munmap(s->ctl, align_up(sizeof(*s->ctl), PAGE));
	close(s->fd[0]);
	close(s->fd[1]);
}

static void add_slots(struct scene *s)
{
	uint64_t ctl_size = align_up(sizeof(*s->ctl), PAGE);

	set_hidden(s, 0, PAGES * PAGE);
	vm_set_user_memory_region(s->vm, HIDDEN_SLOT, 0, HIDDEN_GPA, PAGES * PAGE, s->decoy);
	vm_set_user_memory_region(s->vm, SMM(SMRAM_SLOT), 0, SMRAM_GPA, s->vcpus * SMRAM_SIZE,
				  s->smram);
	vm_set_user_memory_region(s->vm, SMM(MAILBOX_SLOT), 0, MAILBOX_GPA, PAGE, s->mailbox);
	vm_set_user_memory_region(s->vm, MAILBOX_SLOT, 0, MAILBOX_GPA, PAGE, s->mailbox);
	vm_set_user_memory_region(s->vm, CTL_SLOT, 0, CTL_GPA, ctl_size, s->ctl);
	virt_map(s->vm, MAILBOX_GVA, MAILBOX_GPA, 1);
	virt_map(s->vm, CTL_GVA, CTL_GPA, ctl_size / PAGE);
	virt_map(s->vm, APIC_DEFAULT_GPA, APIC_DEFAULT_GPA, 1);
}

static void create_vm(struct scene *s)
{
	struct kvm_vcpu *vcpus[MAX_VCPUS];
	int i;

	s->vm = vm_create_with_vcpus(s->vcpus, guest_code, vcpus);
	add_slots(s);
	guard_catch_exceptions(s->vm, vcpus, s->vcpus, guard_trap);
	for (i = 0; i < s->vcpus; i++) {
		vcpu_set_msr(vcpus[i], MSR_IA32_SMBASE, SMRAM_GPA + i * SMRAM_SIZE);
		vcpu_args_set(vcpus[i], 1, i);
		s->thread[i] = (struct vcpu_thread) {
			.s = s,
			.vcpu = vcpus[i],
		};
	}
}

/* Returns what did not happen in a case that found nothing wrong, or NULL. */
static const char *nothing_happened(struct scene *s)
{
	if (smis(s) < MIN_SMIS)
		return "too few SMIs";
	if (s->attacks < MIN_ATTACKS)
		return "too little was invalidated";
	if (!erased(s))
		return "no vCPU found an erased page";
	if (!s->exits)
		return "no vCPU accessed the missing memslot";
	return NULL;
}

static void run_scene(struct scene *s, uint64_t usec)
{
	struct deadline deadline = deadline_start(usec + DEADLINE_EXTRA_US, 0, DEADLINE_ATTACKS);
	uint64_t start = now_us();
	int i, r;

	for (i = 0; i < s->vcpus; i++) {
		r = pthread_create(&s->thread[i].thread, NULL, vcpu_main, &s->thread[i]);
		TEST_ASSERT(!r, "pthread_create: %s", strerror(r));
	}
	while (!READ_ONCE(s->failed)) {
		attack(s);
		check_decoy(s);
		watch(s);
		s->usec = now_us() - start;
		if (s->usec > usec && !nothing_happened(s))
			break;
		if (deadline_passed(&deadline, s->attacks))
			break;
	}
	WRITE_ONCE(s->ctl->stop, 1);
	for (i = 0; i < s->vcpus; i++) {
		while (!READ_ONCE(s->thread[i].finished)) {
			usleep(1000);
			watch(s);
		}
		pthread_join(s->thread[i].thread, NULL);
	}
}

static void test_case(int vcpus, uint64_t *found)
{
	struct scene *s = &scene;
	const char *why;
	char name[32];

	*s = (struct scene) { .vcpus = vcpus, .rng = oracle_mix(opt.seed + vcpus) | 1 };
	snprintf(name, sizeof(name), "smm/%d", vcpus);
	create_memory(s);
	create_vm(s);
	run_scene(s, opt.seconds * 1000000UL / 2);
	why = s->failed ? "see above" : nothing_happened(s);
	if (why)
		ktap_fail(name, "%s; seed=%lu attacks=%lu after %lu ms", why, opt.seed, s->attacks,
			  s->usec / 1000);
	else
		ktap_pass(name, COUNTS, smis(s), s->attacks, s->updates, erased(s), s->exits);
	oracle_add(found, s->found);
	found[ORACLE_OK] += smis(s);
	kvm_vm_free(s->vm);
	destroy_memory(s);
}

int main(int argc, char **argv)
{
	uint64_t found[ORACLE_VERDICTS] = {};

	options_parse(&opt, argc, argv);
	mallopt(M_ARENA_MAX, 1);
	guard_init();
	if (!kvm_has_cap(KVM_CAP_X86_SMM))
		return ktap_skip_all("KVM has no system management mode (CONFIG_KVM_SMM)");
	ktap_start(opt.vcpus > 1 ? 2 : 1);
	ktap_info("seed=%lu vcpus=1,%d seconds=%d paging=%s", opt.seed, opt.vcpus, opt.seconds,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	test_case(1, found);
	if (opt.vcpus > 1)
		test_case(opt.vcpus, found);
	ktap_info("guest smis=%lu stale=%lu lost=%lu torn=%lu", found[ORACLE_OK],
		  found[ORACLE_STALE], found[ORACLE_LOST], found[ORACLE_TORN]);
	return ktap_finish();
}
