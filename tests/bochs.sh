#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of ACCEL=bochs without Bochs: scripts/steps/bochs builds a small program that stands for
# it, from a source and with an apt that are made here; scripts/boot runs a script in its
# place that ends as Bochs can end.  `scripts/check intel` is the real one.
#
# Usage: tests/bochs.sh
# Output: TAP.  Exit: 0 all passed, 1 not
# shellcheck disable=SC2016,SC2317 # text of other scripts; `check` calls by name
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

unset KERNEL TESTS KSELFTESTS SEED TIME DEBUG ACCEL NPT CPUS MEM INSTALL QEMU ARGS VMM
unset BOCHS_TARBALL MACHINE KERNEL_APPEND LIB_LOCKED LIB_NESTED
MODEL=corei7_skylake_x
readonly OLD='MODEL "$(x)" /* once & * */'

# --- a project, a source and an apt of our own --------------------------------------------

# The scripts with another checksum and other corrections, that need no packages, and wait
# for a machine less long.
make_copy()
{
	COPY=$WORK/copy
	mkdir -p "$COPY"
	cp -a "$REPO/scripts" "$REPO/configs" "$COPY"
	sed -i "s/^SHA256=.*/SHA256=$(sha256sum <"$WORK/good.tar.xz" | cut -d' ' -f1)/
		s|^KEYRING=.*|KEYRING=$WORK/keyring|
		s|^FIRMWARE=.*|FIRMWARE=\"$WORK/BIOS-bochs-latest|
		s|^\t/usr/lib/ISOLINUX.*|\t$WORK/isolinux.bin\"|" "$COPY/scripts/steps/bochs"
	sed -i '/ACCEL=bochs:/d' "$COPY/configs/packages"
	sed -i 's/quiet_limit=.*/quiet_limit=3/' "$COPY/scripts/boot"
	sed -i 's/^slow .*/slow 1/' "$COPY/configs/machine-bochs"
	corrections "$OLD"
	touch "$WORK"/{keyring,BIOS-bochs-latest,isolinux.bin}
}

# corrections OLD: the one of the copy.
corrections()
{
	printf '%s\n' '# why' 'file part/a.h' "old $1" "new MODEL \"$MODEL\" /* & $& \\1 */" \
		>"$COPY/configs/bochs-corrections"
}

# make_source NAME: a program that knows the CPU once it is corrected; NAME says what else
# is the matter with it.
make_source()
{
	local dir=$WORK/source/bochs

	rm -rf -- "$WORK/source"
	mkdir -p "$dir/part"
	printf '%s\n' "#define $OLD" '/* twice, twice */' >"$dir/part/a.h"
	printf '%s\n' '#include <stdio.h>' '#include "part/a.h"' \
		'int main(void) { return puts(MODEL) < 0; }' >"$dir/program.c"
	printf '%s\n' '#!/bin/sh' 'printf "all:\n\t$CC -o bochs program.c\n" >Makefile' \
		>"$dir/configure"
	case $1 in
	fails)	printf '%s\n' 'echo "error: no compiler"' 'exit 1' >>"$dir/configure" ;;
	slow)	printf '%s\n' 'touch configuring' 'sleep 60' >>"$dir/configure" ;;
	fills)	printf '%s\n' "touch $WORK/full" 'exit 1' >>"$dir/configure" ;;
	stranger) sed -i 's/puts(MODEL)/puts("486")/' "$dir/program.c" ;;
	esac
	chmod +x "$dir/configure"
	tar -cJf "$WORK/$1.tar.xz" -C "$WORK/source" bochs
}

