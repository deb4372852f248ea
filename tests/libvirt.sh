#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of VMM=libvirt against a libvirt that is started here and stopped again: the
# same machine gives the same table as without libvirt, and what goes wrong is seen and
# leaves nothing behind.
#
# Our libvirtd has its settings, sockets and state below a folder of its own, for which
# root needs a mount namespace, and sees no /dev/kvm: it would open it to learn what it
# can do, and these tests are of emulated machines only.
#
# Usage: tests/libvirt.sh    (the kernel stock and the tests must have been built)
# Output: TAP.  Exit: 0 all passed or skipped, 1 not
# shellcheck disable=SC2317 # `check` calls functions by their names
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

KVM=${TEST_KVM:-/dev/kvm}	# what is hidden
SEED=7
DAEMON=		# its process
BOOT=		# a scripts/boot that runs in the background
unset DEBUG MACHINE LIBVIRT_URI LIB_NESTED
export CPUS=2 MEM=4096 NPT=1

skip_all()
{
	echo "ok 1 VMM=libvirt # SKIP $*"
	echo "1..1"
	exit 0
}

# --- a libvirtd of our own ------------------------------------------------------------

# Short names: a socket's is at most 107 bytes.
make_home()
{
	HOME_DIR=$(mktemp -d /tmp/kvm-interval.XXXXXX)
	on_exit remove_home
	mkdir -p "$HOME_DIR"/{etc,run,lib,cache,log,sockets}
	cat >"$HOME_DIR/libvirtd.conf" <<-END
	unix_sock_dir = "$HOME_DIR/sockets"
	auth_unix_ro = "none"
	auth_unix_rw = "none"
	END
	# QEMU's output goes to its files without virtlogd; nothing of the host is needed.
	cat >"$HOME_DIR/etc/qemu.conf" <<-END
	security_driver = "none"
	stdio_handler = "file"
	cgroup_controllers = []
	namespaces = []
	remember_owner = 0
	user = "root"
	group = "root"
	END
}

remove_home()
{
	[ -z "$BOOT" ] || kill -TERM "$BOOT" 2>/dev/null || true
	if [ -n "$DAEMON" ]; then
		kill -TERM "$DAEMON" 2>/dev/null || true
		wait "$DAEMON" 2>/dev/null || true
	fi
	rm -rf -- "$HOME_DIR"
}

# Without the package libvirt-daemon-system there is no user libvirt-qemu, and
# libvirtd looks for it before it reads that it need not.
add_user()
{
	local file

	for file in passwd group; do
		cp "/etc/$file" "$HOME_DIR/$file"
	done
	getent passwd libvirt-qemu >/dev/null ||
		echo "libvirt-qemu:x:64055:64055::/:/bin/false" >>"$HOME_DIR/passwd"
	getent group libvirt-qemu >/dev/null ||
		echo "libvirt-qemu:x:64055:" >>"$HOME_DIR/group"
}

# The folders where root's libvirtd keeps things are fixed: ours are put in their place.
daemon_of_root()
{
	add_user
	# shellcheck disable=SC2016 # for that shell
	exec unshare --mount --propagation private bash -ec '
		home=$1 kvm=$2
		for pair in etc:/etc run:/run lib:/var/lib cache:/var/cache log:/var/log; do
			mkdir -p "${pair#*:}/libvirt"
			mount --bind "$home/${pair%%:*}" "${pair#*:}/libvirt"
		done
		mount --bind "$home/passwd" /etc/passwd
		mount --bind "$home/group" /etc/group
		[ ! -e "$kvm" ] || mount --bind /dev/null "$kvm"
		exec setpriv --pdeathsig TERM libvirtd --config "$home/libvirtd.conf"' \
		bash "$HOME_DIR" "$KVM"
}

