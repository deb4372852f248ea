// SPDX-License-Identifier: GPL-2.0
/*
 * If KVM is wrong here, a guest loses an exception, an interrupt or a wake-up,
 * or its vCPU burns a CPU or hangs while a page is being invalidated.
 *
 * A vCPU waits for an invalidation, and has, or gets, an event that it cannot
 * handle before the invalidation ends, or need not handle at all.  The event
 * must neither keep the vCPU from sleeping nor get lost.  Other cases are about
 * who else must not wait when an mm has many invalidations at once.
 *
 * Each case has a VM of its own, because not all changes to its vCPUs can be
 * undone.  As in wait_test.c an invalidation lasts 2 s.  Whether the vCPU
 * sleeps meanwhile is judged by its thread's CPU time, its exits, and the
 * number of separate waits.
 */
#define _GNU_SOURCE
#include <linux/kvm_para.h>
#include <malloc.h>

#include "cases.h"
#include "waiter.h"

/*
 * A vCPU may wait anew once per 20 ms and per event, and exit a few times for
 * each.
 */
#define PIECE_NS		(20 * MSEC)
#define EXITS_PER_PIECE		4

#define KICKS			3

/* More than the entries of the mm's table of invalidations. */
#define MANY			70
#define MANY_FIRST		64
#define MANY_MS			(4 * LONG_MS)

static struct options opt;

static uint64_t all_waits, all_wait_ns, all_events;

/* The page that host and vCPU 0 share; it starts with a struct mailbox. */
struct event_mailbox {
	struct mailbox mailbox;
	/*
	 * Counted by the handlers: #UD, and interrupts that came in its place.
	 */
	uint64_t traps;
	uint64_t trap_rip;
	uint64_t early;
	/* The APIC ID of the other vCPUs. */
	uint64_t apic_id;
	/* How many pages were written, every other one from mailbox.gva on. */
	uint64_t pages_written;
	/*
	 * KVM writes here which asynchronous page fault is done; 0 means free.
	 */
	struct kvm_vcpu_pv_apf_data apf __aligned(64);
};

static struct event_mailbox *event_mailbox(int vcpu)
{
	return cmds.vcpu[vcpu].page;
}

/* ---- guest ---- */

/*
 * An exception whose frame goes onto the stack that ends at @top, with
 * interrupts on.  The nop is in the interrupt shadow of sti.
 */
static noinline void guest_trap_on(uint64_t top)
{
	asm volatile("mov %%rsp, %%rbx\n\t"
		     "mov %0, %%rsp\n\t"
		     "sti\n\t"
		     "nop\n\t"
		     ".global guest_ud2\n"
		     "guest_ud2:\n\t"
		     "ud2\n\t"
		     ".global guest_ud2_end\n"
		     "guest_ud2_end:\n\t"
		     "cli\n\t"
		     "mov %%rbx, %%rsp"
		     :: "r" (top) : "rbx", "memory", "cc");
}

extern const char guest_ud2[], guest_ud2_end[];

static void guest_ud(struct ex_regs *regs)
{
	struct event_mailbox *m = (void *)(COMMANDS_GVA + PAGE);

	m->trap_rip = regs->rip;
	WRITE_ONCE(m->traps, m->traps + 1);
	regs->rip = (uint64_t)guest_ud2_end;
}

/*
 * An NMI may arrive before the first instruction of guest_ud(), but after its
 * frame.
 */
static void guest_check_rip(struct ex_regs *regs)
{
	struct event_mailbox *m = (void *)(COMMANDS_GVA + PAGE);

	if (regs->rip == (uint64_t)guest_ud2)
		m->early++;
}

static void guest_irq_behind_ud(struct ex_regs *regs)
{
	guest_check_rip(regs);
	guest_irq(regs);
}

static void guest_nmi_behind_ud(struct ex_regs *regs)
{
	guest_check_rip(regs);
	guest_nmi(regs);
}

static void guest_trap(void *page)
{
	struct mailbox *m = page;

	WRITE_ONCE(m->about, 1);
	guest_trap_on(m->gva + PAGE);
	WRITE_ONCE(m->wrote, m->wrote + 1);
}

/* Interrupts are off, so only a kick ends this halt. */
static void guest_halt_masked(void *page)
{
	asm volatile("hlt" ::: "memory");
}

static void guest_kick(void *page)
{
	struct event_mailbox *m = page;

	kvm_hypercall(KVM_HC_KICK_CPU, 0, m->apic_id, 0, 0);
}

