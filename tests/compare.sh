#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of what judges and shows a comparison, scripts/compare-rows, -table, -report and
# -html, on measures that are made up, with answers that are known; and of what
# scripts/compare says to bad input.
#
# Usage: tests/compare.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

# yes_no STATUS: 0 and 1 as they are, for tap
yes_no()
{
	if "$@"; then echo 0; else echo 1; fi
}

# --- made-up measures -------------------------------------------------------------------

# For awk: a number of the normal distribution, from `seed`.
readonly NORMAL='
	function normal(    i, sum) {
		for (i = 0; i < 12; i++) {
			seed = seed * 16807 % 2147483647
			sum += seed / 2147483647
		}
		return sum - 6
	}
'

# samples ROW GOOD SHIFT NOISE BOOT_NOISE [BOOTS [SEED]]: of both sides, normal, around
# 10,000; those of B times SHIFT.  NOISE: of a sample; BOOT_NOISE: what all samples of a
# boot share.
samples()
{
	awk -v row="$1" -v good="$2" -v shift="$3" -v noise="$4" -v boot_noise="$5" \
	    -v boots="${6:-6}" -v seed="${7:-1}" "$NORMAL"'
	BEGIN {
		seed = seed * 7919 + 1
		for (b = 1; b <= boots; b++)
			for (s = "A"; s != ""; s = s == "A" ? "B" : "") {
				level = 10000 * (s == "B" ? shift : 1) * (1 + boot_noise * normal())
				for (i = 0; i < 6; i++)
					printf "row\t%s\tboot-%d-%s\t%s\tns\t%s\t%.6f\n", s, b, s, row,
						good, level * (1 + noise * normal())
			}
	}'
}

# pairs ROW GOOD SHIFT SEED_NOISE PAIR_NOISE [PAIRS [SEED]]: of machines that do the same again,
# one sample each; SEED_NOISE is what both kernels share, PAIR_NOISE what a seed does to one.
pairs()
{
	awk -v row="$1" -v good="$2" -v shift="$3" -v seed_noise="$4" -v pair_noise="$5" \
	    -v pairs="${6:-6}" -v seed="${7:-1}" "$NORMAL"'
	BEGIN {
		seed = seed * 7919 + 1
		for (b = 1; b <= pairs; b++) {
			level = 10000 * exp(seed_noise * normal())
			for (s = "A"; s != ""; s = s == "A" ? "B" : "")
				printf "row\t%s\texact-%d\t%s\tns\t%s\t%.6f\n", s, b, row, good,
					level * (s == "B" ? shift : 1) * exp(pair_noise * normal())
		}
	}'
}

# constant ROW A B: exact, as instructions are
constant()
{
	printf 'row\tA\tboot-%d-A\t%s\tinstructions\tlower\t%s\n' 1 "$1" "$2" 2 "$1" "$2"
	printf 'row\tB\tboot-%d-B\t%s\tinstructions\tlower\t%s\n' 1 "$1" "$3" 2 "$1" "$3"
}

# judge: stdin, in the order as it is printed; columns verdict, row; then the exit status
judge()
{
	local file

	file=$(scratch)/samples
	cat >"$file"
	"$SCRIPTS/compare-table" "$file" 2>&1
	echo "exit $?"
}

