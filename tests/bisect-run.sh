#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/bisect-run: what a run's status means to git bisect, on the recorded
# runs of tests/logs, and what is refused before anything is built.
#
# Usage: tests/bisect-run.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

BISECT=$SCRIPTS/bisect-run
unset KERNEL TESTS KSELFTESTS KERNEL_SRC KERNEL_TARBALL BZIMAGE LIB_LOCKED LIB_NESTED

# means CODE RUN...: recorded runs, judged first.
means()
{
	local code=$1 name run status got
	shift

	for name in "$@"; do
		run=$(scratch)
		cp "$REPO/tests/logs/$name/"* "$run"
		status=0
		"$SCRIPTS/verdict" -q "$run" 2>/dev/null || status=$?
		got=$("$BISECT" --map "$status" "$run")
		tap "$([ "${got%% *}" = "$code" ] && echo 0 || echo 1)" \
			"$name is $code to git" "status $status, got: $got"
	done
}

# status_means CODE STATUS: ended before there was a run.
status_means()
{
	local got

	got=$("$BISECT" --map "$2")
	tap "$([ "${got%% *}" = "$1" ] && echo 0 || echo 1)" \
		"status $2 without a run is $1 to git" "got: $got"
}

# refused WORDS NAME COMMAND...: stops git, and says why.
refused()
{
	local words=$1 name=$2 got status=0
	shift 2

	got=$("$@" 2>&1) || status=$?
	case $status:$got in
	255:*"$words"*) tap 0 "$name" ;;
	*) tap 1 "$name" "expected status 255 and \`$words\`, got $status and: $got" ;;
	esac
}

# A panic before any test: the recorded one, less what came of its tests.
no_boot()
{
	local run got

	run=$(scratch)
	cp "$REPO/tests/logs/panic/"* "$run"
	sed -i '/^# start/,$d' "$run/result.ktap"
	"$SCRIPTS/verdict" -q "$run" 2>/dev/null || true
	got=$("$BISECT" --map 6 "$run")
	tap "$([ "${got%% *}" = 125 ] && echo 0 || echo 1)" "a panic before any test is 125" "$got"
}

# The whole way, as far as it goes without a build: git walks over commits of which
# none can be tested, and gives up; the log has a line for each that was looked at.
git_bisect()
{
	local tree out=$1 got version

	tree=$(scratch)
	mkdir "$tree/kernel"
	touch "$tree/Kconfig" "$tree/kernel/x"
	cd "$tree"
	git init -q
	for version in 1 2 3 4; do
		printf 'VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = %d\n' "$version" >Makefile
		git add -A
		git -c user.name=t -c user.email=t@example.org commit -qm "5.4.$version"
	done
	git bisect start HEAD HEAD~3 >/dev/null 2>&1
	got=$(O=$out TESTS=munmap git bisect run "$BISECT" 2>&1) || true
	case $got in
	*"only 'skip'ped commits left"*) tap 0 "git bisect run over commits that can't be built" ;;
	*) tap 1 "git bisect run over commits that can't be built" "$got" ;;
	esac
	got=$(grep -c '5.4.[23]: not a source that can be built (status 125)' \
		"$out/bisect.log") || true
	tap "$([ "$got" = 2 ] && echo 0 || echo 1)" "bisect.log has a line for each commit" \
		"$(cat "$out/bisect.log")"
}

main()
{
	out_init
	means 0 pass
	means 1 fail fail-nested panic oops warn kasan lockdep atomic-sleep hung-task \
		soft-lockup timeout test-timeout
	means 125 skip emulator no-kvm truncated no-result
	means 255 wrong-kernel no-output disk-full not-finished
	means 130 interrupted
	no_boot
	status_means 125 4
	status_means 125 5
	status_means 255 2
	status_means 255 3
	status_means 255 8
	status_means 255 10
	cd "$(scratch)"
	refused "TESTS=" "no test named" "$BISECT"
	refused "not a kernel tree" "not in a kernel tree" env TESTS=munmap "$BISECT"
	refused "leave out KERNEL=" "a kernel named" env TESTS=munmap KERNEL=both "$BISECT"
	git_bisect "$(scratch)"
	tap_end
}

main "$@"
