/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of torture_test on memory, including KSM and fork().  The caller
 * holds the lock of the block that has the pages.
 */
#ifndef SELFTEST_KVM_TORTURE_MEMORY_H
#define SELFTEST_KVM_TORTURE_MEMORY_H

#include <sys/wait.h>

#include "child.h"
#include "forced_read.h"
#include "knob.h"
#include "torture.h"

/* ---- operations on memory ---- */

static inline void op_munmap(struct thread *t, struct range r)
{
	writers_hole_begin(&scene.w);
	erase_begin(t, r);
	blocks_replace(&scene.mem, r, true, t->spare);
	erase_end(r);
	writers_hole_end(&scene.w);
}

static inline void op_mmap(struct thread *t, struct range r)
{
	erase_begin(t, r);
	blocks_replace(&scene.mem, r, false, t->spare);
	erase_end(r);
}

/*
 * Discards anonymous memory.  Shared memory is only unmapped and keeps its
 * contents.
 */
static inline void op_dontneed(struct thread *t, struct range r)
{
	bool erases = !block_is_shmem(block_of(&scene.mem, r.first));

	if (erases)
		erase_begin(t, r);
	advise(r, MADV_DONTNEED, "MADV_DONTNEED");
	if (erases)
		erase_end(r);
}

static inline void op_free(struct thread *t, struct range r)
{
	erase_begin(t, r);
	advise(r, MADV_FREE, "MADV_FREE");
	oracle_free_end(scene.w.ctl->log, r.first, r.n);
	if (pick(t, 2)) {
		t->entry->note = "and MADV_PAGEOUT";
		let_guest_work(pick(t, r.n));
		advise(r, MADV_PAGEOUT, "MADV_PAGEOUT");
	}
}

/*
 * Pages in use are not reclaimed, so the guest is elsewhere or cannot reach
 * them.
 */
static inline void op_pageout(struct thread *t, struct range r)
{
	static const char * const notes[] = { "in use", "with the guest elsewhere", "protected" };
	uint64_t how = pick(t, 3);

	t->entry->note = notes[how];
	if (how == 1) {
		make_hot(t, whole_block((r.first + scene.mem.pages / 2) % scene.mem.pages));
		let_guest_work(16);
		advise(r, MADV_PAGEOUT, "MADV_PAGEOUT");
	}
	if (how == 2) {
		writers_hole_begin(&scene.w);
		range_must(!mprotect(at(r), range_len(r), PROT_NONE), "mprotect", r);
	}
	advise(r, MADV_PAGEOUT, "MADV_PAGEOUT");
	if (how == 2) {
		range_must(!mprotect(at(r), range_len(r), PROT_READ | PROT_WRITE), "mprotect", r);
		writers_hole_end(&scene.w);
	}
	make_hot(t, r);
}

static inline void op_cold(struct thread *t, struct range r)
{
	advise(r, MADV_COLD, "MADV_COLD");
}

static inline void op_mremap(struct thread *t, struct range r)
{
	writers_hole_begin(&scene.w);
	blocks_move(at(r), t->spare, r);
	if (stays_as_it_is(t, r, t->spare))
		writers_verify_at(&scene.w, (uint64_t *)t->spare, r.first, r.n);
	blocks_move_in(t->spare, at(r), r);
	writers_hole_end(&scene.w);
}

static bool reads_prot_none;

static inline const char *prepare_mprotect(void)
{
	const char *why = forced_read_why_not();

	if (why)
		ktap_info("mprotect: only PROT_READ: %s", why);
	reads_prot_none = !why;
	return NULL;
}

static inline void op_mprotect(struct thread *t, struct range r)
{
	int prot = !reads_prot_none || pick(t, 2) ? PROT_READ : PROT_NONE;

	t->entry->note = prot == PROT_READ ? "read-only" : "none";
	writers_hole_begin(&scene.w);
	range_must(!mprotect(at(r), range_len(r), prot), "mprotect", r);
	stays_as_it_is(t, r, at(r));
	range_must(!mprotect(at(r), range_len(r), PROT_READ | PROT_WRITE), "mprotect back", r);
	writers_hole_end(&scene.w);
}

