#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/matrix on machines that are this one, three times: each is an sshd on a
# port of the loopback device, with a home folder of its own.  At one nobody listens; at
# one the first boot fails.  In the middle comes Ctrl-C, and the same command goes on.
# The kernels must be built (scripts/check does it): both run, with and without nested
# paging, which takes about two minutes.
#
# Usage: tests/matrix.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

SSHD=$(PATH=$PATH:/usr/sbin command -v sshd || true)
unset KERNEL TESTS KSELFTESTS SEED TIME DEBUG ACCEL NPT CPUS MEM QEMU ARGS HOSTS JOBS HALT
unset FRESH LIB_NESTED
export BUILT=1
PIDS=()

# --- machines -----------------------------------------------------------------------

end_machines()
{
	[ ${#PIDS[@]} -eq 0 ] || kill "${PIDS[@]}" 2>/dev/null || true
	[ -z "${MATRIX:-}" ] || rm -rf -- "$MATRIX"
}

# start_machine NAME: an sshd, PORT is where; tries others while that one is in use.
start_machine()
{
	local dir=$DIR/$1 tries

	mkdir -p "$dir/home" "$dir/bin"
	for tries in {1..20}; do
		PORT=$((20000 + RANDOM % 20000))
		cat >"$dir/config" <<-END
		Port $PORT
		ListenAddress 127.0.0.1
		HostKey $DIR/host-key
		AuthorizedKeysFile $DIR/key.pub
		PidFile none
		StrictModes no
		UsePAM no
		MaxStartups 100
		ForceCommand $dir/command
		END
		cat >"$dir/command" <<-END
		#!/bin/sh
		cd $dir/home && HOME=\$PWD PATH=$dir/bin:\$PATH exec sh -c "\$SSH_ORIGINAL_COMMAND"
		END
		chmod +x "$dir/command"
		setpriv --pdeathsig TERM "$SSHD" -D -f "$dir/config" -E "$dir/log" \
			</dev/null >/dev/null 2>&1 &
		lib_nap 0.5
		kill -0 $! 2>/dev/null || continue
		PIDS+=($!)
		return
	done
	tail -n 3 "$dir/log"
	die "$EX_SETUP" "no sshd could be started ($tries ports tried)"
}

client_config()
{
	cat <<-END
	Host $1
		HostName 127.0.0.1
		Port $PORT
	END
}

start_machines()
{
	DIR=$(scratch)
	# As root, sshd wants this folder.
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$DIR/key"
	ssh-keygen -q -t ed25519 -N '' -f "$DIR/host-key"
	on_exit end_machines
	{
		start_machine alpha
		client_config alpha
		start_machine beta
		client_config beta
		PORT=1
		client_config gone
		cat <<-END
		Host *
			User $(id -un)
			IdentityFile $DIR/key
			IdentitiesOnly yes
			UserKnownHostsFile $DIR/known
			StrictHostKeyChecking accept-new
			LogLevel ERROR
		END
	} >"$DIR/ssh-config"
	printf '%s\n' "# three" "1/ssh -F $DIR/ssh-config alpha" \
		"ssh -F $DIR/ssh-config gone" "1/ssh -F $DIR/ssh-config beta" >"$DIR/hosts"
	break_first_boot beta
}

# The first machine that it is to start there does not start.
break_first_boot()
{
	local qemu=$DIR/$1/bin/qemu-system-x86_64

	cat >"$qemu" <<-END
	#!/bin/sh
	if [ "\$1" != --version ] && [ ! -e $DIR/$1/once ]; then
		touch $DIR/$1/once
		echo "cannot set up guest memory" >&2
		exit 1
	fi
	exec $(command -v qemu-system-x86_64) "\$@"
	END
	chmod +x "$qemu"
}

# --- the matrix ---------------------------------------------------------------------

matrix()
{
	# Whoever started us in the background has made all of us ignore SIGINT.
	setpriv --pdeathsig TERM env --default-signal=INT HOSTS="$DIR/hosts" KERNEL=both NPT='1 0' \
		TESTS=munmap TIME=1 SEED="$SEED" "$SCRIPTS/matrix"
}

# Status of a command, and its words.
expect()
{
	local want=$1 words=$2 name=$3 got status=0
	shift 3

	got=$(env "$@" "$SCRIPTS/matrix" 2>&1) || status=$?
	case $status:$got in
	"$want":*"$words"*) tap 0 "$name" ;;
	*) tap 1 "$name" "expected status $want and \`$words\`, got status $status and: $got" ;;
	esac
}

check()
{
	local name=$1 why=$2
	shift 2

	if "$@"; then tap 0 "$name"; else tap 1 "$name" "$why"; fi
}

bad_input()
{
	expect 2 "HOSTS=/nowhere" "HOSTS that is not there" HOSTS=/nowhere
	expect 2 "names no host" "HOSTS without a host" HOSTS=/dev/null
	expect 2 "NPT=2" "a list with one wrong word" NPT='1 2'
	expect 2 "DEBUG=x" "an unknown debug configuration" DEBUG=x
	expect 2 "munmap_test" "an unknown test" TESTS=x
	expect 2 "JOBS=0" "no jobs" JOBS=0
}

# Our processes on those machines.
left_running()
{
	# Not as an argument: grep would find itself.
	grep -laFf <(echo "$FOLDER") /proc/[0-9]*/cmdline 2>/dev/null || true
}

