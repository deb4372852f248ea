/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The primary MMU: included by fault.pml, which explains the mutants
 */

/* hva_to_pfn(): fault a page in if there is none. */
inline lookup(page)
{
	atomic {
		if
		:: pte == 0 ->
			page = 1;
			do
			:: live[page] -> page++
			:: else -> break
			od;
			live[page] = true;
			pte = page
		:: else ->
			page = pte
		fi
	}
}

/* Clear the PTE and free its page: it must not be in use. */
inline unmap(page)
{
	atomic {
		page = pte;
		pte = 0
	};
	atomic {
		if
		:: page ->
			assert(spte != page);
#if CACHE
			assert(mapping[1] != page);
#endif
			live[page] = false
		:: else
		fi;
		page = 0
	}
}

inline record()
{
	atomic {
		for (i : 0 .. VCPUS - 1) {
			changed[i] = true
		}
		i = 0
	}
}

#define announce(me)	published = published | (1 << me)

/* kvm_interval_invalidate(), then kvm_gpc_invalidate() */
inline callbacks(me)
{
#ifdef LATE_ANNOUNCE
	record();
	announce(me);
#elif defined(LATE_RECORD)
	announce(me);
#else
	announce(me);
	record();
#endif
	spte = 0;
	unlock(me);
#ifdef LATE_RECORD
	lock(me);
	record();
	unlock(me);
#endif
#if CACHE
	atomic {
		changed[VCPUS] = true;
		mapping[1] = 0
	};
#endif
}

/* mn_itree_inv_end(), mn_ranges_ended(), kvm_interval_wake() */
inline inv_end(me)
{
	published = published & ~(1 << me);
#ifndef NO_WAKE
	if
	:: SLEEPERS ->
		wq_lock!me;
		wq_lock?<eval(me)>;
		do
		:: atomic { i < READERS && queued[i] -> queued[i] = false };
			waiting[i] = false;
			atomic { asleep[i] = false; i++ }
		:: atomic { i < READERS && !queued[i] -> i++ }
		:: i == READERS -> break
		od;
		atomic {
			i = 0;
			wq_lock?eval(me)
		}
	:: else
	fi;
#endif
	started[me] = false
}

/*
 * mn_pause_task(): until nobody has priority.  The time is up at any moment, but
 * not before a vCPU that needs its page has got it: that is assumed.
 */
inline pause()
{
	if
	:: !SOMEBODY
#ifdef SHORT_PAUSE
	:: SOMEBODY ->
#else
	:: SOMEBODY && !IN_TIME ->
#endif
		atomic {
			for (i : 0 .. VCPUS - 1) {
				prio[i] = false
			}
			i = 0
		}
	fi
}

proctype invalidator(byte me)
{
	byte page, i, round;

	do
	:: ROUNDS == 0 || round < ROUNDS ->
		round = (ROUNDS -> round + 1 : 0);
		started[me] = true;
		lock(me);
		callbacks(me);
#ifdef HOLD
		pause();
#endif
#ifdef EARLY_END
		inv_end(me);
		unmap(page);
#else
		unmap(page);
		inv_end(me);
#endif
		pause()
	:: ROUNDS && round == ROUNDS -> break
	od
}

/*
 * A start that must not block.  KVM only tries to lock (as with PREEMPT_RT), and
 * somebody else may refuse after KVM has announced the range.
 */
proctype reaper(byte me)
{
	byte page, i, try;

	do
	:: try < TRIES ->
#ifndef NO_GIVE_UP
		try++;
#endif
		started[me] = true;
		if
		:: atomic { empty(mmu_lock) -> mmu_lock!me };
			callbacks(me);
			if
			:: true ->
				unmap(page);
				inv_end(me);
				break
			:: true -> skip
			fi
		:: nempty(mmu_lock)
		fi;
#ifndef NO_END
		inv_end(me)
#endif
	:: try == TRIES -> break
	od;
	reaped = true
}