static inline void op_punch(struct thread *t, struct range r)
{
	struct range all = r, run;

	erase_begin(t, r);
	if (pick(t, 2)) {
		t->entry->note = "MADV_REMOVE";
		advise(r, MADV_REMOVE, "MADV_REMOVE");
	} else {
		for (; r.n; r.first += run.n, r.n -= run.n) {
			run = blocks_run(&scene.mem, r);
			blocks_punch(&scene.mem, run, scene.mem.file[run.first]);
		}
	}
	erase_end(all);
}

/* May be refused if pages are in use, or if the block has many mappings. */
static inline void op_collapse(struct thread *t, struct range r)
{
	if (!madvise(at(r), range_len(r), MADV_COLLAPSE))
		add(&t->op->seen, 1);
	else
		t->entry->note = "refused";
}

/* ---- KSM ---- */

static inline uint64_t *twin_at(struct thread *t, uint64_t i)
{
	return t->twin + i * PAGE / sizeof(*t->twin);
}

static inline void check_twin(struct thread *t, uint64_t i)
{
	if (!t->twin_sum[i] || blocks_sum_of(twin_at(t, i)) == t->twin_sum[i])
		return;
	ktap_info("STALE write: the host's own copy of page %lu has changed",
		  t->twin_page[i]);
	blocks_changed(&scene.mem, t->twin_page[i], t->twin_since[i]);
}

/*
 * Copies pages.  KSM can merge them with the copies until the guest writes
 * them.
 */
static inline void make_twins(struct thread *t, struct range r)
{
	uint64_t p, i;

	if (r.n > NR_TWINS)
		r.n = NR_TWINS;
	advise(r, MADV_MERGEABLE, "MADV_MERGEABLE");
	for (p = r.first; p < r.first + r.n; p++) {
		i = t->next_twin++ % NR_TWINS;
		check_twin(t, i);
		memcpy(twin_at(t, i), blocks_at(&scene.mem, p), PAGE);
		t->twin_page[i] = p;
		t->twin_sum[i] = blocks_sum_of(twin_at(t, i));
		t->twin_since[i] = blocks_erases(&scene.mem, p);
	}
}

/* The threads share one file of KSM, and want different values. */
static inline void set_ksm(void)
{
	pthread_mutex_lock(&scene.ksm_lock);
	knob_write(KSM "run", "2");
	knob_write(KSM "run", "1");
	pthread_mutex_unlock(&scene.ksm_lock);
}

static inline void op_ksm(struct thread *t, struct range r)
{
	switch (pick(t, 6)) {
	case 0:
		t->entry->note = "unmerge";
		advise(r, MADV_UNMERGEABLE, "MADV_UNMERGEABLE");
		break;
	case 1:
		t->entry->note = "unmerge all";
		set_ksm();
		break;
	default:
		t->entry->note = "copy";
		make_twins(t, r);
	}
}

/* ---- fork ---- */

/* A page lost to MADV_FREE is lost in a child, too. */
static inline uint64_t sum_of_copy(struct range r)
{
	uint64_t p, sum = 0;

	for (p = r.first; p < r.first + r.n; p++) {
		if (blocks_may_vanish(&scene.mem, p))
			continue;
		sum = sum << 7 | sum >> 57;
		sum ^= blocks_sum_of((uint64_t *)blocks_at(&scene.mem, p));
	}
	return sum;
}

/*
 * The guest's writes must not reach the copy, nor the child's writes the guest.
 */
static inline void child_main(struct range r, uint64_t usec)
{
	uint64_t sum;

	sum = sum_of_copy(r);
	usleep(usec);
	if (sum_of_copy(r) != sum)
		_exit(1);
	memset(at(r), 0x5a, range_len(r));
	_exit(0);
}

static inline void op_fork(struct thread *t, struct range r)
{
	uint64_t usec = pick(t, 5000);
	pid_t pid = child_fork();
	int status = 0;

	if (!pid)
		child_main(r, usec);
	let_guest_work(2 * r.n);
	range_must(waitpid(pid, &status, 0) == pid, "waitpid", r);
	if (!status) {
		add(&t->op->seen, 1);
		return;
	}
	ktap_info("STALE write: a child's copy of %lu pages at page %lu has changed (status %#x)",
		  r.n, r.first, status);
	blocks_changed(&scene.mem, r.first, blocks_erases(&scene.mem, r.first));
}

#endif /* SELFTEST_KVM_TORTURE_MEMORY_H */
