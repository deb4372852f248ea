#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Judges the litmus tests of tests/memory-model by the memory model of the kernel source in O:
# what must not happen never does, and each mutant, a test without one of its barriers, shows
# what that barrier is for (docs/memory-model.md).
#
# Usage: tests/memory-model.sh [TEST...]    (without .litmus; default: all)
#	Needs $O/src/stock and herd7: scripts/steps/source, scripts/steps/herd.
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

TESTS=$REPO/tests/memory-model
WEAKEN=$TESTS/weaken.awk
export MODEL=$O/src/stock/tools/memory-model
LIMIT=600	# seconds for a few questions to herd7, which needs 10 at most for one

# mutants TEST: `NAME EXPECTED` of each
mutants()
{
	awk -v list=1 -f "$WEAKEN" "$TESTS/$1.litmus"
}

# All questions: `TEST MUTANT EXPECTED`; `-` is the test itself.
questions()
{
	local test

	for test in "$@"; do
		echo "$test - Never"
		mutants "$test" | sed "s/^/$test /"
	done
}

# herd FILE...: a line `NAME ANSWER` for each; an answer from no execution is none, and an
# execution must not be flagged, e.g. as a data race.
herd()
{
	(cd "$MODEL" && timeout "$LIMIT" "$HERD" -conf linux-kernel.cfg "$@" 2>&1) | awk '
		/^Test / { flag = "" }
		/^Flag / { flag = "-" $2 }
		/^Observation / { print $2, $3 flag ($4 + $5 ? "" : "-of-nothing") }
		/^Warning|[Ee]rror/ { print >"/dev/stderr" }'
}

# ask RWLOCK: of questions on stdin, with a few in each of the herd7 that run at the same time
ask()
{
	local test mutant folder

	folder=$(scratch)
	while read -r test mutant _; do
		awk -v mutant="${mutant#-}" -v rwlock="$1" -f "$WEAKEN" "$TESTS/$test.litmus" \
			>"$folder/$test.$mutant.litmus"
	done
	find "$folder" -name '*.litmus' -print0 | sort -z |
		xargs -0 -r -P "$(nproc)" -n 6 "$0" --herd
}

# answers TEST...: `TEST MUTANT EXPECTED ANSWER` for each question.  With mmu_lock as a spinlock,
# which orders more than the rwlock_t that it is, herd7 is quicker: what happens then happens.
answers()
{
	local all

	all=$(scratch)
	questions "$@" >"$all/questions"
	grep ' Sometimes$' "$all/questions" | ask '' >"$all/quick"
	grep 'Sometimes$' "$all/quick" | cut -d' ' -f1 >"$all/happens" || true
	awk 'NR == FNR { happens[$1] = 1; next }
		!(($1 ($2 == "-" ? "" : "+" $2)) in happens)' "$all/happens" "$all/questions" |
		ask 1 >"$all/slow"
	sed 's/$/ Sometimes/' "$all/happens" | cat "$all/slow" - |
		awk 'NR == FNR { answer[$1] = $2; next }
			{ print $0, answer[$1 ($2 == "-" ? "" : "+" $2)] }' - "$all/questions"
}

# A mutant that the comment of the test does not explain, or one that is explained and not there.
unexplained()
{
	diff <(mutants "$1" | cut -d' ' -f1 | sort) \
		<(sed -nE '/^\(\*/,/^ \*\)/s/^ \* ([a-z-]+)\t.*/\1/p' "$TESTS/$1.litmus" |
			sort) || true
}

# The tests that comments of the kernel change name, after "Litmus test:".
named()
{
	(cd "$REPO" && grep -rh -A 2 Litmus virt mm include arch) | tr -s '\n\t */' ' ' |
		grep -oE 'Litmus( tests?)?: [a-z, -]+' | sed 's/.*://' | tr -s ', ' '\n'
}

# A test that no weaker one refutes may have a condition that cannot come true.
can_fail()
{
	tap "$(grep -q ' Sometimes$' <<<"$(mutants "$1")"; echo $?)" \
		"$1: one of its mutants is refuted"
}

main()
{
	local all names expected test mutant answer

	if [ "${1:-}" = --herd ]; then
		herd "${@:2}"
		return
	fi
	if [ $# -eq 0 ]; then
		mapfile -t all < <(cd "$TESTS" && printf '%s\n' *.litmus)
		set -- "${all[@]%.litmus}"
	fi
	[ -e "$MODEL/linux-kernel.cfg" ] ||
		die "$EX_SETUP" "no $MODEL: run scripts/steps/source"
	out_init
	HERD=$("$STEPS/herd" --path)
	export HERD
	names=$(named)
	for test in "$@"; do
		tap_same "$test: its comment explains its mutants" "" "$(unexplained "$test")"
		can_fail "$test"
		tap "$(grep -qxF -- "$test" <<<"$names"; echo $?)" \
			"$test: a comment in the code names it"
	done
	while read -r test mutant expected answer; do
		[ "$mutant" = - ] || test+=" with $mutant"
		tap_same "$test: $expected" "$expected" "${answer:-no answer of herd7}"
	done < <(answers "$@")
	tap_end
}

main "$@"
