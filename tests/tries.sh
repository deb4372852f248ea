#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of which mutations are tried once more, and how (scripts/lib/mutations.sh).  The boots
# are not real: each says what the mutations of its FILE come to the first, second, ... time.
#
# Usage: tests/tries.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"
ONLY=
# shellcheck source=scripts/lib/mutations.sh
. "$SCRIPTS/lib/mutations.sh"

export PLATFORM=tcg-svm NPT=1

# In place of the real one, where a machine boots.
boot_mutations()
{
	local name rest verdict lines
	mapfile -t lines <"$1"

	for rest in "${lines[@]}"; do
		read -r name _ rest <<<"$rest"
		verdict=$(next_verdict "$name")
		printf '%s [%s]%s%s%s\n' "$name" "$2" "${3:+ may: $3}" \
			"${MACHINE:+ machine=$MACHINE}" \
			"$([ "$STRETCH" -eq 1 ] || echo " x$STRETCH")" >>"$BOOTED"
		echo "$name on $verdict $rest" >>"$RESULTS"
		[ "$verdict" = died ] || echo "$name off pass" >>"$RESULTS"
		sed -i "/^${name}[[:space:]]/d" "$1"
		# Those behind it are left for the next boot.
		[ "$verdict" != died ] || break
	done
}

# Takes the first of what is planned for NAME; the last one stays.
next_verdict()
{
	local plan

	read -ra plan <"$PLANS/$1"
	[ ${#plan[@]} -eq 1 ] || echo "${plan[*]:1}" >"$PLANS/$1"
	echo "${plan[0]}"
}

# tried TABLE NAME=VERDICT,VERDICT...: the boots, and what `results caught` says.
tried()
{
	local plan

	TABLE=$(scratch)/table
	BOOTED=$(scratch)/booted
	PLANS=$(scratch)
	RESULTS=$(scratch)/results
	ALL_RESULTS=$(scratch)/all
	printf '%s\n' "$1" >"$TABLE"
	: >"$BOOTED"
	: >"$ALL_RESULTS"
	shift
	for plan in "$@"; do
		echo "${plan#*=}" | tr ',' ' ' >"$PLANS/${plan%%=*}"
	done
	try_mutations >/dev/null
	cat "$BOOTED"
	results caught "$TABLE" "$ALL_RESULTS" | awk '/^  / { $1 = $1 ":"; print $1, $2, $3 }' ||
		true
}

main()
{
	out_init
	tap_same "all caught at once" \
"a [on off]
b [on off]
a: caught t
b: caught t" "$(tried $'a\t1\tt -t 3\nb 1 t' a=fail b=fail)"

	tap_same "one that survived is tried for longer" \
"a [on off]
b [on off]
b [on off] x4
a: caught t
b: caught t" "$(tried $'a 1 t -t 3\nb 1 t' a=fail b=pass,fail)"

	tap_same "one that survives twice has survived" \
"a [on off]
a [on off] x4
a: SURVIVED t" "$(tried 'a 1 t -t 3' a=pass)"

	tap_same "the host died: the others first, then it alone, where KVM's check may fail" \
"a [on off]
b [on off]
a [off on] may: $OWN_CHECK
b: caught t
a: caught t" "$(tried $'a 1 t -t 3\nb 1 t' a=died,splat b=fail)"

	tap_same "all its lines, though only the first was begun" \
"a [on off]
a [off on] may: $OWN_CHECK
a [off on] may: $OWN_CHECK
a: caught u" "$(tried $'a 1 t -t 3\na 1 u' a=died,splat)"

	tap_same "the host died twice" \
"a [on off]
a [off on] may: $OWN_CHECK
a: HOST DIED" "$(tried 'a 1 t' a=died)"

	tap_same "words of its own are kept" \
"a [off on] may: BUG: x
a [off on] may: BUG: x
a: caught t" "$(tried 'a 1 t => BUG: x' a=died,splat)"

	tap_same "the machine is kept" \
"a [on off] machine=single
a [off on] may: $OWN_CHECK machine=single
a: caught t" "$(tried $'a\t1\tmachine=single t' a=died,fail)"

	tap_same "unit tests run as the kernel boots, also the second time" \
"a [off]
a [on]
a [off]
a [on]
a: caught kunit_test" "$(tried 'a 1 kunit_test' a=fail,died,fail)"
	tap_end
}

main
