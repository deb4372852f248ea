/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM in a child process, to be killed and watched from outside:
 *
 *	victim_start()		forks; the child's guest writes all the time
 *	victim_wait_ready()	waits for a number of visits of the guest
 *	victim_hold()		stops the main thread by ptrace where it exits, which
 *				keeps the mm when all other threads are dead
 *	victim_kill()
 *	victim_reap()		process_mrelease(2), repeated while it returns EAGAIN
 *	victim_left()		is there memory that should have been reaped?
 *	victim_end()		lets it exit; NULL if process and VM then are gone
 *
 * The child checks the words of its guest until it is killed.  The parent never
 * maps or writes the child's memory; it sees counts in a page that both share,
 * and KVM's statistics through a file descriptor that it takes from the child.
 */
#ifndef SELFTEST_KVM_VICTIM_H
#define SELFTEST_KVM_VICTIM_H

#include <dirent.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "deadline.h"
#include "ktap.h"
#include "kvm_stats.h"
#include "memcg.h"
#include "writers.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd		438
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease	448
#endif

#define VICTIM_DMIRROR		"/dev/hmm_dmirror0"
/* Seconds without progress. */
#define VICTIM_STALL_S		30
#define VICTIM_STORM_PAGES	64
#define VICTIM_SLOT		16
/* Visits of the guest to a VM that is destroyed soon. */
#define VICTIM_SHORT_LIFE	50
/* KVM's own memslots: APIC access page, identity map and TSS. */
#define VICTIM_KVM_PAGES	8

/* What the child does. */
struct victim_plan {
	int vcpus;
	int mib;
	bool huge;
	/*
	 * Discard half of the memory again and again, so that the guest faults.
	 */
	bool storm;
	/*
	 * Create and delete a memslot that the guest does not use, again and
	 * again.
	 */
	bool memslots;
	/* Never answer the first fault on the memory. */
	bool userfault;
	/* Create and destroy VMs, one after the other. */
	bool lifecycle;
	/* Add a second notifier to the mm: that of lib/test_hmm.c. */
	bool mirror;
	bool in_memcg;
	/*
	 * Stop after so many visits, check everything and exit with status 0.
	 */
	uint64_t finish;
	uint64_t seed;
};

/* Counts that the child reports to the parent. */
struct victim_page {
	uint64_t visits;
	uint64_t writes;
	uint64_t waits;
	uint64_t hva;
	uint64_t kept_pages;
	/* Reads through the second notifier, by a third process. */
	uint64_t mirrored;
	int stats_fd;
	int mirror_fd;
	bool running;
};

struct victim {
	struct victim_plan plan;
	struct victim_page *page;
	pid_t pid;
	int pidfd;
	int mirror_fd;
	struct kvm_stats stats;
	bool has_stats;
	bool held;
	bool gone;
	int status;
	uint64_t killed_at;
	uint64_t reaped_at;
	uint64_t gone_at;
	uint64_t again;
};

/* ---- the child ---- */

static struct writers victim_writers;

static inline void *victim_map(const struct victim_plan *p, uint64_t size)
{
	uint64_t hva = (uint64_t)mmap(NULL, size + WRITERS_HUGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	TEST_ASSERT((void *)hva != MAP_FAILED, "mmap of %lu bytes: %s", size, strerror(errno));
	hva = align_up(hva, WRITERS_HUGE);
	madvise((void *)hva, size, p->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return (void *)hva;
}

static inline void victim_register_userfault(void *hva, uint64_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uint64_t)hva, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	TEST_ASSERT(fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &reg),
		    "userfaultfd: %s", strerror(errno));
}

