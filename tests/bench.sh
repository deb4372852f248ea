#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/bench-table on measures that are made up: on a changed kernel
# that keeps every limit, and then on ones that break a single limit each; and of
# what is said of boots that did not end well.
#
# Usage: tests/bench.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"
# shellcheck source=scripts/lib/bench.sh
. "$SCRIPTS/lib/bench.sh"

# measure KERNEL MODE KEY=VALUE...
measure()
{
	local kernel=$1 mode=$2
	shift 2

	printf '%s\tboot\t%s\t%s\n' "$kernel" "$mode" "$*"
}

# One sound boot; @2 makes samples differ a little.
boot()
{
	local kernel=$1 i=$2 at vcpus

	for at in none same-slot other-slot outside; do
		measure "$kernel" columns at=$at faults=16384 retries=0 overflow=0 \
			waits=0 calls=$((100000 + i)) ns=$((500000000 + i))
	done
	for vcpus in 1 2 4; do
		measure "$kernel" overlap vcpus=$vcpus ops=$((300 + i)) ns=1000000000 \
			writes=5000 cpu_ns=900000000 guest_gap_us=900 host_gap_us=800 op_us=70
		measure "$kernel" storm vcpus=$vcpus ops=9000 ns=1000000000 writes=50 \
			cpu_ns=900000000 guest_gap_us=90000 host_gap_us=80000 op_us=70
		measure "$kernel" blocked vcpus=$vcpus blocked_ns=1000000000 cpu_ns=10000000
	done
	measure "$kernel" icount what=fault min=2500
	measure "$kernel" icount what=dontneed-512-slots min=2700
}

# measures [OLD NEW]: of both kernels; OLD becomes NEW in the changed one's.
measures()
{
	local i

	for i in 1 2 3 4 5; do
		boot stock "$i"
		boot interval "$i" | sed "s/${1:-^}/${2:-}/"
	done
}

# expect NAME STATUS LINE [OLD NEW]: a line of the table that begins like LINE.
expect()
{
	local name=$1 status=$2 line=$3 got file
	shift 3

	file=$(scratch)/measures
	measures "$@" >"$file"
	got=$("$SCRIPTS/bench-table" "$file" 2>&1; echo "exit $?")
	if [ "${got##* }" -ne "$status" ]; then
		tap 1 "$name" "expected exit $status, got:"$'\n'"$got"
	elif ! tr '\t' ' ' <<<"$got" | grep -q "^$line"; then
		tap 1 "$name" "expected the line $line, got:"$'\n'"$got"
	else
		tap 0 "$name"
	fi
}

worst_first()
{
	local file got

	file=$(scratch)/measures
	measures min=2500 min=2600 | sed '/^interval.*blocked.*vcpus=2/s/cpu_ns=1/cpu_ns=9/' >"$file"
	got=$("$SCRIPTS/bench-table" "$file" | cut -f 1,2 | sed -n '2,3p') || true
	tap "$([ "$got" = "$(printf 'FAIL\tblocked/2-vcpus CPU %% while blocked\nFAIL\tinstructions of fault')" ] &&
		echo 0 || echo 1)" "failures come first, the worst of them at the top" "$got"
}

# Where the invalidating thread alone slows stock down, that is the limit.
beside_invalidator()
{
	local file got

	file=$(scratch)/measures
	measures | sed '/at=outside/s/ns=5/ns=9/; /^interval.*at=same-slot/s/ns=5/ns=9/' >"$file"
	got=$("$SCRIPTS/bench-table" "$file"; echo "exit $?")
	tap "$(grep -q "^pass.*columns/same-slot faults/s.*0.95 x stock outside" <<<"$got" &&
		grep -q "^pass.*columns/none faults/s.*0.95 x stock none" <<<"$got" &&
		echo 0 || echo 1)" "faults as slow as stock's beside an invalidator" "$got"
}

# Five samples, of which two are good: the median is not.
unsure()
{
	local file got

	file=$(scratch)/measures
	measures | awk '/^interval.*at=none/ && n++ < 3 { sub(/ns=5/, "ns=8") } { print }' >"$file"
	got=$("$SCRIPTS/bench-table" "$file"; echo "exit $?")
	tap "$(grep -q "^unsure.*columns/none faults/s" <<<"$got" && [ "${got##* }" = 0 ] &&
		echo 0 || echo 1)" "a median that fails by chance alone is unsure" "$got"
}