static void guest_send_init(void *page)
{
	struct event_mailbox *m = page;

	x2apic_write_reg(APIC_ICR, APIC_DM_INIT | APIC_INT_ASSERT | m->apic_id << 32);
}

/*
 * Enabling makes KVM notify all tasks that may wait for a page.  It cannot
 * write the notification, because @d->apf is still in use.
 */
static void guest_enable_async_pf(void *page)
{
	struct event_mailbox *m = page;
	uint64_t gpa = (uint64_t)&m->apf - COMMANDS_GVA + COMMANDS_GPA;

	WRITE_ONCE(m->apf.token, 1);
	wrmsr(MSR_KVM_ASYNC_PF_INT, IRQ_VECTOR);
	wrmsr(MSR_KVM_ASYNC_PF_EN, gpa | KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT);
}

/* Frees the entry, and lets the interrupt arrive. */
static void guest_ack_async_pf(void *page)
{
	struct event_mailbox *m = page;

	WRITE_ONCE(m->apf.token, 0);
	wrmsr(MSR_KVM_ASYNC_PF_ACK, 1);
	asm volatile("sub $128, %%rsp; sti; nop; nop; cli; add $128, %%rsp" ::: "memory", "cc");
}

static void guest_write_many(void *page)
{
	struct event_mailbox *m = page;
	uint64_t i;

	for (i = 0; i < m->mailbox.pages; i++) {
		WRITE_ONCE(*(uint64_t *)(m->mailbox.gva + 2 * i * PAGE), i);
		WRITE_ONCE(m->pages_written, i + 1);
	}
}

/* ---- what a wait costs ---- */

struct cost {
	uint64_t at;
	uint64_t cpu_ns;
	uint64_t exits;
	uint64_t waits;
};

static uint64_t nr_waits(int vcpu)
{
	return kvm_stats_read(&cmds.vcpu[vcpu].stats, "mmu_interval_wait");
}

static struct cost cost_now(void)
{
	struct command_vcpu *v = &cmds.vcpu[0];

	return (struct cost) {
		.at = now_ns(),
		.cpu_ns = command_cpu_ns(v),
		.exits = kvm_stats_read(&v->stats, "exits"),
		.waits = nr_waits(0),
	};
}

/* Returns whether vCPU 0 has slept since @c, which is updated. */
static bool cost_of_sleep(struct cost *c, int events)
{
	struct cost now = cost_now();
	uint64_t pieces, permille;

	c->at = now.at - c->at;
	c->cpu_ns = now.cpu_ns - c->cpu_ns;
	c->exits = now.exits - c->exits;
	c->waits = now.waits - c->waits;
	pieces = c->at / PIECE_NS + events + 1;
	permille = c->cpu_ns * 1000 / c->at;
	if (permille < CPU_PERMILLE && c->waits <= pieces &&
	    c->exits <= EXITS_PER_PIECE * pieces)
		return true;
	return fail_case("the vCPU does not sleep: in %lu ms cpu=%lu permille, exits=%lu waits=%lu",
			 c->at / MSEC, permille, c->exits, c->waits);
}

/*
 * Like begin_wait(), but does not require that the vCPU sleeps; the statistics
 * are judged later.
 */
static bool begin_event(command_work work, struct cost *c)
{
	struct command_vcpu *v = &cmds.vcpu[0];
	struct mailbox *m = mailbox(0);
	int polls = COMMANDS_POLLS(LONG_MS / 4);

	if (!invalidation_begin(word_of(mem, THE_PAGE), PAGE))
		return false;
	m->gva = MEM_GVA + THE_PAGE * PAGE;
	m->about = 0;
	m->wrote = 0;
	command(&cmds, v, work);
	while (!READ_ONCE(m->about)) {
		if (!polls--)
			return stuck(v, "the vCPU does not reach its fault");
		usleep(COMMANDS_POLL_US);
	}
	*c = cost_now();
	return true;
}

/* Makes vCPU 0 map the page that is going to be invalidated. */
static void map_page(int vcpu)
{
	fill(mem, THE_PAGE - 1, 3);
	mailbox(vcpu)->gva = MEM_GVA + THE_PAGE * PAGE;
	command(&cmds, &cmds.vcpu[vcpu], guest_write);
	command_must_end(&cmds.vcpu[vcpu]);
	interval_debug_delay(invalidator.tid, LONG_MS * 1000);
}

/* ---- an exception that cannot be delivered yet ---- */

/* Runs on the vCPU's thread: is the exception still to be delivered? */
static uint64_t checks_of_delivery, not_in_delivery;

