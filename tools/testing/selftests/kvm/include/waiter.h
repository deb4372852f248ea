/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU that waits for an invalidation of 2 s, and the thread whose
 * MADV_DONTNEED it is:
 *
 *	waiter_create(vcpus, pages)	a VM (commands.h) with memory to invalidate,
 *					@pages of the test's own, and that thread
 *	begin_wait(work)		vCPU 0 sleeps until the invalidation ends
 *	... send it something; still_waits() tells that nothing has ended
 *	end_wait(adds, &late)		judges how and when it continued
 *	waiter_destroy()
 *
 * After a failure abandon() replaces end_wait() and cleans up.  fail_case() reports
 * a failure as the result line of the case @case_name.
 */
#ifndef SELFTEST_KVM_WAITER_H
#define SELFTEST_KVM_WAITER_H

#include "commands.h"
#include "fail_case.h"
#include "interval_debug.h"
#include "oracle.h"
#include "reserve.h"
#include "steal.h"

#define PAGE			COMMANDS_PAGE
#define HUGE			0x200000UL
#define MSEC			1000000UL
#define LONG_MS			2000
/* 1 % of the invalidation */
#define SOON_NS			(LONG_MS * MSEC / 100)
/* 10 %, for the one event of many that the machine itself may delay */
#define OUTLIER_NS		(10 * SOON_NS)
#define CPU_PERMILLE		50
#define EVENTS			16
#define MAX_SERIES		32

#define MEM_SLOT		2
#define MEM_GPA			0x200000000UL
#define MEM_GVA			0x20000000000UL
#define MEM_PAGES		2048
/* The page that is invalidated, unless a case says otherwise. */
#define THE_PAGE		8

#define IRQ_VECTOR		0x40

/* The first word of each page before a case; vCPUs add to it. */
#define OLD			1000000UL

/* The page that host and vCPU share. */
struct mailbox {
	uint64_t gva;
	uint64_t pages;
	uint64_t stop;
	uint64_t ask;
	uint64_t timer_ns;
	/*
	 * The same in TSC cycles, if the local APIC timer is to use
	 * TSC-deadline mode.
	 */
	uint64_t timer_cycles;
	/* Written by the guest: */
	uint64_t about;
	uint64_t wrote;
	uint64_t count;
	uint64_t asked;
	uint64_t irqs;
	uint64_t timers;
	uint64_t nmis;
};

struct series {
	uint64_t ns[MAX_SERIES];
	int n;
};

/* A thread that invalidates memory with MADV_DONTNEED. */
struct invalidator {
	pthread_t thread;
	pid_t tid;
	sem_t go;
	bool quit;
	bool inside;
	bool ended;
	void *addr;
	size_t len;
	uint64_t began_at;
	uint64_t ended_at;
};

static struct commands cmds;
static struct invalidator invalidator;
static uint8_t *mem;
static uint64_t rng;
/*
 * How long after the end of its invalidation a vCPU was done, over all cases.
 */
static struct series woken;

/* ---- guest ---- */

static inline void guest_irq(struct ex_regs *regs)
{
	struct mailbox *m = (void *)(COMMANDS_GVA + PAGE);

	WRITE_ONCE(m->irqs, m->irqs + 1);
	x2apic_write_reg(APIC_EOI, 0);
}

static inline void guest_nmi(struct ex_regs *regs)
{
	struct mailbox *m = (void *)(COMMANDS_GVA + PAGE);

	WRITE_ONCE(m->nmis, m->nmis + 1);
}

/*
 * One instruction that faults, with interrupts on.  It reads and writes, so
 * executing it twice, or on the old page, is visible.  The stack pointer skips
 * the red zone, and the nop is in the interrupt shadow of sti.
 */
static noinline void guest_add(uint64_t *p)
{
	asm volatile("sub $128, %%rsp\n\t"
		     "sti\n\t"
		     "nop\n\t"
		     "lock addq $1, (%0)\n\t"
		     ".global guest_add_end\n"
		     "guest_add_end:\n\t"
		     "cli\n\t"
		     "add $128, %%rsp"
		     :: "r" (p) : "memory", "cc");
}

extern const char guest_add_end[];

