# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What came of the cells of scripts/matrix: table, trouble, reports; sourced by it.
#	cell_word NAME	pass, skip, or the word of its verdict
#	summary		prints all of it, and returns the worst exit status

cell_word()
{
	results cells "$MATRIX/cells/$1" | cut -f 1
}

# The plan, and before each cell its word, its status and how it ended.
judged_plan()
{
	local names

	mapfile -t names < <(cut -f 1 "$MATRIX/plan")
	paste <(results cells "${names[@]/#/$MATRIX/cells/}") "$MATRIX/plan" | sed 's/\t\t/\t-\t/'
}

# A cell of which nothing came back is to be in the reports all the same.
fill_holes()
{
	local name kernel debug npt run

	while IFS=$'\t' read -r name kernel debug npt _; do
		run=$MATRIX/cells/$name
		[ ! -e "$run/verdict" ] || continue
		mkdir -p "$run"
		: >"$run/result.ktap"
		printf '%s\n' "kernel $kernel$(DEBUG=$debug debug_suffix)" "npt $npt" \
			"platform -" "ended never" >"$run/meta"
		"$SCRIPTS/verdict" -q "$run" || true
		tail -n 2 "$run/run.log" >>"$run/verdict" 2>/dev/null || true
	done <"$MATRIX/plan"
}

# Rows are tests (and seeds), columns are kernels (and paging modes).
table()
{
	local word name kernel debug npt ours kernels seed

	while IFS=$'\t' read -r word _ _ name kernel debug npt ours kernels seed; do
		[ ! -e "$MATRIX/cells/$name.1" ] || word+=' *'
		printf '%s\t%s\t%s\n' "${ours/#none/$kernels} seed $seed" \
			"$kernel$(DEBUG=$debug debug_suffix) npt=$npt" "$word"
	done < <(judged_plan) | results grid
}

# What HALT= kept from running does not count.
worst_status()
{
	local status ended statuses=(0)

	while IFS=$'\t' read -r _ status ended _; do
		[ -n "$HALT" ] && [ "$ended" = never ] || statuses+=("$status")
	done < <(judged_plan)
	results worst "${statuses[@]}"
}

# Each cell that did not pass: why, where, and how to have it again.
show_trouble()
{
	local word name kernel debug npt ours kernels seed run AGAIN_ACCEL=

	[ "$ACCEL" != bochs ] || AGAIN_ACCEL=bochs
	while IFS=$'\t' read -r word _ _ name kernel debug npt ours kernels seed; do
		case $word in pass|skip) continue ;; esac
		run=$MATRIX/cells/$name
		say "$name: $word: $run"
		results reasons 4 "$run" | cut -c1-200 | sed 's/^/    /'
		say "    again: make run KERNEL=$kernel DEBUG=$debug NPT=$npt TESTS=$ours" \
			"KSELFTESTS=$kernels SEED=$seed TIME=$TIME CPUS=$CPUS MEM=$MEM" \
			${ARGS:+"ARGS='$ARGS'"} ${AGAIN_ACCEL:+"ACCEL=$AGAIN_ACCEL"}
	done < <(judged_plan) | sed 's/ KSELFTESTS=-//'
}

summary()
{
	local worst runs

	fill_holes
	say
	table
	say
	if compgen -G "$MATRIX/cells/*.1" >/dev/null; then
		say "* the first boot gave no result and was repeated; it is kept as NAME.1"
	fi
	show_trouble
	mapfile -t runs < <(find "$MATRIX/cells" -mindepth 2 -maxdepth 2 -name verdict |
		sort | sed 's|/verdict$||')
	child "$SCRIPTS/export" "$O/results" "${runs[@]}"
	say "cells: $MATRIX/cells    for other programs:" \
		"$O/results/{summary.md,junit.xml,results.json}"
	worst=$(worst_status)
	if [ "$worst" -eq 0 ]; then
		say "PASS, $CELLS cells in $(took "$SECONDS")"
	else
		say "not passed, exit status $worst, $CELLS cells in $(took "$SECONDS")"
	fi
	return "$worst"
}