/* Discards the first half of the memory, and is the thread that erases it. */
static inline void *victim_storm(void *arg)
{
	struct writers *w = arg;
	uint64_t rng = oracle_mix(w->salt ^ 0x57) | 1, first, n = VICTIM_STORM_PAGES;

	while (!READ_ONCE(w->ctl->stop)) {
		first = oracle_pick(&rng, w->pages / 2 - n);
		WRITE_ONCE(w->ctl->hot[0], first << 32 | n);
		usleep(oracle_random(&rng) % 2000);
		if (!writers_verify(w, first, n))
			break;
		oracle_erase_begin(w->ctl->log, first, n);
		TEST_ASSERT(!madvise(writers_page(w, first), n * ORACLE_PAGE_SIZE, MADV_DONTNEED),
			    "MADV_DONTNEED: %s", strerror(errno));
		oracle_erase_end(w->ctl->log, first, n);
	}
	return NULL;
}

/* Each deletion waits for all vCPUs that are in KVM (SRCU). */
static inline void *victim_memslots(void *arg)
{
	struct writers *w = arg;
	uint64_t size = ORACLE_PAGE_SIZE;

	while (!READ_ONCE(w->ctl->stop)) {
		vm_set_user_memory_region(w->vm, VICTIM_SLOT, 0, writers_gpa(w->pages, 1, 0), size,
					  w->hva);
		size = ORACLE_PAGE_SIZE - size;
	}
	return NULL;
}

static inline void victim_report(struct victim_page *page, struct writers *w)
{
	uint64_t waits = 0, n;
	int i;

	for (i = 0; i < w->nr_vcpus; i++) {
		kvm_stats_get(&w->thread[i].stats, "mmu_interval_wait", &n);
		waits += n;
	}
	WRITE_ONCE(page->waits, waits);
	WRITE_ONCE(page->writes, writers_writes(w));
	WRITE_ONCE(page->visits, writers_visits(w));
}

/* Runs until the kill, the end of the plan, or a wrong word. */
static inline void victim_run(const struct victim_plan *p, struct victim_page *page)
{
	struct writers *w = &victim_writers;

	while (!writers_failed(w) && (!p->finish || writers_visits(w) < p->finish)) {
		usleep(500);
		writers_watch(w);
		victim_report(page, w);
	}
	writers_stop(w);
	victim_report(page, w);
}

static inline void victim_open_mirror(struct victim_page *page)
{
	page->mirror_fd = open(VICTIM_DMIRROR, O_RDWR | O_CLOEXEC);
	TEST_ASSERT(page->mirror_fd >= 0, VICTIM_DMIRROR ": %s", strerror(errno));
}

static inline void victim_live_once(const struct victim_plan *p, struct victim_page *page)
{
	uint64_t size = (uint64_t)p->mib << 20;
	struct writers *w = &victim_writers;
	void *hva = victim_map(p, size);
	pthread_t storm, memslots;

	if (p->userfault)
		victim_register_userfault(hva, size);
	if (p->mirror)
		victim_open_mirror(page);
	writers_create(w, p->vcpus, hva, size / ORACLE_PAGE_SIZE, p->huge, p->storm, p->seed);
	page->hva = (uint64_t)hva;
	page->kept_pages = w->ctl_size / ORACLE_PAGE_SIZE + VICTIM_KVM_PAGES;
	page->stats_fd = vm_get_stats_fd(w->vm);
	writers_start(w);
	WRITE_ONCE(page->running, true);
	if (p->storm)
		TEST_ASSERT(!pthread_create(&storm, NULL, victim_storm, w), "pthread_create");
	if (p->memslots)
		TEST_ASSERT(!pthread_create(&memslots, NULL, victim_memslots, w), "pthread_create");
	victim_run(p, page);
	if (p->storm)
		pthread_join(storm, NULL);
	if (p->memslots)
		pthread_join(memslots, NULL);
	if (!writers_failed(w))
		writers_verify_all(w);
	writers_destroy(w);
	munmap(hva, size);
	close(page->stats_fd);
}