static void check_delivery(struct command_vcpu *v)
{
	struct kvm_vcpu_events events;
	struct kvm_regs regs;

	vcpu_events_get(v->vcpu, &events);
	vcpu_regs_get(v->vcpu, &regs);
	checks_of_delivery++;
	not_in_delivery += !events.exception.injected || events.exception.nr != UD_VECTOR ||
			   regs.rip != (uint64_t)guest_ud2;
}

/*
 * During the wait, sends an event that must stay pending, and later a signal.
 */
static bool delivery_in_the_middle(void (*send)(void), struct cost *c)
{
	uint64_t ns;
	int i;

	for (i = 0; i < EVENTS; i++) {
		if (send && i == 2)
			send();
		usleep(random_ms(50, 80) * 1000);
	}
	if (!cost_of_sleep(c, send ? 1 : 0) || !still_waits())
		return false;
	all_events += send ? 2 : 1;
	return send_signal(&ns) && still_waits() && wait_asleep(&cmds.vcpu[0]);
}

/*
 * Once, from the right instruction, onto the new page, and before later events.
 */
static bool judge_delivery(bool sent)
{
	struct event_mailbox *m = event_mailbox(0);
	uint64_t *frame = word_of(mem, THE_PAGE + 1) - 5;
	uint64_t top = MEM_GVA + (THE_PAGE + 1) * PAGE;

	if (!checks_of_delivery || not_in_delivery)
		return fail_case("of %lu checks %lu found no exception to be delivered",
				 checks_of_delivery, not_in_delivery);
	if (m->traps != 1 || m->trap_rip != (uint64_t)guest_ud2)
		return fail_case("%lu exceptions, the last from RIP %#lx and not %#lx", m->traps,
				 m->trap_rip, (uint64_t)guest_ud2);
	if (frame[0] != (uint64_t)guest_ud2_end || frame[3] != top)
		return fail_case("the frame in the new page has RIP %#lx, RSP %#lx", frame[0],
				 frame[3]);
	if (m->early || sent != !!(m->mailbox.irqs + m->mailbox.nmis))
		return fail_case("%lu interrupts, %lu of them before the exception",
				 m->mailbox.irqs + m->mailbox.nmis, m->early);
	return true;
}

static void test_delivery(void (*send)(void))
{
	struct cost c;
	uint64_t late;
	bool good;

	vm_install_exception_handler(cmds.vm, UD_VECTOR, guest_ud);
	vm_install_exception_handler(cmds.vm, IRQ_VECTOR, guest_irq_behind_ud);
	vm_install_exception_handler(cmds.vm, NMI_VECTOR, guest_nmi_behind_ud);
	checks_of_delivery = 0;
	not_in_delivery = 0;
	map_page(0);
	cmds.vcpu[0].on_eintr = check_delivery;
	good = begin_event(guest_trap, &c) && delivery_in_the_middle(send, &c);
	cmds.vcpu[0].on_eintr = NULL;
	if (!good)
		abandon();
	else if (end_wait(0, &late) && judge_delivery(send))
		ktap_pass(case_name,
			  "delivered once; "
			  "before: cpu=%lu permille, exits=%lu pieces=%lu in %lu ms; woken_us=%lu",
			  c.cpu_ns * 1000 / c.at, c.exits, c.waits, c.at / MSEC, late / 1000);
}

static void send_irq(void)
{
	signal_msi(IRQ_VECTOR);
}

static void send_nmi(void)
{
	signal_msi(APIC_DM_NMI);
}

static void case_delivery(void)
{
	test_delivery(NULL);
}

static void case_delivery_irq(void)
{
	test_delivery(send_irq);
}

static void case_delivery_nmi(void)
{
	test_delivery(send_nmi);
}

/* ---- a kick at a vCPU that is not halted ---- */

static bool kick_from_1(void)
{
	event_mailbox(1)->apic_id = 0;
	command(&cmds, &cmds.vcpu[1], guest_kick);
	if (command_wait(&cmds.vcpu[1], LONG_MS / 4))
		return true;
	return stuck(&cmds.vcpu[1], "the other vCPU does not complete its hypercall");
}

/* A kick that came before the halt, or is still pending, ends the halt. */
static bool kick_ends_halt(void)
{
	struct command_vcpu *v = &cmds.vcpu[0];

	command(&cmds, v, guest_halt_masked);
	if (command_wait(v, LONG_MS))
		return true;
	fail_case("the kick was lost: the vCPU halts");
	kick_from_1();
	command_must_end(v);
	return false;
}

