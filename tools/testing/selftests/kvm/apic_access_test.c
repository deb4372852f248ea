// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest loses its local APIC: it reads registers that
 * it never wrote, and interrupts that it sends itself do not arrive.
 *
 * On Intel, KVM maps a page of the process (the APIC access page, a private
 * memslot) at the guest's local APIC, and the CPU redirects accesses to it to
 * the virtual APIC.  The CPU finds the page by a physical address in each
 * vCPU's VMCS.  If the host moves or replaces the page and KVM does not update
 * the VMCS, the guest reads and writes ordinary memory instead.
 *
 * vCPUs in xAPIC mode keep writing registers, reading them back and sending
 * themselves interrupts, while the host replaces the page, discards it, swaps
 * it out, protects it and punches a hole into its file.  A single access to
 * memory is detected: the guest compares each register with the last value it
 * wrote, which is never the same twice; its interrupts must arrive; the version
 * register is constant; and the host checks that all pages stay zero.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "cases.h"
#include "commands.h"
#include "deadline.h"
#include "oracle.h"
#include "page_state.h"
#include "sum_counts.h"
#include "swap.h"

#define PAGE			COMMANDS_PAGE
#define MAX_VCPUS		8
/*
 * One vector for each vCPU, all of one priority class, above the values of TPR.
 */
#define IRQ_VECTOR		0x40
#define LVT_ERROR		0x370
#define LVT_MASKED		0x10000
/* After so many polls an interrupt that the guest has sent itself is lost. */
#define IRQ_POLLS		1000000
#define STALL_SECONDS		20
#define WARM_UP_ROUNDS		200
#define MIN_ATTACKS		16

/* The page that host and vCPU share. */
struct mailbox {
	uint64_t stop;
	uint64_t rounds;
	uint64_t irqs;
	/* The wrong register, or the ICR if an interrupt did not arrive. */
	uint32_t bad_reg;
	uint32_t found;
	uint32_t wanted;
};

static struct options opt = {
	.seconds = 5,
	.vcpus = 2,
	.min_vcpus = 2,
	.max_vcpus = MAX_VCPUS,
};

static struct commands cmds;
static uint64_t rng;

/* ---- guest ---- */

static void guest_irq(struct ex_regs *regs)
{
	struct mailbox *m = (void *)(COMMANDS_GVA + (1 + regs->vector - IRQ_VECTOR) * PAGE);

	WRITE_ONCE(m->irqs, m->irqs + 1);
	xapic_write_reg(APIC_EOI, 0);
}

static bool guest_compare(struct mailbox *m, uint32_t reg, uint32_t wanted)
{
	m->found = xapic_read_reg(reg);
	m->wanted = wanted;
	m->bad_reg = m->found == wanted ? 0 : reg;
	return !m->bad_reg;
}

static bool guest_write_and_compare(struct mailbox *m, uint32_t reg, uint32_t value)
{
	xapic_write_reg(reg, value);
	return guest_compare(m, reg, value);
}

/* The stack pointer skips the red zone. */
static noinline void guest_take_interrupts(void)
{
	asm volatile("sub $128, %%rsp; sti; nop; nop; cli; add $128, %%rsp" ::: "memory", "cc");
}

static bool guest_interrupt_itself(struct mailbox *m, uint32_t vector)
{
	uint64_t before = READ_ONCE(m->irqs);
	int polls;

	xapic_write_reg(APIC_ICR, APIC_DEST_SELF | APIC_INT_ASSERT | APIC_DM_FIXED | vector);
	for (polls = 0; polls < IRQ_POLLS; polls++) {
		guest_take_interrupts();
		if (READ_ONCE(m->irqs) != before)
			return true;
	}
	m->bad_reg = APIC_ICR;
	return false;
}

/* No value is 0, and each differs from the last. */
static void guest_use_apic(void *page)
{
	uint32_t version, me = ((uint64_t)page - COMMANDS_GVA) / PAGE - 1, n;
	struct mailbox *m = page;

	xapic_enable();
	version = xapic_read_reg(APIC_LVR);
	for (n = 0; !READ_ONCE(m->stop); n++) {
		if (!guest_compare(m, APIC_LVR, version) ||
		    !guest_write_and_compare(m, APIC_TASKPRI, 0x10 + n % 0x2f) ||
		    !guest_write_and_compare(m, LVT_ERROR, LVT_MASKED | (0x20 + n % 0xdf)))
			return;
		if (n % 4 == 0 && !guest_interrupt_itself(m, IRQ_VECTOR + me))
			return;
		WRITE_ONCE(m->rounds, m->rounds + 1);
	}
}