one_kernel()
{
	local file got

	file=$(scratch)/measures
	measures | grep ^stock >"$file"
	got=$("$SCRIPTS/bench-table" "$file" 2>&1; echo "exit $?")
	tap "$([ "${got##* }" = 8 ] && echo 0 || echo 1)" \
		"the measures of one kernel are no comparison" "$got"
}

# ended_with CLASS KEEP_PARTS: what boot_sound makes of such a boot: STATUS, and lines
ended_with()
{
	(
		# shellcheck disable=SC2317 # boot_sound calls it
		boot_once() { return "$CLASS"; }
		CLASS=$1 KEEP_PARTS=$2 RUN=$(scratch) PLANNED=1 MACHINE_WORDS=one
		mkdir -p "$RUN/name"
		echo "WORD $CLASS" >"$RUN/name/verdict"
		boot_sound name stock tcg-svm what >/dev/null 2>&1
		echo "$STATUS ${#TROUBLE[@]} ${TROUBLE[*]:+${TROUBLE[0]%%,*}}"
	)
}

boots()
{
	tap_same "a boot that passed is no trouble" "0 0 " "$(ended_with 0 '')"
	tap_same "a boot that failed is named, and sets the status" "1 1 name: WORD" \
		"$(ended_with "$EX_FAIL" '')"
	tap_same "so does one in which the emulator broke a guest" "9 1 name: WORD" \
		"$(ended_with "$EX_EMULATOR" 1)"
	tap_same "where parts count, a benchmark that failed is no trouble" "0 0 " \
		"$(ended_with "$EX_FAIL" 1)"
	tap_same "but a kernel that complained is" "6 1 name: WORD" "$(ended_with "$EX_KERNEL" 1)"
}

main()
{
	out_init
	expect "all limits kept" 0 "pass columns/none faults/s"
	expect "slower faults" 1 "FAIL columns/none faults/s" "ns=5" "ns=6"
	beside_invalidator
	expect "a retry in 500 faults" 1 "FAIL columns/same-slot retries" \
		"at=same-slot faults=16384 retries=0" "at=same-slot faults=16384 retries=33"
	expect "a retry in 2000 faults" 0 "pass columns/same-slot retries" \
		"at=same-slot faults=16384 retries=0" "at=same-slot faults=16384 retries=8"
	expect "slower calls" 1 "FAIL columns/outside calls/s" \
		"at=outside\(.*\) calls=1" "at=outside\1 calls=0"
	expect "slower operations" 1 "FAIL overlap/4-vcpus operations/s" \
		"vcpus=4 ops=300*" "vcpus=4 ops=20"
	expect "unsteady operations" 1 "FAIL spread of overlap/2-vcpus operations/s" \
		"vcpus=2 ops=305" "vcpus=2 ops=900"
	expect "a starved guest" 1 "FAIL storm/1-vcpus guest stall ms (longest)" \
		"vcpus=1\(.*\)guest_gap_us=90000" "vcpus=1\1guest_gap_us=2100000"
	expect "a starved host" 1 "FAIL storm/1-vcpus host stall ms (longest)" \
		"vcpus=1\(.*\)host_gap_us=80000" "vcpus=1\1host_gap_us=2100000"
	expect "blocked vCPUs that spin" 1 "FAIL blocked/4-vcpus CPU % while blocked" \
		"vcpus=4 blocked_ns=1000000000 cpu_ns=10000000" \
		"vcpus=4 blocked_ns=1000000000 cpu_ns=60000000"
	expect "2 % more instructions a fault" 0 "pass instructions of fault" min=2500 min=2550
	expect "more than that" 1 "FAIL instructions of fault" min=2500 min=2551
	expect "one instruction more a call" 1 "FAIL instructions of dontneed-512-slots" \
		min=2700 min=2701
	worst_first
	unsure
	one_kernel
	boots
	tap_end
}

main "$@"