static inline void victim_main(const struct victim_plan *p, struct victim_page *page)
{
	struct victim_plan again = *p;

	/* The victim must have no other thread, so none of live.h. */
	unsetenv("KVM_INTERVAL_LIVE");
	if (p->in_memcg)
		TEST_ASSERT(memcg_enter(), "cgroup.procs: %s", strerror(errno));
	if (p->lifecycle)
		again.finish = VICTIM_SHORT_LIFE;
	do {
		victim_live_once(&again, page);
		again.seed++;
	} while (p->lifecycle && !writers_failed(&victim_writers));
	_exit(writers_failed(&victim_writers) ? KSFT_FAIL : KSFT_PASS);
}

/* ---- the parent ---- */

static inline void victim_start(struct victim *v, const struct victim_plan *plan)
{
	struct victim_page *page = mmap(NULL, ORACLE_PAGE_SIZE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(page != MAP_FAILED, "mmap: %s", strerror(errno));
	page->stats_fd = -1;
	page->mirror_fd = -1;
	*v = (struct victim) { .plan = *plan, .page = page, .mirror_fd = -1 };
	v->pid = child_fork();
	if (!v->pid)
		victim_main(plan, page);
	v->pidfd = syscall(SYS_pidfd_open, v->pid, 0);
	TEST_ASSERT(v->pidfd >= 0, "pidfd_open: %s", strerror(errno));
}

static inline bool victim_is_exit_stop(int status)
{
	return WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

/*
 * Notices the end of the child.  Leaves it alone if it is stopped on its way to
 * exit.
 */
static inline bool victim_poll(struct victim *v, bool *stopped)
{
	int status;

	*stopped = false;
	if (v->gone || waitpid(v->pid, &status, WNOHANG | __WALL) != v->pid)
		return v->gone;
	if (WIFSTOPPED(status)) {
		*stopped = victim_is_exit_stop(status);
		if (!*stopped)
			ptrace(PTRACE_CONT, v->pid, 0, WSTOPSIG(status));
		return false;
	}
	v->gone_at = now_us();
	v->gone = true;
	v->status = status;
	return true;
}

/* Returns false if the child ended by itself, or makes no progress. */
static inline bool victim_wait_ready(struct victim *v, uint64_t visits)
{
	struct stall stall = {};
	bool stopped;

	while (!stall_seen(&stall, READ_ONCE(v->page->visits), VICTIM_STALL_S) &&
	       !victim_poll(v, &stopped)) {
		if (READ_ONCE(v->page->running) && READ_ONCE(v->page->visits) >= visits)
			return true;
		usleep(300);
	}
	return false;
}

static inline int victim_take_fd(struct victim *v, int fd)
{
	return fd < 0 ? -1 : syscall(SYS_pidfd_getfd, v->pidfd, fd, 0);
}

/*
 * Makes the main thread stop where it would exit.  Also takes KVM's statistics,
 * which keep the VM, so that the parent destroys it.
 */
static inline void victim_hold(struct victim *v)
{
	int fd = v->plan.lifecycle ? -1 : victim_take_fd(v, READ_ONCE(v->page->stats_fd));

	v->held = !ptrace(PTRACE_SEIZE, v->pid, 0, PTRACE_O_TRACEEXIT);
	TEST_ASSERT(v->held, "ptrace: %s", strerror(errno));
	if (fd >= 0)
		kvm_stats_open_fd(&v->stats, fd);
	v->has_stats = fd >= 0;
	v->mirror_fd = victim_take_fd(v, READ_ONCE(v->page->mirror_fd));
}

static inline void victim_kill(struct victim *v)
{
	v->killed_at = now_us();
	kill(v->pid, SIGKILL);
}

/*
 * Returns 0 or the last error of process_mrelease(): ESRCH if there is no mm
 * any more, EAGAIN if @tries attempts did not succeed.
 */
static inline int victim_reap(struct victim *v, int tries)
{
	int error;

	do {
		error = syscall(SYS_process_mrelease, v->pidfd, 0) ? errno : 0;
		if (error != EAGAIN)
			break;
		v->again++;
		usleep(200);
	} while (--tries);
	v->reaped_at = now_us();
	return error;
}

/* Returns RssAnon in kB, from /proc/PID/status; 0 if the process has no mm. */
static inline uint64_t victim_rss_anon(struct victim *v)
{
	unsigned long kb = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", v->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* Returns the number of pages that KVM maps for the guest. */
static inline uint64_t victim_mapped(struct victim *v)
{
	if (!v->has_stats)
		return 0;
	return kvm_stats_read(&v->stats, "pages_4k") + 512 * kvm_stats_read(&v->stats, "pages_2m");
}

/*
 * Called after a successful reap.  Returns true if the guest still maps, or the
 * process still has, anonymous memory.  Shared memory is not reaped.
 */
static inline bool victim_left(struct victim *v)
{
	uint64_t mapped = victim_mapped(v), kb = victim_rss_anon(v);

	if (mapped > v->page->kept_pages)
		ktap_info("STALE: the guest maps %lu pages after the reap, and only %lu are shared",
			  mapped, v->page->kept_pages);
	if (kb > v->plan.mib * 256UL)
		ktap_info("%lu kB of anonymous memory are left after the reap", kb);
	return mapped > v->page->kept_pages || kb > v->plan.mib * 256UL;
}

static inline void victim_print_file(const char *dir, const char *task, const char *name)
{
	char path[600], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, task, name);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		ktap_info("  %s %s: %.*s", task, name, (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

/* Prints where each thread of the victim hangs. */
static inline void victim_print_threads(struct victim *v)
{
	struct dirent *e;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", v->pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		victim_print_file(path, e->d_name, "wchan");
		victim_print_file(path, e->d_name, "stack");
	}
	if (dir)
		closedir(dir);
}

/*
 * KVM has a directory in debugfs for every VM, named after the creating
 * process.
 */
static inline bool victim_has_vm(struct victim *v)
{
	DIR *dir = opendir("/sys/kernel/debug/kvm");
	bool found = false;
	struct dirent *e;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%d-", v->pid);
	while (dir && (e = readdir(dir)))
		found |= !strncmp(e->d_name, prefix, strlen(prefix));
	if (dir)
		closedir(dir);
	return found;
}

static inline bool victim_wait_gone(struct victim *v)
{
	struct stall stall = {};
	bool stopped;

	while (!victim_poll(v, &stopped)) {
		if (stopped)
			ptrace(PTRACE_DETACH, v->pid, 0, 0);
		if (stall_seen(&stall, 0, VICTIM_STALL_S))
			return false;
		usleep(200);
	}
	return true;
}

static inline bool victim_wait_vm_gone(struct victim *v)
{
	struct stall stall = {};

	while (victim_has_vm(v)) {
		if (stall_seen(&stall, 0, VICTIM_STALL_S))
			return false;
		usleep(1000);
	}
	return true;
}

static inline void victim_close(struct victim *v)
{
	if (v->has_stats)
		kvm_stats_close(&v->stats);
	if (v->mirror_fd >= 0)
		close(v->mirror_fd);
	close(v->pidfd);
	v->has_stats = false;
	v->mirror_fd = -1;
}

/*
 * Waits until process and VM are gone.  Returns NULL, or what is wrong.
 * v->page and v->status stay valid until victim_free().
 */
static inline const char *victim_end(struct victim *v)
{
	bool gone = victim_wait_gone(v);

	if (!gone)
		victim_print_threads(v);
	victim_close(v);
	if (!gone)
		return "the process does not end";
	if (WIFEXITED(v->status) && WEXITSTATUS(v->status) == GUARD_EXIT_EMULATOR)
		exit(GUARD_EXIT_EMULATOR);
	if (!victim_wait_vm_gone(v))
		return "the process is gone, but its VM is not";
	if (v->plan.finish)
		return v->status ? "a VM that should have stopped by itself has failed" : NULL;
	if (!WIFSIGNALED(v->status) || WTERMSIG(v->status) != SIGKILL)
		return "the process was not killed by the signal";
	return NULL;
}

static inline void victim_free(struct victim *v)
{
	munmap(v->page, ORACLE_PAGE_SIZE);
}

#endif /* SELFTEST_KVM_VICTIM_H */
