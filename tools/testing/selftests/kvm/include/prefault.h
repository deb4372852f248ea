/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that makes KVM map guest memory without a guest, by
 * KVM_PRE_FAULT_MEMORY on a vCPU that never runs.
 *
 *	prefault_start(&f, vcpu, gpa, seed)
 *	prefault_on(&f, first, n)		parts of these pages, again and again
 *	prefault_off(&f)			the call in progress may still run
 *	prefault_hole(&f)			before and after prefaults may fail
 *	prefault_stop(&f)
 */
#ifndef SELFTEST_KVM_PREFAULT_H
#define SELFTEST_KVM_PREFAULT_H

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "commands.h"
#include "gmem.h"
#include "oracle.h"

#define PREFAULT_PAGE		4096UL
#define PREFAULT_SIGNAL_NS	20000000

struct prefault {
	struct kvm_vcpu *vcpu;
	uint64_t gpa;
	uint64_t rng;
	pthread_t thread;
	bool started;
	bool stop;
	bool on;
	uint64_t first;
	uint64_t n;
	uint64_t holes;
	/* The host changes what is prefaulted just now. */
	bool changing;
	/* Results: successes, calls that began during a change, EINTRs. */
	uint64_t done;
	uint64_t met;
	uint64_t signals;
	bool failed;
};

static inline void prefault_hole(struct prefault *f)
{
	__atomic_add_fetch(&f->holes, 1, __ATOMIC_SEQ_CST);
}

/*
 * Ends a call now and then: up to 6.12 a prefault of a memslot that is being
 * deleted is repeated until a signal arrives, while the deletion waits for it.
 */
static inline timer_t prefault_signals(void)
{
	struct itimerspec when = {
		.it_interval.tv_nsec = PREFAULT_SIGNAL_NS,
		.it_value.tv_nsec = PREFAULT_SIGNAL_NS,
	};
	struct sigevent sev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	timer_t timer;

	sev._sigev_un._tid = syscall(SYS_gettid);
	TEST_ASSERT(!timer_create(CLOCK_MONOTONIC, &sev, &timer) &&
		    !timer_settime(timer, 0, &when, NULL), "timer: %s", strerror(errno));
	return timer;
}

/* May a call that began when @holes were counted fail like this? */
static inline bool prefault_excused(struct prefault *f, int error, uint64_t holes)
{
	if (error != EFAULT && error != EAGAIN && error != ENOENT)
		return false;
	return holes & 1 || __atomic_load_n(&f->holes, __ATOMIC_SEQ_CST) != holes;
}

static inline void prefault_once(struct prefault *f)
{
	uint64_t holes = __atomic_load_n(&f->holes, __ATOMIC_SEQ_CST);
	uint64_t n = READ_ONCE(f->n), skip = oracle_pick(&f->rng, n);
	uint64_t page = READ_ONCE(f->first) + skip;
	struct kvm_pre_fault_memory range = {
		.gpa = f->gpa + page * PREFAULT_PAGE,
		.size = (n - skip) * PREFAULT_PAGE,
	};

	f->met += READ_ONCE(f->changing);
	if (!__vcpu_ioctl(f->vcpu, KVM_PRE_FAULT_MEMORY, &range)) {
		f->done++;
	} else if (errno == EINTR) {
		f->signals++;
	} else if (!prefault_excused(f, errno, holes)) {
		ktap_info("KVM_PRE_FAULT_MEMORY at page %lu: %s, though nothing was missing", page,
			  strerror(errno));
		WRITE_ONCE(f->failed, true);
	}
}

static inline void *prefault_main(void *arg)
{
	struct prefault *f = arg;
	timer_t timer = prefault_signals();

	while (!READ_ONCE(f->stop) && !f->failed) {
		if (__atomic_load_n(&f->on, __ATOMIC_ACQUIRE))
			prefault_once(f);
		else
			usleep(100);
	}
	timer_delete(timer);
	return NULL;
}

/* The test must have a handler for SIGUSR1, as commands_create() installs it. */
static inline void prefault_start(struct prefault *f, struct kvm_vcpu *vcpu, uint64_t gpa,
				  uint64_t seed)
{
	f->vcpu = vcpu;
	f->gpa = gpa;
	f->rng = oracle_mix(seed) | 1;
	f->started = true;
	TEST_ASSERT(!pthread_create(&f->thread, NULL, prefault_main, f), "pthread_create");
}

static inline void prefault_on(struct prefault *f, uint64_t first, uint64_t n)
{
	WRITE_ONCE(f->first, first);
	WRITE_ONCE(f->n, n);
	__atomic_store_n(&f->on, true, __ATOMIC_RELEASE);
}

static inline void prefault_off(struct prefault *f)
{
	WRITE_ONCE(f->on, false);
}

static inline void prefault_stop(struct prefault *f)
{
	WRITE_ONCE(f->stop, true);
	if (f->started)
		pthread_join(f->thread, NULL);
	f->started = false;
}

#endif /* SELFTEST_KVM_PREFAULT_H */