static inline void guest_write(void *page)
{
	struct mailbox *m = page;

	WRITE_ONCE(m->about, 1);
	guest_add((uint64_t *)READ_ONCE(m->gva));
	WRITE_ONCE(m->wrote, m->wrote + 1);
}

/* ---- time ---- */

static inline bool soon(uint64_t ns)
{
	return ns < SOON_NS;
}

static inline int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static inline uint64_t longest(const struct series *s)
{
	uint64_t most = 0;
	int i;

	for (i = 0; i < s->n; i++)
		most = max(most, s->ns[i]);
	return most;
}

/* Returns the value that @percent of the series do not exceed. */
static inline uint64_t quantile(const struct series *s, int percent)
{
	struct series sorted = *s;

	if (!s->n)
		return 0;
	qsort(sorted.ns, sorted.n, sizeof(sorted.ns[0]), compare_u64);
	return sorted.ns[(sorted.n - 1) * percent / 100];
}

static inline uint64_t median(const struct series *s)
{
	return quantile(s, 50);
}

/*
 * Waits until the counter exceeds @beyond.  Spins, for exact times.  The
 * timeout does not include stolen time.
 */
static inline bool wait_for(uint64_t *what, uint64_t beyond, int ms)
{
	uint64_t start = now_ns(), end = start + ms * MSEC, left;

	while (__atomic_load_n(what, __ATOMIC_ACQUIRE) <= beyond) {
		cpu_relax();
		if (now_ns() < end)
			continue;
		left = ms * MSEC - min(ms * MSEC, elapsed_ns(start, end));
		if (!left)
			return false;
		end += left;
	}
	return true;
}

/* ---- the memory, and the thread that invalidates it ---- */

static inline uint64_t *word_of(uint8_t *base, uint64_t page)
{
	return (uint64_t *)(base + page * PAGE);
}

static inline void invalidate_once(struct invalidator *i)
{
	i->began_at = now_ns();
	__atomic_store_n(&i->inside, true, __ATOMIC_RELEASE);
	TEST_ASSERT(!madvise(i->addr, i->len, MADV_DONTNEED), "MADV_DONTNEED: %s",
		    strerror(errno));
	i->ended_at = now_ns();
	__atomic_store_n(&i->ended, true, __ATOMIC_RELEASE);
}

static inline void *invalidator_main(void *arg)
{
	struct invalidator *i = arg;

	__atomic_store_n(&i->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		while (sem_wait(&i->go))
			;
		if (i->quit)
			return NULL;
		invalidate_once(i);
	}
}

static inline void invalidator_create(struct invalidator *i)
{
	memset(i, 0, sizeof(*i));
	sem_init(&i->go, 0, 0);
	i->ended = true;
	TEST_ASSERT(!pthread_create(&i->thread, NULL, invalidator_main, i), "pthread_create");
	while (!__atomic_load_n(&i->tid, __ATOMIC_ACQUIRE))
		usleep(100);
}

static inline void invalidator_destroy(struct invalidator *i)
{
	i->quit = true;
	sem_post(&i->go);
	pthread_join(i->thread, NULL);
	sem_destroy(&i->go);
}

static inline void invalidator_go(struct invalidator *i, void *addr, size_t len)
{
	i->addr = addr;
	i->len = len;
	i->inside = false;
	i->ended = false;
	sem_post(&i->go);
}

static inline bool invalidator_inside(struct invalidator *i)
{
	return __atomic_load_n(&i->inside, __ATOMIC_ACQUIRE);
}

static inline bool invalidator_ended(struct invalidator *i)
{
	return __atomic_load_n(&i->ended, __ATOMIC_ACQUIRE);
}

/* The invalidation by the thread `invalidator`, which most cases are about. */
static inline bool invalidation_ended(void)
{
	return invalidator_ended(&invalidator);
}

/*
 * KVM counts an invalidation once nobody can map the pages any more.  A
 * sleeping invalidator proves less: it may be waiting for mmap_lock.
 */
static inline uint64_t nr_invalidations(void)
{
	return kvm_stats_read(&cmds.stats, "mmu_interval_invalidate");
}

/*
 * Returns when the invalidation is in progress and its thread sleeps in the
 * delay.
 */
