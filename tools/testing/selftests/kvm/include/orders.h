/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM whose vCPUs execute one command after the other, each on its own thread:
 *
 *	commands_create(&c, vcpus, pages)	VM and threads; nothing runs yet
 *	command(&c, &c.vcpu[i], work)		the vCPU calls work(its page)
 *	command_wait(&c.vcpu[i], ms)		true when work() has returned
 *	commands_destroy(&c)
 *
 * work() is guest code.  Host and guest communicate in the vCPU's page, which
 * is never invalidated and whose layout the test defines.  A signal makes
 * KVM_RUN return; this is counted and timed, and the vCPU continues.
 */
#ifndef SELFTEST_KVM_ORDERS_H
#define SELFTEST_KVM_ORDERS_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "framework.h"
#include "kvm_stats.h"
#include "ktap.h"
#include "vcpu_guard.h"

#define ORDERS_MAX_VCPUS	64
#define ORDERS_SLOT		1
#define ORDERS_GPA		0x100000000UL
#define ORDERS_GVA		0x10000000000UL
#define ORDERS_PAGE		4096UL

enum orders_message { ORDERS_DONE = 1 };

typedef void (*order_work)(void *page);

struct order_vcpu {
	struct kvm_vcpu *vcpu;
	void *page;
	pthread_t thread;
	pid_t tid;
	clockid_t clock;
	struct kvm_stats stats;
	sem_t ordered;
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
	void (*on_eintr)(struct order_vcpu *v);
};

struct orders {
	struct kvm_vm *vm;
	struct kvm_stats stats;
	int nr_vcpus;
	order_work *work;
	size_t size;
	struct order_vcpu vcpu[ORDERS_MAX_VCPUS];
};

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

/* ---- guest ---- */

/* Page 0 has the vCPUs' commands, and each vCPU has one of the next pages. */
static void orders_guest_code(uint32_t me)
{
	order_work *orders = (order_work *)ORDERS_GVA, work;
	void *page = (void *)(ORDERS_GVA + (me + 1) * ORDERS_PAGE);

	x2apic_enable();
	for (;;) {
		work = READ_ONCE(orders[me]);
		work(page);
		GUEST_SYNC(ORDERS_DONE);
	}
}

/* ---- host: a vCPU's thread ---- */

/*
 * Returns false if the guest sent anything but COMMAND_DONE, e.g. an exception.
 */
static inline bool orders_message(struct order_vcpu *v)
{
	struct ucall uc;

	return get_ucall(v->vcpu, &uc) == UCALL_SYNC && !guard_exception(v->vcpu, &uc);
}

/* Handles an error of KVM_RUN; returns true if the vCPU continues. */
static inline bool orders_run_error(struct order_vcpu *v, int error)
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

static inline bool orders_run(struct order_vcpu *v)
{
	while (__vcpu_run(v->vcpu))
		if (!orders_run_error(v, errno))
			return false;
	if (orders_message(v))
		return true;
	guard_unexpected(v->vcpu);
	return false;
}

static inline void *orders_vcpu_main(void *arg)
{
	struct order_vcpu *v = arg;

	__atomic_store_n(&v->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		while (sem_wait(&v->ordered))
			;
		if (v->quit)
			return NULL;
		if (!orders_run(v))
			WRITE_ONCE(v->failed, true);
		v->done_at = now_ns();
		__atomic_store_n(&v->done, true, __ATOMIC_RELEASE);
	}
}

/* ---- host ---- */

static inline void order(struct orders *o, struct order_vcpu *v, order_work work)
{
	o->work[v->vcpu->id] = work;
	v->done = false;
	sem_post(&v->ordered);
}

static inline bool order_done(struct order_vcpu *v)
{
	return __atomic_load_n(&v->done, __ATOMIC_ACQUIRE);
}

/*
 * A number of polls rather than a deadline: each takes its sleep and a little
 * more, or much more when the machine is slow or stands still.
 */
#define ORDERS_LOOK_US	200
#define ORDERS_LOOKS(ms)	((ms) * 1000 / ORDERS_LOOK_US)

/* Returns false if the command failed, or has not ended after @ms. */
static inline bool order_wait(struct order_vcpu *v, int ms)
{
	int looks = ORDERS_LOOKS(ms);

	while (!order_done(v) && looks--)
		usleep(ORDERS_LOOK_US);
	return order_done(v) && !READ_ONCE(v->failed);
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

static inline uint64_t order_cpu_ns(struct order_vcpu *v)
{
	struct timespec ts;

	clock_gettime(v->clock, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static inline void orders_nothing(int sig)
{
	(void)sig;
}

static inline void orders_start_thread(struct orders *o, int i, struct kvm_vcpu *vcpu)
{
	struct order_vcpu *v = &o->vcpu[i];

	v->vcpu = vcpu;
	v->page = (char *)o->work + (i + 1) * ORDERS_PAGE;
	vcpu_args_set(vcpu, 1, i);
	kvm_stats_open_vcpu(&v->stats, vcpu);
	sem_init(&v->ordered, 0, 0);
	TEST_ASSERT(!pthread_create(&v->thread, NULL, orders_vcpu_main, v), "pthread_create");
	pthread_getcpuclockid(v->thread, &v->clock);
	while (!__atomic_load_n(&v->tid, __ATOMIC_ACQUIRE))
		usleep(100);
}

/*
 * @pages is the amount of memory that the test is going to map for the guest.
 */
static inline void orders_create(struct orders *o, int nr_vcpus, uint64_t pages)
{
	struct sigaction sa = { .sa_handler = orders_nothing };
	struct kvm_vcpu *vcpus[ORDERS_MAX_VCPUS];
	int i;

	memset(o, 0, sizeof(*o));
	sigaction(SIGUSR1, &sa, NULL);
	o->nr_vcpus = nr_vcpus;
	o->size = (nr_vcpus + 1) * ORDERS_PAGE;
	o->vm = __vm_create_with_vcpus(VM_SHAPE_DEFAULT, nr_vcpus, pages + nr_vcpus + 64,
				       orders_guest_code, vcpus);
	o->work = mmap(NULL, o->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	TEST_ASSERT(o->work != MAP_FAILED, "mmap of %zu bytes: %s", o->size, strerror(errno));
	vm_set_user_memory_region(o->vm, ORDERS_SLOT, 0, ORDERS_GPA, o->size, o->work);
	virt_map(o->vm, ORDERS_GVA, ORDERS_GPA, nr_vcpus + 1);
	guard_catch_exceptions(o->vm, vcpus, nr_vcpus, guard_trap);
	kvm_stats_open_vm(&o->stats, o->vm);
	for (i = 0; i < nr_vcpus; i++)
		orders_start_thread(o, i, vcpus[i]);
}

/* All commands must have ended. */
static inline void orders_destroy(struct orders *o)
{
	struct order_vcpu *v;
	int i;

	for (i = 0; i < o->nr_vcpus; i++) {
		v = &o->vcpu[i];
		v->quit = true;
		sem_post(&v->ordered);
		pthread_join(v->thread, NULL);
		kvm_stats_close(&v->stats);
		sem_destroy(&v->ordered);
	}
	kvm_stats_close(&o->stats);
	kvm_vm_free(o->vm);
	munmap(o->work, o->size);
}

#endif /* SELFTEST_KVM_ORDERS_H */