# Ctrl-C once a cell has passed.
interrupt_it()
{
	local tries pid status=0

	set -m
	matrix >"$DIR/first.log" 2>&1 &
	pid=$!
	set +m
	for ((tries = 0; tries < 2400; tries++)); do
		lib_nap 0.1
		kill -0 "$pid" 2>/dev/null || break
		grep -q '^  pass ' "$DIR/first.log" && break
	done
	press INT "-$pid"
	wait "$pid" || status=$?
	MATRIX=$(realpath "$O/matrix/latest")
	FOLDER=kvm-interval-${MATRIX##*/}
	# A machine notices within seconds that its connection is gone.
	for ((tries = 0; tries < 75; tries++)); do
		[ -n "$(left_running)" ] || break
		lib_nap 0.2
	done
	tap "$((status != EX_INT))" "Ctrl-C: its status" "$status; $(tail -n 20 "$DIR/first.log")"
	check "Ctrl-C: says that the same command goes on" "$(tail -n 3 "$DIR/first.log")" \
		grep -q 'of 4 cells are done; the same command goes on' "$DIR/first.log"
	check "Ctrl-C: nothing runs on, here or there" "$(left_running)" \
		test -z "$(left_running)"
	check "a host that cannot be reached is named" "$(head -n 20 "$DIR/first.log")" \
		grep -q 'host gone: cannot be reached: .*refused' "$DIR/first.log"
}

go_on()
{
	local status=0 before after host

	matrix >"$DIR/second.log" 2>&1 || status=$?
	tap "$((status != 0))" "the same command goes on and passes" \
		"status $status; $(tail -n 30 "$DIR/second.log")"
	before=$(grep -c '^  pass ' "$DIR/first.log") || true
	after=$(grep -c '^  pass ' "$DIR/second.log") || true
	check "what was done is not done again" "first $before cells passed, then $after" \
		test "$before" -ge 1 -a $((before + after)) -le 4
	check "the table has every cell" "$(cat "$DIR/second.log")" \
		test "$(grep '^munmap_test seed' "$DIR/second.log" | grep -o pass | wc -l)" -eq 4
	for host in alpha beta; do
		check "$host has done some" "$(cut -f1-8 "$MATRIX/joblog")" \
			grep -q $'[ \t]'"$host"$'\t' "$MATRIX/joblog"
	done
	check "copies on the machines are removed" "$(find "$DIR"/*/home -maxdepth 1)" \
		test -z "$(find "$DIR"/*/home -mindepth 1)"
}

# Was repeated, passed then, and both are kept and in the report.
the_broken_boot()
{
	local first

	first=$(find "$MATRIX/cells" -maxdepth 1 -name '*.1')
	check "the boot that failed is kept" "$(ls "$MATRIX/cells")" \
		grep -qs '^QEMU-START 8' "$first/verdict"
	check "... and its second one has passed" "$(head -n 5 "${first%.1}/verdict")" \
		grep -q '^PASS 0' "${first%.1}/verdict"
	check "one report of all" "$(grep '<testsuite ' "$O/results/junit.xml")" \
		test "$(xmllint --xpath 'count(//testsuite)' "$O/results/junit.xml") \
$(xmllint --xpath 'count(//error)' "$O/results/junit.xml") \
$(jq -r '[.[] | select(.verdict == "repeated")] | length' "$O/results/results.json")" = "5 0 1"
}

# --- make run -------------------------------------------------------------------------

# The runs that it names.
logs_of()
{
	sed -n 's/^logs: \([^ ]*\).*/\1/p' "$1"
}

# With a QEMU that never starts a machine: one more boot, and no third.
run_repeats()
{
	local log=$DIR/run.log status=0 runs

	printf '%s\n' '#!/bin/sh' 'echo "cannot set up guest memory" >&2' 'exit 1' >"$DIR/qemu"
	chmod +x "$DIR/qemu"
	QEMU=$DIR/qemu KERNEL=interval TESTS=munmap TIME=1 "$SCRIPTS/run" >"$log" 2>&1 || status=$?
	mapfile -t runs < <(logs_of "$log")
	tap "$((status != EX_INFRA))" "make run: two boots without a result" "$(tail -n 20 "$log")"
	check "... are both kept, and the first is marked" "$(cat "$log")" \
		test "${#runs[@]} $(cat "${runs[@]/%//verdict}" | grep -c QEMU-START) \
$(grep -l '^repeated' "${runs[@]/%//meta}")" = "2 2 ${runs[0]:-}/meta"
	check "... and shown" "$(cat "$log")" grep -q 'QEMU-START, repeated' "$log"
	rm -rf -- "${runs[@]}"
}

# A failed test is a result, whatever became of its machine; so is a splat.
never_repeated()
{
	local run name status

	run=$(scratch)
	for name in fail panic timeout truncated emulator; do
		cp "$REPO/tests/logs/$name"/* "$run"
		"$SCRIPTS/verdict" -q "$run" && status=0 || status=$?
		case $name in
		truncated|emulator)
			check "$name: repeated" "status $status" says_nothing "$run" "$status"
			printf 'x_test\tFAIL\t1\t\n' >>"$run/tests"
			check "$name, but a test has failed before: not repeated" "status $status" \
				not says_nothing "$run" "$status" ;;
		*)	check "$name: not repeated" "status $status" \
				not says_nothing "$run" "$status" ;;
		esac
	done
}

not()
{
	! "$@"
}

main()
{
	if [ -z "$SSHD" ]; then
		echo "ok 1 matrix over ssh hosts # SKIP no sshd here (Debian's openssh-server)"
		echo "1..1"
		return
	fi
	out_init
	SEED=$RANDOM
	start_machines
	bad_input
	never_repeated
	interrupt_it
	go_on
	the_broken_boot
	run_repeats
	tap_end
}

main "$@"
