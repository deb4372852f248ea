/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memslot that is created, moved and deleted, against a guest fault and
 * invalidations of its page of the host.  Guest frames are 0 and 1; a memslot
 * that moves goes from one to the other.  Every step is atomic and seen by all at
 * once.
 *
 * Asserted: a page that is freed is not mapped at either frame, nor is one mapped
 * that is free; neither a memslot nor a subscription is used after it was freed;
 * nobody is blocked for good.
 *
 * Mutants:
 * NO_READ_BEGIN	a new subscription does not wait for invalidations
 * NO_SYNC		a deletion does not wait for kvm->srcu
 * NO_INVALID		a fault goes on with a memslot that is being deleted or moved
 * NO_ZAP		... or moved without a zap of its old frame
 * NO_REMOVE_WAIT	a subscription is freed while callbacks may run
 * SLOTS_EARLY		a callback reads the memslots before it takes mmu_lock
 */

#ifndef INVALIDATORS
#define INVALIDATORS 1
#endif
#define ROUNDS 2
#define FRAMES (INVALIDATORS + 1)
#define NONE 2		/* in place of a guest frame */

byte pte;
bool live[FRAMES + 1];
byte spte[2];
bool changed;
byte published;
bool mmu_lock;

byte frame = NONE;	/* the active memslots: that of the page, or none */
bool invalid;		/* it has KVM_MEMSLOT_INVALID */

/* kvm->srcu: who reads, and whom synchronize_srcu() waits for */
bool reads[1 + INVALIDATORS];
bool awaited[1 + INVALIDATORS];

/* mm/mmu_notifier.c: the interval tree, which is frozen while `odd` */
bool in_tree, deferred;
byte under_way, sequence;
bool odd;
bool subscription;	/* it is allocated */

#define lock()		atomic { !mmu_lock -> mmu_lock = true }
#define unlock()	mmu_lock = false
#define srcu_read_lock(id)	reads[id] = true
#define srcu_read_unlock(id)	atomic { reads[id] = false; awaited[id] = false }

inline synchronize_srcu()
{
#ifndef NO_SYNC
	atomic {
		for (i : 0 .. INVALIDATORS) {
			awaited[i] = reads[i]
		}
		i = 0
	};
#if INVALIDATORS == 1
	!awaited[0] && !awaited[1]
#else
	!awaited[0] && !awaited[1] && !awaited[2]
#endif
#else
	skip
#endif
}

/* --- the primary MMU ------------------------------------------------------ */

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

/* mn_itree_inv_start_range(): is the subscription called? */
inline inv_start()
{
	atomic {
		under_way++;
		told = in_tree;
		odd = odd || told
	}
}

inline inv_end()
{
	atomic {
		published = published & ~(1 << me);
		under_way--;
		if
		:: under_way == 0 && odd ->
			odd = false;
			sequence++;
			if
			:: deferred -> deferred = false; in_tree = !in_tree
			:: else
			fi
		:: else
		fi;
		told = false
	}
}

/* kvm_interval_invalidate() */
inline callback()
{
	assert(subscription);
	srcu_read_lock(1 + me);
#ifdef SLOTS_EARLY
	at = frame;
#endif
	lock();
	published = published | (1 << me);
	changed = true;
#ifndef SLOTS_EARLY
	at = frame;
#endif
	atomic {
		if
		:: at != NONE -> spte[at] = 0
		:: else
		fi;
		at = NONE
	};
	assert(subscription);
	unlock();
	srcu_read_unlock(1 + me)
}

proctype invalidator(byte me)
{
	byte page, round, at = NONE;
	bool told;

	do
	:: round < ROUNDS ->
		round++;
		inv_start();
		if
		:: told -> callback()
		:: else
		fi;
		atomic {
			page = pte;
			pte = 0
		};
		atomic {
			assert(!page || spte[0] != page && spte[1] != page);
			live[page] = false;
			page = 0
		};
		inv_end()
	:: else -> break
	od
}

/* --- a guest fault -------------------------------------------------------- */

/* Three faults, on whatever the memslots are then. */
proctype vcpu()
{
	byte page, at, faults;
	bool busy;

	do
	:: faults < 3 ->
		faults++;
		srcu_read_lock(0);
		atomic {
			at = frame;
			busy = invalid
		};
#ifdef NO_INVALID
		busy = false;
#endif
		if
		:: at != NONE && !busy ->
			changed = false;
			busy = (published != 0);
			if
			:: !busy ->
				/* The memslot has its subscription. */
				assert(subscription);
				lookup(page);
				lock();
				if
				:: !changed ->
					atomic {
						assert(live[page]);
						spte[at] = page
					}
				:: else
				fi;
				unlock()
			:: else
			fi
		:: else
		fi;
		atomic {
			page = 0;
			busy = false;
			at = NONE
		};
		srcu_read_unlock(0)
	:: else -> break
	od
}

/* --- memslot updates, one at a time --------------------------------------- */

/* mmu_interval_notifier_insert(), mmu_interval_read_begin() */
inline subscribe()
{
	subscription = true;
	atomic {
		if
		:: under_way && odd -> deferred = true
		:: under_way && !odd -> odd = true; in_tree = true
		:: else -> in_tree = true
		fi;
		before = sequence;
		busy = odd
	};
#ifndef NO_READ_BEGIN
	!busy || sequence != before
#else
	skip
#endif
}

/* mmu_interval_notifier_remove(), kfree() */
inline unsubscribe()
{
	atomic {
		busy = odd && !deferred;
		before = sequence;
		if
		:: odd -> deferred = !deferred
		:: else -> in_tree = false
		fi
	};
#ifndef NO_REMOVE_WAIT
	!busy || sequence != before;
#endif
	subscription = false
}

inline zap(at)
{
	lock();
	spte[at] = 0;
	unlock()
}

/* kvm_invalidate_memslot() */
inline invalidate_memslot()
{
	invalid = true;
	synchronize_srcu();
#ifdef NO_ZAP
	skip
#else
	zap(frame)
#endif
}

proctype updater()
{
	byte i, before;
	bool busy;

	subscribe();
	frame = 0;
	synchronize_srcu();
	invalidate_memslot();
	atomic {
		frame = 1;
		invalid = false
	};
	synchronize_srcu();
	invalidate_memslot();
	atomic {
		frame = NONE;
		invalid = false
	};
	synchronize_srcu();
	unsubscribe()
}

init {
	byte i;

	atomic {
		run vcpu();
		run updater();
		for (i : 0 .. INVALIDATORS - 1) {
			run invalidator(i)
		}
	}
}
