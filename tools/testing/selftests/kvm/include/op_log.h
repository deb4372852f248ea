/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A log of the latest operations of each thread, so that a failure can be
 * reported as the few operations that touched one page, in order.  Each thread
 * writes its own log:
 *
 *	e = op_log_begin(&log, number, name, first, n)
 *	e->note = "...", e->erases = true	optional details
 *	... the operation ...
 *	op_log_end(&log)
 *
 * and when all threads have ended, or hang:
 *
 *	op_log_print_page()	operations that touched a page
 *	op_log_print_last()	the last operations of each thread
 */
#ifndef SELFTEST_KVM_OP_LOG_H
#define SELFTEST_KVM_OP_LOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "options.h"
#include "test_util.h"

#define OP_LOG_THREADS	8
#define OP_LOG_KEPT	8192
#define OP_LOG_SHOWN	16

struct op_log_entry {
	uint64_t number;
	const char *name;
	const char *note;
	/* Pages; @n is 0 for an operation that is not on a range of pages. */
	uint64_t first;
	uint64_t n;
	bool erases;
	uint64_t start_us;
	/* 0 while the operation is in progress. */
	uint64_t end_us;
};

struct op_log {
	int thread;
	uint64_t nr;
	/*
	 * Allocated, because the framework copies the program's own data into
	 * the guest.
	 */
	struct op_log_entry *entry;
};

static inline void op_log_create(struct op_log *h, int thread)
{
	h->thread = thread;
	h->nr = 0;
	h->entry = calloc(OP_LOG_KEPT, sizeof(*h->entry));
	TEST_ASSERT(h->entry, "out of memory");
}

static inline void op_log_destroy(struct op_log *h)
{
	free(h->entry);
}

static inline struct op_log_entry *op_log_at(struct op_log *h, uint64_t i)
{
	return &h->entry[i % OP_LOG_KEPT];
}

static inline uint64_t op_log_oldest(const struct op_log *h)
{
	return h->nr > OP_LOG_KEPT ? h->nr - OP_LOG_KEPT : 0;
}

static inline struct op_log_entry *op_log_begin(struct op_log *h, uint64_t number,
						const char *name, uint64_t first, uint64_t n)
{
	struct op_log_entry *e = op_log_at(h, h->nr);

	*e = (struct op_log_entry) {
		.number = number,
		.name = name,
		.first = first,
		.n = n,
		.start_us = now_us(),
	};
	__atomic_store_n(&h->nr, h->nr + 1, __ATOMIC_RELEASE);
	return e;
}

static inline void op_log_end(struct op_log *h)
{
	__atomic_store_n(&op_log_at(h, h->nr - 1)->end_us, now_us(), __ATOMIC_RELEASE);
}

/* Returns the operation that the thread is executing, or NULL. */
static inline struct op_log_entry *op_log_under_way(struct op_log *h)
{
	uint64_t nr = __atomic_load_n(&h->nr, __ATOMIC_ACQUIRE);
	struct op_log_entry *e = nr ? op_log_at(h, nr - 1) : NULL;

	return e && !__atomic_load_n(&e->end_us, __ATOMIC_ACQUIRE) ? e : NULL;
}

/* Prints times relative to @at. */
static inline void op_log_print(const struct op_log *h, const struct op_log_entry *e,
				uint64_t at)
{
	double start = ((double)at - e->start_us) / 1000;
	char pages[48] = "", took[32] = "not over";

	if (e->n)
		snprintf(pages, sizeof(pages), " of pages %lu to %lu", e->first,
			 e->first + e->n - 1);
	if (e->end_us)
		snprintf(took, sizeof(took), "%.3f ms", (e->end_us - e->start_us) / 1000.0);
	ktap_info("%10.3f ms before, thread %d, operation %lu: %s%s%s%s%s (%s)", start, h->thread,
		  e->number, e->name, pages, e->note ? ", " : "", e->note ?: "",
		  e->erases ? ", erases" : "", took);
}

