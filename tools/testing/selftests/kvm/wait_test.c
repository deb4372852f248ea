// SPDX-License-Identifier: GPL-2.0
/*
 * What a vCPU does whose page is being taken away: it waits, and while it waits
 * it can be interrupted, uses no CPU and is in nobody's way.
 *
 * Each case makes one MADV_DONTNEED last 2 s (include/interval_debug.h), lets
 * a vCPU write to the page in the middle of it, and then sends it signals,
 * interrupts and so on.  What must hold of each:
 *  - the vCPU sleeps, and what is sent takes effect before 1 % of the
 *    invalidation has passed, not counting moments in which the whole machine
 *    stood still (include/metronome.h).  Of the 16 that are sent in one
 *    invalidation, one may take longer, up to 10 %.  What a halted vCPU needs in
 *    the same run is printed for comparison;
 *  - the vCPU then waits again, and its write is done once, in the new page,
 *    and after the invalidation has ended.
 * An emulator with one thread for all CPUs passes the turn at HLT and PAUSE, or
 * after 100 ms, five times what is allowed.  So nobody here runs without either:
 * who waits sleeps, or spins with PAUSE, and then what is measured is the
 * kernel's way from what is sent to where it is seen.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <sched.h>

#include "cases.h"
#include "interval_debug.h"
#include "knob.h"
#include "metronome.h"
#include "oracle.h"
#include "orders.h"

#define PAGE			ORDERS_PAGE
#define HUGE			0x200000UL
#define MSEC			1000000UL
#define LONG_MS			2000
/* 1 % of that. */
#define SOON_NS			(LONG_MS * MSEC / 100)
/* 10 %, for the one of many that the machine itself held up. */
#define OUTLIER_NS		(10 * SOON_NS)
#define CPU_PERMILLE		50
#define EVENTS			16
#define WAKES			5
#define MAX_SERIES		32
#define TIMER_NS		(100 * MSEC)
#define HALT_POLL_NS		"/sys/module/kvm/parameters/halt_poll_ns"
/* Less than the 100 ms after which KVM kicks a vCPU whose TSC is unstable. */
#define BRIEF_MS		40
#define POLL_TRIES		50

#define MEM_SLOT		2
#define HUGE_SLOT		3
#define OTHER_SLOT		4
#define NEW_SLOT		5
#define MEM_GPA			0x200000000UL
#define HUGE_GPA		0x300000000UL
#define OTHER_PAGES		64
/* Of the memslots that come and go. */
#define SLOT_GPA(slot)		(0x100000000UL * (slot))
#define MEM_GVA			0x20000000000UL
#define HUGE_GVA		0x30000000000UL

/* Pages of the memory: the one that is fought for, and those of a bystander. */
#define THE_PAGE		8
#define BUSY_FIRST		1024
#define BUSY_PAGES		1024
#define MEM_PAGES		2048

#define IRQ_VECTOR		0x40
#define TIMER_VECTOR		0x41
#define APIC_LVTT		0x320
#define APIC_TMICT		0x380
#define APIC_TDR_DIV_1		0xb

/* What the pages hold before, and what a vCPU adds to the first word. */
#define OLD			1000000UL