# An apt that notes what it is told; its mirror has MIRROR_HAS, a file.
make_apt()
{
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/apt-get" <<-END
	#!/bin/bash
	printf '%s\n' "\$*" >>$WORK/apt.said
	case " \$* " in
	*' indextargets '*) cat $WORK/targets ;;
	*' update '*) [ ! -e $WORK/offline ] || { echo "E: nobody answers"; exit 100; } ;;
	*' --print-uris '*) cat $WORK/uris ;;
	esac
	END
	cat >"$WORK/bin/apt-helper" <<-END
	#!/bin/bash
	# The last two words: where it is, and where to put it.
	cp "\${*: -2:1}" "\${*: -1}"
	END
	chmod +x "$WORK/bin"/*
	export PATH=$WORK/bin:$PATH APT_HELPER=$WORK/bin/apt-helper
}

mirror_has()
{
	cat >"$WORK/targets" <<-END
	Other Vendor main bookworm http://other.example/
	Debian main bookworm-security http://security.example/
	Debian main bookworm http://mirror.example/debian/
	END
	cat >"$WORK/uris" <<-END
	'$WORK/none.dsc' bochs_3.0+dfsg-1.dsc 2554 SHA256:00
	'$1' bochs_3.0+dfsg.orig.tar.xz 1 SHA256:00
	END
	: >"$WORK/apt.said"
}

# --- scripts/steps/bochs --------------------------------------------------------------------------

# expect CLASS WORDS NAME VAR=VALUE...: status and words of scripts/steps/bochs, and afterwards
# nothing may be half built.
expect()
{
	local want=$1 words=$2 name=$3 got status=0 left
	shift 3

	got=$(env O="$OUT" "$@" "$COPY/scripts/steps/bochs" 2>&1) || status=$?
	left=$(find "$OUT/tmp" "$OUT/src" "$OUT/bochs" -mindepth 1 ! -path "$GOOD*" 2>/dev/null |
		grep -v '\.tar\.xz$') || true
	case $status:$got in
	"$want":*"$words"*)
		tap "$([ -z "$left" ]; echo $?)" "$name" "left behind: $left" ;;
	*)	tap 1 "$name" "expected status $want and \`$words\`,
got status $status and: $got" ;;
	esac
}

# new_out NAME: another output folder; GOOD is where a Bochs would be.
new_out()
{
	OUT=$WORK/out-$1
	GOOD=$OUT/bochs/
}

path_of()
{
	O=$OUT "$COPY/scripts/steps/bochs" --path
}

check()
{
	local name=$1 why=$2
	shift 2

	if "$@"; then tap 0 "$name"; else tap 1 "$name" "$why"; fi
}

build_it()
{
	local before lists

	new_out good
	lists=Dir::State::Lists=$OUT/tmp/
	mirror_has "$WORK/good.tar.xz"
	expect 0 "" "from the mirror: built" FAKE=1
	check "... with the firmware beside it" "$(find "$OUT/bochs")" \
		test -x "$(path_of)/bochs" -a -e "$(path_of)/isolinux.bin"
	check "... from the mirror of Debian itself, for apt's own lists are elsewhere" \
		"$(cat "$WORK/apt.said")" test "$(grep -c "$lists" "$WORK/apt.said") \
$(grep -vc "$lists\|indextargets" "$WORK/apt.said")" = "2 0"
	touch "$WORK/offline"
	expect 0 "" "built already: nothing is done" FAKE=1
	before=$(path_of)
	echo "# another" >>"$COPY/configs/bochs-corrections"
	check "a comment is no other Bochs" "" same "$(path_of)" "$before"
	echo "file x" >>"$COPY/configs/bochs-corrections"
	check "another correction is another Bochs" "" not path_of
	sed -i '$d' "$COPY/configs/bochs-corrections"
	rm -f -- "$WORK/offline"
}

same()
{
	[ "$1" = "$2" ]
}

not()
{
	! "$@" >/dev/null 2>&1
}

no_source()
{
	new_out none
	touch "$WORK/offline"
	expect 3 "no source of Bochs 3.0: E: nobody answers" "the mirror does not answer" FAKE=1
	rm -f -- "$WORK/offline"
	: >"$WORK/uris"
	expect 3 "trixie has no bochs_3.0+dfsg.orig.tar.xz" "it does not have that version" FAKE=1
	: >"$WORK/targets"
	expect 3 "apt has no mirror of Debian" "apt has none" FAKE=1
	expect 2 "BOCHS_TARBALL=/nowhere" "BOCHS_TARBALL that is not there" BOCHS_TARBALL=/nowhere
	mirror_has "$WORK/fails.tar.xz"
	expect 4 "SHA-256 is not" "another file than it should be" FAKE=1
	expect 4 "SHA-256 is not" "BOCHS_TARBALL: another file" BOCHS_TARBALL="$WORK/fails.tar.xz"
	printf 'gone-for-ever x # ACCEL=bochs: none\n' >>"$COPY/configs/packages"
	expect 3 "missing packages: gone-for-ever (INSTALL=no" "INSTALL=no names what is missing" \
		INSTALL=no OS_RELEASE="$WORK/debian"
	sed -i '$d' "$COPY/configs/packages"
	check "... and without ACCEL=bochs nobody wants it" "" \
		env INSTALL=no ACCEL=tcg KERNEL_SRC=/nowhere OS_RELEASE="$WORK/debian" \
		"$COPY/scripts/steps/packages"
}

# with_sum NAME: the copy takes that source for the right one.
with_sum()
{
	sed -i "s/^SHA256=.*/SHA256=$(sha256sum <"$WORK/$1.tar.xz" | cut -d' ' -f1)/" \
		"$COPY/scripts/steps/bochs"
	FROM=BOCHS_TARBALL=$WORK/$1.tar.xz
}

