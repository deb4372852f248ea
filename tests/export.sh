#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/export on recorded runs (tests/logs): what it writes can be read by
# the programs that it is for, and counts what is there.
#
# Usage: tests/report.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

LOGS=$REPO/tests/logs

# Judged copies of all recorded runs, and what scripts/export makes of them.
prepare()
{
	local folder

	RUNS=$(scratch)
	OUT=$(scratch)
	cp -r "$LOGS/." "$RUNS"
	for folder in "$RUNS"/*/; do
		"$SCRIPTS/verdict" -q "$folder" 2>/dev/null || true
	done
	"$SCRIPTS/export" "$OUT" "$RUNS"/*/
}

same()
{
	local name=$1 want=$2 got=$3

	tap "$([ "$want" = "$got" ] && echo 0 || echo 1)" "$name" "expected $want, got $got"
}

# entry RUN FILTER: of results.json
entry()
{
	jq -r --arg run "$1" ".[] | select(.run == \$run) | $2" "$OUT/results.json"
}

suites()
{
	xmllint --xpath "$1" "$OUT/junit.xml" 2>/dev/null
}

json_cases()
{
	same "results.json has a machine for each run" \
		"$(find "$LOGS" -mindepth 1 -maxdepth 1 -type d | wc -l)" \
		"$(jq '[.[] | select(.test == "(machine)")] | length' "$OUT/results.json")"
	same "a failed case is FAIL, with its words" "FAIL see above: stale=1" \
		"$(entry fail-nested 'select(.case == "remap/anon/4k") |
			.verdict + " " + .words[0:18]')"
	same "the machine of a failed test is sound" pass \
		"$(entry fail-nested 'select(.test == "(machine)") | .verdict')"
	same "a failure that is in the baseline is known" known \
		"$(entry known 'select(.test == "set_memory_region_test") | .verdict')"
	same "a panic is the machine's verdict" PANIC \
		"$(entry panic 'select(.test == "(machine)") | .verdict')"
}

junit_cases()
{
	same "junit.xml has a suite for each run" \
		"$(find "$LOGS" -mindepth 1 -maxdepth 1 -type d | wc -l)" \
		"$(suites 'count(//testsuite)')"
	same "its sums are those of its entries" \
		"$(suites 'concat(count(//failure), " ", count(//error), " ", count(//skipped))')" \
		"$(suites 'concat(sum(//testsuite/@failures), " ", sum(//testsuite/@errors), " ",
			sum(//testsuite/@skipped))')"
	same "an emulator's fault is an error, not a failure" "true 0" \
		"$(suites 'concat(boolean(//error[@type="EMULATOR"]), " ",
			count(//failure[@type="EMULATOR"]))')"
	same "a known failure is skipped, with its words" true \
		"$(suites 'boolean(//testcase[@name="set_memory_region_test"]/skipped[
			starts-with(@message,"known: assertion")])')"
	same "a KASAN report is a failure" 1 "$(suites 'count(//failure[@type="KASAN"])')"
}

# What a test prints may be anything.
strange_words()
{
	local run got

	run=$(scratch)
	cp "$LOGS/fail-nested/"* "$run"
	sed -i 's/see above:/a <b> \& "c" \\d\x01/' "$run/result.ktap"
	"$SCRIPTS/verdict" -q "$run" || true
	"$SCRIPTS/export" "$OUT/strange" "$run"
	xmllint --noout "$OUT/strange/junit.xml" && got=well-formed
	same "characters that XML and JSON do not have" \
		"well-formed a <b> & \"c\" \\d" \
		"${got:-} $(jq -r '.[] | select(.verdict == "FAIL" and .case) | .words[0:14]' \
			"$OUT/strange/results.json")"
}

# A boot without a result that was repeated is there to be seen, and is no error.
repeated()
{
	local run

	run=$(scratch)
	cp "$LOGS/truncated/"* "$run"
	echo "repeated another" >>"$run/meta"
	"$SCRIPTS/verdict" -q "$run" || true
	"$SCRIPTS/export" "$OUT/repeated" "$run"
	same "a boot that was repeated" "repeated TRUNCATED: 1 1 0" \
		"$(jq -r '.[] | .verdict + " " + .words[0:10]' "$OUT/repeated/results.json") $(
		xmllint --xpath \
			'concat(count(//testcase), " ", count(//skipped), " ", count(//error))' \
			"$OUT/repeated/junit.xml")"
}

no_verdict()
{
	local status=0

	"$SCRIPTS/export" "$OUT" "$(scratch)" 2>/dev/null || status=$?
	same "a folder without a verdict is bad input" 2 "$status"
}

main()
{
	out_init
	prepare
	json_cases
	junit_cases
	strange_words
	repeated
	no_verdict
	tap_end
}

main "$@"
