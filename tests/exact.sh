#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does a machine in Bochs with several CPUs do the same again, to the instruction?  Two boots
# of a benchmark in which vCPUs and the host get into each other's way must not differ in one
# byte, and another seed must be another machine, or equality would show nothing.  Needs a
# kernel, the initramfs and Bochs in O, as `scripts/check kernels intel` makes them.
#
# Usage: [CPUS=2] [BZIMAGE=file] tests/exact.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

CPUS=${CPUS:-2}
BZIMAGE=${BZIMAGE:-$O/kernel/stock/bzImage}

# boot NAME SEED: into $WORK/NAME
boot()
{
	local run=$WORK/$1

	mkdir -p "$run"
	cat >"$run/job" <<-END
	fact platform bochs-vmx
	fact seed $2
	test stall_bench 300 -s $2 -r 1 -t 1 -o dontneed -p same-pages -v 2 -i 2
	END
	BOOT_FILE=$BZIMAGE CPUS=$CPUS MEM=1024 KERNEL_APPEND=kunit.enable=0 \
		child "$SCRIPTS/boot" kernel bochs-vmx "$run" >&2
	"$SCRIPTS/verdict" -q "$run" || true
}

# What a boot was, in all that it did and said.
trace_of()
{
	cat "$WORK/$1/result.ktap" "$WORK/$1/console.log"
	grep -E '^(ticks|instructions) ' "$WORK/$1/meta" || echo "it does not say what it did"
}

# difference BOOT BOOT: the first lines, nothing if there is none
difference()
{
	diff <(trace_of "$1") <(trace_of "$2") | sed -n 1,4p || true
}

main()
{
	local got

	[ $# -eq 0 ] || { show_help; exit "$EX_USAGE"; }
	out_init
	WORK=$(scratch)
	boot first 7
	boot again 7
	boot other 8
	got=$(head -n 1 "$WORK/first/verdict")
	tap "$([ "$got" = "PASS 0" ]; echo $?)" "the benchmark runs, with $CPUS CPUs" "$got"
	got=$(grep -c '# row stall/' "$WORK/first/result.ktap") || true
	tap "$([ "$got" -gt 5 ]; echo $?)" "... and has rows" "$got"
	got=$(grep -cE '^(ticks|instructions) [1-9]' "$WORK/first/meta") || true
	tap "$((got != 2))" "... and Bochs says how much it did" "$(cat "$WORK/first/meta")"
	got=$(difference first again)
	tap "$([ -z "$got" ]; echo $?)" \
		"the same seed: the same result, console and instructions" "$got"
	got=$(difference first other)
	tap "$([ -n "$got" ]; echo $?)" "another seed is another machine"
	tap_end
}

main "$@"
