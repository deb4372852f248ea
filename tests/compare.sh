#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of what is shell in scripts/compare and scripts/bench: what they say to bad input, and
# what becomes of boots that did not end well.  What judges and shows a comparison is tested
# in tests/results.
#
# Usage: tests/compare.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"
# shellcheck source=scripts/lib/boots.sh
. "$SCRIPTS/lib/boots.sh"

# --- bad input ----------------------------------------------------------------------------------

# input_refused NAME STATUS PATTERN SCRIPT VARIABLE=VALUE...: before anything is built
input_refused()
{
	local name=$1 status=$2 pattern=$3 script=$4 got lines
	shift 4

	got=$(env O="$INPUT_O" "$@" "$SCRIPTS/$script" 2>&1; echo "exit $?")
	lines="$(grep -c . <<<"$got") $(grep -cE "$pattern" <<<"$got")"
	tap "$([ "$lines ${got##* }" = "2 1 $status" ]; echo $?)" "$name" "$got"
}

test_input()
{
	local dir

	dir=$(scratch)
	INPUT_O=$dir/o
	input_refused "a side that is not there" 2 "B=nowhere: no such file" compare B=nowhere
	input_refused "no bench of that name" 2 "none has the name x; there are: columns" \
		compare BENCHES="columns x"
	input_refused "rounds that are no number" 2 "ROUNDS=many is not a number" \
		compare ROUNDS=many
	# A bzImage up to its magic, which says that it has 16 MiB.
	{ head -c 500 /dev/zero; printf '\000\000\020\000'; head -c 10 /dev/zero; printf 'HdrS'
	  head -c 1000 /dev/zero; } >"$dir/cut"
	input_refused "a bzImage that is cut off" 8 "cut is truncated" compare A="$dir/cut"
	: >"$dir/empty"
	input_refused "an empty file" 2 "empty is empty" compare B="$dir/empty"
	input_refused "limits that are not there" 2 "LIMITS=/nowhere can't be read" \
		compare LIMITS=/nowhere
	input_refused "LONG= that is not known" 2 "LONG=yes is not known" bench LONG=yes
	input_refused "a bench that make bench does not have" 2 \
		"none has the name stall; there are: columns overlap storm blocked icount" \
		bench BENCHES=stall
	input_refused "... with LONG=1" 2 \
		"none has the name stall; there are: columns overlap storm blocked icount" \
		bench LONG=1 BENCHES=stall
	tap "$([ ! -e "$INPUT_O" ]; echo $?)" "nothing is left behind" "$(ls "$INPUT_O" 2>&1)"
}

# Of the folder of a comparison, and of one that is none.
test_report()
{
	local run

	run=$(scratch)
	tap_same "no report of a folder that is none" 2 \
		"$(status_of "$SCRIPTS/compare" --report "$run")"
	printf 'row\t%s\tboot-1\tx\tns\tlower\t%d\n' A 1 B 2 >"$run/samples"
	: >"$run/about"
	tap_same "the report is made again" 0 "$(status_of "$SCRIPTS/compare" --report "$run")"
	tap "$([ -s "$run/report.html" ]; echo $?)" "... into the folder" "$(ls "$run")"
	echo 'x at-most 1 A' >"$run/limit"
	tap_same "... with limits" 1 \
		"$(status_of env LIMITS="$run/limit" "$SCRIPTS/compare" --report "$run")"
}

status_of()
{
	"$@" >&2 || { echo $?; return; }
	echo 0
}

# --- boots ----------------------------------------------------------------------------------------

# ended_with STATUS KEEP_PARTS: what boot_sound makes of such a boot: STATUS, and lines
ended_with()
{
	(
		# shellcheck disable=SC2317 # boot_sound calls it
		boot_once() { return "$ENDED"; }
		ENDED=$1 KEEP_PARTS=$2 RUN=$(scratch) PLANNED=1 MACHINE_WORDS=one
		mkdir -p "$RUN/name"
		echo "WORD $ENDED" >"$RUN/name/verdict"
		boot_sound name stock tcg-svm what >/dev/null 2>&1
		echo "$STATUS ${#TROUBLE[@]} ${TROUBLE[*]:+${TROUBLE[0]%%,*}}"
	)
}

test_boots()
{
	tap_same "a boot that passed is no trouble" "0 0 " "$(ended_with 0 '')"
	tap_same "a boot that failed is named, and sets the status" "1 1 name: WORD" \
		"$(ended_with "$EX_FAIL" '')"
	tap_same "so does one in which the emulator broke a guest" "9 1 name: WORD" \
		"$(ended_with "$EX_EMULATOR" 1)"
	tap_same "where parts count, a benchmark that failed is no trouble" "0 0 " \
		"$(ended_with "$EX_FAIL" 1)"
	tap_same "but a kernel that complained is" "6 1 name: WORD" "$(ended_with "$EX_KERNEL" 1)"
	tap_same "six layout variants, then the first again" " 21 43 10 54 32 " \
		"$(for n in {1..7}; do variant_of "$n"; done | paste -sd' ')"
}

main()
{
	out_init
	test_input
	test_report
	test_boots
	tap_end
}

main "$@"