/* ---- the page ---- */

/*
 * Where KVM has mapped the page in this process, and the files that replace it.
 */
static struct {
	uint8_t *hva;
	int fd[2];
	const uint8_t *alias[2];
	int current;
	uint8_t *decoy;
	struct page_state state;
} apic;

#define MAX_FOUND	16

/*
 * Finds KVM's mappings of one zero page; the page of the identity map is not
 * zero.
 */
static int find_zero_pages(uint8_t *found[MAX_FOUND])
{
	FILE *f = fopen("/proc/self/maps", "r");
	uint64_t start, end;
	char line[256];
	int n = 0;

	TEST_ASSERT(f, "/proc/self/maps: %s", strerror(errno));
	while (n < MAX_FOUND && fgets(line, sizeof(line), f))
		if (strstr(line, "/dev/zero") && sscanf(line, "%lx-%lx rw-s", &start, &end) == 2 &&
		    end - start == PAGE && !*(uint64_t *)start)
			found[n++] = (uint8_t *)start;
	fclose(f);
	return n;
}

/* Returns the zero page that exists only with a VM, or NULL. */
static uint8_t *new_zero_page(uint8_t *const before[MAX_FOUND], int nr_before)
{
	uint8_t *after[MAX_FOUND];
	int i, j, n = find_zero_pages(after);

	for (i = 0; i < n; i++) {
		for (j = 0; j < nr_before && before[j] != after[i]; j++)
			;
		if (j == nr_before)
			return after[i];
	}
	return NULL;
}

static void create_files(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		apic.fd[i] = memfd_create("apic", MFD_CLOEXEC);
		TEST_ASSERT(apic.fd[i] >= 0 && !ftruncate(apic.fd[i], PAGE), "memfd: %s",
			    strerror(errno));
		apic.alias[i] = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, apic.fd[i], 0);
		TEST_ASSERT(apic.alias[i] != MAP_FAILED, "mmap: %s", strerror(errno));
	}
	apic.decoy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(apic.decoy != MAP_FAILED, "mmap: %s", strerror(errno));
}

/* Checks that no access of a guest has reached the page. */
static bool is_zero(const uint8_t *page, const char *which)
{
	uint64_t i;

	for (i = 0; i < PAGE; i += sizeof(uint32_t)) {
		if (!READ_ONCE(*(uint32_t *)(page + i)))
			continue;
		ktap_info("STALE: the guest has written %#x to register %#lx of %s, not its APIC",
			  *(uint32_t *)(page + i), i, which);
		return false;
	}
	return true;
}

static bool all_zero(void)
{
	return is_zero(apic.hva, "the page that is mapped") &&
	       is_zero(apic.alias[0], "file 0") && is_zero(apic.alias[1], "file 1");
}

static uint64_t pfn_now(void)
{
	return page_state_pfn(&apic.state, apic.hva);
}

/* ---- what is done to it ---- */

static void replace(void)
{
	apic.current = !apic.current;
	TEST_ASSERT(mmap(apic.hva, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 apic.fd[apic.current], 0) == apic.hva, "mmap: %s", strerror(errno));
}

static void advise(int advice)
{
	TEST_ASSERT(!madvise(apic.hva, PAGE, advice), "madvise(%d): %s", advice, strerror(errno));
}

/*
 * The kernel reuses the page that was freed last.  Another page takes it, which
 * the guest may write harmlessly, so that the guest gets a new one.
 */
static void punch(void)
{
	madvise(apic.decoy, PAGE, MADV_DONTNEED);
	advise(MADV_REMOVE);
	*apic.decoy = 1;
}

/*
 * The first MADV_PAGEOUT only clears the accessed bit of a recently used page.
 */
static void page_out(void)
{
	int i;

	madvise(apic.decoy, PAGE, MADV_DONTNEED);
	for (i = 0; i < 4 && pfn_now(); i++)
		advise(MADV_PAGEOUT);
	*apic.decoy = 1;
}

static void discard(void)
{
	advise(MADV_DONTNEED);
}