static inline bool invalidation_begin(void *addr, size_t len)
{
	uint64_t before = nr_invalidations();
	int polls = COMMANDS_POLLS(LONG_MS / 2);

	invalidator_go(&invalidator, addr, len);
	while (!invalidator_inside(&invalidator) ||
	       nr_invalidations() == before || !thread_sleeps(invalidator.tid)) {
		if (invalidation_ended())
			return fail_case("the invalidation was not delayed");
		if (!polls--)
			return fail_case("the invalidation does not reach its delay");
		usleep(COMMANDS_POLL_US);
	}
	return true;
}

static inline bool invalidation_wait(void)
{
	int polls = COMMANDS_POLLS(10 * LONG_MS);

	while (!invalidation_ended() && polls--)
		usleep(COMMANDS_POLL_US);
	if (invalidation_ended())
		return true;
	guard_print_thread(invalidator.tid);
	fail_case("the invalidation does not end");
	exit(KSFT_FAIL);
}

/* ---- a vCPU that waits ---- */

static inline struct mailbox *mailbox(int vcpu)
{
	return cmds.vcpu[vcpu].page;
}

/*
 * Reports an event that has not happened for long, and where all threads are.
 */
static inline bool stuck(struct command_vcpu *v, const char *what)
{
	ktap_info("vcpu=%u thread:", v->vcpu->id);
	guard_print_thread(v->tid);
	ktap_info("the invalidating thread:");
	guard_print_thread(invalidator.tid);
	return fail_case("%s", what);
}

/* Returns when the vCPU sleeps in the fault, or wherever @work ends. */
static inline bool command_until_asleep(int vcpu, command_work work, uint64_t gva)
{
	struct command_vcpu *v = &cmds.vcpu[vcpu];
	struct mailbox *m = mailbox(vcpu);
	int polls = COMMANDS_POLLS(LONG_MS / 2);

	m->gva = gva;
	m->about = 0;
	m->wrote = 0;
	m->stop = 0;
	command(&cmds, v, work);
	while (!READ_ONCE(m->about) || !thread_sleeps(v->tid)) {
		if (command_done(v))
			return fail_case("the vCPU did not wait");
		if (!polls--)
			return stuck(v, "the vCPU does not sleep");
		usleep(COMMANDS_POLL_US);
	}
	/* A vCPU that is done sleeps as well, waiting for a command. */
	if (command_done(v))
		return fail_case("the vCPU did not wait");
	return true;
}

static inline bool wait_asleep(struct command_vcpu *v)
{
	int polls = COMMANDS_POLLS(LONG_MS / 2);

	while (!thread_sleeps(v->tid)) {
		if (!polls--)
			return stuck(v, "the vCPU does not sleep again");
		usleep(COMMANDS_POLL_US);
	}
	return true;
}

/* The vCPU must be done now, or a wake-up was lost. */
static inline void command_must_end(struct command_vcpu *v)
{
	if (command_wait(v, 5000))
		return;
	stuck(v, v->failed ? "the vCPU failed" : "the vCPU does not wake after the invalidation");
	exit(KSFT_FAIL);
}

static inline void fill(uint8_t *base, uint64_t first, uint64_t n)
{
	uint64_t p;

	for (p = first; p < first + n; p++)
		*word_of(base, p) = OLD;
}

/*
 * vCPU 0 has mapped the page, the page is being invalidated, and vCPU 0 waits.
 */
static inline bool begin_wait(command_work work)
{
	uint64_t gva = MEM_GVA + THE_PAGE * PAGE;

	fill(mem, THE_PAGE - 1, 3);
	mailbox(0)->gva = gva;
	command(&cmds, &cmds.vcpu[0], guest_write);
	command_must_end(&cmds.vcpu[0]);
	interval_debug_delay(invalidator.tid, LONG_MS * 1000);
	if (!invalidation_begin(word_of(mem, THE_PAGE), PAGE))
		return false;
	return command_until_asleep(0, work, gva);
}

/*
 * To be called during the wait: nothing has ended, and the write is not done.
 */
static inline bool still_waits(void)
{
	if (invalidation_ended())
		return fail_case("the invalidation ended too early for a verdict");
	if (READ_ONCE(mailbox(0)->wrote) || command_done(&cmds.vcpu[0]))
		return fail_case("the vCPU wrote before the invalidation had ended");
	return true;
}

/*
 * @adds is how often the vCPU must have added to the page since it was
 * invalidated.
 */
