#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the test that docs/adding-a-test.md shows, exactly as it is printed there, in
# a scratch copy of the suite, and lists its cases.  Uses the framework and the other
# tests that are built in $O, and leaves nothing there.
#
# Usage: tests/example-test.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

readonly PAGE=docs/adding-a-test.md
readonly NAME=discard_test
readonly KVM=tools/testing/selftests/kvm

# The code block of the page.
example()
{
	sed -n "/^\`\`\`c\$/,/^\`\`\`\$/{/^\`\`\`/!p}" "$REPO/$PAGE"
}

# The page also has the line for interval.mk.
copy_suite()
{
	local dir=$1

	mkdir -p "$dir/$KVM"
	cp -a "$REPO/scripts" "$REPO/configs" "$dir"
	cp -a "$REPO/$KVM/." "$dir/$KVM"
	example >"$dir/$KVM/$NAME.c"
	sed -n "s/^    \(INTERVAL_TESTS += $NAME\)$/\1/p" "$REPO/$PAGE" >>"$dir/$KVM/interval.mk"
}

main()
{
	local dir lines log status=0

	out_init
	dir=$(scratch)
	copy_suite "$dir"
	lines=$(example | wc -l)
	tap "$((lines < 1 || lines > 60))" "the page's test has 1 to 60 lines" "it has $lines"
	log=$("$dir/scripts/steps/selftests" 2>&1) || status=$?
	tap "$status" "it builds" "$log"
	log=$(grep "$NAME\.c:.*warning" "$O/log/selftests.log" || true)
	tap "${#log}" "without a warning" "$log"
	tap_same "it lists its cases" "up smp" "$("$O/selftests/$NAME" -l 2>&1 | xargs)"
	rm -f -- "$O/src/selftests/$KVM/$NAME.c" "$O/selftests/$NAME"
	tap_end
}

main "$@"