static inline void op_log_print_last(struct op_log *h, int threads, uint64_t at, uint64_t most)
{
	uint64_t k;
	int i;

	for (i = 0; i < threads; i++)
		for (k = h[i].nr > most ? h[i].nr - most : 0; k < h[i].nr; k++)
			op_log_print(&h[i], op_log_at(&h[i], k), at);
}

/* A few entries of all threads, latest first. */
struct op_log_view {
	int nr;
	const struct op_log *of[OP_LOG_SHOWN];
	const struct op_log_entry *entry[OP_LOG_SHOWN];
};

/*
 * Returns the thread whose entry comes next, going back in time; -1 if none is
 * left.
 */
static inline int op_log_latest(struct op_log *h, int threads, const uint64_t *left)
{
	uint64_t start, latest = 0;
	int i, found = -1;

	for (i = 0; i < threads; i++) {
		if (left[i] <= op_log_oldest(&h[i]))
			continue;
		start = op_log_at(&h[i], left[i] - 1)->start_us;
		if (start < latest)
			continue;
		latest = start;
		found = i;
	}
	return found;
}

static inline bool op_log_touches(const struct op_log_entry *e, uint64_t page)
{
	return page >= e->first && page < e->first + e->n;
}

/*
 * Selects, among the operations that had begun at @at, those that touch @page
 * or, if @elsewhere, those that do not and were in progress at @at.
 */
static inline bool op_log_wanted(const struct op_log_entry *e, uint64_t page, uint64_t at,
				 bool elsewhere)
{
	if (e->start_us > at || op_log_touches(e, page) == elsewhere)
		return false;
	return !elsewhere || !e->end_us || e->end_us >= at;
}

/* Goes back in time until @erases erases were found or the view is full. */
static inline void op_log_look(struct op_log_view *v, struct op_log *h, int threads,
			       uint64_t page, uint64_t at, uint64_t erases, bool elsewhere)
{
	uint64_t left[OP_LOG_THREADS];
	const struct op_log_entry *e;
	int i;

	for (i = 0; i < threads; i++)
		left[i] = h[i].nr;
	v->nr = 0;
	while (v->nr < OP_LOG_SHOWN && erases) {
		i = op_log_latest(h, threads, left);
		if (i < 0)
			break;
		e = op_log_at(&h[i], --left[i]);
		if (!op_log_wanted(e, page, at, elsewhere))
			continue;
		v->of[v->nr] = &h[i];
		v->entry[v->nr++] = e;
		erases -= e->erases && !elsewhere;
	}
}

static inline void op_log_print_view(const struct op_log_view *v, uint64_t at)
{
	int i;

	for (i = v->nr - 1; i >= 0; i--)
		op_log_print(v->of[i], v->entry[i], at);
}

/* Lists each operation of the view once, separated by commas, for -c. */
static inline void op_log_names(const struct op_log_view *v, char *names, size_t size)
{
	size_t len = 0;
	int i, k;

	names[0] = '\0';
	for (i = 0; i < v->nr; i++) {
		for (k = 0; v->entry[k]->name != v->entry[i]->name; k++)
			;
		if (k == i && len < size)
			len += snprintf(names + len, size - len, "%s%s", i ? "," : "",
					v->entry[i]->name);
	}
}

/*
 * Prints operations that touched @page, in order, from the @erases-th last erase before
 * @at on, and what was in progress elsewhere at @at.  @names gets the names of
 * the operations that touched it.
 */
static inline void op_log_print_page(struct op_log *h, int threads, uint64_t page, uint64_t at,
				     uint64_t erases, char *names, size_t size)
{
	struct op_log_view v;

	op_log_look(&v, h, threads, page, at, erases, false);
	op_log_names(&v, names, size);
	if (v.nr)
		ktap_info("operations that touched page %lu:", page);
	else
		ktap_info("no logged operation touched page %lu", page);
	op_log_print_view(&v, at);
	op_log_look(&v, h, threads, page, at, 1, true);
	if (v.nr)
		ktap_info("in progress elsewhere at that moment:");
	op_log_print_view(&v, at);
}

#endif /* SELFTEST_KVM_OP_LOG_H */