static bool kick_in_the_middle(struct cost *c)
{
	int i;

	for (i = 0; i < KICKS; i++) {
		usleep(random_ms(300, 400) * 1000);
		if (i && !kick_from_1())
			return false;
	}
	all_events += KICKS;
	return cost_of_sleep(c, KICKS) && still_waits();
}

static void case_unhalted(void)
{
	struct cost c;
	uint64_t late;

	if (!kvm_cpu_has(X86_FEATURE_KVM_PV_UNHALT)) {
		ktap_skip(case_name, "no KVM_FEATURE_PV_UNHALT");
		return;
	}
	map_page(0);
	if (!kick_from_1())
		return;
	if (!begin_event(guest_write, &c) || !kick_in_the_middle(&c)) {
		abandon();
		kick_ends_halt();
		return;
	}
	if (end_wait(1, &late) && kick_ends_halt())
		ktap_pass(case_name,
			  "kicks=%d cpu=%lu permille, exits=%lu pieces=%lu in %lu ms; "
			  "woken_us=%lu; it then ended a halt",
			  KICKS, c.cpu_ns * 1000 / c.at, c.exits, c.waits, c.at / MSEC,
			  late / 1000);
}

/* ---- a notification for which the guest has no room ---- */

static bool async_in_the_middle(struct cost *c)
{
	usleep(random_ms(800, 1200) * 1000);
	all_events++;
	return cost_of_sleep(c, 0) && still_waits();
}

static bool async_arrives(void)
{
	struct event_mailbox *m = event_mailbox(0);
	uint64_t irqs = m->mailbox.irqs;

	command(&cmds, &cmds.vcpu[0], guest_ack_async_pf);
	command_must_end(&cmds.vcpu[0]);
	if (irqs)
		return fail_case("the notification came before there was room for it");
	if (!m->mailbox.irqs || m->apf.token != ~0U)
		return fail_case("the notification was lost: %lu interrupts, token %#x",
				 m->mailbox.irqs, m->apf.token);
	return true;
}

static void case_async(void)
{
	struct cost c;
	uint64_t late;

	if (!kvm_cpu_has(X86_FEATURE_KVM_ASYNC_PF_INT)) {
		ktap_skip(case_name, "no KVM_FEATURE_ASYNC_PF_INT");
		return;
	}
	map_page(0);
	command(&cmds, &cmds.vcpu[0], guest_enable_async_pf);
	command_must_end(&cmds.vcpu[0]);
	if (!begin_event(guest_write, &c) || !async_in_the_middle(&c)) {
		abandon();
		return;
	}
	if (end_wait(1, &late) && async_arrives())
		ktap_pass(case_name,
			  "cpu=%lu permille, exits=%lu pieces=%lu in %lu ms; woken_us=%lu; "
			  "then it came",
			  c.cpu_ns * 1000 / c.at, c.exits, c.waits, c.at / MSEC, late / 1000);
}

/* ---- INIT ---- */

/*
 * State of the vCPU before it ever ran, when the contents of its stack do not
 * matter.
 */
static struct kvm_x86_state *first_state;
/* What the vCPU's thread finds when a signal has ended KVM_RUN. */
static uint64_t waits_at_signal;
static uint32_t state_at_signal;

static void check_init(struct command_vcpu *v)
{
	struct kvm_mp_state mp_state;

	waits_at_signal = kvm_stats_read(&v->stats, "mmu_interval_wait");
	vcpu_mp_state_get(v->vcpu, &mp_state);
	state_at_signal = mp_state.mp_state;
	/* Restart the vCPU, with the command that it was given. */
	vcpu_load_state(v->vcpu, first_state);
}

static bool begin_init(void)
{
	struct command_vcpu *v = &cmds.vcpu[1];

	first_state = vcpu_save_state(v->vcpu);
	map_page(1);
	if (!invalidation_begin(word_of(mem, THE_PAGE), PAGE) ||
	    !command_until_asleep(1, guest_write, MEM_GVA + THE_PAGE * PAGE))
		return false;
	event_mailbox(0)->apic_id = v->vcpu->id;
	command(&cmds, &cmds.vcpu[0], guest_send_init);
	if (!command_wait(&cmds.vcpu[0], LONG_MS / 4))
		return stuck(&cmds.vcpu[0], "the other vCPU does not send INIT");
	/*
	 * INIT has woken the thread, which sleeps again when the vCPU has been
	 * reset.
	 */
	return wait_asleep(v);
}

