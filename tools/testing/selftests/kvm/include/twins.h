/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writers whose pages become identical again and again, for KSM: pages whose
 * numbers are equal modulo @distinct are "twins".  The host opens rounds.  In
 * each, every cell is written once by its vCPU, in an order that differs
 * between vCPUs and passes; when the round is over, all twins are identical
 * word by word.  The vCPUs read and check all the time.  The oracle works as
 * usual: a write that also appears in a twin is a TORN word there.
 *
 *	twins_create(&w, ...);
 *	writers_start(&w);
 *	twins_open_round(&w, twins_round(&w) + 1);
 *	... until twins_settled(&w): all twins are identical
 */
#ifndef SELFTEST_KVM_TWINS_H
#define SELFTEST_KVM_TWINS_H

#include "writers.h"

static inline void twins_visit(const struct writers_guest *g, uint32_t me, uint64_t page,
			       int cell, bool check)
{
	uint64_t twin = page % g->distinct;
	uint64_t *mem = (uint64_t *)(g->mem + page * ORACLE_PAGE_SIZE);
	uint64_t round = READ_ONCE(g->ctl->round);
	struct writers_vcpu *v = &g->ctl->vcpu[me];
	struct oracle_page *log = &g->ctl->log[page];
	bool due = (twin + cell) % g->nr_vcpus == me && log->cell[cell].end < round;

	/*
	 * Half of the writes touch their page without a read before, which is
	 * another fault.
	 */
	if (!due || check) {
		if (!oracle_check(log, mem, g->salt, twin, cell, &v->report)) {
			v->report.page = page;
			GUEST_SYNC(WRITERS_BAD);
		}
		v->erased += v->report.erased;
	}
	if (due) {
		oracle_write_as(log, mem, g->salt, twin, cell, round);
		v->writes += ORACLE_WORDS;
	}
	WRITE_ONCE(v->visits, v->visits + 1);
}

/*
 * Each pass visits all pages: their number is a power of 2, and the step is
 * odd.
 */
static void twins_guest_code(uint32_t me)
{
	const struct writers_guest *g = &writers_guest;
	uint64_t rng = writers_seed(g, me);
	uint64_t i, random, page = 0;
	int k;

	while (!READ_ONCE(g->ctl->stop)) {
		random = oracle_random(&rng);
		for (i = 0; i < g->pages && !READ_ONCE(g->ctl->stop); i++) {
			page = (page + (random | 1)) & (g->pages - 1);
			for (k = 0; k < ORACLE_CELLS; k++)
				twins_visit(g, me, page, (random + i + k) % ORACLE_CELLS,
					    (random >> 32 ^ i) & 1);
		}
	}
	GUEST_DONE();
}

/* VMs with the same seed and the same @distinct have twins of each other. */
static inline void twins_create(struct writers *w, int nr_vcpus, void *hva, uint64_t pages,
				uint64_t distinct, uint64_t seed)
{
	struct writers_setup s = {
		.code = twins_guest_code,
		.nr_vcpus = nr_vcpus,
		.hva = hva,
		.pages = pages,
		.seed = seed,
	};

	TEST_ASSERT(!(pages & (pages - 1)), "%lu pages are not a power of 2", pages);
	writers_create_from(w, &s);
	w->distinct = distinct;
	writers_guest.distinct = distinct;
	sync_global_to_guest(w->vm, writers_guest);
}

static inline uint64_t twins_round(struct writers *w)
{
	return READ_ONCE(w->ctl->round);
}

static inline void twins_open_round(struct writers *w, uint64_t round)
{
	WRITE_ONCE(w->ctl->round, round);
}

/* Has every cell been written in the current round? */
static inline bool twins_settled(struct writers *w)
{
	uint64_t p, round = twins_round(w);
	int cell;

	for (p = 0; p < w->pages; p++)
		for (cell = 0; cell < ORACLE_CELLS; cell++)
			if (READ_ONCE(w->ctl->log[p].cell[cell].end) < round)
				return false;
	return true;
}

#endif /* SELFTEST_KVM_TWINS_H */
