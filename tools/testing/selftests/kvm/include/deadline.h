/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When a test gives up waiting.  Time alone does not decide: an emulated or
 * busy machine may need a second for what another does in a millisecond, and
 * may stand still.  So a test also names a counter of the work that must bring
 * the event about (visits of the guest, passes of a kernel thread, attacks),
 * and how far it must move before the wait has failed.
 */
#ifndef SELFTEST_KVM_DEADLINE_H
#define SELFTEST_KVM_DEADLINE_H

#include "options.h"

/*
 * The time a case gets in addition to its share while too little has happened.
 */
#define DEADLINE_EXTRA_US		15000000UL
/* The most that one check adds to the time without progress. */
#define DEADLINE_CHECK_US	1000000UL

struct deadline {
	uint64_t us;
	uint64_t count;
};

/*
 * The deadline is @us from now, and not before a counter that is @now moves by
 * @chances.
 */
static inline struct deadline deadline_start(uint64_t us, uint64_t now, uint64_t chances)
{
	return (struct deadline){ now_us() + us, now + chances };
}

static inline bool deadline_passed(const struct deadline *p, uint64_t count)
{
	return count >= p->count && now_us() > p->us;
}

/*
 * A thread that must make progress, and for how long it was seen to make none.
 */
struct stall {
	uint64_t count;
	uint64_t checked_at;
	uint64_t us;
};

/* To be called often; time between two distant calls hardly counts. */
static inline bool stall_seen(struct stall *s, uint64_t count, int seconds)
{
	uint64_t now = now_us(), passed = s->checked_at ? now - s->checked_at : 0;

	if (count != s->count)
		s->us = 0;
	else
		s->us += passed < DEADLINE_CHECK_US ? passed : DEADLINE_CHECK_US;
	s->count = count;
	s->checked_at = now;
	return s->us > seconds * 1000000UL;
}

#endif /* SELFTEST_KVM_DEADLINE_H */
