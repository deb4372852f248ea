/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM whose vCPUs execute one command after the other, each on its own thread:
 *
 *	commands_create(&c, vcpus, pages)	VM and threads; nothing runs yet
 *	commands_create_type(...)		the same for another type of VM
 *	command(&c, &c.vcpu[i], work)		the vCPU calls work(its page)
 *	command_wait(&c.vcpu[i], ms)		true when work() has returned
 *	commands_destroy(&c)
 *
 * work() is guest code.  Host and guest communicate in the vCPU's page, which
 * is never invalidated and whose layout the test defines.  A signal makes
 * KVM_RUN return; this is counted and timed, and the vCPU continues.
 */
#ifndef SELFTEST_KVM_COMMANDS_H
#define SELFTEST_KVM_COMMANDS_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "clock.h"
#include "framework.h"
#include "ktap.h"
#include "kvm_stats.h"
#include "vcpu_guard.h"

#define COMMANDS_MAX_VCPUS	64
#define COMMANDS_SLOT		1
#define COMMANDS_GPA		0x100000000UL
#define COMMANDS_GVA		0x10000000000UL
#define COMMANDS_PAGE		4096UL

enum commands_message { COMMAND_DONE = 1 };

typedef void (*command_work)(void *page);

struct command_vcpu {
	struct kvm_vcpu *vcpu;
	void *page;
	pthread_t thread;
	pid_t tid;
	clockid_t clock;
	struct kvm_stats stats;
	sem_t go;
	bool quit;
	bool done;
	bool failed;
	/*
	 * KVM_RUN may return EFAULT, because the test unmaps memory that this
	 * vCPU uses.
	 */
	bool holes;
	uint64_t done_at;
	uint64_t eintrs;
	uint64_t eintr_at;
	uint64_t efaults;
	/* Called on the vCPU's thread after KVM_RUN has returned EINTR. */
	void (*on_eintr)(struct command_vcpu *v);
};

struct commands {
	struct kvm_vm *vm;
	struct kvm_stats stats;
	int nr_vcpus;
	command_work *work;
	size_t size;
	struct command_vcpu vcpu[COMMANDS_MAX_VCPUS];
};

/* ---- guest ---- */

/* Page 0 has the vCPUs' commands, and each vCPU has one of the next pages. */
static void commands_guest_code(uint32_t me)
{
	command_work *commands = (command_work *)COMMANDS_GVA, work;
	void *page = (void *)(COMMANDS_GVA + (me + 1) * COMMANDS_PAGE);

	x2apic_enable();
	for (;;) {
		work = READ_ONCE(commands[me]);
		work(page);
		GUEST_SYNC(COMMAND_DONE);
	}
}

/* ---- host: a vCPU's thread ---- */

/*
 * Returns false if the guest sent anything but COMMAND_DONE, e.g. an exception.
 */
static inline bool commands_message(struct command_vcpu *v)
{
	struct ucall uc;

	return get_ucall(v->vcpu, &uc) == UCALL_SYNC && !guard_exception(v->vcpu, &uc);
}

/* Handles an error of KVM_RUN; returns true if the vCPU continues. */
static inline bool commands_run_error(struct command_vcpu *v, int error)
{
	if (error == EINTR) {
		v->eintr_at = now_ns();
		if (v->on_eintr)
			v->on_eintr(v);
		__atomic_store_n(&v->eintrs, v->eintrs + 1, __ATOMIC_RELEASE);
		return true;
	}
	if (error == EFAULT && v->holes) {
		WRITE_ONCE(v->efaults, v->efaults + 1);
		return true;
	}
	ktap_info("vcpu=%u KVM_RUN: %s", v->vcpu->id, strerror(error));
	guard_dump(v->vcpu);
	return false;
}

static inline bool commands_run(struct command_vcpu *v)
{
	while (__vcpu_run(v->vcpu))
		if (!commands_run_error(v, errno))
			return false;
	if (commands_message(v))
		return true;
	guard_unexpected(v->vcpu);
	return false;
}

static inline void *commands_vcpu_main(void *arg)
{
	struct command_vcpu *v = arg;

	__atomic_store_n(&v->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		while (sem_wait(&v->go))
			;
		if (v->quit)
			return NULL;
		if (!commands_run(v))
			WRITE_ONCE(v->failed, true);
		v->done_at = now_ns();
		__atomic_store_n(&v->done, true, __ATOMIC_RELEASE);
	}
}