does_not_build()
{
	new_out bad
	with_sum fails
	expect 5 "build failed" "a build that fails" "$FROM"
	with_sum stranger
	expect 5 "no CPU $MODEL" "a program that does not know the CPU" "$FROM"
	with_sum good
	corrections never
	expect 4 "a.h has not exactly one: never" "a correction that fits nowhere" "$FROM"
	corrections twice
	expect 4 "a.h has not exactly one: twice" "a correction that fits twice" "$FROM"
	corrections "$OLD"
	printf '#!/bin/sh\nprintf "Avail\\n250M\\n"\n' >"$WORK/bin/df"
	chmod +x "$WORK/bin/df"
	expect 10 "building Bochs needs 300 MiB" "no room" "$FROM"
	printf '#!/bin/sh\nprintf "Avail\\n"; [ -e %s ] && echo 0M || echo 900M\n' "$WORK/full" \
		>"$WORK/bin/df"
	with_sum fills
	expect 10 "$OUT is full" "the disk is full in the middle, and the log cannot say so" "$FROM"
	rm -f -- "$WORK/bin/df"
	head -c 100 "$WORK/good.tar.xz" >"$WORK/short.tar.xz"
	with_sum short
	expect 4 "can't be unpacked" "a source that is no archive" "$FROM"
}

# Ctrl-C in the middle; then the same again.
interrupted()
{
	local pid status=0 left

	new_out slow
	with_sum slow
	set -m
	env --default-signal=INT O="$OUT" "$FROM" "$COPY/scripts/steps/bochs" >"$WORK/said" 2>&1 &
	pid=$!
	set +m
	until [ -n "$(find "$OUT/tmp" -name configuring 2>/dev/null)" ]; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	press INT "-$pid"
	wait "$pid" || status=$?
	left=$(find "$OUT/tmp" "$OUT/bochs" -mindepth 1 2>/dev/null) || true
	tap "$((status != EX_INT))" "Ctrl-C: its status" "$status: $(cat "$WORK/said")"
	check "... and nothing is left" "$left" test -z "$left"
	with_sum good
	expect 0 "" "... and the next one builds" "$FROM"
}

# --- scripts/boot with what stands for Bochs ------------------------------------------------