/* KVM_RUN returns EFAULT meanwhile. */
static void protect(void)
{
	TEST_ASSERT(!mprotect(apic.hva, PAGE, PROT_NONE), "mprotect: %s", strerror(errno));
	usleep(oracle_pick(&rng, 500));
	TEST_ASSERT(!mprotect(apic.hva, PAGE, PROT_READ | PROT_WRITE), "mprotect: %s",
		    strerror(errno));
}

/* @moves: the guest must have been seen to get another page. */
static const struct attack {
	const char *name;
	void (*once)(void);
	bool moves;
	bool holes;
	bool swaps;
} attacks[] = {
	{ "mmap", replace, .moves = true },
	{ "punch", punch, .moves = true },
	{ "dontneed", discard },
	{ "pageout", page_out, .moves = true, .swaps = true },
	{ "mprotect", protect, .holes = true },
};

/* ---- a case ---- */

struct counts {
	uint64_t rounds;
	uint64_t irqs;
	uint64_t attacks;
	uint64_t moved;
	uint64_t faults;
};

static struct mailbox *mailbox(int i)
{
	return cmds.vcpu[i].page;
}

static uint64_t rounds(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++)
		sum += READ_ONCE(mailbox(i)->rounds);
	return sum;
}

static uint64_t irqs(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++)
		sum += READ_ONCE(mailbox(i)->irqs);
	return sum;
}

static uint64_t efaults(void)
{
	return sum_counts(cmds.vcpu, cmds.nr_vcpus, efaults);
}

static uint64_t sum_stat(const char *name)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++)
		sum += kvm_stats_read(&cmds.vcpu[i].stats, name);
	return sum;
}

/* Returns true if no vCPU has found anything wrong. */
static bool guests_agree(void)
{
	const struct mailbox *m;
	bool good = true;
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++) {
		if (!command_done(&cmds.vcpu[i]))
			continue;
		good = false;
		m = mailbox(i);
		if (m->bad_reg == APIC_ICR)
			ktap_info("LOST: vcpu%d did not get its own interrupt in round %lu",
				  i, m->rounds);
		else if (m->bad_reg)
			ktap_info("STALE: vcpu%d read %#x from register %#x, not %#x, in round %lu",
				  i, m->found, m->bad_reg, m->wanted, m->rounds);
	}
	return good;
}

/*
 * Waits for @more rounds.  Returns false if a guest fails or makes no progress.
 */
static bool wait_rounds(uint64_t more, const char *name)
{
	uint64_t goal = rounds() + more;
	struct stall stall = {};

	while (rounds() < goal) {
		if (!guests_agree())
			return false;
		if (stall_seen(&stall, rounds(), STALL_SECONDS)) {
			ktap_fail(name, "no progress for %d s", STALL_SECONDS);
			guard_print_thread(cmds.vcpu[0].tid);
			exit(KSFT_FAIL);
		}
		usleep(200);
	}
	return true;
}

static void create_vm(int vcpus, bool holes)
{
	uint8_t *before[MAX_FOUND];
	int i, n = find_zero_pages(before);

	commands_create(&cmds, vcpus, 0);
	apic.hva = new_zero_page(before, n);
	apic.current = 1;
	virt_map(cmds.vm, APIC_DEFAULT_GPA, APIC_DEFAULT_GPA, 1);
	for (i = 0; i < vcpus; i++) {
		vm_install_exception_handler(cmds.vm, IRQ_VECTOR + i, guest_irq);
		cmds.vcpu[i].holes = holes;
	}
}

static void start_guests(void)
{
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++)
		command(&cmds, &cmds.vcpu[i], guest_use_apic);
}

/* Returns false if one fails; the page must be accessible. */
static bool stop_guests(void)
{
	bool good = true;
	int i;

	for (i = 0; i < cmds.nr_vcpus; i++)
		WRITE_ONCE(mailbox(i)->stop, 1);
	for (i = 0; i < cmds.nr_vcpus; i++)
		good = command_wait(&cmds.vcpu[i], STALL_SECONDS * 1000) && !mailbox(i)->bad_reg &&
		       good;
	return good;
}

