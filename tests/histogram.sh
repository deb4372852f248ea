#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of include/log_histogram.h of the suite: its quantiles and buckets against
# exact ones, which sort and awk make of the same numbers.
#
# Usage: tests/histogram.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

readonly QUANTILES="0 1 500000 900000 990000 999000 999900 1000000"

# numbers AWK: 20,000 of them, x is from 0 to below 1; the same in each run.
numbers()
{
	awk "BEGIN { srand(1); for (i = 0; i < 20000; i++) { x = rand(); printf \"%.0f\\n\", $1 } }"
}

# Says what is wrong; the sorted numbers come first, then what the histogram says of them.
check()
{
	awk '
	function off(value, exact) { return value < exact ? exact - value : value - exact }
	# Of a bucket that begins at @x: up to 127 it has one value, then 64 from 2^n to 2^(n+1).
	function width(x,	w) { for (w = 1; x >= 128 * w; w *= 2) ; return w }
	FNR == NR { sorted[++n] = $1; next }
	$1 == "count" && $2 != n { print "count " $2 " of " n }
	$1 == "max" && $2 != sorted[n] { print "max " $2 " is " sorted[n] }
	$1 == "quantile" {
		rank = int(($2 * n + 999999) / 1000000)
		exact = sorted[rank ? rank : 1]
		if (off($3, exact) > exact / 64)
			print "quantile " $2 ": " $3 " is " exact
	}
	$1 == "bucket" {
		for (here = 0; at < n && sorted[at + 1] < $2 + width($2); at++)
			here++
		if (sorted[at] < $2 || here != $3)
			print "bucket " $2 ": " $3 " are " here
		sum += $3
	}
	END { if (sum != n) print "all buckets: " sum " are " n }' "$1" "$2"
}

# compare NAME: numbers on stdin
compare()
{
	local wrong words

	read -ra words <<<"$QUANTILES"
	sort -n >"$DIR/sorted"
	# Not in order: the two halves of what is recorded are not alike.
	shuf --random-source=<(yes) "$DIR/sorted" | "$DIR/check" "${words[@]}" >"$DIR/said"
	wrong=$(check "$DIR/sorted" "$DIR/said")
	tap "${#wrong}" "$1" "$wrong"
}

main()
{
	out_init
	DIR=$(scratch)
	"${CC:-gcc}" -Wall -Wextra -Werror -O2 -fsanitize=undefined,address \
		-I "$REPO/tools/testing/selftests/kvm/include" \
		-o "$DIR/check" "$REPO/tests/histogram_check.c"

	compare "each value up to 1000" < <(seq 0 1000)
	compare "even" < <(numbers '100000 * x')
	compare "exponential" < <(numbers '-20000 * log(1 - x)')
	compare "heavy tail" < <(numbers '500 / (1 - x) ^ 1.8')
	compare "two heaps, a thousandth in the upper one" < <(numbers 'x < 0.999 ? 300 : 4000000 + i')
	compare "all the same" < <(numbers '777777')
	compare "at the powers of 2" < <(numbers '2 ^ int(42 * x) - (i % 2)')
	compare "a single one" < <(echo 5)
	compare "three, far apart" < <(printf "%s\n" 1 1000 1000000)
	tap "$("$DIR/check" 500000 </dev/null | grep -cv -e '^count 0$' -e '^max 0$' \
		-e '^quantile 500000 0$')" "none at all"
	tap "$(echo 18446744073709551615 | "$DIR/check" 500000 |
		grep -cv -e '^count 1$' -e '^max 18446744073709551615$' \
		-e '^quantile 500000 18446744073709551615$' -e '^bucket 4363686772736 1$')" \
		"more than it can hold is in the last bucket"
	tap_end
}

main "$@"