daemon_of_user()
{
	local hide=()

	export XDG_RUNTIME_DIR=$HOME_DIR/run XDG_CONFIG_HOME=$HOME_DIR/etc
	export XDG_CACHE_HOME=$HOME_DIR/cache XDG_DATA_HOME=$HOME_DIR/lib
	mkdir "$HOME_DIR/etc/libvirt"
	grep -vE '^(user|group) ' "$HOME_DIR/etc/qemu.conf" >"$HOME_DIR/etc/libvirt/qemu.conf"
	# shellcheck disable=SC2016 # for that shell
	[ ! -e "$KVM" ] || hide=(unshare --map-current-user --mount --keep-caps
		bash -ec 'kvm=$1; shift; mount --bind /dev/null "$kvm"; exec "$@"' bash "$KVM")
	exec "${hide[@]}" setpriv --pdeathsig TERM --inh-caps=-all --ambient-caps=-all \
		libvirtd --config "$HOME_DIR/libvirtd.conf"
}

start_daemon()
{
	local path=session

	[ "$(id -u)" -ne 0 ] || path=system
	export LIBVIRT_URI="qemu+unix:///$path?socket=$HOME_DIR/sockets/libvirt-sock"
	if [ "$path" = system ]; then
		daemon_of_root
	else
		daemon_of_user
	fi >"$HOME_DIR/libvirtd.log" 2>&1 </dev/null &
	DAEMON=$!
	for _ in {1..100}; do
		kill -0 "$DAEMON" 2>/dev/null || break
		! virsh_ours uri >/dev/null 2>&1 || return 0
		sleep 0.2
	done
	skip_all "no libvirtd can be started here: $(tail -n 1 "$HOME_DIR/libvirtd.log")"
}

virsh_ours()
{
	timeout 20 virsh -q -c "$LIBVIRT_URI" "$@" </dev/null
}

# --- machines ---------------------------------------------------------------------------

