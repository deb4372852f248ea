# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/check counts what an item has printed, and what it remembers of skips and
# failures for its last lines; sourced by it.

# count STATUS NAME LOG: TAP lines, or the lines that scripts/run writes as tests
# end, or just the status.  A bad status with nothing else bad is a failure.
count()
{
	local status=$1 name=$2 log=$3 sums before=$FAILED

	sums=$(awk '
		/^ok .*# SKIP/ { s++; next }
		/^ok / { p++ }
		/^not ok / { f++ }
		/^  pass  / { p++ }
		/^  FAIL  / { f++ }
		/^  skip  / { s++ }
		END { print p + 0, f + 0, s + 0 }' "$log")
	read -r p f s <<<"$sums"
	if [ "$sums" = "0 0 0" ] && [ "$status" -eq 0 ]; then
		p=1
	fi
	PASSED=$((PASSED + p))
	FAILED=$((FAILED + f))
	SKIPPED=$((SKIPPED + s))
	if [ "$status" -ne 0 ] && [ "$FAILED" -eq "$before" ]; then
		FAILED=$((FAILED + 1))
	fi
	collect "$status" "$name" "$log"
}

# What is said last may be all that somebody sees of it: with no test to name, the log's end.
collect()
{
	local line seen=${#FAILURES[@]}
	local bad='SURVIVED|HOST DIED|NOT RUN|EMULATOR FAULT|FAILS WITHOUT'

	while IFS= read -r line; do
		REMARKS+=("$2: $line")
	done < <(grep -aE '^(ok .*# SKIP|  skip  )' "$3" || true
		 nested_skips "$3")
	while IFS= read -r line; do
		FAILURES+=("$2: $line")
	done < <(grep -aE "^(not ok|  FAIL  |  [a-z_]+ +.*($bad))" "$3" || true
		 [ "$1" -eq 0 ] || nested_failures "$3")
	[ "$1" -ne 0 ] || return 0
	[ "${#FAILURES[@]}" -ne "$seen" ] || mapfile -t -O "$seen" FAILURES < <(
		tail -n 5 "$3" | cut -c1-300 | sed "s/^/$2:     /")
	FAILURES+=("$2: failed with status $1, log: $3")
}

# Cases that a test left out, and why: in the results of the runs.
nested_skips()
{
	local runs

	mapfile -t runs < <(runs_of "$1")
	[ ${#runs[@]} -eq 0 ] || results skipped "${runs[@]}"
}

# Why a run was bad, and how to see it again.
nested_failures()
{
	local runs

	mapfile -t runs < <(runs_of "$1")
	[ ${#runs[@]} -eq 0 ] || results reasons 12 "${runs[@]}"
	grep -a '^again: ' "$1" || true
}

# runs_of LOG: their folders, but not those of a kernel that is broken on purpose.
runs_of()
{
	case $1 in
	*check-mutations.log|*check-historical.log) return ;;
	esac
	sed -n '/-mutations-npt/d; s/^logs: \([^ ]*\).*/\1/p' "$1"
}
