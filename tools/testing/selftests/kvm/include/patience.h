/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to give up on what must come.  Not by the clock alone: an emulated machine, or
 * one that has other work, may need a second for what another does in a millisecond,
 * and may stand still.  What is waited for has had its chance only if those who have
 * to bring it about have worked meanwhile, so a test names a count that shows their
 * work (visits of the guest, passes of a kernel thread, attacks), and by how much it
 * must move.
 */
#ifndef SELFTEST_KVM_PATIENCE_H
#define SELFTEST_KVM_PATIENCE_H

#include "options.h"

/* What a case gets beyond its time while too little has happened. */
#define PATIENCE_US		15000000UL
/* The most that one look at somebody adds to his stall. */
#define PATIENCE_LOOK_US	1000000UL

struct patience {
	uint64_t us;
	uint64_t count;
};

/* From now on: so long, and until a count that is @now has moved by @chances. */
static inline struct patience patience_start(uint64_t us, uint64_t now, uint64_t chances)
{
	return (struct patience){ now_us() + us, now + chances };
}

static inline bool patience_over(const struct patience *p, uint64_t count)
{
	return count >= p->count && now_us() > p->us;
}

/* Somebody who must make progress, and how long he was seen to make none. */
struct stall {
	uint64_t count;
	uint64_t looked_at;
	uint64_t us;
};

/* To be called often; time in which nobody looked hardly counts. */
static inline bool stall_seen(struct stall *s, uint64_t count, int seconds)
{
	uint64_t now = now_us(), passed = s->looked_at ? now - s->looked_at : 0;

	if (count != s->count)
		s->us = 0;
	else
		s->us += passed < PATIENCE_LOOK_US ? passed : PATIENCE_LOOK_US;
	s->count = count;
	s->looked_at = now;
	return s->us > seconds * 1000000UL;
}

#endif /* SELFTEST_KVM_PATIENCE_H */