# verdict_is NAME VERDICT STATUS: stdin is one row
verdict_is()
{
	local got

	got=$(judge) || true
	tap "$(yes_no test "$(sed -n 2p <<<"$got" | cut -f1),${got##* }" = "$2,$3")" "$1" "$got"
}

# --- the statistics -----------------------------------------------------------------------

test_verdicts()
{
	samples row lower 1 0.01 0.005 | verdict_is "the same distribution is the same" same 0
	samples row lower 1.05 0.003 0.001 | TOLERANCE=$TWO_PERCENT verdict_is \
		"5 % more, little noise, is worse" worse 1
	samples row higher 0.95 0.003 0.001 | TOLERANCE=$TWO_PERCENT verdict_is \
		"5 % less of what should be high is worse" worse 1
	samples row lower 0.95 0.003 0.001 | TOLERANCE=$TWO_PERCENT verdict_is \
		"5 % less of what should be low is better" better 0
	samples row higher 1.05 0.003 0.001 | TOLERANCE=$TWO_PERCENT verdict_is \
		"5 % more of what should be high is better" better 0
	samples row lower 1.05 0.003 0.001 | verdict_is \
		"5 % more, within a tolerance of 10 %, is the same" same 0
	samples row lower 1.05 0.02 0.3 | verdict_is \
		"boots that differ by more than the kernels: unsure" unsure 0
	samples row lower 1.05 0.003 0.001 1 | TOLERANCE=$TWO_PERCENT verdict_is \
		"one boot of each says nothing" unsure 0
	constant instructions/fault 2500 2625 | verdict_is "exact: 5 % more is worse" worse 1
	constant instructions/fault 2500 2540 | verdict_is "exact: 1.6 % of 2 % is the same" same 0
	constant instructions/fault 2500 2375 | verdict_is "exact: 5 % less is better" better 0
	constant x/retries-of-1000-faults 0 0.5 | verdict_is \
		"from 0 to less than the floor is the same" same 0
	constant x/retries-of-1000-faults 0 50 | verdict_is "from 0 to much is worse" worse 1
	constant x/retries-of-1000-faults 50 0 | verdict_is "from much to 0 is better" better 0
}

# Boots that differ by 3 %, and by 15 %.
equal_kernels()
{
	for seed in {1..50}; do
		samples "narrow-$seed" lower 1 0.02 0.03 6 "$seed"
		samples "wide-$seed" lower 1 0.05 0.15 3 "$seed"
	done
}

test_no_verdict_by_chance()
{
	local got

	got=$(equal_kernels | TOLERANCE=$NO_TOLERANCE judge | grep -E '^(worse|better)') || true
	tap "$(yes_no test "$(grep -c . <<<"$got")" -le 1)" \
		"100 rows of equal kernels, without tolerance: at most 1 verdict by chance" "$got"
	got=$(equal_kernels | judge | grep -E '^(worse|better)') || true
	tap "$(yes_no test -z "$got")" "100 rows of equal kernels: none with it" "$got"
}

# A row that the seed turns over, as chaos does, is neither better nor worse.
flips()
{
	local i

	for i in 1 2 3 4 5 6; do
		printf 'row\tA\texact-%d\trow\tns\tlower\t%d\n' "$i" $((i % 2 ? 1000 : 3000))
		printf 'row\tB\texact-%d\trow\tns\tlower\t%d\n' "$i" $((i % 3 ? 3000 : 1000))
	done
}

equal_pairs()
{
	for seed in {1..50}; do
		pairs "narrow-$seed" lower 1 0.5 0.02 6 "$seed"
		pairs "wide-$seed" lower 1 0.5 0.3 4 "$seed"
	done
}

test_pairs()
{
	local got

	pairs row lower 1.2 0.5 0.01 | verdict_is \
		"seeds that differ by half, pairs by 20 %: worse" worse 1
	pairs row higher 1.2 0.5 0.01 | verdict_is "... of what should be high: better" better 0
	pairs row lower 1.2 0.5 0.01 |
		awk -F'\t' -v OFS='\t' '{ $3 = $3 $2 } 1' | verdict_is \
		"... which boots that are no pairs do not show" unsure 0
	pairs row lower 1 0.5 0.01 | verdict_is "pairs that are alike are the same" same 0
	flips | verdict_is "what a seed turns over is unsure" unsure 0
	pairs row lower 2 0.5 0 1 | verdict_is "one pair says nothing" unsure 0
	pairs row lower 1 0.5 0 2 | verdict_is "two pairs that are equal are the same" same 0
	{ pairs row lower 1 0.5 0.01; pairs row lower 9 0 0 9 | grep '	B	exact-[789]'; } |
		verdict_is "a boot that has no other of its pair counts for nothing" same 0
	got=$(equal_pairs | TOLERANCE=$NO_TOLERANCE judge | grep -E '^(worse|better)') || true
	tap "$(yes_no test "$(grep -c . <<<"$got")" -le 1)" \
		"100 rows of equal kernels in pairs, without tolerance: at most 1 by chance" "$got"
	got=$(equal_pairs | judge | grep -E '^(worse|better)') || true
	tap "$(yes_no test -z "$got")" "... none with it" "$got"
}

test_order()
{
	local got

	got=$({
		constant same 100 100
		constant better 100 50
		constant bad 100 150
		constant worst 100 300
		samples unsure lower 1 0.02 0.3
		constant gone 100 100 | grep -v '	B	'
	} | judge) || true
	tap "$(yes_no test "$(cut -f2 <<<"$got" | sed -n '2,7p' | paste -sd' ')" = \
		"worst bad gone unsure better same")" "worse rows come first, the worst of them at the top" "$got"
	tap "$(yes_no grep -q '^missing	gone	.*	100	-	' <<<"$got")" "a row of one side only is missing, and said to be" "$got"
}

test_repeatable()
{
	local first second

	first=$(samples row lower 1.1 0.02 0.1 | judge) || true
	second=$(samples row lower 1.1 0.02 0.1 | judge) || true
	tap "$(yes_no test "$first" = "$second")" "the same samples give the same interval" \
		"$first"$'\n'"$second"
	first=$({ samples other lower 1 0.3 0.3; samples row lower 1.1 0.02 0.1; } | judge |
		grep '	row	') || true
	tap "$(yes_no grep -qF "$first" <<<"$second")" "whatever other rows there are" "$first"
}

# refused NAME PATTERN: stdin to the judge gives exit 8 and one line
refused()
{
	local got

	got=$(judge) || true
	tap "$(yes_no test "$(grep -c . <<<"$got") $(grep -cE "$2" <<<"$got") ${got##* }" = "2 1 8")" \
		"$1" "$got"
}

test_bad_samples()
{
	constant row 1 1 | grep '	A	' | refused "one side has no measures: one clear error" "no measures of B"
	{ constant row 1 1; printf 'row\tA\tx\trow\n'; } | refused "a row cut off" "line 5: not a row"
	{ constant row 1 1; printf 'row\tA\tx\trow\tns\tlower\t1\n'; } |
		refused "another unit for the same row" "another unit"
	constant row 1 1 | TOLERANCE=$BROKEN_TOLERANCE refused "a tolerance that is not one" "line 1: not"
	: | refused "no samples at all" "no measures of A"
}

# --- what programs print --------------------------------------------------------------------

# rows LINE...: what compare-rows makes of a result with these lines, and its status
rows()
{
	local file

	file=$(scratch)/result.ktap
	printf '  # %s\n' "$@" >"$file"
	"$SCRIPTS/compare-rows" A boot "$file" 2>&1
	echo "exit $?"
}

# rows_are NAME EXPECTED LINE...: EXPECTED with blanks for tabs and without row A boot
rows_are()
{
	local name=$1 expected=$2 got
	shift 2

	got=$(rows "$@") || true
	tap "$(yes_no test "$(tr '\t' ' ' <<<"$got" | sed 's/^\([a-z]*\) A boot /\1 /')" = "$expected"$'\n'"exit 0")" \
		"$name" "$got"
}

# rows_refused NAME LINE
rows_refused()
{
	local got

	got=$(rows "row good ns lower 1" "$2") || true
	tap "$(yes_no test "$(grep -c . <<<"$got") $(grep -c 'result.ktap: line 2, ' <<<"$got") ${got##* }" = "2 1 8")" \
		"$1: one line, and nothing of the boot is taken" "$got"
}

# What was printed counts if the case, or the program, ended well.
failures_apart()
{
	local file got

	file=$(scratch)/result.ktap
	printf '%s\n' '# start 1 a, at most 9 s' '  # row a ns lower 1' 'ok 1 a # 1.0 s' \
		'# start 2 b, at most 9 s' '  # row b ns lower 1' 'not ok 2 b # 1.0 s; failed' \
		'# start 3 c, at most 9 s' '  # row c ns lower 1' 'ok 3 c # 1.0 s' \
		'# start 4 d, at most 9 s' '  # row d1 ns lower 1' '  ok 1 - d1' '  # row d2 ns lower 1' \
		'  not ok 2 - d2 # no' '  # row d3 ns lower 1' '  ok 3 - d3' 'not ok 4 d # 1.0 s; failed' \
		'# start 5 e, at most 9 s' '  # row e ns lower 1' >"$file"
	got=$("$SCRIPTS/compare-rows" A boot "$file" | cut -f4 | paste -sd' ') || true
	tap "$(yes_no test "$got" = "a c d1 d3 e")" "what failed has no rows, what ended well before it and after has" "$got"
}

test_rows()
{
	rows_are "a row" "row stall/x/p99.9 ns lower 18200" "row stall/x/p99.9 ns lower 18200"
	rows_are "a histogram" "hist x ns 10 5"$'\n'"hist x ns 20 7" "hist x ns 10:5 20:7"
	rows_are "a span" "span x stall 12 3.5" "span x stall 12 3.5"
	rows_are "other lines are left alone" "row x ns lower 1" "row x ns lower 1" "seed=3" \
		"measure icount-calibration instructions=5 ticks=5"
	rows_are "fault_bench columns" "row columns/none/faults per-second higher 20000
row columns/none/retries-of-1000-faults count lower 2.5" \
		"measure columns at=none faults=10000 retries=25 overflow=0 waits=0 calls=0 ns=500000000"
	rows_are "fault_bench icount" "row instructions/dontneed-outside/slots=512 instructions lower 2468" \
		"measure icount what=dontneed-512-slots min=2468 p10=2470 median=2471 max=9000"
	rows_are "fault_bench blocked" "row blocked/vcpus=4/cpu-while-blocked percent lower 5" \
		"measure blocked vcpus=4 ops=2 ns=9 blocked_ns=1000 cpu_ns=50 retries=0 waits=0 wait_ns=0"
	failures_apart
	rows_refused "no value" "row x ns lower"
	rows_refused "a value that is not a number" "row x ns lower fast"
	rows_refused "an unknown unit" "row x furlongs lower 1"
	rows_refused "neither lower nor higher" "row x ns up 1"
	rows_refused "half a histogram" "hist x ns 10:5 20"
	rows_refused "half a span" "span x stall 12"
	rows_refused "a measure of no time" "measure columns at=none faults=1 retries=0 calls=0 ns=0"
}

# --- the report -------------------------------------------------------------------------------

# A folder as scripts/compare leaves it.
made_up_run()
{
	local run=$1 side

	{
		samples stall/x/p50 lower 1.5 0.01 0.01
		constant cost/slots=1/call 100 100
		constant cost/slots=1000/call 1000 100
		samples stall/y/p50 lower 1.05 0.02 0.3
		for side in A B; do
			for boot in 1 2; do
				printf 'hist\t%s\tboot-%d\tstall/x\tns\t%d\t%d\n' "$side" "$boot" 1000 900 \
					"$side" "$boot" 50000 99 "$side" "$boot" 2000000 1
			done
			printf 'span\t%s\tboot-1\tstall/x\t%s\t%d\t%d\n' "$side" host 100 50 "$side" stall 120 40
		done
	} >"$run/samples"
	printf '%s\t%s\n' A 'a <tree> & "more"' B stock A-kernel 6.1.1 B-kernel 6.1.2 date today \
		platform 'tcg-svm (why)' repeat "make compare A='x'" trouble 'boot-1: OOPS' >"$run/about"
}

test_report()
{
	local run got page

	run=$(scratch)
	made_up_run "$run"
	got=$("$SCRIPTS/compare-report" "$run" 2>&1; echo "exit $?")
	tap "$(yes_no test "${got##* }" = 1)" "something is worse: exit 1" "$got"
	tap "$(yes_no grep -q '^1 worse, 1 better, 1 the same, 1 unsure$' <<<"$got")" "the sums" "$got"
	tap "$(yes_no test "$(grep -c 'stall/y' <<<"$got"),$(V=1 "$SCRIPTS/compare-report" "$run" |
		grep -c 'stall/y'),$(grep -c '^unsure.* stall 1 of 2$' <<<"$got")" = 0,1,1)" \
		"what is unsure is counted by its kind, and shown with V=1" "$got"
	page=$run/report.html
	got=$(xmllint --noout "$page" 2>&1) || got+=" "
	tap "$(yes_no test -z "$got")" "report.html is well-formed" "$got"
	got=$(grep -noE '(https?:)?//[a-z]|<(script|link|img|iframe|object)|@import|url\(' "$page") || true
	tap "$(yes_no test -z "$got")" "report.html needs nothing from elsewhere" "$got"
	tap "$(yes_no test "$(grep -c '<figure>' "$page")" -eq 3)" \
		"a distribution, a time line and a scale are drawn" "$(grep -c '<figure>' "$page")"
	got=$(grep -nE 'nan|-?inf[^a-z]' "$page" | cut -c1-200) || true
	tap "$(yes_no test -z "$got")" "no picture has a place that is not a number" "$got"
	tap "$(yes_no test "$(grep -o ', exponent [0-9.]*' "$page" | paste -sd' ')" = ", exponent 0.333 , exponent 0.000")" "exponents" \
		"$(grep -o 'exponent[^<]*' "$page")"
	tap "$(yes_no grep -q 'a &lt;tree&gt; &amp; "more"' "$page")" "names are quoted" "$(sed -n 5,9p "$page")"
	got=$(jq -r '[.rows[0].verdict, .rows[0].row, (.rows | length), .about.trouble] | join(" ")' \
		"$run/report.json" 2>&1) || true
	tap "$(yes_no test "$got" = "worse stall/x/p50 4 boot-1: OOPS")" "report.json" "$got"
	tap "$(yes_no test "$(sed -n 2p "$run/report.csv" | cut -d, -f1-4)" = "worse,stall/x/p50,ns,lower")" \
		"report.csv" "$(head -n 2 "$run/report.csv")"
}

# --- bad input ----------------------------------------------------------------------------------

# input_refused NAME CLASS PATTERN VARIABLE=VALUE...: before anything is built
input_refused()
{
	local name=$1 class=$2 pattern=$3 got
	shift 3

	got=$(env O="$INPUT_O" "$@" "$SCRIPTS/compare" 2>&1; echo "exit $?")
	tap "$(yes_no test "$(grep -c . <<<"$got") $(grep -cE "$pattern" <<<"$got") ${got##* }" = "2 1 $class")" \
		"$name" "$got"
}

test_input()
{
	INPUT_O=$(scratch)/o
	input_refused "a side that is not there" 2 "B=nowhere: no such file" B=nowhere
	input_refused "no bench of that name" 2 "none has the name x; there are: columns" BENCHES="columns x"
	input_refused "rounds that are no number" 2 "ROUNDS=many is not a number" ROUNDS=many
	# A bzImage up to its magic, which says that it has 16 MiB.
	{ head -c 500 /dev/zero; printf '\000\000\020\000'; head -c 10 /dev/zero; printf 'HdrS'
	  head -c 1000 /dev/zero; } >"$(dirname "$INPUT_O")/cut"
	input_refused "a bzImage that is cut off" 8 "cut is truncated" A="$(dirname "$INPUT_O")/cut"
	: >"$(dirname "$INPUT_O")/empty"
	input_refused "an empty file" 2 "empty is empty" B="$(dirname "$INPUT_O")/empty"
	tap "$(yes_no test ! -e "$INPUT_O")" "nothing is left behind" "$(ls "$INPUT_O" 2>&1)"
}

main()
{
	local dir

	out_init
	dir=$(scratch)
	TWO_PERCENT=$dir/two-percent
	NO_TOLERANCE=$dir/none
	BROKEN_TOLERANCE=$dir/broken
	echo '* 2 0 for a test' >"$TWO_PERCENT"
	echo '* 0 0 for a test' >"$NO_TOLERANCE"
	echo '* some' >"$BROKEN_TOLERANCE"
	test_verdicts
	test_no_verdict_by_chance
	test_pairs
	test_order
	test_repeatable
	test_bad_samples
	test_rows
	test_report
	test_input
	tap_end
}

main "$@"
