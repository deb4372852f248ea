#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks the models of tests/protocol by Spin, in all interleavings: what tests/protocol/runs says
# must hold does, and each mutant breaks it (docs/memory-model.md).
#
# Usage: tests/protocol.sh [RUN...]    (with their mutants; default: all)
# Output: TAP, with states and seconds of each.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

MODELS=$REPO/tests/protocol
LIMIT=1200	# seconds for one of them, which needs 60 at most when nothing else runs
MEMORY=1800	# MiB for one of them; two run at the same time
DEPTH=2000000	# longest execution; Spin says if one is cut off

# runs [mutants]: lines `NAME MUTANT HOW MODEL PROPERTY SIZES` of those in $ONLY; a run has mutant -
runs()
{
	awk -v only=" $ONLY " '
		$1 == "run" {
			sizes = ""
			for (i = 5; i <= NF; i++)
				sizes = sizes " -D" $i
			what[$2] = $3 " " $4 sizes
			if (only == "  " || index(only, " " $2 " "))
				print $2, "-", "holds", what[$2]
		}
		$1 == "mutant" && (only == "  " || index(only, " " $3 " ")) {
			print $3, $2, $4, what[$3]
		}' "$MODELS/runs"
}

# verifier MUTANT MODEL PROPERTY SIZE...: makes ./pan.  What a mutant does wrong is found soon, so
# it is compiled quickly.
verifier()
{
	local mutant=$1 model=$2 property=$3 options=(-O1)
	shift 3

	[ "$mutant" = - ] || { options=(-O0); set -- "$@" "-D$mutant"; }
	if [ "$property" = safety ]; then
		options+=(-DSAFETY)
	else
		options+=(-DNFAIR=3)
		set -- "$@" "-D$property"
	fi
	spin -a "$@" "$MODELS/$model.pml" &&
		gcc "${options[@]}" -DCOLLAPSE -DMEMLIM="$MEMORY" -o pan pan.c
}

# What pan has found; `?`: nothing that it may say.
finding()
{
	local errors

	errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$1")
	if grep -qE 'out of memory|max search depth too small|Search not completed' "$1" &&
	   [ "$errors" = 0 ]; then
		echo incomplete
	elif [ "$errors" = 0 ]; then
		echo holds
	elif grep -q '^pan:1: assertion violated  *[^-]*(at depth' "$1"; then
		echo assert
	elif grep -q '^pan:1: invalid end state' "$1"; then
		echo stuck
	elif grep -q '^pan:1: acceptance cycle' "$1"; then
		echo cycle
	else
		echo '?'
	fi
}

# check FOLDER NAME MUTANT HOW MODEL PROPERTY SIZE...: a line `NAME MUTANT HOW FINDING STATES
# SECONDS FOLDER`
check()
{
	local folder=$1/$2.$3 name=$2 mutant=$3 how=$4 property=$6 start got
	shift 4

	mkdir "$folder"
	cd "$folder"
	if ! verifier "$mutant" "$@" >make.log 2>&1; then
		echo "$name $mutant $how no-verifier 0 0 $folder"
		return
	fi
	set -- -a -f
	[ "$property" != safety ] || set --
	start=$SECONDS
	timeout "$LIMIT" ./pan -m"$DEPTH" "$@" >pan.log 2>&1 || true
	got=$(finding pan.log)
	echo "$name $mutant $how $got $(awk '/ states, stored/ { print $1 + 0; n = 1; exit }
		END { if (!n) print 0 }' pan.log) $((SECONDS - start)) $folder"
}

main()
{
	local folder name mutant how got states seconds rest

	if [ "${1:-}" = --check ]; then
		check "${@:2}"
		return
	fi
	ONLY=$*
	out_init
	need_command spin spin
	folder=$(scratch)
	while read -r name mutant how got states seconds rest; do
		[ "$mutant" = - ] || name+=" with $mutant"
		tap "$([ "$got" = "$how" ]; echo $?)" \
			"$name: $got ($states states, $seconds s)" \
			"expected: $how $(head -n 20 "$rest"/{make,pan}.log 2>&1)"
	done < <(runs | xargs -P "$(nproc)" -L 1 "$0" --check "$folder")
	tap_end
}

main "$@"