/* ---- host ---- */

static inline void command(struct commands *c, struct command_vcpu *v, command_work work)
{
	c->work[v->vcpu->id] = work;
	v->done = false;
	sem_post(&v->go);
}

static inline bool command_done(struct command_vcpu *v)
{
	return __atomic_load_n(&v->done, __ATOMIC_ACQUIRE);
}

/*
 * A number of polls rather than a deadline: each takes its sleep and a little
 * more, or much more when the machine is slow or stands still.
 */
#define COMMANDS_POLL_US	200
#define COMMANDS_POLLS(ms)	((ms) * 1000 / COMMANDS_POLL_US)

/* Returns false if the command failed, or has not ended after @ms. */
static inline bool command_wait(struct command_vcpu *v, int ms)
{
	int polls = COMMANDS_POLLS(ms);

	while (!command_done(v) && polls--)
		usleep(COMMANDS_POLL_US);
	return command_done(v) && !READ_ONCE(v->failed);
}

/*
 * Returns true in state 'S' or 'D'.  Does not allocate: mmap_lock may be held.
 */
static inline bool thread_sleeps(pid_t tid)
{
	char path[64], text[256], *state;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	state = strrchr(text, ')');
	return state && (state[2] == 'S' || state[2] == 'D');
}

static inline uint64_t command_cpu_ns(struct command_vcpu *v)
{
	struct timespec ts;

	clock_gettime(v->clock, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static inline void commands_on_signal(int sig)
{
	(void)sig;
}

static inline void commands_start_thread(struct commands *c, int i, struct kvm_vcpu *vcpu)
{
	struct command_vcpu *v = &c->vcpu[i];

	v->vcpu = vcpu;
	v->page = (char *)c->work + (i + 1) * COMMANDS_PAGE;
	vcpu_args_set(vcpu, 1, i);
	kvm_stats_open_vcpu(&v->stats, vcpu);
	sem_init(&v->go, 0, 0);
	TEST_ASSERT(!pthread_create(&v->thread, NULL, commands_vcpu_main, v), "pthread_create");
	pthread_getcpuclockid(v->thread, &v->clock);
	while (!__atomic_load_n(&v->tid, __ATOMIC_ACQUIRE))
		usleep(100);
}

/*
 * @pages is the amount of memory that the test is going to map for the guest.
 */
static inline void commands_create_type(struct commands *c, unsigned long type, int nr_vcpus,
					uint64_t pages)
{
	struct sigaction sa = { .sa_handler = commands_on_signal };
	struct kvm_vcpu *vcpus[COMMANDS_MAX_VCPUS];
	int i;

	memset(c, 0, sizeof(*c));
	sigaction(SIGUSR1, &sa, NULL);
	c->nr_vcpus = nr_vcpus;
	c->size = (nr_vcpus + 1) * COMMANDS_PAGE;
	c->vm = framework_create_vm(type, nr_vcpus, pages + nr_vcpus + 64, commands_guest_code,
				    vcpus);
	c->work = mmap(NULL, c->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	TEST_ASSERT(c->work != MAP_FAILED, "mmap of %zu bytes: %s", c->size, strerror(errno));
	vm_set_user_memory_region(c->vm, COMMANDS_SLOT, 0, COMMANDS_GPA, c->size, c->work);
	virt_map(c->vm, COMMANDS_GVA, COMMANDS_GPA, nr_vcpus + 1);
	guard_catch_exceptions(c->vm, vcpus, nr_vcpus, guard_trap);
	kvm_stats_open_vm(&c->stats, c->vm);
	for (i = 0; i < nr_vcpus; i++)
		commands_start_thread(c, i, vcpus[i]);
}

static inline void commands_create(struct commands *c, int nr_vcpus, uint64_t pages)
{
	commands_create_type(c, 0, nr_vcpus, pages);
}

/* All commands must have ended. */
static inline void commands_destroy(struct commands *c)
{
	struct command_vcpu *v;
	int i;

	for (i = 0; i < c->nr_vcpus; i++) {
		v = &c->vcpu[i];
		v->quit = true;
		sem_post(&v->go);
		pthread_join(v->thread, NULL);
		kvm_stats_close(&v->stats);
		sem_destroy(&v->go);
	}
	kvm_stats_close(&c->stats);
	kvm_vm_free(c->vm);
	munmap(c->work, c->size);
}

#endif /* SELFTEST_KVM_COMMANDS_H */
