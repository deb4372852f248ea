#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of looking inside: shell, trace, gdb, monitor, the live line and what a failed
# run leaves.  They boot the changed kernel, which must have been built.
#
# Usage: tests/inside.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

unset KERNEL TESTS KSELFTESTS SEED TIME DEBUG NPT CPUS MEM QEMU ARGS EVENTS TRACE

# try COMMAND...: its status and what it said, in STATUS and SAID; stdin is ours.  Ends with us.
try()
{
	STATUS=0
	lib_start timeout 300 "$@" >"$WORK/said" 2>&1
	lib_reap || STATUS=$?
	SAID=$(tr -d '\r' <"$WORK/said")
}

# was STATUS PATTERN NAME: of the last try.
was()
{
	local bad=0

	[ "$STATUS" -eq "$1" ] && grep -qE -- "$2" <<<"$SAID" || bad=1
	tap "$bad" "$3" "expected status $1 and /$2/, got status $STATUS and:
$SAID"
}

# Of the latest run.
no_machine()
{
	local left

	left=$(pgrep -f -- "^[^ ]*qemu[^ ]* .*$(realpath "$O/runs/latest")/job") || true
	tap $((${#left} ? 1 : 0)) "$1: no machine is left" "processes: $left"
}

mistakes()
{
	try env O="$WORK/empty" "$SCRIPTS/monitor"
	was 8 "monitor: no machine runs" "monitor with nothing to monitor"
	try "$SCRIPTS/monitor" "$WORK/nowhere"
	was 2 "no folder" "monitor of no run"
	try "$SCRIPTS/trace"
	was 2 "TESTS= is not given" "trace of nothing"
	try env TESTS=munmap EVENTS='kvm;id' "$SCRIPTS/trace"
	was 2 "EVENTS=kvm;id" "trace of no event"
	try env TESTS=nosuch "$SCRIPTS/trace"
	was 2 "no test has the name nosuch" "trace of no test"
	try "$SCRIPTS/shell" </dev/null
	was 2 "no commands on standard input" "shell with neither terminal nor commands"
	try env KERNEL=both "$SCRIPTS/gdb" </dev/null
	was 2 "KERNEL=both" "gdb on two kernels"
	try env TESTS=nosuch "$SCRIPTS/gdb" </dev/null
	was 2 "no test has the name nosuch" "gdb with no test"
}

# Asks the monitor as soon as there is one.
ask_monitor()
{
	local i

	for ((i = 0; i < 120; i++)); do
		sleep 1
		echo 'info status' | "$SCRIPTS/monitor" 2>/dev/null | grep 'VM status' && return
	done
	echo "no answer"
}

shell_cases()
{
	local asked

	ask_monitor >"$WORK/asked" &
	asked=$!
	try "$SCRIPTS/shell" <<<'ls -1 /tests; uname -r; sleep 15; poweroff -f'
	was 0 '^munmap_test$' "shell runs commands, to their power off"
	wait "$asked"
	SAID=$(cat "$WORK/asked")
	was 0 'VM status: running' "monitor of a machine that runs"
	no_machine shell
	try "$SCRIPTS/shell" <<<'munmap_test -t 1 -c punch/shmem/4k; echo test=$?; exit 3'
	was 1 '^test=0$' "a test runs there by its name"
	was 1 'ended with status 3' "shell tells the status of the commands"
	try timeout 40 "$SCRIPTS/shell" <<<'sleep 1000'
	was 124 '' "shell can be ended"
	no_machine "shell that was ended"
}

# HOST=1 with the nested host as the machine that somebody sits at; it needs commands
# that busybox does not have as they are wanted.
host_case()
{
	local to=r/scripts file

	export FILES="bash setpriv realpath $to/steps/host=$STEPS/host"
	for file in common messages input children output step follow; do
		FILES+=" $to/lib/$file.sh=$SCRIPTS/lib/$file.sh"
	done
	try "$SCRIPTS/shell" <<'END'
mkdir -p /r/build/initramfs /t
ln -s /init /r/build/initramfs/init
ln -s /tests /r/build/initramfs/tests
printf 'fact platform host\ntest ksm_test 200 -s 7 -t 1 -c merge/\n' >/t/job
echo on >/proc/sys/kernel/printk_devkmsg
(sleep 3
 for i in $(seq 4000); do
	echo "<7>flood $i of a ring that holds no more than this" >/dev/kmsg
 done) &
HOST=yes bash /r/scripts/steps/host /t
echo "first: $?"
wait
echo "ring: $(dmesg | grep -c 'kvm-interval: begin of t')"
echo "log: $(grep -c 'kvm-interval: begin of t$' /t/console.log) $(tail -n 1 /t/console.log)"
grep log-marks /t/meta
sed -i 's/-t 1/-t 100/' /t/job
HOST=yes bash /r/scripts/steps/host /t & pid=$!
sleep 10
echo "ksm runs: $(cat /sys/kernel/mm/ksm/run)"
echo 7 >/proc/sys/vm/swappiness
kill $pid
wait $pid
echo "second: $?"
echo "ksm runs: $(cat /sys/kernel/mm/ksm/run), tests: $(ps | grep -c '[k]sm_test')"
END
	was 0 '^ +pass +host +ksm_test' "HOST=1 runs a test on the machine's own kernel"
	was 0 '^first: 0$' "... and finds all as it was"
	was 0 '^ring: 0$' "... whose ring buffer has lost the run's begin"
	was 0 '^log: 1 \[ *[0-9]+\.[0-9]{6}\] kvm-interval: end of t$' \
		"... while the run's log has all"
	was 0 '^log-marks 2$' "... and says so"
	was 0 '^ksm runs: 1$' "... a test turns a knob"
	was 0 '^second: 130$' "... and can be interrupted"
	was 0 'is: /proc/sys/vm/swappiness 7' "... a knob that is not as before is told"
	was 0 '^ksm runs: 0, tests: 0$' "... a test that is interrupted puts its knobs back"
	unset FILES
}

# On a terminal of its own.
terminal_case()
{
	local log=$WORK/terminal i

	: >"$log"
	{
		for ((i = 0; i < 120; i++)); do
			sleep 1
			! grep -q 'nested host:' "$log" || break
		done
		# shellcheck disable=SC2016 # for the shell there
		printf 'echo $((6 * 7)) words\r'
		sleep 3
		printf 'exit\r'
		sleep 20
	} | TERM=vt100 timeout --foreground 200 script -qfc "$SCRIPTS/shell" "$log" \
		>/dev/null 2>&1 || true
	SAID=$(tr -d '\r' <"$log")
	STATUS=0
	was 0 '^A shell in the nested host.  Leave: ' "shell on a terminal says how to leave"
	was 0 '^42 words' "shell on a terminal has a prompt"
	was 0 'the nested host has ended' "exit ends it"
	no_machine "shell on a terminal"
}

gdb_case()
{
	try env TESTS=munmap TIME=1 "$SCRIPTS/gdb" <<-END
	break kvm_interval_invalidate
	continue
	backtrace
	END
	was 0 'Breakpoint 1, .*kvm_interval_invalidate' "gdb stops where it was told"
	was 0 '#[1-9].* in (__mmu_notifier|mmu_notifier|mn_)' "gdb shows who called"
	no_machine gdb
}

trace_case()
{
	local run

	try env TESTS=munmap TIME=2 SEED=7 "$SCRIPTS/trace"
	run=$(realpath "$O/runs/latest")
	was 0 '^kvm_page_fault +[0-9]+ ' "trace counts events"
	was 0 '^kvm_interval_invalidate +[0-9]+ ' "trace has our own events"
	was 0 '^\(lost\) +[0-9]+ ' "trace tells what was lost"
	try trace-cmd report "$run/trace.dat"
	was 0 'kvm_page_fault: +.*address' "trace.dat can be read"
	SAID=$(cat "$run/live")
	was 0 '^munmap_test [0-9]+/22: [1-9][0-9]* writes/s, [0-9]+ faults, .* invalidations' \
		"a test tells how far it is"
	SAID=$(cat "$run/meta")
	was 0 '^seed 7$' "meta has the seed"
	was 0 '^bzImage-sha256 [0-9a-f]{64}$' "meta has the kernel's sum"
	was 0 '^config-sha256 [0-9a-f]{64}$' "meta has the configuration's sum"
	was 0 '^commit ' "meta has the commit"
	tap "$(cmp -s "$run/kernel.config" "$O/kernel/interval/.config" && echo 0 || echo 1)" \
		"the run keeps the configuration"
	try env TESTS=munmap TIME=1 EVENTS=kvm:nosuch "$SCRIPTS/trace"
	was 8 'no event kvm:nosuch' "an event that the kernel does not have"
}

# An option that no test has fails it.
again_case()
{
	try env TESTS="munmap kunit" ARGS=-x TIME=1 SEED=7 CPUS=1 "$SCRIPTS/run"
	was 1 "^again: make run KERNEL=interval SEED=7 TIME=1 TESTS='munmap_test( kunit_test)?'\
 ARGS='-x' .*CPUS=1 " "a run that failed says how to do it again"
}

main()
{
	out_init
	WORK=$(scratch)
	mistakes
	shell_cases
	host_case
	terminal_case
	gdb_case
	trace_case
	again_case
	tap_end
}

main "$@"
