#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/bench-table on measures that are made up: on a changed kernel
# that keeps every limit, and then on ones that break a single limit each; and of
# which boots scripts/bench does again.
#
# Usage: tests/bench.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"
# shellcheck source=scripts/bench-lib.sh
. "$REPO/scripts/bench-lib.sh"

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
	got=$("$REPO/scripts/bench-table" "$file" 2>&1; echo "exit $?")
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
	got=$("$REPO/scripts/bench-table" "$file" | cut -f 1,2 | sed -n '2,3p') || true
	tap "$([ "$got" = "$(printf 'FAIL\tblocked/2-vcpus CPU %% while blocked\nFAIL\tinstructions of fault')" ] &&
		echo 0 || echo 1)" "failures come first, the worst of them at the top" "$got"
}

# Where the invalidating thread alone slows stock down, that is the limit.
beside_invalidator()
{
	local file got

	file=$(scratch)/measures
	measures | sed '/at=outside/s/ns=5/ns=9/; /^interval.*at=same-slot/s/ns=5/ns=9/' >"$file"
	got=$("$REPO/scripts/bench-table" "$file"; echo "exit $?")
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
	got=$("$REPO/scripts/bench-table" "$file"; echo "exit $?")
	tap "$(grep -q "^unsure.*columns/none faults/s" <<<"$got" && [ "${got##* }" = 0 ] &&
		echo 0 || echo 1)" "a median that fails by chance alone is unsure" "$got"
}

one_kernel()
{
	local file got

	file=$(scratch)/measures
	measures | grep ^stock >"$file"
	got=$("$REPO/scripts/bench-table" "$file" 2>&1; echo "exit $?")
	tap "$([ "${got##* }" = 8 ] && echo 0 || echo 1)" \
		"the measures of one kernel are no comparison" "$got"
}

# A boot that failed, with these lines: is it done again?
repeated()
{
	local title=$1 expected=$2 class=$3 machine=$4 run status=0

	run=$(scratch)
	cat >"$run/result.ktap"
	MACHINE=$machine to_be_repeated "$class" "$run" 2>/dev/null || status=$?
	tap "$((status != expected))" "$title"
}

# A boot with this verdict in which another CPU was found there.
stuck()
{
	local title=$1 expected=$2 word=$3 where=$4 machine=$5 run status=0

	run=$(scratch)
	printf '%s %d\n' "$word" "$EX_KERNEL" >"$run/verdict"
	cat >"$run/console.log" <<-END
	[  108.6][    C1] RIP: 0010:smp_call_function_many_cond+0xeb/0x2e0
	[  108.7][    C0] NMI backtrace for cpu 0
	[  108.7][    C0] CPU: 0 PID: 81 Comm: fault_bench Tainted: G             L
	[  108.7][    C0] RIP: 0010:$where+0x243/0x6e0
	END
	MACHINE=$machine to_be_repeated "$EX_KERNEL" "$run" 2>/dev/null || status=$?
	tap "$((status != expected))" "$title"
}

SHUTDOWN='  # vcpu=0 unexpected exit 8 (SHUTDOWN)'
LAST='  # vcpu=0 last exception: vector='

repeats()
{
	repeated "a boot is done again: the emulator's fault" 0 "$EX_EMULATOR" tcg-threads </dev/null
	repeated "the same: a shutdown as that may end" 0 "$EX_FAIL" tcg-threads \
		<<<"$SHUTDOWN"$'\n'"${LAST}14 error=0x10"
	repeated "the same: after a read" 0 "$EX_FAIL" tcg-threads \
		<<<"$SHUTDOWN"$'\n'"${LAST}14 error=0"
	repeated "it is not: after another exception" 1 "$EX_FAIL" tcg-threads \
		<<<"$SHUTDOWN"$'\n'"${LAST}14 error=0x2"
	repeated "it is not: no shutdown" 1 "$EX_FAIL" tcg-threads <<<"${LAST}14 error=0x10"
	repeated "it is not: another machine" 1 "$EX_FAIL" kvm \
		<<<"$SHUTDOWN"$'\n'"${LAST}14 error=0x10"
	repeated "it is not: the kernel complained as well" 1 "$EX_KERNEL" tcg-threads \
		<<<"$SHUTDOWN"$'\n'"${LAST}14 error=0x10"
	stuck "the same: a CPU that does not leave its guest" 0 LOCKUP svm_vcpu_run tcg-threads
	stuck "it is not: a CPU that is elsewhere" 1 LOCKUP queued_write_lock_slowpath tcg-threads
	stuck "it is not: another complaint" 1 WARN svm_vcpu_run tcg-threads
	stuck "it is not: a lockup on another machine" 1 LOCKUP svm_vcpu_run kvm
	tap "$((${#SUSPECTS[@]} != 3 || EMULATOR_FAULTS != 1))" "both are counted"
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
	repeats
	tap_end
}

main "$@"
