/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of torture_test on vCPUs and on the machine, and the preparation
 * of all operations.
 */
#ifndef SELFTEST_KVM_TORTURE_MACHINE_H
#define SELFTEST_KVM_TORTURE_MACHINE_H

#include <sched.h>

#include "huge_pages.h"
#include "knob.h"
#include "swap.h"
#include "thp.h"
#include "torture.h"

#define COMPACT			"/proc/sys/vm/compact_memory"
#define SWAP_BYTES		(64UL << 20)

static cpu_set_t cpus;
static unsigned int kinds;

/* ---- operations on vCPUs and on the machine ---- */

static inline struct writers_thread *pick_vcpu(struct thread *t)
{
	return &scene.w.thread[pick(t, scene.w.nr_vcpus)];
}

/* Sends signals, and now and then makes KVM send a request to all vCPUs. */
static inline void op_kick(struct thread *t, struct range r)
{
	struct kvm_clock_data clock = {};
	struct writers_thread *vcpu;
	uint64_t before, after;
	int n = 1 + pick(t, 8);

	if (!pick(t, 4)) {
		t->entry->note = "KVM_SET_CLOCK";
		vm_ioctl(scene.w.vm, KVM_SET_CLOCK, &clock);
		return;
	}
	for (; n && !stopping(); n--) {
		vcpu = pick_vcpu(t);
		kvm_stats_get(&vcpu->stats, "signal_exits", &before);
		pthread_kill(vcpu->thread, SIGUSR1);
		usleep(pick(t, 500));
		kvm_stats_get(&vcpu->stats, "signal_exits", &after);
		add(&t->op->seen, after - before);
	}
}

/* Moves a vCPU's thread to another CPU. */
static inline void op_cpu(struct thread *t, struct range r)
{
	pid_t tid = READ_ONCE(pick_vcpu(t)->tid);
	uint64_t cpu, n = pick(t, CPU_COUNT(&cpus));
	cpu_set_t one;

	for (cpu = 0; !CPU_ISSET(cpu, &cpus) || n--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (tid && !sched_setaffinity(tid, sizeof(one), &one))
		add(&t->op->seen, 1);
}

static inline void op_compact(struct thread *t, struct range r)
{
	knob_write(COMPACT, "1");
}

/* ---- what they need ---- */

/* Returns memory with MADV_HUGEPAGE whose first page was written. */
static inline uint8_t *map_huge(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uint8_t *p = mmap(reserve(WRITERS_HUGE), WRITERS_HUGE, PROT_READ | PROT_WRITE,
			  flags | MAP_FIXED, fd, 0);

	TEST_ASSERT(p != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(p, WRITERS_HUGE, MADV_HUGEPAGE);
	WRITE_ONCE(*p, 1);
	return p;
}

/* Is the memory mapped by a huge page? */
static inline bool gets_huge(bool shmem)
{
	int fd = shmem ? blocks_file(WRITERS_HUGE) : -1;
	uint8_t *p = map_huge(fd);
	bool huge = range_usage(p, WRITERS_HUGE).huge;

	munmap(p, WRITERS_HUGE);
	if (shmem)
		close(fd);
	return huge;
}

/* Returns the kinds of blocks that are available; small pages always are. */
static inline unsigned int find_kinds(void)
{
	unsigned int found = BIT(ANON_4K) | BIT(SHMEM_4K);

	if (!thp_why_not(false) && gets_huge(false))
		found |= BIT(ANON_2M);
	else
		ktap_info("anon/2m is left out: no huge pages, in this kernel or for this user");
	if (!thp_why_not(true) && gets_huge(true))
		found |= BIT(SHMEM_2M);
	else
		ktap_info("shmem/2m is left out: no huge pages of files, or not for this user");
	return found;
}

static inline bool has_huge(void)
{
	return kinds & (BIT(ANON_2M) | BIT(SHMEM_2M));
}

static inline const char *prepare_swap(void)
{
	return swap_create(SWAP_BYTES);
}

static inline const char *prepare_huge(void)
{
	return has_huge() ? NULL : "there are no huge pages here";
}

static inline const char *prepare_collapse(void)
{
	bool unknown;
	uint8_t *p;

	if (!has_huge())
		return prepare_huge();
	p = map_huge(-1);
	unknown = madvise(p, WRITERS_HUGE, MADV_COLLAPSE) && errno == EINVAL;
	munmap(p, WRITERS_HUGE);
	return unknown ? "this kernel has no MADV_COLLAPSE" : NULL;
}

/* Makes khugepaged fast, but leaves the guest most of the CPU. */
static inline const char *prepare_khugepaged(void)
{
	if (!has_huge())
		return prepare_huge();
	if (!knob_set(KHUGEPAGED "max_ptes_none", "511") ||
	    !knob_set(KHUGEPAGED "max_ptes_swap", "256") ||
	    !knob_set(KHUGEPAGED "pages_to_scan", "4096") ||
	    !knob_set(KHUGEPAGED "alloc_sleep_millisecs", "10") ||
	    !knob_set(KHUGEPAGED "scan_sleep_millisecs", "50"))
		return "khugepaged's settings can't be changed by this user";
	return NULL;
}

static inline const char *prepare_ksm(void)
{
	if (access(KSM "run", F_OK))
		return "no KSM in this kernel";
	if (!knob_set(KSM "run", "1") || !knob_set(KSM "sleep_millisecs", "50") ||
	    !knob_set(KSM "pages_to_scan", "100"))
		return "only root can turn KSM on";
	return NULL;
}

static inline const char *prepare_cpus(void)
{
	return CPU_COUNT(&cpus) > 1 ? NULL : "there is one CPU only";
}

static inline const char *prepare_compact(void)
{
	return access(COMPACT, W_OK) ? "no " COMPACT ", or not for this user" : NULL;
}

#endif /* SELFTEST_KVM_TORTURE_MACHINE_H */
