#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/verdict on recorded runs: each folder in tests/logs has the
# files of a run and `expect`: first line the word and the exit status, then words
# that the verdict must also say.  More cases are made from the good run by
# cutting it off at every line: none of them may pass.
#
# Usage: tests/verdict.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

LOGS=$REPO/tests/logs

# judge FOLDER: its verdict file, and `exit STATUS`.
judge()
{
	local status=0

	"$SCRIPTS/verdict" -q "$1" >/dev/null 2>"$1/stderr" || status=$?
	cat "$1/verdict" "$1/stderr" 2>/dev/null || true
	echo "exit $status"
}

recorded()
{
	local name=$1 run got line first

	run=$(scratch)
	cp "$LOGS/$name/"* "$run"
	got=$(judge "$run")
	first=$(head -n 1 "$run/expect")
	if [ "${got%%$'\n'*}" != "$first" ] || [ "${got##*$'\n'}" != "exit ${first##* }" ]; then
		tap 1 "$name" "expected $first, got:"$'\n'"$got"
		return
	fi
	while IFS= read -r line; do
		case $got in
		*"$line"*) ;;
		*)	tap 1 "$name" "\`$line\` is not in:"$'\n'"$got"
			return ;;
		esac
	done < <(tail -n +2 "$run/expect")
	tap 0 "$name"
}

# A good result that ends after N lines, or in the middle of a line.
cut_off()
{
	local run lines i got bad=

	run=$(scratch)
	cp "$LOGS/pass/"* "$run"
	lines=$(wc -l <"$LOGS/pass/result.ktap")
	for ((i = 0; i < lines; i++)); do
		head -n "$i" "$LOGS/pass/result.ktap" >"$run/result.ktap"
		got=$(judge "$run")
		[ "${got##* }" -ne 0 ] || bad+="after line $i "
		sed -n "$((i + 1))p" "$LOGS/pass/result.ktap" | head -c 5 |
			tr -d '\n' >>"$run/result.ktap"
		got=$(judge "$run")
		[ "${got##* }" -ne 0 ] || bad+="in line $((i + 1)) "
	done
	tap "$([ -z "$bad" ] && echo 0 || echo 1)" \
		"a good result cut off at each of its $lines lines never passes" \
		"passed: $bad"
}

# A line that is missing from the middle is noticed too.
line_lost()
{
	local run lines got bad=

	run=$(scratch)
	cp "$LOGS/pass/"* "$run"
	for lines in '^ok 1' '^1\.\.' '^KTAP' '^# fact kernel' '^# end'; do
		grep -v "$lines" "$LOGS/pass/result.ktap" >"$run/result.ktap"
		got=$(judge "$run")
		[ "${got##* }" -ne 0 ] || bad+="without $lines "
	done
	tap "$([ -z "$bad" ] && echo 0 || echo 1)" \
		"a good result without one of its lines never passes" "passed: $bad"
}

# What is allowed needs a reason.
allow_list()
{
	local run got allow

	run=$(scratch)
	cp "$LOGS/warn/"* "$run"
	allow=$(scratch)/allow
	printf 'WARNING: CPU: 1 PID: 71\n' >"$allow"
	got=$(ALLOW=$allow judge "$run")
	tap "$([ "${got##* }" = 2 ] && echo 0 || echo 1)" \
		"an allowed splat without a reason is refused" "$got"
	printf '%s\t%s\n' 'WARNING: CPU: 1 PID: 71' 'fixed by nobody, https://example.org' \
		'Kernel panic.*panic_on_warn' same >"$allow"
	got=$(ALLOW=$allow judge "$run")
	tap "$([ "${got%% *}" != WARN ] && echo 0 || echo 1)" \
		"an allowed splat with a reason is let through" "$got"
}

empty_folder()
{
	local run got

	run=$(scratch)
	got=$(judge "$run")
	tap "$([ "${got%%$'\n'*}" = "NOT-RUN 8" ] && echo 0 || echo 1)" \
		"a folder without a run is NOT-RUN" "$got"
}

main()
{
	local folder

	out_init
	for folder in "$LOGS"/*/; do
		recorded "$(basename "$folder")"
	done
	empty_folder
	cut_off
	line_lost
	allow_list
	tap_end
}

main "$@"