/* The page that host and vCPU share. */
struct desk {
	uint64_t gva;
	uint64_t pages;
	uint64_t stop;
	uint64_t ask;
	uint64_t timer_ns;
	/* The guest says: */
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

/* A thread that takes memory away; its invalidations alone are delayed. */
struct taker {
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

static struct options opt;

static struct orders o;
static struct taker taker;
static uint8_t *mem, *huge;
static uint64_t rng;
/* How long a halted vCPU needs, in the same run. */
static struct series halted_signal, halted_irq;
/* How long after the end of its invalidation a vCPU was done, in all cases. */
static struct series woken;
static const char *case_name;
static uint64_t all_sent, longest_sent;

/* ---- guest ---- */

static void guest_irq(struct ex_regs *regs)
{
	struct desk *d = (void *)(ORDERS_GVA + PAGE);

	WRITE_ONCE(d->irqs, d->irqs + 1);
	x2apic_write_reg(APIC_EOI, 0);
}

static void guest_timer(struct ex_regs *regs)
{
	struct desk *d = (void *)(ORDERS_GVA + PAGE);

	WRITE_ONCE(d->timers, d->timers + 1);
	x2apic_write_reg(APIC_EOI, 0);
	x2apic_write_reg(APIC_TMICT, d->timer_ns);
}

static void guest_nmi(struct ex_regs *regs)
{
	struct desk *d = (void *)(ORDERS_GVA + PAGE);

	WRITE_ONCE(d->nmis, d->nmis + 1);
}

/*
 * One instruction that faults, with interrupts on: reads and writes, so that
 * twice, or to the old page, shows.  The stack pointer skips the red zone, and
 * the nop the interrupt shadow of sti.
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

static void guest_write(void *page)
{
	struct desk *d = page;

	WRITE_ONCE(d->about, 1);
	guest_add((uint64_t *)READ_ONCE(d->gva));
	WRITE_ONCE(d->wrote, d->wrote + 1);
}

static void guest_write_masked(void *page)
{
	struct desk *d = page;

	WRITE_ONCE(d->about, 1);
	asm volatile("lock addq $1, (%0)" :: "r" (d->gva) : "memory", "cc");
	WRITE_ONCE(d->wrote, d->wrote + 1);
	/* What came meanwhile may come now. */
	asm volatile("sub $128, %%rsp; sti; nop; nop; cli; add $128, %%rsp" ::: "memory", "cc");
}

/* The handler arms the timer again, unless it comes after the write. */
static void guest_write_timer(void *page)
{
	struct desk *d = page;

	d->timer_ns = TIMER_NS;
	x2apic_write_reg(APIC_TDCR, APIC_TDR_DIV_1);
	x2apic_write_reg(APIC_LVTT, TIMER_VECTOR);
	x2apic_write_reg(APIC_TMICT, d->timer_ns);
	guest_write(page);
	d->timer_ns = 0;
	x2apic_write_reg(APIC_TMICT, d->timer_ns);
}

static void guest_halt(void *page)
{
	struct desk *d = page;

	WRITE_ONCE(d->about, 1);
	while (!READ_ONCE(d->stop))
		asm volatile("sub $128, %%rsp; sti; hlt; cli; add $128, %%rsp" ::: "memory", "cc");
}

/* Sends vCPU 0 an interrupt whenever the host asks. */
static void guest_send_ipis(void *page)
{
	struct desk *d = page;

	while (!READ_ONCE(d->stop)) {
		cpu_relax();
		if (READ_ONCE(d->ask) == d->asked)
			continue;
		x2apic_write_reg(APIC_ICR, APIC_DM_FIXED | APIC_INT_ASSERT | IRQ_VECTOR);
		WRITE_ONCE(d->asked, d->asked + 1);
	}
}

/* Keeps writing to pages of its own. */
static void guest_be_busy(void *page)
{
	struct desk *d = page;
	uint64_t i;

	while (!READ_ONCE(d->stop)) {
		for (i = 0; i < d->pages; i++)
			WRITE_ONCE(*(uint64_t *)(d->gva + i * PAGE), d->count);
		WRITE_ONCE(d->count, d->count + 1);
	}
}

/* ---- time ---- */

static bool soon(uint64_t ns)
{
	return ns < SOON_NS;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t longest(const struct series *s)
{
	uint64_t most = 0;
	int i;

	for (i = 0; i < s->n; i++)
		most = max(most, s->ns[i]);
	return most;
}

/* As many percent of them took no longer. */
static uint64_t quantile(const struct series *s, int percent)
{
	struct series sorted = *s;

	if (!s->n)
		return 0;
	qsort(sorted.ns, sorted.n, sizeof(sorted.ns[0]), compare_u64);
	return sorted.ns[(sorted.n - 1) * percent / 100];
}

static uint64_t median(const struct series *s)
{
	return quantile(s, 50);
}

/*
 * True once the counter has moved beyond that.  Spins, so as to be exact; what the
 * machine stood still does not count.
 */
static bool wait_for(uint64_t *what, uint64_t beyond, int ms)
{
	uint64_t start = now_ns(), end = start + ms * MSEC, left;

	while (__atomic_load_n(what, __ATOMIC_ACQUIRE) <= beyond) {
		cpu_relax();
		if (now_ns() < end)
			continue;
		left = ms * MSEC - min(ms * MSEC, took(start, end));
		if (!left)
			return false;
		end += left;
	}
	return true;
}

/* ---- the memory, and who takes it away ---- */

static uint8_t *reserve(uint64_t size)
{
	uint8_t *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	return (uint8_t *)align_up((uint64_t)p, HUGE);
}

static uint64_t *word_of(uint8_t *base, uint64_t page)
{
	return (uint64_t *)(base + page * PAGE);
}

static void take_once(struct taker *t)
{
	t->began_at = now_ns();
	__atomic_store_n(&t->inside, true, __ATOMIC_RELEASE);
	TEST_ASSERT(!madvise(t->addr, t->len, MADV_DONTNEED), "MADV_DONTNEED: %s",
		    strerror(errno));
	t->ended_at = now_ns();
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
}

static void *taker_main(void *arg)
{
	struct taker *t = arg;

	__atomic_store_n(&t->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		while (sem_wait(&t->go))
			;
		if (t->quit)
			return NULL;
		take_once(t);
	}
}

static bool take_ended(void)
{
	return __atomic_load_n(&taker.ended, __ATOMIC_ACQUIRE);
}

static bool __printf(1, 2) wrong(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ktap_fail(case_name, "%s", text);
	return false;
}

/*
 * KVM counts it just when it lets nobody map the page any more.  That the thread sleeps
 * does not say as much: it may be waiting for mmap_lock.
 */
static uint64_t nr_invalidations(void)
{
	return kvm_stats_read(&o.stats, "mmu_interval_invalidate");
}

/* Returns when the invalidation is under way, and asleep. */
static bool take_begin(void *addr, size_t len)
{
	uint64_t before = nr_invalidations();
	int looks = ORDERS_LOOKS(LONG_MS / 2);

	taker.addr = addr;
	taker.len = len;
	taker.inside = false;
	taker.ended = false;
	sem_post(&taker.go);
	while (!__atomic_load_n(&taker.inside, __ATOMIC_ACQUIRE) ||
	       nr_invalidations() == before || !thread_sleeps(taker.tid)) {
		if (take_ended())
			return wrong("the invalidation was not delayed");
		if (!looks--)
			return wrong("the invalidation does not get to its delay");
		usleep(ORDERS_LOOK_US);
	}
	return true;
}

static bool take_wait(void)
{
	int looks = ORDERS_LOOKS(10 * LONG_MS);

	while (!take_ended() && looks--)
		usleep(ORDERS_LOOK_US);
	if (take_ended())
		return true;
	guard_print_thread(taker.tid);
	wrong("the invalidation does not end");
	exit(KSFT_FAIL);
}

/* ---- a vCPU that waits ---- */

static struct desk *desk(int vcpu)
{
	return o.vcpu[vcpu].page;
}

/* What has not happened for long is said with where everybody is. */
static bool stuck(struct order_vcpu *v, const char *what)
{
	ktap_info("vcpu=%u thread:", v->vcpu->id);
	guard_print_thread(v->tid);
	ktap_info("the invalidating thread:");
	guard_print_thread(taker.tid);
	return wrong("%s", what);
}

/* Returns when the vCPU sleeps in the fault, or wherever @work ends. */
static bool order_asleep(int vcpu, order_work work, uint64_t gva)
{
	struct order_vcpu *v = &o.vcpu[vcpu];
	struct desk *d = desk(vcpu);
	int looks = ORDERS_LOOKS(LONG_MS / 2);

	d->gva = gva;
	d->about = 0;
	d->wrote = 0;
	d->stop = 0;
	order(&o, v, work);
	while (!READ_ONCE(d->about) || !thread_sleeps(v->tid)) {
		if (order_done(v))
			return wrong("the vCPU did not wait");
		if (!looks--)
			return stuck(v, "the vCPU does not sleep");
		usleep(ORDERS_LOOK_US);
	}
	/* Done, it sleeps as well: for want of orders. */
	if (order_done(v))
		return wrong("the vCPU did not wait");
	return true;
}

static bool wait_asleep(struct order_vcpu *v)
{
	int looks = ORDERS_LOOKS(LONG_MS / 2);

	while (!thread_sleeps(v->tid)) {
		if (!looks--)
			return stuck(v, "the vCPU does not sleep again");
		usleep(ORDERS_LOOK_US);
	}
	return true;
}

/* The vCPU must be done now, or something has been lost. */
static void order_must_end(struct order_vcpu *v)
{
	if (order_wait(v, 5000))
		return;
	stuck(v, v->failed ? "the vCPU failed" : "the vCPU does not wake after the invalidation");
	exit(KSFT_FAIL);
}

static void fill(uint8_t *base, uint64_t first, uint64_t n)
{
	uint64_t p;

	for (p = first; p < first + n; p++)
		*word_of(base, p) = OLD;
}

/* vCPU 0 has mapped the page, and the page is being taken away, and it waits. */
static bool begin_wait(order_work work)
{
	uint64_t gva = MEM_GVA + THE_PAGE * PAGE;

	fill(mem, THE_PAGE - 1, 3);
	desk(0)->gva = gva;
	order(&o, &o.vcpu[0], guest_write);
	order_must_end(&o.vcpu[0]);
	interval_debug_delay(taker.tid, LONG_MS * 1000);
	if (!take_begin(word_of(mem, THE_PAGE), PAGE))
		return false;
	return order_asleep(0, work, gva);
}

/* To be called in the middle: nothing has ended, and the write is not done. */
static bool still_waits(void)
{
	if (take_ended())
		return wrong("the invalidation ended too early to say anything");
	if (READ_ONCE(desk(0)->wrote) || order_done(&o.vcpu[0]))
		return wrong("the vCPU wrote before the invalidation had ended");
	return true;
}

/* @adds: how often the vCPU has added to the page since it was taken. */
static bool end_wait(uint64_t adds, uint64_t *late)
{
	struct order_vcpu *v = &o.vcpu[0];
	uint64_t found;

	take_wait();
	order_must_end(v);
	*late = took(taker.ended_at, v->done_at);
	if (woken.n < MAX_SERIES)
		woken.ns[woken.n++] = *late;
	found = *word_of(mem, THE_PAGE);
	if (found != adds)
		return wrong("the new page holds %lu and not %lu, %lu us before the end", found,
			     adds, took(v->done_at, taker.ended_at) / 1000);
	/* It is woken within the call, before that returns. */
	if (!soon(took(v->done_at, taker.ended_at)))
		return wrong("done %lu us before the end of the invalidation, which took %lu ms",
			     took(v->done_at, taker.ended_at) / 1000,
			     (taker.ended_at - taker.began_at) / MSEC);
	if (*late > OUTLIER_NS)
		return wrong("woken %lu us after the end of the invalidation", *late / 1000);
	if (*word_of(mem, THE_PAGE - 1) != OLD || *word_of(mem, THE_PAGE + 1) != OLD)
		return wrong("a neighbouring page has changed");
	return true;
}

/* A case that has failed in the middle leaves nothing behind. */
static void abandon(void)
{
	if (!take_ended())
		take_wait();
	WRITE_ONCE(desk(0)->stop, 1);
	order_must_end(&o.vcpu[0]);
}

/* ---- things that are sent ---- */

static uint64_t random_ms(uint64_t from, uint64_t to)
{
	return from + (oracle_random(&rng) >> 33) % (to - from);
}

/* Each returns when it has arrived, and how long that took. */
static bool send_signal(uint64_t *ns)
{
	struct order_vcpu *v = &o.vcpu[0];
	uint64_t before = v->eintrs, sent = now_ns();

	pthread_kill(v->thread, SIGUSR1);
	if (!wait_for(&v->eintrs, before, LONG_MS / 4))
		return stuck(v, "a signal does not get the vCPU out of KVM_RUN");
	*ns = took(sent, v->eintr_at);
	return true;
}

static void signal_msi(uint32_t data)
{
	struct kvm_msi msi = { .address_lo = APIC_DEFAULT_GPA, .data = data };
	int r = __vm_ioctl(o.vm, KVM_SIGNAL_MSI, &msi);

	TEST_ASSERT(r > 0, "KVM_SIGNAL_MSI: %d, %s", r, strerror(errno));
}

static bool arrives(uint64_t *counter, uint64_t before, uint64_t sent, const char *what,
		    uint64_t *ns)
{
	if (!wait_for(counter, before, LONG_MS / 4))
		return stuck(&o.vcpu[0], what);
	*ns = took(sent, now_ns());
	return true;
}

static bool send_msi(uint64_t *ns)
{
	uint64_t before = READ_ONCE(desk(0)->irqs), sent = now_ns();

	signal_msi(IRQ_VECTOR);
	return arrives(&desk(0)->irqs, before, sent, "the guest does not get its interrupt", ns);
}

static bool send_nmi(uint64_t *ns)
{
	uint64_t before = READ_ONCE(desk(0)->nmis), sent = now_ns();

	signal_msi(APIC_DM_NMI);
	return arrives(&desk(0)->nmis, before, sent, "the guest does not get its NMI", ns);
}

static bool send_ipi(uint64_t *ns)
{
	uint64_t before = READ_ONCE(desk(0)->irqs), sent = now_ns();

	WRITE_ONCE(desk(1)->ask, desk(1)->ask + 1);
	return arrives(&desk(0)->irqs, before, sent, "the guest does not get its IPI", ns);
}

/* Nothing is sent: the timer that the guest has armed again goes off. */
static bool send_timer(uint64_t *ns)
{
	static uint64_t last_at, last;
	uint64_t before = READ_ONCE(desk(0)->timers);

	/* The first of a case only says when to expect the next. */
	if (!last_at || before != last) {
		wait_for(&desk(0)->timers, before, LONG_MS / 4);
		last_at = now_ns();
		before = READ_ONCE(desk(0)->timers);
	}
	if (!arrives(&desk(0)->timers, before, last_at + TIMER_NS,
		     "the guest does not get its timer interrupt", ns))
		return false;
	last_at = now_ns();
	last = READ_ONCE(desk(0)->timers);
	return true;
}

/* Sends up to EVENTS in the middle of the wait, and no later than its last tenth. */
static bool send_all(bool (*send)(uint64_t *ns), int pause_ms, struct series *s)
{
	uint64_t until = now_ns() + LONG_MS * MSEC * 8 / 10;

	for (s->n = 0; s->n < EVENTS && now_ns() < until; s->n++) {
		if (pause_ms)
			usleep(random_ms(pause_ms / 2, pause_ms * 3 / 2) * 1000);
		if (!send(&s->ns[s->n]) || !wait_asleep(&o.vcpu[0]))
			return false;
	}
	all_sent += s->n;
	longest_sent = max(longest_sent, longest(s));
	return true;
}

/* The same, sent to a halted vCPU: what this machine can do at best. */
static bool measure_halted(void)
{
	bool good;

	if (halted_irq.n)
		return true;
	good = order_asleep(0, guest_halt, 0) && send_all(send_signal, 10, &halted_signal) &&
	       send_all(send_msi, 10, &halted_irq);
	WRITE_ONCE(desk(0)->stop, 1);
	signal_msi(IRQ_VECTOR);
	order_must_end(&o.vcpu[0]);
	if (!good)
		return false;
	ktap_info("a halted vCPU, us median (longest): signal %lu (%lu), interrupt %lu (%lu)",
		  median(&halted_signal) / 1000, longest(&halted_signal) / 1000,
		  median(&halted_irq) / 1000, longest(&halted_irq) / 1000);
	return true;
}

static bool fast_enough(const struct series *s)
{
	if (s->n < EVENTS / 2)
		return wrong("only %d sent", s->n);
	/* All but the longest. */
	if (soon(quantile(s, 99)) && longest(s) < OUTLIER_NS)
		return true;
	return wrong("of %d: median %lu us, the longest two %lu and %lu us; may take %lu us",
		     s->n, median(s) / 1000, quantile(s, 99) / 1000, longest(s) / 1000,
		     SOON_NS / 1000);
}

/* The frame of most cases: wait, send, end; @seen counts what the guest saw. */
static void case_sent(order_work work, bool (*send)(uint64_t *ns), int pause_ms, uint64_t *seen)
{
	struct series s = {};
	uint64_t before, count;
	uint64_t late;

	if (!measure_halted())
		return;
	before = seen ? READ_ONCE(*seen) : 0;
	if (!begin_wait(work) || !send_all(send, pause_ms, &s) || !still_waits()) {
		abandon();
		return;
	}
	if (!end_wait(1, &late) || !fast_enough(&s))
		return;
	count = seen ? READ_ONCE(*seen) - before : s.n;
	ktap_pass(case_name,
		  "sent=%d seen=%lu median_us=%lu longest_us=%lu, wait_ms=%lu woken_us=%lu",
		  s.n, count, median(&s) / 1000, longest(&s) / 1000,
		  (taker.ended_at - taker.began_at) / MSEC, late / 1000);
}

static void case_signal(void)
{
	case_sent(guest_write, send_signal, 80, &o.vcpu[0].eintrs);
}

static void case_interrupt(void)
{
	case_sent(guest_write, send_msi, 80, &desk(0)->irqs);
}

static void case_nmi(void)
{
	case_sent(guest_write, send_nmi, 80, &desk(0)->nmis);
}

static void case_timer(void)
{
	case_sent(guest_write_timer, send_timer, 0, &desk(0)->timers);
}

static void case_ipi(void)
{
	desk(1)->stop = 0;
	order(&o, &o.vcpu[1], guest_send_ipis);
	case_sent(guest_write, send_ipi, 80, &desk(0)->irqs);
	WRITE_ONCE(desk(1)->stop, 1);
	order_must_end(&o.vcpu[1]);
}

/* ---- leaving KVM_RUN in the middle ---- */

/* On the vCPU's thread: what userspace sees must be that of a running vCPU. */
static uint64_t not_runnable, not_at_fault, not_at_once;

static void look_at_vcpu(struct order_vcpu *v)
{
	struct kvm_mp_state mp_state;
	struct kvm_regs regs;

	vcpu_mp_state_get(v->vcpu, &mp_state);
	vcpu_regs_get(v->vcpu, &regs);
	not_runnable += mp_state.mp_state != KVM_MP_STATE_RUNNABLE;
	not_at_fault += regs.rip >= (uint64_t)guest_add_end ||
			regs.rip < (uint64_t)guest_add_end - 16;
}

static void run_immediate_exit(struct order_vcpu *v)
{
	uint64_t start = now_ns();

	look_at_vcpu(v);
	v->vcpu->run->immediate_exit = 1;
	not_at_once += !__vcpu_run(v->vcpu) || errno != EINTR || !soon(took(start, now_ns()));
	v->vcpu->run->immediate_exit = 0;
}

static void case_immediate_exit(void)
{
	struct order_vcpu *v = &o.vcpu[0];
	struct series s = {};
	uint64_t late;
	bool good;

	if (!measure_halted())
		return;
	not_runnable = 0;
	not_at_fault = 0;
	not_at_once = 0;
	v->on_eintr = run_immediate_exit;
	good = begin_wait(guest_write) && send_all(send_signal, 80, &s) && still_waits();
	v->on_eintr = NULL;
	if (!good) {
		abandon();
		return;
	}
	if (!end_wait(1, &late))
		return;
	if (not_runnable || not_at_fault || not_at_once)
		wrong("of %d: %lu not RUNNABLE, %lu not at the fault, %lu times not at once",
		      s.n, not_runnable, not_at_fault, not_at_once);
	else
		ktap_pass(case_name,
			  "left=%d, each RUNNABLE, at its instruction; woken_us=%lu",
			  s.n, late / 1000);
}

/* Sends the vCPU elsewhere: it needs that page no more, and must not wait for it. */
static void redirect(struct order_vcpu *v)
{
	struct kvm_regs regs;

	vcpu_regs_get(v->vcpu, &regs);
	regs.rip = (uint64_t)guest_add_end;
	vcpu_regs_set(v->vcpu, &regs);
}

static void case_redirect(void)
{
	struct order_vcpu *v = &o.vcpu[0];
	struct series s = {};
	uint64_t ns;

	if (!measure_halted())
		return;
	v->on_eintr = redirect;
	if (!begin_wait(guest_write))
		goto out;
	for (s.n = 0; s.n < EVENTS; s.n++) {
		usleep(random_ms(20, 80) * 1000);
		if (!send_signal(&ns))
			goto out;
		order_must_end(v);
		if (take_ended()) {
			wrong("the vCPU was held up until the end, the %d. time", s.n);
			goto out;
		}
		s.ns[s.n] = took(v->eintr_at, v->done_at);
		if (!order_asleep(0, guest_write, desk(0)->gva))
			goto out;
	}
out:
	v->on_eintr = NULL;
	abandon();
	if (s.n == EVENTS && *word_of(mem, THE_PAGE) != 1)
		wrong("the new page holds %lu and not 1", *word_of(mem, THE_PAGE));
	else if (s.n == EVENTS && fast_enough(&s))
		ktap_pass(case_name, "redirected=%d median_us=%lu longest_us=%lu", s.n,
			  median(&s) / 1000, longest(&s) / 1000);
}

/* ---- what must not disturb a wait, or be disturbed ---- */

/* With interrupts off: none may come, and the vCPU sleeps on, using no CPU. */
static void case_masked(void)
{
	struct order_vcpu *v = &o.vcpu[0];
	uint64_t irqs = READ_ONCE(desk(0)->irqs), start, cpu;
	uint64_t late;
	int i;

	if (!begin_wait(guest_write_masked))
		goto abandon;
	start = now_ns();
	cpu = order_cpu_ns(v);
	for (i = 0; i < EVENTS; i++) {
		signal_msi(IRQ_VECTOR);
		usleep(random_ms(40, 80) * 1000);
	}
	cpu = (order_cpu_ns(v) - cpu) * 100 / (now_ns() - start);
	if (READ_ONCE(desk(0)->irqs) != irqs) {
		wrong("an interrupt came while interrupts were off");
		goto abandon;
	}
	if (!still_waits())
		goto abandon;
	if (!end_wait(1, &late))
		return;
	if (cpu >= 5)
		wrong("the vCPU used %lu %% of a CPU while it could not take an interrupt", cpu);
	else if (READ_ONCE(desk(0)->irqs) == irqs)
		wrong("the interrupt was lost");
	else
		ktap_pass(case_name, "sent=%d cpu=%lu%% woken_us=%lu; taken after sti", i, cpu,
			  late / 1000);
	return;
abandon:
	abandon();
}

/* KVM_SET_CLOCK makes requests of all vCPUs, and wakes them. */
static bool send_request(uint64_t *ns)
{
	struct kvm_clock_data clock;
	uint64_t start = now_ns();

	vm_ioctl(o.vm, KVM_GET_CLOCK, &clock);
	clock.flags = 0;
	vm_ioctl(o.vm, KVM_SET_CLOCK, &clock);
	*ns = took(start, now_ns());
	return true;
}

static void case_request(void)
{
	case_sent(guest_write, send_request, 80, NULL);
}

static uint64_t set_slot(uint32_t slot, uint32_t flags, uint64_t size, void *hva)
{
	uint64_t start = now_ns();

	vm_set_user_memory_region(o.vm, slot, flags, SLOT_GPA(slot), size, hva);
	return took(start, now_ns());
}

/* The longest of several updates that change only the flags of a memslot. */
static uint64_t change_flags(void *hva)
{
	uint64_t most = 0;
	int i;

	for (i = 0; i < EVENTS; i++)
		most = max(most, set_slot(OTHER_SLOT, i & 1 ? 0 : KVM_MEM_LOG_DIRTY_PAGES,
					  OTHER_PAGES * PAGE, hva));
	return most;
}

/*
 * A memslot's flags change at once: nobody waits in a section of kvm->srcu.
 * To create or delete one, a kernel may wait for the end of the invalidation.
 */
static void case_memslot(void)
{
	uint8_t *other = reserve(OTHER_PAGES * PAGE);
	uint64_t before, flags, create, delete;
	uint64_t late;

	set_slot(OTHER_SLOT, 0, OTHER_PAGES * PAGE, other);
	before = change_flags(other);
	if (!begin_wait(guest_write))
		goto abandon;
	flags = change_flags(other);
	if (!still_waits() || !wait_asleep(&o.vcpu[0]))
		goto abandon;
	create = set_slot(NEW_SLOT, 0, OTHER_PAGES * PAGE, other);
	if (!end_wait(1, &late))
		goto out;
	delete = set_slot(NEW_SLOT, 0, 0, other);
	if (flags > max(SOON_NS, 4 * before))
		wrong("the flags of a memslot changed after %lu us, %lu us when nobody waits",
		      flags / 1000, before / 1000);
	else
		ktap_pass(case_name,
			  "flags=%d longest_us=%lu, %lu when nobody waits; create_ms=%lu delete_ms=%lu woken_us=%lu",
			  EVENTS, flags / 1000, before / 1000, create / MSEC, delete / MSEC,
			  late / 1000);
	goto out;
abandon:
	abandon();
out:
	set_slot(OTHER_SLOT, 0, 0, other);
}

/* Faults on other pages of the memslot in 1 s. */
static uint64_t busy_faults(void)
{
	uint64_t start = now_ns(), faults = kvm_stats_read(&o.vcpu[1].stats, "pf_fixed");

	while (now_ns() < start + LONG_MS / 2 * MSEC) {
		madvise(word_of(mem, BUSY_FIRST), BUSY_PAGES * PAGE, MADV_DONTNEED);
		usleep(10000);
	}
	faults = kvm_stats_read(&o.vcpu[1].stats, "pf_fixed") - faults;
	return faults * 1000 * MSEC / (now_ns() - start);
}

/*
 * While one vCPU waits, another faults on other pages as fast as ever: half as
 * fast, because other work on the machine may change that much in a second.
 */
static void case_others(void)
{
	uint64_t alone, beside = 0;
	uint64_t late;
	bool good;

	desk(1)->gva = MEM_GVA + BUSY_FIRST * PAGE;
	desk(1)->pages = BUSY_PAGES;
	desk(1)->stop = 0;
	order(&o, &o.vcpu[1], guest_be_busy);
	alone = busy_faults();
	good = begin_wait(guest_write);
	if (good) {
		beside = busy_faults();
		good = still_waits();
	}
	if (!good)
		abandon();
	else
		good = end_wait(1, &late);
	alone = min(alone, busy_faults());
	WRITE_ONCE(desk(1)->stop, 1);
	order_must_end(&o.vcpu[1]);
	if (good && beside * 2 < alone)
		wrong("%lu faults/s of the other vCPU, %lu while nobody waited", beside, alone);
	else if (good)
		ktap_pass(case_name,
			  "faults/s of another vCPU: %lu, %lu while nobody waited; woken_us=%lu",
			  beside, alone, late / 1000);
}

/* ---- waking ---- */

struct wait_stats {
	uint64_t waits;
	uint64_t ns;
	/* Of the histogram: how many, and between what their sum must be. */
	uint64_t in_hist;
	uint64_t at_least;
	uint64_t at_most;
	/* Faults whose page KVM mapped then, without the guest. */
	uint64_t again;
};

/* What was counted since @since. */
static void read_wait_stats(struct wait_stats *w, const struct wait_stats *since)
{
	uint64_t bucket[KVM_STATS_BUCKETS];
	struct kvm_stats *s = &o.vcpu[0].stats;
	int i, n = kvm_stats_hist(s, "mmu_interval_wait_hist", bucket);

	*w = (struct wait_stats) {
		.waits = kvm_stats_read(s, "mmu_interval_wait") - since->waits,
		.ns = kvm_stats_read(s, "mmu_interval_wait_ns") - since->ns,
		.in_hist = -since->in_hist,
		.at_least = -since->at_least,
		.at_most = -since->at_most,
		.again = kvm_stats_read(s, "mmu_interval_fault_again") - since->again,
	};
	for (i = 0; i < n; i++) {
		w->in_hist += bucket[i];
		w->at_least += i ? bucket[i] << (i - 1) : 0;
		/* The last bucket is open. */
		w->at_most += bucket[i] << (i < n - 1 ? i : 62);
	}
}

/*
 * A wait of 2 s may be counted in pieces: it is interrupted by whatever kicks the
 * vCPU, e.g. each 100 ms the update of KVM's clock where the TSC is unstable.
 */
static bool stats_agree(const struct wait_stats *w, uint64_t ns)
{
	if (!w->waits || w->waits > ns / (20 * MSEC))
		return wrong("mmu_interval_wait has moved by %lu", w->waits);
	if (w->ns < ns / 10 * 9 || w->ns > ns / 10 * 11)
		return wrong("mmu_interval_wait_ns says %lu, and it was %lu", w->ns, ns);
	if (w->in_hist != w->waits || w->at_least > w->ns || w->at_most < w->ns)
		return wrong("mmu_interval_wait_hist: %lu of %lu waits, of %lu to %lu ns, not %lu",
			     w->in_hist, w->waits, w->at_least, w->at_most, w->ns);
	/* After the last piece; with shadow paging the guest has to come back with it. */
	if (w->again != kvm_is_tdp_enabled())
		return wrong("mmu_interval_fault_again has moved by %lu", w->again);
	return true;
}

/* Nobody sends anything: no CPU time, and as long as the invalidation. */
static bool wait_undisturbed(uint64_t *wait_ns, uint64_t *permille, uint64_t *late)
{
	struct order_vcpu *v = &o.vcpu[0];
	uint64_t start, cpu;

	if (!begin_wait(guest_write)) {
		abandon();
		return false;
	}
	start = now_ns();
	cpu = order_cpu_ns(v);
	if (!end_wait(1, late))
		return false;
	*wait_ns = v->done_at - start;
	*permille = (order_cpu_ns(v) - cpu) * 1000 / *wait_ns;
	if (*permille < CPU_PERMILLE)
		return true;
	return wrong("the vCPU used %lu permille of a CPU while it waited", *permille);
}

/*
 * The last case: judges all that were woken so far.  Three of four must be
 * woken soon; one that missed its wake-up sleeps on, if only until something
 * else kicks it.
 */
static void case_wake(void)
{
	uint64_t invalidations = nr_invalidations();
	uint64_t ns, cpu, count;
	struct wait_stats since = {}, w;
	uint64_t late;
	int i;

	for (i = 0; i < WAKES; i++) {
		read_wait_stats(&since, &(struct wait_stats) {});
		if (!wait_undisturbed(&ns, &cpu, &late))
			return;
		read_wait_stats(&w, &since);
		if (!stats_agree(&w, ns))
			return;
	}
	count = nr_invalidations() - invalidations;
	if (!soon(quantile(&woken, 75)))
		wrong("of %d woken: median %lu us, 3 of 4 within %lu us; may take %lu us",
		      woken.n, median(&woken) / 1000, quantile(&woken, 75) / 1000, SOON_NS / 1000);
	else if (count < WAKES)
		wrong("mmu_interval_invalidate has moved by %lu", count);
	else
		ktap_pass(case_name,
			  "woken=%d median_us=%lu longest_us=%lu; the last: wait_ms=%lu cpu=%lu.%lu%% pieces=%lu",
			  woken.n, median(&woken) / 1000, longest(&woken) / 1000, ns / MSEC,
			  cpu / 10, cpu % 10, w.waits);
}

/* ---- polling before it sleeps ---- */

/*
 * Two waits of BRIEF_MS: what the vCPU learns from one, with that halt_poll_ns, shows in
 * the next.  Does it poll then, and until the invalidation has ended?
 */
struct poll_step {
	const char *when;
	uint64_t learns_with_ms;
	uint64_t halt_poll_ms;
	bool polls;
	bool to_the_end;
};

#define LESS	(BRIEF_MS / 4)
#define MORE	(10 * BRIEF_MS)

static const struct poll_step poll_steps[] = {
	{ "after a wait shorter than halt_poll_ns", MORE, MORE, true, true },
	{ "after a longer one", LESS, MORE, false, false },
	{ "with halt_poll_ns lowered since", MORE, LESS, true, false },
	{ "after it has polled in vain", LESS, LESS, false, false },
	{ "with halt_poll_ns=0 since", MORE, 0, false, false },
};

static cpu_set_t all_cpus;

/* What one wait has done to the statistics. */
struct polls {
	uint64_t waits;
	uint64_t tried;
	uint64_t worked;
};

static void count_polls(struct polls *p, const struct polls *since)
{
	struct kvm_stats *s = &o.vcpu[0].stats;

	*p = (struct polls) {
		.waits = kvm_stats_read(s, "mmu_interval_wait") - since->waits,
		.tried = kvm_stats_read(s, "mmu_interval_attempted_poll") - since->tried,
		.worked = kvm_stats_read(s, "mmu_interval_successful_poll") - since->worked,
	};
}

/* The page is being taken away, for that long, and the vCPU about to want it. */
static bool begin_poll(uint64_t halt_poll_ms, uint64_t ms, struct polls *before)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", halt_poll_ms * MSEC);
	TEST_ASSERT(knob_set(HALT_POLL_NS, text), HALT_POLL_NS " can't be set to %s", text);
	fill(mem, THE_PAGE - 1, 3);
	desk(0)->gva = MEM_GVA + THE_PAGE * PAGE;
	order(&o, &o.vcpu[0], guest_write);
	order_must_end(&o.vcpu[0]);
	interval_debug_delay(taker.tid, ms * 1000);
	count_polls(before, &(struct polls) {});
	if (!take_begin(word_of(mem, THE_PAGE), PAGE))
		return false;
	desk(0)->wrote = 0;
	order(&o, &o.vcpu[0], guest_write);
	return true;
}

static bool wait_briefly(uint64_t halt_poll_ms, struct polls *p)
{
	struct polls since;

	/* Not in step with anything that is done each 100 ms. */
	usleep(random_ms(1, 100) * 1000);
	if (!begin_poll(halt_poll_ms, BRIEF_MS, &since))
		return false;
	take_wait();
	order_must_end(&o.vcpu[0]);
	count_polls(p, &since);
	if (*word_of(mem, THE_PAGE) != 1)
		return wrong("the new page holds %lu and not 1", *word_of(mem, THE_PAGE));
	return true;
}

/*
 * Any other thread whose turn it is ends a poll, and any request a wait, as in
 * case_wake().  Where that matters it says nothing.
 */
static bool disturbed(const struct poll_step *step, const struct polls *first,
		      const struct polls *second)
{
	if (step->learns_with_ms == LESS && first->waits != 1)
		return true;
	if (step->to_the_end)
		return second->worked < second->tried;
	return step->polls && second->waits != 1;
}

static bool run_poll_step(const struct poll_step *step, int *tries)
{
	struct polls first, second;

	for (*tries = 1; *tries <= POLL_TRIES; ++*tries) {
		if (!wait_briefly(step->learns_with_ms, &first) ||
		    !wait_briefly(step->halt_poll_ms, &second))
			return false;
		if (disturbed(step, &first, &second))
			continue;
		if (!second.tried == !step->polls && !second.worked == !step->to_the_end)
			return true;
		return wrong("%s: %lu polls, %lu to the end", step->when, second.tried,
			     second.worked);
	}
	return wrong("%s: disturbed %d times; the last: %lu, %lu waits, %lu polls, %lu to the end",
		     step->when, POLL_TRIES, first.waits, second.waits, second.tried,
		     second.worked);
}

/* It polls for 2 s, and comes out of that for a signal. */
static bool signal_ends_poll(void)
{
	struct polls since, p = {};
	int looks = ORDERS_LOOKS(LONG_MS / 4);
	uint64_t late, ns;
	bool good;

	if (!wait_briefly(MORE, &p))
		return false;
	good = begin_poll(2 * LONG_MS, LONG_MS, &since);
	while (good && looks--) {
		count_polls(&p, &since);
		if (p.tried)
			break;
		usleep(ORDERS_LOOK_US);
	}
	good = good && (p.tried || wrong("it does not poll")) && send_signal(&ns) && still_waits();
	if (good)
		return end_wait(1, &late);
	abandon();
	return false;
}

/* From now on @tid has @cpu for itself, as far as this process goes; 0: nobody has. */
static void give_cpu(pid_t tid, int cpu)
{
	cpu_set_t one, others = all_cpus;
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	pid_t other;

	TEST_ASSERT(tasks, "/proc/self/task: %s", strerror(errno));
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (tid)
		CPU_CLR(cpu, &others);
	while ((task = readdir(tasks))) {
		other = atoi(task->d_name);
		if (other)
			sched_setaffinity(other, sizeof(one), other == tid ? &one : &others);
	}
	closedir(tasks);
}

static void run_poll_steps(void)
{
	int i, tries, most = 0;

	for (i = 0; i < (int)ARRAY_SIZE(poll_steps); i++) {
		if (!run_poll_step(&poll_steps[i], &tries))
			return;
		most = max(most, tries);
	}
	if (signal_ends_poll())
		ktap_pass(case_name, "%d times as it should, and for a signal; tries=%d", i, most);
}

static void case_poll(void)
{
	int cpu = CPU_SETSIZE - 1;

	sched_getaffinity(0, sizeof(all_cpus), &all_cpus);
	if (CPU_COUNT(&all_cpus) < 2) {
		ktap_skip(case_name, "one CPU: there is always somebody else who wants it");
		return;
	}
	while (!CPU_ISSET(cpu, &all_cpus))
		cpu--;
	give_cpu(o.vcpu[0].tid, cpu);
	run_poll_steps();
	give_cpu(0, cpu);
}

/* ---- what is not taken away is not waited for ---- */

/* The page is taken away too, at once, and so faults each time. */
static bool write_beside(struct series *s)
{
	struct order_vcpu *v = &o.vcpu[0];
	uint64_t start;

	for (s->n = 0; s->n < EVENTS; s->n++) {
		madvise(word_of(mem, THE_PAGE), PAGE, MADV_DONTNEED);
		start = now_ns();
		order(&o, v, guest_write);
		if (!order_wait(v, LONG_MS))
			return wrong("a fault beside the invalidated page was held up");
		s->ns[s->n] = took(start, v->done_at);
		if (*word_of(mem, THE_PAGE) != 1)
			return wrong("the page holds %lu and not 1", *word_of(mem, THE_PAGE));
	}
	return true;
}

static void case_beside(int64_t offset)
{
	uint64_t waits = kvm_stats_read(&o.vcpu[0].stats, "mmu_interval_wait");
	struct series s = {};
	bool good;

	if (!measure_halted())
		return;
	fill(mem, THE_PAGE - 1, 3);
	desk(0)->gva = MEM_GVA + THE_PAGE * PAGE;
	interval_debug_delay(taker.tid, LONG_MS * 1000);
	good = take_begin(word_of(mem, THE_PAGE + offset), PAGE) && write_beside(&s);
	if (good && take_ended())
		good = wrong("the invalidation ended too early to say anything");
	take_wait();
	waits = kvm_stats_read(&o.vcpu[0].stats, "mmu_interval_wait") - waits;
	if (good && waits)
		wrong("the vCPU waited %lu times", waits);
	else if (good && fast_enough(&s))
		ktap_pass(case_name,
			  "faults=%d median_us=%lu longest_us=%lu, beside an invalidation of %lu ms",
			  s.n, median(&s) / 1000, longest(&s) / 1000,
			  (taker.ended_at - taker.began_at) / MSEC);
}

static void case_before(void)
{
	case_beside(1);
}

static void case_behind(void)
{
	case_beside(-1);
}

#define HUGE_TAKEN	300
#define HUGE_OTHER	5

static bool write_huge(int vcpu, uint64_t page)
{
	struct order_vcpu *v = &o.vcpu[vcpu];

	desk(vcpu)->gva = HUGE_GVA + page * PAGE;
	order(&o, v, guest_write);
	if (order_wait(v, LONG_MS / 4))
		return true;
	return stuck(v, "a fault beside the invalidated page is held up");
}

/* One page of a 2 MiB mapping is being taken away: KVM must map 4 KiB, or wait. */
static bool huge_in_the_middle(void)
{
	if (!write_huge(0, HUGE_OTHER))
		return false;
	if (take_ended())
		return wrong("the invalidation ended too early to say anything");
	if (kvm_stats_read(&o.stats, "pages_2m"))
		return wrong("2 MiB were mapped while a page of them was being taken away");
	return order_asleep(1, guest_write, HUGE_GVA + HUGE_TAKEN * PAGE);
}

static bool huge_contents(void)
{
	if (*word_of(huge, HUGE_OTHER) != OLD + 2)
		return wrong("page %d holds %lu", HUGE_OTHER, *word_of(huge, HUGE_OTHER));
	if (*word_of(huge, HUGE_TAKEN) != 1)
		return wrong("page %d holds %lu", HUGE_TAKEN, *word_of(huge, HUGE_TAKEN));
	if (*word_of(huge, HUGE_TAKEN - 1) != OLD || *word_of(huge, HUGE_TAKEN + 1) != OLD)
		return wrong("a neighbour of page %d has changed", HUGE_TAKEN);
	return true;
}

static void case_huge(void)
{
	bool good;

	madvise(huge, HUGE, MADV_DONTNEED);
	fill(huge, 0, HUGE / PAGE);
	if (!write_huge(0, HUGE_OTHER))
		return;
	if (!kvm_stats_read(&o.stats, "pages_2m")) {
		ktap_skip(case_name, "no 2 MiB mapping here");
		return;
	}
	interval_debug_delay(taker.tid, LONG_MS * 1000);
	good = take_begin(word_of(huge, HUGE_TAKEN), PAGE);
	/* The kernel splits the huge page then, which is another invalidation. */
	interval_debug_delay(taker.tid, 0);
	good = good && huge_in_the_middle();
	take_wait();
	if (good)
		order_must_end(&o.vcpu[1]);
	if (good && huge_contents())
		ktap_pass(case_name,
			  "2 MiB mapped before; then 4 KiB beside the page, and a wait for it; pages_4k=%lu",
			  kvm_stats_read(&o.stats, "pages_4k"));
}

/* ---- all ---- */

struct test_case {
	const char *name;
	void (*run)(void);
};

static const struct test_case cases[] = {
	{ "signal", case_signal },
	{ "immediate_exit", case_immediate_exit },
	{ "redirect", case_redirect },
	{ "interrupt", case_interrupt },
	{ "ipi", case_ipi },
	{ "nmi", case_nmi },
	{ "timer", case_timer },
	{ "masked", case_masked },
	{ "request", case_request },
	{ "memslot", case_memslot },
	{ "others", case_others },
	{ "before", case_before },
	{ "behind", case_behind },
	{ "huge", case_huge },
	{ "wake", case_wake },
	{ "poll", case_poll },
};

static const char *name_of(int i)
{
	return cases[i].name;
}

static void setup(void)
{
	struct kvm_vcpu *vcpu;

	mem = reserve(MEM_PAGES * PAGE);
	madvise(mem, MEM_PAGES * PAGE, MADV_NOHUGEPAGE);
	huge = reserve(HUGE);
	madvise(huge, HUGE, MADV_HUGEPAGE);

	orders_create(&o, 2, MEM_PAGES + HUGE / PAGE);
	vm_set_user_memory_region(o.vm, MEM_SLOT, 0, MEM_GPA, MEM_PAGES * PAGE, mem);
	virt_map(o.vm, MEM_GVA, MEM_GPA, MEM_PAGES);
	vm_set_user_memory_region(o.vm, HUGE_SLOT, 0, HUGE_GPA, HUGE, huge);
	virt_map_level(o.vm, HUGE_GVA, HUGE_GPA, HUGE, PG_LEVEL_2M);
	vm_install_exception_handler(o.vm, IRQ_VECTOR, guest_irq);
	vm_install_exception_handler(o.vm, TIMER_VECTOR, guest_timer);
	vm_install_exception_handler(o.vm, NMI_VECTOR, guest_nmi);
	vcpu = o.vcpu[0].vcpu;
	TEST_ASSERT(vcpu->id == 0, "the first vCPU has id %u", vcpu->id);

	sem_init(&taker.go, 0, 0);
	taker.ended = true;
	pthread_create(&taker.thread, NULL, taker_main, &taker);
	while (!__atomic_load_n(&taker.tid, __ATOMIC_ACQUIRE))
		usleep(100);
}

static void teardown(void)
{
	taker.quit = true;
	sem_post(&taker.go);
	pthread_join(taker.thread, NULL);
	orders_destroy(&o);
}

/* On a kernel that has no such waits there are none. */
static uint64_t stat_or_0(struct kvm_stats *s, const char *name)
{
	uint64_t value;

	kvm_stats_get(s, name, &value);
	return value;
}

static int run_all(struct cases *c)
{
	const char *why = interval_debug_why_not();

	cases_start(c);
	ktap_info("seed=%lu paging=%s", opt.seed, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	metronome_start();
	setup();
	while (cases_next(c)) {
		if (cases_skip(c, why))
			continue;
		case_name = c->name;
		cases[c->i].run();
		interval_debug_delay(0, 0);
	}
	ktap_info("the machine stood still %lu times, %lu ms at most", metronome.nr_pauses,
		  metronome.longest / MSEC);
	ktap_info("guest waits=%lu wait_ms=%lu sent=%lu longest_us=%lu invalidations=%lu",
		  stat_or_0(&o.vcpu[0].stats, "mmu_interval_wait"),
		  stat_or_0(&o.vcpu[0].stats, "mmu_interval_wait_ns") / MSEC, all_sent,
		  longest_sent / 1000, stat_or_0(&o.stats, "mmu_interval_invalidate"));
	teardown();
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