# new_machine NAME: a run in which Bochs is the script on stdin.
new_machine()
{
	RUN=$WORK/run-$1
	mkdir "$RUN"
	printf '%s\n' "fact platform bochs-vmx" "fact seed 7" "test munmap_test 1 -s 7" >"$RUN/job"
	{ echo '#!/bin/bash'; cat; } >"$(path_of)/bochs"
}

# Of that machine, in the background; PID is its process.
boot()
{
	# Whoever started us in the background has made all of us ignore SIGINT.
	set -- env --default-signal=INT O="$OUT" BOOT_FILE="$WORK/keyring" MEM=512 CPUS=1 \
		"$COPY/scripts/boot" stock bochs-vmx "$RUN"
	"$@" >"$RUN/boot.log" 2>&1 &
	PID=$!
}

boot_ends()
{
	local status=0

	wait "$PID" || status=$?
	return "$status"
}

# ends NAME VERDICT WORDS
ends()
{
	local got

	boot_ends || true
	"$COPY/scripts/verdict" -q "$RUN" || true
	got=$(cat "$RUN/verdict" "$RUN/boot.log")
	case $got in
	"$2"$'\n'*"$3"*|"$2") ;;
	*)	tap 1 "$1" "expected $2 and \`$3\`, got: $got"
		return ;;
	esac
	tap "$([ ! -e "$RUN/boot.iso" ]; echo $?)" "$1" "boot.iso is left"
}

# The result of a machine that passes, as far as line N.
result_lines()
{
	local kernel='# fact kernel 6.1.192-stock'

	printf '%s\n' "KTAP version 1" "1..1" "$kernel" "# fact virtualization vmx" \
		"# fact ept ${2:-Y}" "# start 1 munmap_test, at most 1 s" \
		"ok 1 munmap_test # 1.0 s; guest writes=1" "# end passed 1 failed 0 skipped 0" |
		head -n "$1"
}

# What the script of a machine begins with: it speaks, and has a result.
speaks()
{
	echo "echo 'Linux version 6.1.192-stock' >console.log"
	# All eight lines are those of an init that has ended.
	[ "$1" -lt 8 ] || echo "echo 'init: end' >>console.log"
	echo "cat >result.ktap <<'X'"
	result_lines "$@"
	echo X
}

says_at_end()
{
	echo 'echo "Bochs is exiting with the following message:" >&2'
	printf 'echo "[CPU0  ] %s" >&2\n' "$1"
	echo "exit 1"
}

make_images()
{
	new_out machines
	O=$OUT BOCHS_TARBALL=$WORK/good.tar.xz "$COPY/scripts/steps/bochs" >/dev/null
	echo archive >"$OUT/initramfs.cpio"
	printf '#!/bin/sh\ncat $3\n' >"$OUT/gen_init_cpio"
	printf '%s\n' '#!/bin/bash' 'while [ "$1" != -o ]; do shift; done; echo iso >"$2"' \
		>"$WORK/bin/xorriso"
	chmod +x "$OUT/gen_init_cpio" "$WORK/bin/xorriso"
}