# new_run NAME [TEST...]: a folder with the job file for a short boot.
new_run()
{
	RUN=$RUNS/$1
	shift
	mkdir "$RUN"
	[ $# -gt 0 ] || set -- munmap_test 300 -s "$SEED" -t 2
	printf '%s\n' "fact platform tcg-svm" "fact seed $SEED" "test $*" >"$RUN/job"
}

# In the background, until its test has begun; all processes of it are in the group BOOT.
boot_begins()
{
	set -m
	# Whoever started us in the background has made all of us ignore SIGINT.
	VMM=libvirt env --default-signal=INT "$SCRIPTS/boot" stock tcg-svm "$RUN" \
		>"$RUN/boot.log" 2>&1 </dev/null &
	BOOT=$!
	set +m
	for _ in {1..600}; do
		! grep -qs '^  ok 1 ' "$RUN/result.ktap" || return 0
		kill -0 "$BOOT" 2>/dev/null || return 0
		sleep 0.2
	done
}

boot_ends()
{
	local status=0

	wait "$BOOT" || status=$?
	BOOT=
	return "$status"
}

the_domain()
{
	awk '$1 == "libvirt" { print $NF }' "$RUN/meta"
}

# Nothing of the run is left: no domain, and no process that names its folder.
nothing_left()
{
	for _ in {1..50}; do
		if [ -z "$(virsh_ours list --all --name)" ] && ! pgrep -f -- "$RUN" >/dev/null; then
			return 0
		fi
		sleep 0.2
	done
	virsh_ours list --all
	pgrep -af -- "$RUN"
	return 1
}

word()
{
	head -n 1 "$RUN/verdict" 2>/dev/null
}

# --- tests ------------------------------------------------------------------------------

# What must not differ: verdicts, names, facts; times and counts always do.
outcome()
{
	word
	cut -f 1,2 "$RUN/tests"
	grep -a '^# fact ' "$RUN/result.ktap" | grep -v boot-seconds
	sed -n 's/^  \(not \)\?\(ok [0-9]* - [^ ]*\).*/\1\2/p' "$RUN/result.ktap"
	"$SCRIPTS/export" "$RUN/report" "$RUN" >/dev/null
	jq -c '.[] | [.kernel, .platform, .npt, .test, .case, .verdict]' "$RUN/report/results.json"
	grep -cv -E '^(vmm|libvirt) ' "$RUN/meta"
}

# check NAME COMMAND...: what COMMAND says is why it failed.
check()
{
	local name=$1 said
	shift

	if said=$("$@" 2>&1); then
		tap 0 "$name"
	else
		tap 1 "$name" "$said"
	fi
}

same_table()
{
	if [ "$(word)" != "PASS 0" ]; then
		head -v -n 20 "$RUN"/{verdict,boot.log,qemu.log} "$HOME_DIR/libvirtd.log"
		return 1
	fi
	diff "$RUNS/qemu.outcome" "$RUNS/libvirt.outcome"
}

test_same()
{
	local vmm

	for vmm in qemu libvirt; do
		new_run "$vmm"
		VMM=$vmm "$SCRIPTS/boot" stock tcg-svm "$RUN" >"$RUN/boot.log" 2>&1 || true
		"$SCRIPTS/verdict" -q "$RUN" || true
		outcome >"$RUNS/$vmm.outcome" 2>&1 || true
	done
	check "the same table with QEMU alone and with libvirt" same_table
	check "domain.xml is valid" virt-xml-validate "$RUN/domain.xml" domain
	check "nothing is left after a run" nothing_left
}

# threads_are NAME...: libvirt names those of QEMU that emulate CPUs.
threads_are()
{
	local names

	names=$(cat "/proc/$(pgrep -f -- "guest=$(the_domain),")/task/"*/comm | grep TCG | sort)
	[ "$names" = "$(printf '%s\n' "$@")" ] || { echo "$names"; return 1; }
}

panicked()
{
	if [ "$(word)" != "PANIC 6" ] ||
	   ! sed -n '/Kernel panic/,$p' "$RUN/console.log" | grep 'task:init ' >/dev/null; then
		word
		head -v -n 20 "$RUN"/{qemu,boot}.log
		tail -n 5 "$RUN/console.log"
		return 1
	fi
}

# The command line begins with a c, which is sysrq's letter for a crash.
test_panic()
{
	new_run panic ../bin/busybox 60 dd if=/proc/cmdline of=/proc/sysrq-trigger bs=1 count=1
	VMM=libvirt "$SCRIPTS/boot" stock tcg-svm "$RUN" >"$RUN/boot.log" 2>&1 || true
	"$SCRIPTS/verdict" -q "$RUN" || true
	check "a panic is a panic, and all tasks are printed" panicked
	check "libvirt says that the domain crashed" \
		grep -x 'libvirt-says Crashed Panicked' "$RUN/meta"
	check "nothing is left after a panic" nothing_left
}

# status_is WANTED STATUS
status_is()
{
	[ "$1" -eq "$2" ] || { echo "$2"; tail -n 5 "$RUN/boot.log"; return 1; }
}

# test_killed SIGNAL STATUS NAME THREAD...: with these threads
test_killed()
{
	local status=0

	new_run "killed-$1"
	boot_begins
	check "$3: a thread each for ${*:4}" threads_are "${@:4}"
	press "$1" "$BOOT"
	boot_ends 2>/dev/null || status=$?
	check "$3: status $2" status_is "$2" "$status"
	check "$3: nothing is left" nothing_left
}

unreachable()
{
	local status=0 said

	said=$(VMM=libvirt LIBVIRT_URI="qemu+unix:///session?socket=$HOME_DIR/none" \
		"$STEPS/vmm-check" 2>&1) || status=$?
	echo "status $status: $said"
	[ "$status" -eq "$EX_INFRA" ] && [ "$(wc -l <<<"$said")" -eq 1 ] &&
		[[ $said = *"no libvirt answers at LIBVIRT_URI="* ]]
}

main()
{
	local program

	[ $# -eq 0 ] || { show_help; exit "$EX_USAGE"; }
	for program in libvirtd virsh; do
		command -v "$program" >/dev/null ||
			skip_all "no $program here: VMM=libvirt scripts/steps/packages"
	done
	out_init
	RUNS=$(scratch)
	make_home
	start_daemon
	check "no libvirt: one line and its status" unreachable
	test_same
	test_panic
	test_killed INT "$EX_INT" "Ctrl-C" "CPU 0/TCG" "CPU 1/TCG" "CPU 2/TCG"
	MACHINE=single test_killed KILL 137 "scripts/boot is killed, MACHINE=single" "ALL CPUs/TCG"
	tap_end
}

main "$@"
