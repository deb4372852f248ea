/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest faults, a pfn cache, invalidations and the OOM reaper, on one page of the
 * host that has one guest frame.  Every step is atomic and seen by all at once;
 * what barriers are for is in tests/memory-model/.
 *
 * Sizes: VCPUS, INVALIDATORS, ROUNDS of each (0: without end), CACHE and REAPER
 * (1: there is one), EVENTS that wake a vCPU, PATIENCE; NO_VCPU: none runs.
 *
 * Asserted: a page that is freed is not mapped, nor is one mapped that is free;
 * nobody sleeps for good (with ROUNDS, as an invalid end state).
 *
 * Mutants of faults:
 * NO_RETRY		a fault does not call kvm_interval_retry()
 * NO_BEGIN		... nor kvm_interval_begin()
 * BEGIN_FIRST		it looks for the range before it takes the count
 * LATE_RECORD		the count is incremented after the zap and mmu_lock
 * LATE_ANNOUNCE	the range is announced after the count
 * EARLY_END		the invalidation ends before the PTE is changed
 * NO_RECHECK		the pfn cache does not begin again after it has slept
 * Mutants of waiting:
 * NO_STABLE		the wait is armed without another look for the range
 * LATE_WAITING		`waiting` is set after the wait is armed
 * LATE_QUEUE		the waiter is queued after that look
 * CHECK_FIRST		kvm_vcpu_block() reads `waiting` before it sets its state
 * NO_WAKE		the end does not wake
 * NO_END		a start that was refused does not end
 * NO_GIVE_UP		the reaper tries without end
 * Mutants of priority:
 * NO_PRIORITY		nobody gets priority
 * ONLY_RETRIES		a wait to the end does not count as a collision
 * ONLY_ARMED		... nor one that was over before it was armed
 * SHORT_PAUSE		a pause may end before the vCPU has got its page
 * HOLD			an invalidation pauses before it ends
 */

#ifndef VCPUS
#define VCPUS 1
#endif
#ifndef INVALIDATORS
#define INVALIDATORS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef CACHE
#define CACHE 0
#endif
#ifndef REAPER
#define REAPER 0
#endif
#ifndef EVENTS
#define EVENTS 0
#endif
#ifndef PATIENCE
#define PATIENCE 2
#endif
#define TRIES 2		/* of the reaper, MAX_OOM_REAP_RETRIES */

#define READERS (VCPUS + CACHE)		/* the last one is the cache */
#define RANGES (INVALIDATORS + REAPER)
#define FRAMES (RANGES + 1)		/* pages of the host that may be in use */

byte pte;				/* 0, or a page */
bool live[FRAMES + 1];
byte mapping[1 + CACHE];		/* SPTE, cache: 0, or a page */
#define spte mapping[0]

byte published;				/* a bit for each range */
bool changed[READERS];			/* its range entered the log since its snapshot */
chan mmu_lock = [VCPUS + RANGES] of { byte };	/* both are fair, as those of x86 */

chan wq_lock = [READERS + RANGES] of { byte };
bool queued[READERS];
bool waiting[READERS];
bool asleep[READERS];
byte events = EVENTS;

bool need[VCPUS];			/* it has faulted, and has no page yet */
byte collisions[VCPUS];
bool prio[VCPUS];
bool started[RANGES];
bool reaped;

#if READERS == 1
#define SLEEPERS	(queued[0])
#else
#define SLEEPERS	(queued[0] || queued[1])
#endif
#if VCPUS == 1
#define SOMEBODY	(prio[0])
#define IN_TIME		(prio[0] && need[0])
#else
#define SOMEBODY	(prio[0] || prio[1])
#define IN_TIME		(prio[0] && need[0] || prio[1] && need[1])
#endif

/* A lock is of whoever is first in the queue. */
inline lock(id)
{
	mmu_lock!id;
	mmu_lock?<eval(id)>
}

#define unlock(id)	mmu_lock?eval(id)
#define READER(me)	(RANGES + me)

#include "fault-mm.pml"

/* --- guest faults --------------------------------------------------------- */

#ifdef NO_PRIORITY
#define PRIORITIZE(me)	skip
#else
#define PRIORITIZE(me)	prio[me] = prio[me] || collisions[me] == PATIENCE
#endif

inline collide(me)
{
	atomic {
		if
		:: collisions[me] < PATIENCE -> collisions[me]++
		:: else
		fi
	}
}

inline disarm(me)
{
	wq_lock!READER(me);
	atomic {
		wq_lock?<eval(READER(me))>;
		queued[me] = false;
		wq_lock?eval(READER(me))
	}
}