machines()
{
	local status=0

	new_machine pass < <(speaks 8; says_at_end "ACPI control: soft power off")
	boot
	ends "power-off: a pass" "PASS 0" ""
	check "bochs.sh runs it again" "$(ls "$RUN")" \
		test "$("$RUN/bochs.sh" >/dev/null 2>&1
			cmp "$RUN"/{,rerun/}result.ktap && echo same)" = same

	new_machine ept < <(speaks 8 N; says_at_end "ACPI control: soft power off")
	boot
	ends "the machine has no EPT, though asked for" "MISMATCH 8" "npt=1, the machine has npt=N"

	new_machine panic < <(speaks 6; echo "echo 'Kernel panic - not syncing: test' >>console.log"
		says_at_end "exception(): 3rd (13) exception with no resolution")
	boot
	ends "a panic" "PANIC 6" "while munmap_test ran"
	check "... after which a triple fault is as it should be" "$(cat "$RUN/meta")" \
		grep -qx 'bochs-status 0' "$RUN/meta"

	new_machine triple < <(speaks 6
		says_at_end "exception(): 3rd (13) exception with no resolution")
	boot
	ends "a triple fault out of nothing" "TRUNCATED 8" "while munmap_test ran"
	check "... is named" "$(cat "$RUN/meta")" \
		grep -qx 'bochs-status 1, a triple fault' "$RUN/meta"

	new_machine died < <(speaks 8; echo 'kill -SEGV $$')
	boot
	ends "Bochs dies after the tests" "BOCHS-DIED 8" "Bochs's status is 139"

	new_machine start < <(echo 'echo "no such device" >&2'; echo "exit 1")
	boot
	ends "Bochs does not start" "BOCHS-START 8" "no such device"

	new_machine hang < <(speaks 6; echo "trap 'echo stacks >>console.log; exit 1' USR1"
		echo "while :; do read -rt 0.1 <> <(:) || true; done")
	boot
	ends "no sign of life" "TIMEOUT 7" "no-progress, while munmap_test ran"
	check "... the NMI was sent, and what came of it is no splat of its own" \
		"$(cat "$RUN/console.log")" grep -qx stacks "$RUN/console.log"

	new_machine ctrl-c < <(speaks 6; echo "exec sleep 60")
	boot
	until [ -s "$RUN/result.ktap" ] || ! kill -0 "$PID" 2>/dev/null; do sleep 0.1; done
	press INT "$PID"
	boot_ends || status=$?
	tap "$((status != EX_INT))" "Ctrl-C: its status" "$status"
	ends "Ctrl-C: the verdict" "INTERRUPTED 130" "while munmap_test ran"
	check "... and nothing runs on" "$(pgrep -af "$RUN")" not pgrep -f "$RUN"

	rm -rf -- "$OUT/bochs"
	status=0
	boot
	boot_ends || status=$?
	check "no Bochs is built: status 3, and what to do" "$status $(cat "$RUN/boot.log")" \
		test "$status $(grep -c 'run scripts/steps/bochs' "$RUN/boot.log")" = "3 1"
}

# --- variables --------------------------------------------------------------------------------

# refused WORDS NAME VAR=VALUE... COMMAND...
refused()
{
	local words=$1 name=$2 got status=0
	shift 2

	got=$(env ACCEL=bochs "$@" 2>&1) || status=$?
	case $status:$got in
	2:*"$words"*) tap 0 "$name" ;;
	*)	tap 1 "$name" "expected status 2 and \`$words\`, got status $status and: $got" ;;
	esac
}

variables()
{
	local names

	refused "at most 2048" "too much memory" MEM=4096 "$SCRIPTS/run"
	refused "VMM=libvirt is for QEMU" "libvirt" VMM=libvirt "$SCRIPTS/run"
	refused "TRACE=kvm is for QEMU" "a trace" TRACE=kvm "$SCRIPTS/run"
	refused "ACCEL=bochs is for make run, matrix and mutations" "a benchmark" \
		"$SCRIPTS/goal" bench
	names=$(ACCEL=bochs "$STEPS/test-names")
	check "the usual tests are not all" "$names" \
		test "$(grep -ow -e munmap_test -e gigantic_test <<<"$names")" = munmap_test
	names=$(ACCEL=bochs TESTS=all "$STEPS/test-names")
	check "... but can be" "$names" grep -qw gigantic_test <<<"$names"
}

main()
{
	[ $# -eq 0 ] || { show_help; exit "$EX_USAGE"; }
	out_init
	WORK=$(scratch)
	printf 'ID=debian\n' >"$WORK/debian"
	make_apt
	make_source fails
	make_source slow
	make_source stranger
	make_source fills
	make_source good
	make_copy
	build_it
	no_source
	does_not_build
	interrupted
	make_images
	machines
	variables
	tap_end
}

main "$@"