static inline bool end_wait(uint64_t adds, uint64_t *late)
{
	struct command_vcpu *v = &cmds.vcpu[0];
	uint64_t found;

	invalidation_wait();
	command_must_end(v);
	*late = elapsed_ns(invalidator.ended_at, v->done_at);
	if (woken.n < MAX_SERIES)
		woken.ns[woken.n++] = *late;
	found = *word_of(mem, THE_PAGE);
	if (found != adds)
		return fail_case("the new page holds %lu and not %lu, %lu us before the end", found,
				 adds, elapsed_ns(v->done_at, invalidator.ended_at) / 1000);
	/* The invalidation wakes the vCPU before madvise() returns. */
	if (!soon(elapsed_ns(v->done_at, invalidator.ended_at)))
		return fail_case("done %lu us before the end of an invalidation of %lu ms",
				 elapsed_ns(v->done_at, invalidator.ended_at) / 1000,
				 (invalidator.ended_at - invalidator.began_at) / MSEC);
	if (*late > OUTLIER_NS)
		return fail_case("woken %lu us after the end of the invalidation", *late / 1000);
	if (*word_of(mem, THE_PAGE - 1) != OLD || *word_of(mem, THE_PAGE + 1) != OLD)
		return fail_case("a neighbouring page has changed");
	return true;
}

/* Cleans up after a case that failed in the middle. */
static inline void abandon(void)
{
	if (!invalidation_ended())
		invalidation_wait();
	WRITE_ONCE(mailbox(0)->stop, 1);
	command_must_end(&cmds.vcpu[0]);
}

/* ---- things that are sent ---- */

static inline uint64_t random_ms(uint64_t from, uint64_t to)
{
	return from + (oracle_random(&rng) >> 33) % (to - from);
}

/* Each of these returns when the event has arrived, and how long that took. */
static inline bool send_signal(uint64_t *ns)
{
	struct command_vcpu *v = &cmds.vcpu[0];
	uint64_t before = v->eintrs, sent = now_ns();

	pthread_kill(v->thread, SIGUSR1);
	if (!wait_for(&v->eintrs, before, LONG_MS / 4))
		return stuck(v, "a signal does not make the vCPU leave KVM_RUN");
	*ns = elapsed_ns(sent, v->eintr_at);
	return true;
}

static inline void signal_msi(uint32_t data)
{
	struct kvm_msi msi = { .address_lo = APIC_DEFAULT_GPA, .data = data };
	int r = __vm_ioctl(cmds.vm, KVM_SIGNAL_MSI, &msi);

	TEST_ASSERT(r > 0, "KVM_SIGNAL_MSI: %d, %s", r, strerror(errno));
}

static inline bool arrives(uint64_t *counter, uint64_t before, uint64_t sent,
			   const char *what, uint64_t *ns)
{
	if (!wait_for(counter, before, LONG_MS / 4))
		return stuck(&cmds.vcpu[0], what);
	*ns = elapsed_ns(sent, now_ns());
	return true;
}

/* ---- all ---- */

static inline void waiter_create(int nr_vcpus, uint64_t pages)
{
	struct kvm_vcpu *vcpu;

	/* The next VM uses the same memory. */
	if (!mem)
		mem = map_aligned(MEM_PAGES * PAGE, PROT_READ | PROT_WRITE);
	madvise(mem, MEM_PAGES * PAGE, MADV_NOHUGEPAGE);

	commands_create(&cmds, nr_vcpus, MEM_PAGES + pages);
	vm_set_user_memory_region(cmds.vm, MEM_SLOT, 0, MEM_GPA, MEM_PAGES * PAGE, mem);
	virt_map(cmds.vm, MEM_GVA, MEM_GPA, MEM_PAGES);
	vm_install_exception_handler(cmds.vm, IRQ_VECTOR, guest_irq);
	vm_install_exception_handler(cmds.vm, NMI_VECTOR, guest_nmi);
	vcpu = cmds.vcpu[0].vcpu;
	TEST_ASSERT(vcpu->id == 0, "the first vCPU has id %u", vcpu->id);
	invalidator_create(&invalidator);
}

static inline void waiter_destroy(void)
{
	invalidator_destroy(&invalidator);
	commands_destroy(&cmds);
}

#endif /* SELFTEST_KVM_WAITER_H */
