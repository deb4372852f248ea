#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of what happens before anything runs: packages, variables, the platform,
# the lock, the output folder.  Every mistake must end at once, with its status
# and one line that names it.
#
# Usage: tests/setup.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

unset KERNEL TESTS KSELFTESTS SEED TIME DEBUG ACCEL NPT CPUS MEM INSTALL QEMU ARGS VMM
unset KERNEL_SRC KERNEL_TARBALL BZIMAGE BASELINE HOST FRAMEWORK_TARBALL LIB_LOCKED LIB_NESTED

# expect CLASS WORDS NAME COMMAND...: status and words of stderr or stdout.
expect()
{
	local want=$1 words=$2 name=$3 got status=0
	shift 3

	got=$("$@" 2>&1) || status=$?
	case $status:$got in
	"$want":*"$words"*) tap 0 "$name" ;;
	*) tap 1 "$name" "expected status $want and \`$words\`, got status $status and:
$got" ;;
	esac
}

# All of configs/variables at once: make takes them, scripts/help prints them.
test_list()
{
	local names name help missing=''

	names=$(sed -n 's/^\([A-Z_]\+\)\t.*/\1/p' "$REPO/configs/variables")
	# shellcheck disable=SC2086 # words
	expect 0 "make run" "make knows every variable of the list" \
		make -C "$REPO" ${names//$'\n'/=1 }=1 O="$1/x" LINUX=6.1 help
	help=$("$SCRIPTS/help")
	for name in $names; do
		grep -qE "^  $name= " <<<"$help" || missing+=" $name"
	done
	tap "$([ -z "$missing" ]; echo $?)" "make help names every variable" "not there:$missing"
	tap "$([ "$(wc -L <<<"$help")" -le 80 ]; echo $?)" "make help has 80 columns" \
		"$(awk 'length > 80' <<<"$help")"
	expect 2 "LONG= is for make bench" "a variable of another goal" \
		make -C "$REPO" LONG=1 clean
	expect 2 "EVENTS=kvm;id" "the values of variables reach the script" \
		make -C "$REPO" TESTS=munmap EVENTS="kvm;id" trace
}

test_variables()
{
	expect 2 "interval stock both" "unknown kernel" env KERNEL=x "$SCRIPTS/run"
	expect 2 "there is no variable TEST=; did you mean TESTS?" "unknown variable" \
		make -C "$REPO" TEST=munmap help
	expect 2 "no test has the name *;" "a * is no list of files" env TESTS='*' "$SCRIPTS/run"
	expect 2 "BASELINE=/etc is no file" "a folder is no baseline" \
		env BASELINE=/etc "$SCRIPTS/run"
	expect 4 "KERNEL_SRC=/etc is not" "no source of Linux" env KERNEL_SRC=/etc "$SCRIPTS/run"
	expect 2 "KERNEL_SRC=/nowhere is no" "no folder" env KERNEL_SRC=/nowhere "$SCRIPTS/run"
	expect 2 "BOCHS_TARBALL=/nowhere is no" "a tarball that is not there" \
		env ACCEL=bochs BOCHS_TARBALL=/nowhere "$SCRIPTS/run"
	expect 0 "Usage: scripts/run" "help that was asked for is no mistake" "$SCRIPTS/run" --help
	expect 10 "can't write to standard output" "standard output that is full" \
		sh -c "'$STEPS/test-names' >/dev/full"
	expect 0 munmap_test "COLUMNS=abc" env COLUMNS=abc "$STEPS/test-names"
	expect 2 "did you mean munmap_test" "unknown test" env TESTS=mumap_test "$SCRIPTS/run"
	expect 2 "the name x;" "a test's name without _test" env TESTS="munmap x" "$SCRIPTS/run"
	expect 2 "ARGS=\$(id)" "ARGS are words" env ARGS="\$(id)" "$SCRIPTS/run"
	mkdir -p "$1/tree/tools/testing/selftests/kvm"
	echo "TEST_GEN_PROGS_x86_64 += demand_paging_test" \
		>"$1/tree/tools/testing/selftests/kvm/Makefile"
	expect 2 "BASELINE=/nowhere" "a baseline that is not there" \
		env BASELINE=/nowhere "$SCRIPTS/run"
	expect 2 "demand_paging_test" "unknown kernel selftest, own source" \
		env KSELFTESTS=x KERNEL_SRC="$1/tree" "$SCRIPTS/run"
	expect 2 "auto tcg kvm" "unknown accelerator" env ACCEL=x "$SCRIPTS/run"
	expect 2 "A= and B=" "a ready kernel where one is built" \
		env BZIMAGE=/nowhere "$SCRIPTS/goal" bench
	expect 0 "" "a ready kernel is nothing to a goal that needs none" \
		env BZIMAGE=/nowhere HOST=1 O="$1/none" "$SCRIPTS/goal" clean
	expect 2 "VMM=xen" "unknown VMM" env VMM=xen "$SCRIPTS/run"
	expect 2 "NPT=2" "NPT is 0 or 1" env NPT=2 "$SCRIPTS/run"
	expect 2 "TIME=1h" "TIME is a number" env TIME=1h "$SCRIPTS/run"
	expect 2 "CPUS=99" "too many CPUs" env CPUS=99 "$SCRIPTS/run"
	expect 2 "nothing to run" "no test at all" env TESTS=none "$SCRIPTS/run"
	expect 2 "spaces" "a space in O" env O="$1/a b" "$STEPS/kernel" stock
}

# A ready kernel: of the right form, whole, and alone.
test_image()
{
	local whole=$O/kernel/stock/bzImage

	mkfifo "$1/pipe"
	expect 2 "is not a regular file" "BZIMAGE: a pipe" env BZIMAGE="$1/pipe" "$SCRIPTS/run"
	expect 2 "is not there" "BZIMAGE: no such file" env BZIMAGE=/nowhere "$SCRIPTS/run"
	expect 2 "is a folder" "BZIMAGE: a folder" env BZIMAGE="$1" "$SCRIPTS/run"
	expect 2 "no boot header" "BZIMAGE: not a kernel" env BZIMAGE="$1/fedora" "$SCRIPTS/run"
	expect 2 "KERNEL=both is built here" "BZIMAGE: another kernel named as well" \
		env BZIMAGE="$1/fedora" KERNEL=both "$SCRIPTS/run"
	expect 2 "DEBUG=1 is for" "BZIMAGE: a kernel cannot be given DEBUG" \
		env BZIMAGE="$1/fedora" DEBUG=1 "$SCRIPTS/run"
	expect 2 "give that" "KERNEL=image without one" env KERNEL=image "$SCRIPTS/run"
	if [ ! -e "$whole" ]; then
		echo "# SKIP cases that need a kernel: none is built"
		return
	fi
	head -c 1000000 "$whole" >"$1/short"
	expect 2 "is truncated: 1000000 bytes" "BZIMAGE: truncated" \
		env BZIMAGE="$1/short" "$SCRIPTS/run"
	expect 2 "vmlinux?" "BZIMAGE: vmlinux" env BZIMAGE="$O/kernel/stock/vmlinux" "$SCRIPTS/run"
	{ head -c 566 "$whole"; head -c 2 /dev/zero; tail -c +569 "$whole"; } >"$1/32"
	expect 2 "not for x86_64" "BZIMAGE: 32 bits" env BZIMAGE="$1/32" "$SCRIPTS/run"
	expect 0 "-stock as it is" "BZIMAGE: a good one is taken, with its release" \
		env O="$1/taken" "$STEPS/image" "$whole"
}

test_packages()
{
	local list=$1/repo

	expect 3 "linux-source-6.1" "not Debian: what is missing is named" \
		env OS_RELEASE="$1/fedora" "$STEPS/packages"
	expect 0 "" "not Debian, own source, all commands there" \
		env OS_RELEASE="$1/fedora" KERNEL_SRC=/nowhere "$STEPS/packages"
	expect 3 "linux-source-0.0: a source of Linux 0.0.y" "not Debian: only what is asked for" \
		env OS_RELEASE="$1/fedora" "$STEPS/packages" linux-source-0.0
	mkdir "$1/few"
	cp -s /usr/bin/* /usr/sbin/* "$1/few" 2>/dev/null || true
	rm -f "$1/few"/{spatch,flex,bison,sparse,shellcheck,jq,yamllint,pytest-3,virsh}
	expect 0 "" "BZIMAGE=: what builds and checks is not asked for" \
		env PATH="$1/few" OS_RELEASE="$1/fedora" KERNEL_SRC=/nowhere BZIMAGE=x \
		"$STEPS/packages"
	expect 3 "coccinelle: command spatch" "... and a kernel with the change needs it" \
		env PATH="$1/few" OS_RELEASE="$1/fedora" KERNEL_SRC=/nowhere "$STEPS/packages"
	expect 3 "missing packages: no-such-package-y (" "INSTALL=no: only what is asked for" \
		env INSTALL=no OS_RELEASE="$1/debian" "$STEPS/packages" no-such-package-y
	echo 'ID=debian
VERSION_CODENAME=trixie' >"$1/trixie"
	expect 3 "linux-source-6.12" "Debian 13: its own kernel's source is wanted" \
		env PATH="$1/few" INSTALL=no OS_RELEASE="$1/trixie" "$STEPS/packages"
	# The same script with a list that has a package which nobody has.
	mkdir -p "$list/configs" "$list/scripts/lib" "$list/scripts/steps"
	cp "$STEPS/packages" "$list/scripts/steps"
	cp "$SCRIPTS"/lib/*.sh "$list/scripts/lib"
	cp -r "$SCRIPTS/results" "$list/scripts"
	{ cat "$REPO/configs/packages"
	  echo "no-such-package-x nosuchcommand # none"
	  echo "no-such-package-v nosuchcommand # VMM=libvirt: none"; } \
		>"$list/configs/packages"
	expect 3 "no-such-package-x (INSTALL=no" "INSTALL=no names the package" \
		env INSTALL=no OS_RELEASE="$1/debian" "$list/scripts/steps/packages"
	expect 3 "no-such-package-x no-such-package-v (" "VMM=libvirt needs more" \
		env INSTALL=no OS_RELEASE="$1/debian" VMM=libvirt "$list/scripts/steps/packages"
	expect 3 "command nosuchcommand" "not Debian: names the command" \
		env KERNEL_SRC=/nowhere OS_RELEASE="$1/fedora" "$list/scripts/steps/packages"
}

# machine FLAGS NESTED: another machine's /proc and /sys.
machine()
{
	local root

	root=$(mktemp -d "$WORK/machine.XXXXXX")
	mkdir -p "$root/proc" "$root/dev" "$root/sys/module/kvm_amd/parameters"
	echo "flags : fpu $1" >"$root/proc/cpuinfo"
	[ -z "$2" ] || echo "$2" >"$root/sys/module/kvm_amd/parameters/nested"
	printf '%s' "$root"
}

test_tier()
{
	local root

	expect 0 "tcg-svm" "ACCEL=tcg asks nobody" env ACCEL=tcg "$STEPS/platform" stock
	root=$(machine "sse" 1)
	touch "$root/dev/kvm"
	expect 0 "tcg-svm the CPU shows neither" "no SVM in the CPU: TCG, and why" \
		env PLATFORM_ROOT="$root" "$STEPS/platform" stock
	expect 8 "neither svm nor vmx" "ACCEL=kvm without SVM fails" \
		env ACCEL=kvm PLATFORM_ROOT="$root" "$STEPS/platform" stock
	expect 8 "nested virtualization is off" "ACCEL=kvm, module without nesting" \
		env ACCEL=kvm PLATFORM_ROOT="$(machine svm 0)" "$STEPS/platform" stock
	expect 8 "not loaded" "ACCEL=kvm, module not loaded" \
		env ACCEL=kvm PLATFORM_ROOT="$(machine svm '')" "$STEPS/platform" stock
	expect 8 "no right" "ACCEL=kvm, no device" \
		env ACCEL=kvm PLATFORM_ROOT="$(machine svm 1)" "$STEPS/platform" stock
}

# Only what is refused: nothing here may come as far as to open /dev/kvm.
test_host()
{
	local root

	expect 2 "leave out KERNEL=" "HOST=1 with a kernel" env HOST=1 KERNEL=stock "$SCRIPTS/run"
	expect 2 "NPT= and VMM=" "HOST=1 with a machine's variable" \
		env HOST=1 NPT=0 "$SCRIPTS/run"
	expect 2 "DEBUG=1 is for" "HOST=1 with DEBUG=" env HOST=1 DEBUG=1 "$SCRIPTS/run"
	expect 2 "HOST= is for make run" "HOST=1 of another goal" env HOST=1 "$SCRIPTS/goal" bench
	expect 2 "HOST=maybe" "HOST is 1 or yes" env HOST=maybe "$STEPS/host" --ask
	expect 8 "neither svm nor vmx" "HOST=1 without virtualization" \
		env HOST=1 PLATFORM_ROOT="$(machine sse '')" "$SCRIPTS/run"
	root=$(machine svm 1)
	expect 8 "no /dev/kvm" "HOST=1 without KVM" \
		env HOST=1 PLATFORM_ROOT="$root" "$STEPS/host" --ask
	if [ "$(id -u)" -eq 0 ] && mknod "$root/dev/kvm" c 1 3 2>/dev/null; then
		expect 2 "HOST=yes goes on" "HOST=1 and nobody to ask" \
			env HOST=1 PLATFORM_ROOT="$root" "$STEPS/host" --ask
	fi
}

test_output_folder()
{
	local O=$1/out

	mkdir -p "$O"
	touch "$1/file"
	expect 10 "can't write" "output folder below a file" \
		env O="$1/file/out" "$STEPS/kernel" stock
	# What is somebody else's stays as it is.
	mkdir -p "$1/foreign/log" "$1/foreign/results"
	echo theirs | tee "$1/foreign/log/x" >"$1/foreign/results/y"
	expect 2 "is not one of ours" "output folder of somebody else: clean" \
		make -C "$REPO" O="$1/foreign" clean
	expect 2 "is not one of ours" "output folder of somebody else: distclean" \
		make -C "$REPO" O="$1/foreign" distclean
	expect 2 "is not one of ours" "output folder of somebody else: a build" \
		env O="$1/foreign" "$STEPS/kernel" stock
	expect 0 "theirs theirs" "... and all is still there" \
		sh -c "cat '$1/foreign'/*/* | tr '\n' ' '; ls -A '$1/foreign' | grep '^[.]' || true"
	mkdir "$1/with blank"
	cp -r "$SCRIPTS" "$1/with blank"
	expect 2 "clone it to another place" "a clone whose path has a blank" \
		env O="$1/elsewhere" "$1/with blank/scripts/steps/kernel" stock
	expect 4 "no source" "kernel without a source" env O="$O" "$STEPS/kernel" stock
	expect 8 "no kernel" "boot without a kernel" \
		env O="$O" "$SCRIPTS/boot" stock tcg-svm "$1/run"
	expect 3 "QEMU=nowhere" "boot without QEMU" \
		env O="$O" QEMU=nowhere "$SCRIPTS/boot" stock tcg-svm "$1/run"
}

test_lock()
{
	local O=$1/locked

	mkdir -p "$O/log"
	echo "run (process 1, since 00:00:00)" >"$O/.lock.owner"
	exec {held}>>"$O/.lock"
	flock "$held"
	expect 130 "in use by run (process 1" "a second run says who holds the folder" \
		timeout --preserve-status 2 env O="$O" "$STEPS/kernel" stock
	exec {held}>&-
}

# Interrupted while it naps, a script runs what it has to, and with its status.
test_interrupted()
{
	local script=$1/naps said status tries=0 pid bad=''

	cat >"$script" <<-END
	. "$SCRIPTS/lib/common.sh"
	at_end()
	{
		echo "\$(echo "ended \$(date | wc -l)")"
	}
	on_exit at_end
	echo naps
	while :; do lib_nap 0.05; done
	END
	while [ "$tries" -lt 10 ]; do
		tries=$((tries + 1))
		status=0
		# Or the word of the last one would be taken for this one's.
		rm -f -- "$script.said"
		O=$1 bash "$script" >"$script.said" 2>&1 &
		pid=$!
		until grep -qs naps "$script.said"; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		sleep "0.0$tries"
		kill -TERM "$pid"
		wait "$pid" || status=$?
		said=$(tail -n 1 "$script.said")
		[ "$status $said" = "130 ended 1" ] || bad="$status $said"
	done
	tap "$([ -z "$bad" ]; echo $?)" \
		"interrupted while it naps, a script ends as it should" "$bad"
}

main()
{
	out_init
	WORK=$(scratch)
	echo 'ID=fedora' >"$WORK/fedora"
	printf 'ID=raspbian\nID_LIKE=debian\n' >"$WORK/debian"
	mkdir "$WORK/run"
	echo "fact a b" >"$WORK/run/job"
	test_list "$WORK"
	test_variables "$WORK"
	test_image "$WORK"
	test_packages "$WORK"
	test_tier
	test_host
	test_output_folder "$WORK"
	test_lock "$WORK"
	test_interrupted "$WORK"
	tap_end
}

main "$@"