/* Ends the wait: the vCPU does not need the page any more. */
static bool init_ends_wait(void)
{
	struct command_vcpu *v = &cmds.vcpu[1];
	uint64_t before, eintrs = v->eintrs;

	usleep(random_ms(50, 100) * 1000);
	before = nr_waits(1);
	v->on_eintr = check_init;
	pthread_kill(v->thread, SIGUSR1);
	if (!wait_for(&v->eintrs, eintrs, LONG_MS / 4))
		return stuck(v, "a signal does not make the vCPU leave KVM_RUN");
	v->on_eintr = NULL;
	all_events += 2;
	if (invalidation_ended())
		return fail_case("the invalidation ended too early for a verdict");
	if (state_at_signal != KVM_MP_STATE_INIT_RECEIVED)
		return fail_case("mp_state is %u and not INIT_RECEIVED", state_at_signal);
	if (!before || waits_at_signal != before)
		return fail_case("INIT leaves the wait armed: waits=%lu, %lu at the end of KVM_RUN",
				 before, waits_at_signal);
	return true;
}

static void case_init(void)
{
	struct command_vcpu *v = &cmds.vcpu[1];
	bool good = begin_init() && init_ends_wait();

	invalidation_wait();
	/* A vCPU that is still in INIT_RECEIVED returns on a signal. */
	if (!command_wait(v, LONG_MS) && !good) {
		v->on_eintr = check_init;
		pthread_kill(v->thread, SIGUSR1);
	}
	command_must_end(v);
	free(first_state);
	if (good && *word_of(mem, THE_PAGE) != 1)
		fail_case("the new page holds %lu and not 1", *word_of(mem, THE_PAGE));
	else if (good)
		ktap_pass(case_name,
			  "pieces=%lu before INIT, none after; "
			  "after the restart it waited and wrote once",
			  waits_at_signal);
}

/* ---- many invalidations at once ---- */

static struct invalidator many[MANY];

static uint64_t page_of(int i)
{
	return MANY_FIRST + 2 * i;
}

static int many_ended(int from, int to)
{
	int i, ended = 0;

	for (i = from; i < to; i++)
		ended += invalidator_ended(&many[i]);
	return ended;
}

/*
 * Invalidators @from to @to - 1 sleep in their delays of @ms at the same time.
 */
static bool many_begin(int from, int to, int ms)
{
	uint64_t before = nr_invalidations();
	int i, polls = COMMANDS_POLLS(ms / 2);

	/* Delays all threads, because delay_task can name only one. */
	interval_debug_delay(0, ms * 1000);
	for (i = from; i < to; i++)
		invalidator_go(&many[i], word_of(mem, page_of(i)), PAGE);
	/* One after the other: to look at all of them each time would take long. */
	for (i = from; i < to || nr_invalidations() < before + to - from;) {
		if (i < to && invalidator_inside(&many[i]) && thread_sleeps(many[i].tid)) {
			i++;
			continue;
		}
		if (!polls--)
			return fail_case("%lu of %d invalidations reached their delays",
					 nr_invalidations() - before, to - from);
		usleep(COMMANDS_POLL_US);
	}
	/*
	 * A vCPU's fault may have to invalidate its page, which must not be
	 * delayed.
	 */
	interval_debug_delay(0, 0);
	return true;
}

static void many_wait(int from, int to)
{
	int polls = COMMANDS_POLLS(3 * MANY_MS);

	while (many_ended(from, to) < to - from && polls--)
		usleep(COMMANDS_POLL_US);
	if (many_ended(from, to) == to - from)
		return;
	fail_case("%d invalidations do not end", to - from - many_ended(from, to));
	exit(KSFT_FAIL);
}

/* vCPU 1 needs the pages in between, none of which is being invalidated. */
static bool others_go_on(void)
{
	struct command_vcpu *v = &cmds.vcpu[1];
	struct event_mailbox *m = event_mailbox(1);

	m->mailbox.gva = MEM_GVA + (page_of(0) + 1) * PAGE;
	m->mailbox.pages = MANY;
	command(&cmds, v, guest_write_many);
	if (!command_wait(v, LONG_MS / 2))
		return fail_case("a vCPU wrote only %lu of %d pages that are not invalidated",
				 READ_ONCE(m->pages_written), MANY);
	if (many_ended(0, MANY))
		return fail_case("an invalidation ended too early for a verdict");
	return !nr_waits(1) || fail_case("a vCPU waited %lu times for invalidations of other pages",
					 nr_waits(1));
}