inline enqueue(me)
{
	wq_lock!READER(me);
	atomic {
		wq_lock?<eval(READER(me))>;
		queued[me] = true;
		wq_lock?eval(READER(me))
	}
}

/* mmu_interval_wait_arm(), mn_ranges_overlap_stable() */
inline arm(me)
{
#ifdef LATE_QUEUE
	armed = (published != 0);
	if
	:: armed -> enqueue(me)
	:: else
	fi
#else
	enqueue(me);
#ifdef NO_STABLE
	armed = true;
#else
	armed = (published != 0);
#endif
	if
	:: !armed -> disarm(me)
	:: else
	fi
#endif
}

/* kvm_vcpu_block(), or wait_for_completion() */
inline block(me)
{
#ifdef CHECK_FIRST
	sleeps = waiting[me];
	asleep[me] = sleeps;
#else
	asleep[me] = true;
	sleeps = waiting[me];
#endif
	if
	:: sleeps ->
		if
		:: !asleep[me]
		:: atomic { events && me < VCPUS -> events--; asleep[me] = false }
		fi
	:: else ->
		asleep[me] = false
	fi;
	sleeps = false
}

proctype vcpu(byte me)
{
	byte page;
	bool armed, sleeps;

guest:
	/* A guest that has its page may go on for good. */
end:	spte == 0;
	need[me] = true;
fault:
	/* It has left the guest: kvm_interval_enter() ends its priority then. */
	if
	:: !need[me] ->
		prio[me] = false;
		goto guest
	:: else
	fi;
#ifdef BEGIN_FIRST
	armed = (published != 0);
	changed[me] = false;
#else
	changed[me] = false;		/* kvm_interval_snapshot() */
	armed = (published != 0);		/* mmu_interval_range_try_begin() */
#endif
#ifndef NO_BEGIN
	if
	:: armed -> goto wait
	:: else
	fi;
#endif
	lookup(page);
	lock(READER(me));
	if
#ifndef NO_RETRY
	:: changed[me] ->
		unlock(READER(me));
		page = 0;
		collide(me);
		PRIORITIZE(me);
		goto fault
#endif
	:: else ->
		atomic {
			assert(live[page]);
			spte = page;
			page = 0
		};
		unlock(READER(me));
		atomic {
			collisions[me] = 0;
			need[me] = false
		};
		goto fault
	fi;
wait:
	PRIORITIZE(me);
#ifdef LATE_WAITING
	arm(me);
	waiting[me] = armed;
#else
	waiting[me] = true;
	arm(me);
#endif
	if
	:: !armed ->
		waiting[me] = false;
#ifndef ONLY_ARMED
		collide(me);
#endif
		goto fault
	:: else
	fi;
	armed = false;
	/* It may poll: that is to look at `waiting` again, and then to block. */
	block(me);
	disarm(me);
#ifndef ONLY_RETRIES
	if
	:: !waiting[me] -> collide(me)
	:: else
	fi;
#endif
	waiting[me] = false;
	goto fault
}

/* kvm_gpc_read_begin(), kvm_gpc_read_retry(): once, then it is only invalidated. */
proctype cache(byte me)
{
	byte page;
	bool armed, sleeps;

again:
	changed[me] = false;
	armed = (published != 0);
	if
	:: armed ->
		waiting[me] = true;
		arm(me);
		if
		:: armed ->
			block(me);
			disarm(me)
		:: else
		fi;
		waiting[me] = false;
#ifndef NO_RECHECK
		goto again
#endif
	:: else
	fi;
	lookup(page);
	atomic {
		if
		:: changed[me] ->
			page = 0;
			goto again
		:: else ->
			assert(live[page]);
			mapping[CACHE] = page;
			page = 0
		fi
	}
}

init {
	byte i;

	atomic {
#ifndef NO_VCPU
		for (i : 0 .. VCPUS - 1) {
			run vcpu(i)
		}
#endif
		for (i : 0 .. INVALIDATORS - 1) {
			run invalidator(i)
		}
		if
		:: CACHE -> run cache(VCPUS)
		:: else
		fi;
		if
		:: REAPER -> run reaper(INVALIDATORS)
		:: else
		fi
	}
}

#ifdef GETS_PAGE
ltl gets_page { [] (need[0] -> <> !need[0]) }
#endif
#ifdef ENDS
ltl ends { [] (started[0] -> <> !started[0]) }
#endif
#ifdef REAPS
ltl reaps { <> reaped }
#endif
