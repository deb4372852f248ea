/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log of recent invalidations: kvm_interval_record(), kvm_interval_search()
 *
 * A writer enters ranges 0 to RANGES - 1 in any order, a reader that is
 * interested in range 0 takes the sequence count at any time and searches at any
 * time.  `missed` is the truth: range 0 was entered since.  Both hold mmu_lock,
 * so their steps are atomic.
 *
 * Mutants:
 * OLD_COUNT	a repeat of the newest range keeps its count
 * NO_SHIFT	a repeat of an older range overwrites the newest entry
 * NO_OVERFLOW	a search that has reached the end says that nothing overlaps
 * ONE_LESS	a search ends one count too early
 */

/* Of 128 and 4, as small as is of use. */
#define HISTORY 4
#define REPEAT 3
#define RANGES 5
#define ENTRIES 7

byte range[HISTORY];
byte count[HISTORY];	/* 0: unused, older than any fault */
byte nr = HISTORY;	/* so that no index is negative */
byte seq = 1;

byte snap;
bool missed;
byte others;		/* entries since the snapshot */
bool reading;

#define at(back) ((nr - (back)) % HISTORY)

inline record(new)
{
	if
	:: range[at(1)] == new && count[at(1)] ->
		skip
	:: else ->
		back = 2;
		do
		:: back <= REPEAT && !(range[at(back)] == new && count[at(back)]) ->
			back++
		:: else -> break
		od;
		if
		:: back > REPEAT ->
			nr = HISTORY + (nr + 1) % HISTORY
		:: else ->
#ifndef NO_SHIFT
			do
			:: back > 1 ->
				range[at(back)] = range[at(back - 1)];
				count[at(back)] = count[at(back - 1)];
				back--
			:: else -> break
			od
#endif
			skip
		fi
	fi;
#ifdef OLD_COUNT
	count[at(1)] = (range[at(1)] == new && count[at(1)] -> count[at(1)] : seq);
#else
	count[at(1)] = seq;
#endif
	range[at(1)] = new;
	seq++;
	missed = missed || new == 0;
	others++
}

#ifdef ONE_LESS
#define OLD(n) (count[at(n)] <= snap)
#else
#define OLD(n) (count[at(n)] < snap)
#endif

/* NONE must be right; OVERLAP, too; OVERFLOW only if that many were entered. */
inline search()
{
	back = 1;
	do
	:: back > HISTORY ->
#ifdef NO_OVERFLOW
		assert(!missed);
#else
		assert(others >= HISTORY);
#endif
		break
	:: else ->
		if
		:: OLD(back) ->
			assert(!missed);
			break
		:: else ->
			if
			:: range[at(back)] == 0 ->
				assert(missed);
				break
			:: else ->
				back++
			fi
		fi
	od
}

active proctype writer()
{
	byte new, back;

	do
	:: seq <= ENTRIES ->
		atomic {
			select(new : 0 .. RANGES - 1);
			record(new);
			back = 0;
			new = 0
		}
	:: else -> break
	od
}

active proctype reader()
{
	byte back;

	atomic {
		snap = seq;
		missed = false;
		others = 0;
		reading = true
	};
	atomic {
		search();
		back = 0
	}
}
