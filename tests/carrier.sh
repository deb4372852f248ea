#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of the carrier (scripts/steps/source, apply, patches): each kind of mistake
# gives its own message and exit status, nothing incomplete is left, a second run
# changes nothing.  Most use a small tree cut out of the kernel source and a small
# set of changes made here; the last ones the real changes.
#
# Usage: tests/carrier.sh [PATTERN]	only tests whose name matches
# Output: TAP.  Exit: 0 all passed or skipped, 1 not, 3 or more no source to test on
# shellcheck disable=SC2317 # the tests are called by their names, in TESTS
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"

PATTERN=${1:-}
STOCK=$O/src/stock
unset KERNEL_TARBALL KERNEL_SRC FRAMEWORK_TARBALL CARRY_DIR V LIB_NESTED WITHOUT UPTO LINUX
export SIGNOFF='A Tester <tester@example.org>'

# --- the small tree and the small set of changes ---------------------------------

FIXTURE_FILES='Makefile Kconfig kernel/Makefile mm/mmu_notifier.c mm/Makefile
	mm/Kconfig.debug virt/kvm/*
	arch/x86/kvm/Kconfig arch/x86/kvm/Makefile arch/x86/kvm/*.[ch] arch/x86/kvm/mmu/*
	include/linux/kvm*.h include/linux/mmu_notifier.h
	Documentation/virt/kvm/index.rst scripts/checkpatch.pl scripts/spelling.txt
	tools/testing/selftests/kvm/Makefile'

make_tree()
{
	mkdir -p "$1"
	# shellcheck disable=SC2086 # globs are to be expanded
	(cd "$STOCK" && cp --parents -- $FIXTURE_FILES "$1")
}

put()
{
	mkdir -p "$(dirname "$1")"
	cat >"$1"
}

make_changes()
{
	local c=$1 kvm=arch/x86/kvm/mmu

	put "$c/changes/01-stale" <<-'EOF'
		KVM: rename the calls of is_page_fault_stale()

		So that a test has something to look at.

		Fixes: 0123456789ab ("KVM: a name that is too long")
		---
		rule   arch/x86/kvm/mmu/stale.cocci
		file   virt/kvm/new.c		# a remark
		append virt/kvm/Makefile.kvm.append
	EOF
	put "$c/$kvm/stale.cocci" <<-'EOF'
		// SPDX-License-Identifier: GPL-2.0
		// Files: arch/x86/kvm/mmu/mmu.c
		// Files: arch/x86/kvm/mmu/paging_tmpl.h
		@@
		expression vcpu, fault;
		@@
		-is_page_fault_stale(vcpu, fault)
		+is_fault_stale(vcpu, fault)
	EOF
	put "$c/virt/kvm/new.c" <<-'EOF'
		// SPDX-License-Identifier: GPL-2.0
	EOF
	put "$c/virt/kvm/Makefile.kvm.append" <<-'EOF'
		# SPDX-License-Identifier: GPL-2.0
		# A header, which stays here.

		kvm-y += $(KVM)/new.o
	EOF
	put "$c/changes/02-seq" <<-'EOF'
		mm: rename invalidate_seq

		In code and comments.

		Signed-off-by: Some Author <author@example.org>
		---
		rule    mm/seq.cocci
		comment mm/seq.comments
	EOF
	put "$c/mm/seq.cocci" <<-'EOF'
		// Files: mm/mmu_notifier.c
		@@
		expression e;
		@@
		-e->invalidate_seq
		+e->inv_seq

		@@ @@
		 struct mmu_notifier_subscriptions {
		 	...
		-	unsigned long invalidate_seq;
		+	unsigned long inv_seq;
		 	...
		 };
	EOF
	put "$c/mm/seq.comments" <<-'EOF'
		# Files: mm/mmu_notifier.c
		s/\<invalidate_seq\>/inv_seq/
	EOF
	put "$c/changes/gone" <<-'EOF'
		# what must not be named any more
		invalidate_seq	mm/*.c
	EOF
}

# --- TAP -------------------------------------------------------------------------

N=0
FAILED=0

# run_test NAME FUNCTION: FUNCTION runs in a new folder, $T; it fails if a command
# does.  A function that calls `skip` is skipped.
run_test()
{
	local name=$1 status=0

	[[ $name =~ $PATTERN ]] || return 0
	N=$((N + 1))
	T=$(scratch)
	set +e		# with `|| status=$?` the -e below would mean nothing
	(
		set -eE
		trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR
		cd "$T"
		"$2"
	) >"$T.log" 2>&1
	status=$?
	set -e
	case $status in
	0)	echo "ok $N - $name" ;;
	44)	echo "ok $N - $name # SKIP $(tail -n 1 "$T.log")" ;;
	*)	echo "not ok $N - $name"
		sed 's/^/# /' "$T.log"
		FAILED=$((FAILED + 1)) ;;
	esac
	rm -rf "$T"
}

# For set -e, which ignores `! cmd`.
not()
{
	! "$@"
}

skip()
{
	echo "$*"
	exit 44
}

# carry SCRIPT ARGS...: on the tree, changes and output folder of this test.
carry()
{
	local script=$1
	shift

	O=$T/out CARRY_DIR=${CARRY:-$T/c} KERNEL_SRC=${TREE-$FIXTURE} \
		"$SCRIPTS/$script" "$@"
}

# expect STATUS REGEX CMD...: it exits with STATUS, and a line of stderr matches.
expect()
{
	local expected=$1 regex=$2 status=0
	shift 2

	"$@" >"$T/stdout" 2>"$T/stderr" || status=$?
	if [ "$status" -ne "$expected" ] || ! grep -qE "$regex" "$T/stderr"; then
		echo "expected exit $expected and a line /$regex/, got exit $status and:"
		cat "$T/stdout" "$T/stderr"
		return 1
	fi
}

# The changes of this test, to be spoilt, and a tree of its own if need be.
own_changes()
{
	cp -r "$CHANGES" "$T/c"
	mkdir -p "$T/out/src"
	: >"$T/out/$OUT_MARK"
	cp -rl "$BASE/out/src/spatch" "$T/out/src/"	# for speed
}

own_tree()
{
	cp -r "$FIXTURE" "$T/tree"
	TREE=$T/tree
}

times()
{
	(cd "$1" && find . -type f -printf '%p %T@ %s\n' | sort)
}

# --- the tests -------------------------------------------------------------------

# shellcheck source=tests/carrier/rules.sh
. "$REPO/tests/carrier/rules.sh"
# shellcheck source=tests/carrier/source.sh
. "$REPO/tests/carrier/source.sh"
# shellcheck source=tests/carrier/apply.sh
. "$REPO/tests/carrier/apply.sh"

TESTS="\
t_applies	apply: rules, comments, file and append arrive
t_ledger_content	ledger: made from what the rules do, macros included
t_no_match	ledger: a rule no longer matches
t_match_too_often	ledger: a rule matches in one more function
t_match_twice_in_function	ledger: a rule matches twice in a function
t_rule_without_match	rule: matches nothing in a file that it names
t_rule_not_smpl	rule: not SmPL
t_rule_target_missing	rule: names a file that is not there
t_ledger_without_rule	ledger: names a rule that is not there
t_hardly_parsed	rule: spatch can parse little of the file
t_gone_in_comment	gone: a comment still names the identifier
t_gone_untouched_file	gone: a file that no rule touches names it
t_gone_unknown	gone: the pristine tree does not have it
t_comment_no_match	comments: a command matches nothing
t_comment_changes_code	comments: a command changes code
t_lines	lines: Kconfig is changed, and a command that matches nothing is told
t_lines_change_c	lines: a command changes C
t_carried_in_no_change	changes: a carried file is in no change
t_carried_missing	changes: a named file is missing
t_carried_twice	changes: a file is named twice
t_carried_wrong_kind	changes: a part of unknown kind
t_file_target	file: of another name, from anywhere
t_append_target_missing	append: nothing to append to
t_without	without: a change left out, and put back
t_without_wrong	without: not the number of one change
t_line_tags	lines of Linux: parts and names for some lines only
t_line_without_part	lines of Linux: one for which a change has no part
t_line_between	lines of Linux: one in between is tried with the nearest line's rules
t_line_incomplete	lines of Linux: one to which only some changes are carried
t_line_folder	lines of Linux: each has its folder, and takes no other
t_upto	upto: only the first changes, and then all
t_overlay_exists	file: exists in the pristine tree
t_tree_already_changed	source: a tree already changed
t_stock_edited	source: edited after it was unpacked
t_wrong_version	source: older than the first line
t_framework	source: the framework of another kernel
t_not_linux	source: a folder that is not Linux, no folder
t_incomplete	source: a part of Linux is missing
t_folder_copy	source: a folder is only read, and copied without build products
t_folder_again	source: a folder in which little has changed
t_folder_read_only	source and apply: a folder on a read-only mount
t_tarball_good	source: a tarball, unpacked once
t_tarball_bad	source: tarball missing, empty, truncated, damaged, no tarball
t_tarball_unreadable	source: unreadable tarball
t_tarball_no_kernel	source: tarball of something else, of the wrong version
t_both_given	source: KERNEL_SRC and KERNEL_TARBALL
t_package_missing	source: no package, no KERNEL_SRC
t_second_apply	apply: a second one touches nothing
t_only_changed_get_new_time	apply: what changes gets a new time, also when put back
t_edited_by_hand	apply: the result was edited by hand
t_interrupted_source	source: after one that was killed
t_another_source	apply: another source with older times
t_half_installed	apply: after one that installed half
t_interrupted	apply: interrupted, killed
t_ctrl_c	apply: Ctrl-C ends all, spatch too, at once
t_patches	patches: git am gives the same tree, same bytes each time
t_patches_posted	patches: a change that is not posted, and a cover letter
t_real_ledger	real changes: as in the ledger
t_real_patches	real changes: patches round trip
t_real_hook_deleted	real changes: a deleted hook is reported by name
t_real_trees_differ_as_said	real changes: nothing else differs in the whole tree"

main()
{
	out_init
	[ -d "$STOCK" ] || child "$STEPS/source" >&2 || exit
	BASE=$(scratch)
	FIXTURE=$BASE/tree
	CHANGES=$BASE/c
	TARBALL=$BASE/tree.tar.xz
	make_tree "$FIXTURE"
	make_changes "$CHANGES"
	tar -cJf "$TARBALL" -C "$BASE" tree
	mkdir -p "$BASE/out/src"
	: >"$BASE/out/$OUT_MARK"
	[ ! -d "$O/src/spatch" ] || cp -rl "$O/src/spatch" "$BASE/out/src/"
	T=$BASE CARRY=$CHANGES carry apply --update-ledger >/dev/null

	while read -r function name; do
		run_test "$name" "$function" </dev/null
	done <<<"$TESTS"
	echo "1..$N"
	exit $((FAILED > 0))
}

main
