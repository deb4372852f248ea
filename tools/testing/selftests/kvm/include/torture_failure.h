/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure report of torture_test: which word of which page was wrong, which
 * operations touched the page, and how to repeat them.
 */
#ifndef SELFTEST_KVM_TORTURE_FAILURE_H
#define SELFTEST_KVM_TORTURE_FAILURE_H

#include "op_log.h"
#include "torture.h"

static inline void print_how_to_repeat(const char *names)
{
	char args[128];

	snprintf(args, sizeof(args), "-s %lu -t %d -v %d -m %d", opt.seed, opt.seconds, opt.vcpus,
		 opt.mib);
	ktap_info("to repeat: ./torture_test %s%s%s", args, opt.filter ? " -c " : "",
		  opt.filter ?: "");
	ktap_info("or: make run TESTS=torture SEED=%lu TIME=%d%s ARGS='-v %d -m %d%s%s'", opt.seed,
		  opt.seconds, kvm_is_tdp_enabled() ? "" : " NPT=0", opt.vcpus, opt.mib,
		  opt.filter ? " -c " : "", opt.filter ?: "");
	if (names && *names)
		ktap_info("the same without the other operations: ./torture_test %s -c %s", args,
			  names);
	ktap_info("(each thread repeats its operations; how they interleave differs each time)");
}

/* Prints the expected and the found contents. */
static inline void explain_word(const struct oracle_report *r)
{
	uint64_t number = r->value >> ORACLE_TAG_BITS;
	int vcpu = (r->page + r->cell) % scene.w.nr_vcpus;
	uint64_t stamp = oracle_stamp(scene.w.salt, r->page, r->cell, r->word, r->end);

	ktap_info("page %lu is %s, of thread %d; "
		  "its word was last written by vcpu%d: write %lu, stamp %#lx",
		  r->page, block_kinds[block_of(&scene.mem, r->page)->kind],
		  block_of(&scene.mem, r->page)->owner, vcpu, r->end, stamp);
	if (r->verdict == ORACLE_LOST)
		ktap_info("found: zero, though the page was not erased since");
	else if (r->verdict == ORACLE_TORN)
		ktap_info("found: %#lx, which vcpu%d has never written there", r->value, vcpu);
	else if (number < r->end)
		ktap_info("found: the stamp of write %lu, which is older", number);
	else
		ktap_info("found: that stamp, though the page was erased since (erase %u; "
			  "%u were before the write)",
			  r->gone, r->seen);
}

/* Returns how many erases ago the failure may have begun. */
static inline uint64_t erases_back(const struct oracle_report *r)
{
	return r->verdict == ORACLE_STALE ? 1 + r->begun - r->seen : 1;
}

static inline void explain(void)
{
	const struct oracle_report *r = &scene.w.bad;
	char names[128] = "";

	if (scene.w.bad_us) {
		if (r->cell != ORACLE_CELLS)
			explain_word(r);
		op_log_print_page(scene.op_log, NR_THREADS, r->page, scene.w.bad_us,
				  erases_back(r), names, sizeof(names));
	} else {
		ktap_info("no wrong page was found; the last operations:");
		op_log_print_last(scene.op_log, NR_THREADS, now_us(), 4);
	}
	print_how_to_repeat(names);
}

static bool finished;

/* Runs after a failed assertion, or a vCPU that does not return. */
static inline void on_early_exit(void)
{
	if (finished)
		return;
	ktap_info("the test ends early; the last operations:");
	op_log_print_last(scene.op_log, NR_THREADS, now_us(), 2);
	print_how_to_repeat(NULL);
}

/* An operation that does not end is a failure, too. */
static inline void watch_threads(void)
{
	struct op_log_entry *e;
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		e = op_log_under_way(&scene.op_log[i]);
		if (!e || now_us() < e->start_us + 2000000UL * opt.stall)
			continue;
		ktap_info("thread %d: %s does not end", i, e->name);
		guard_print_thread(READ_ONCE(scene.thread[i].tid));
		exit(KSFT_FAIL);
	}
}

#endif /* SELFTEST_KVM_TORTURE_FAILURE_H */