/* Does one attack, after the guests have used the current page. */
static bool attack(const struct attack *a, struct counts *c, const char *name)
{
	uint64_t before;

	if (!wait_rounds(1 + oracle_pick(&rng, 40), name) || !all_zero())
		return false;
	before = pfn_now();
	a->once();
	c->attacks++;
	if (!wait_rounds(2 * cmds.nr_vcpus, name))
		return false;
	c->moved += pfn_now() != before;
	return true;
}

static void judge(const struct attack *a, const struct counts *c, const char *name)
{
	if (c->faults < c->attacks)
		ktap_fail(name, "KVM mapped the page only %lu times in %lu attacks", c->faults,
			  c->attacks);
	else if (a->moves && !c->moved)
		ktap_fail(name, "the guest got no other page in %lu attacks", c->attacks);
	else if (a->holes && !efaults())
		ktap_fail(name, "no vCPU accessed the page while it was protected");
	else
		ktap_pass(name, "rounds=%lu irqs=%lu attacks=%lu moved=%lu faults=%lu efaults=%lu",
			  rounds(), irqs(), c->attacks, c->moved, c->faults, efaults());
}

static void test_case(const struct attack *a, int vcpus, uint64_t usec, const char *name,
		      struct counts *all)
{
	struct deadline deadline = deadline_start(usec, 0, MIN_ATTACKS);
	struct counts c = {};
	bool good;

	create_vm(vcpus, a->holes);
	start_guests();
	good = wait_rounds(WARM_UP_ROUNDS, name);
	c.faults = -sum_stat("pf_fixed");
	while (good && !deadline_passed(&deadline, c.attacks))
		good = attack(a, &c, name);
	good = good && guests_agree();
	good = stop_guests() && all_zero() && good;
	c.faults += sum_stat("pf_fixed");
	if (good)
		judge(a, &c, name);
	else
		ktap_fail(name, "an access did not reach the APIC, after %lu attacks", c.attacks);
	all->rounds += rounds();
	all->irqs += irqs();
	all->attacks += c.attacks;
	all->moved += c.moved;
	all->faults += c.faults;
	commands_destroy(&cmds);
}

/* ---- all ---- */

/* Returns why there is nothing to test here, or NULL. */
static const char *find_apic_page(void)
{
	const char *why = NULL;
	uint64_t emulated;

	create_vm(1, false);
	if (!apic.hva) {
		why = "KVM has no APIC access page (on Intel flexpriority, on AMD avic)";
	} else {
		start_guests();
		TEST_ASSERT(wait_rounds(WARM_UP_ROUNDS, "without any attack") && stop_guests(),
			    "a guest does not get its own APIC");
		emulated = sum_stat("insn_emulation");
		if (emulated > WARM_UP_ROUNDS)
			why = "KVM emulates accesses to the APIC (kvm_intel.enable_apicv)";
	}
	commands_destroy(&cmds);
	return why;
}

static const char *name_of(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s/%s", attacks[i / 2].name, i % 2 ? "smp" : "up");
	return name;
}

static const char *why_not(const struct attack *a)
{
	return a->swaps ? swap_create(64UL << 20) : NULL;
}

static int run_all(struct cases *c)
{
	struct counts all = {};
	int vcpus;

	cases_start(c);
	ktap_info("seed=%lu vcpus=%d paging=%s", opt.seed, opt.vcpus,
		  kvm_is_tdp_enabled() ? "tdp" : "shadow");
	while (cases_next(c)) {
		vcpus = c->i % 2 ? opt.vcpus : 1;
		if (!cases_skip(c, why_not(&attacks[c->i / 2])))
			test_case(&attacks[c->i / 2], vcpus, cases_share(c), c->name, &all);
	}
	ktap_info("guest rounds=%lu irqs=%lu attacks=%lu moved=%lu faults=%lu", all.rounds,
		  all.irqs, all.attacks, all.moved, all.faults);
	return ktap_finish();
}

int main(int argc, char **argv)
{
	const char *why;
	struct cases c;

	options_parse(&opt, argc, argv);
	c = cases_choose(&opt, 2 * ARRAY_SIZE(attacks), name_of);
	rng = oracle_mix(opt.seed) | 1;
	guard_init();
	if (!page_state_open(&apic.state, getpid()))
		return ktap_skip_all("only root sees which page is where (/proc/self/pagemap)");
	create_files();
	why = find_apic_page();
	if (why)
		return ktap_skip_all("%s", why);
	return run_all(&c);
}