/* vCPU 0 needs the page of the last invalidation; the others last longer. */
static bool waits_for_last_alone(uint64_t *late)
{
	struct command_vcpu *v = &cmds.vcpu[0];
	uint64_t *page = word_of(mem, page_of(MANY - 1));

	if (!command_until_asleep(0, guest_write, MEM_GVA + page_of(MANY - 1) * PAGE) ||
	    !others_go_on())
		return false;
	many_wait(MANY - 1, MANY);
	command_wait(v, LONG_MS / 4);
	if (many_ended(0, MANY - 1))
		return fail_case("an invalidation ended too early for a verdict");
	if (!command_done(v))
		return stuck(v, "the vCPU keeps waiting after its invalidation has ended");
	*late = elapsed_ns(many[MANY - 1].ended_at, v->done_at);
	if (!soon(elapsed_ns(v->done_at, many[MANY - 1].ended_at)) || *page != 1)
		return fail_case("done before its invalidation ended; "
				 "the new page holds %lu", *page);
	return true;
}

/*
 * The last invalidation lasts longest; the ends of the others do not affect its
 * vCPU.
 */
static bool waits_to_the_last(void)
{
	uint64_t *page = word_of(mem, page_of(MANY - 1));
	struct cost c;

	if (!command_until_asleep(0, guest_write, MEM_GVA + page_of(MANY - 1) * PAGE))
		return false;
	c = cost_now();
	many_wait(0, MANY - 1);
	if (!cost_of_sleep(&c, MANY))
		return false;
	if (invalidator_ended(&many[MANY - 1]))
		return fail_case("the last invalidation ended too early for a verdict");
	if (command_done(&cmds.vcpu[0]))
		return fail_case("the vCPU wrote before its invalidation had ended");
	many_wait(MANY - 1, MANY);
	command_must_end(&cmds.vcpu[0]);
	return *page == 1 || fail_case("the new page holds %lu and not 1", *page);
}

static bool test_many(uint64_t *late)
{
	return many_begin(0, MANY - 1, MANY_MS) && many_begin(MANY - 1, MANY, LONG_MS) &&
	       waits_for_last_alone(late) && many_begin(MANY - 1, MANY, MANY_MS) &&
	       waits_to_the_last();
}

static void case_many(void)
{
	uint64_t late;
	bool good;
	int i;

	for (i = 0; i < MANY; i++)
		invalidator_create(&many[i]);
	fill(mem, MANY_FIRST, 2 * MANY);
	/* Both vCPUs have been in the guest; whoever is not done must end. */
	map_page(0);
	map_page(1);
	good = test_many(&late);
	interval_debug_delay(0, 0);
	many_wait(0, MANY);
	for (i = 0; i < 2; i++)
		command_must_end(&cmds.vcpu[i]);
	for (i = 0; i < MANY; i++)
		invalidator_destroy(&many[i]);
	if (good)
		ktap_pass(case_name,
			  "invalidations=%d; pages beside them=%d, no wait; "
			  "the last one's page: woken_us=%lu",
			  MANY, MANY, late / 1000);
}

/* ---- all ---- */

struct test_case {
	const char *name;
	void (*run)(void);
};

static const struct test_case cases[] = {
	{ "delivery", case_delivery },
	{ "delivery/irq", case_delivery_irq },
	{ "delivery/nmi", case_delivery_nmi },
	{ "unhalted", case_unhalted },
	{ "async", case_async },
	{ "init", case_init },
	{ "many", case_many },
};

static const char *name_of(int i)
{
	return cases[i].name;
}

static void test_case(const struct test_case *c)
{
	int i;

	case_name = c->name;
	waiter_create(2, 0);
	c->run();
	interval_debug_delay(0, 0);
	for (i = 0; i < cmds.nr_vcpus; i++) {
		all_waits += nr_waits(i);
		all_wait_ns += kvm_stats_read(&cmds.vcpu[i].stats, "mmu_interval_wait_ns");
	}
	waiter_destroy();
}

static int run_all(struct cases *c)
{
	const char *why = interval_debug_why_not();

	cases_start(c);
	ktap_info("seed=%lu paging=%s", opt.seed, kvm_is_tdp_enabled() ? "tdp" : "shadow");
	steal_start();
	while (cases_next(c))
		if (!cases_skip(c, why))
			test_case(&cases[c->i]);
	ktap_info("guest waits=%lu wait_ms=%lu events=%lu", all_waits, all_wait_ns / MSEC,
		  all_events);
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
