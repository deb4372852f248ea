#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of the carrier (scripts/steps/source, apply, patches): each kind of mistake
# gives its own message and exit class, nothing half is ever left, a second run
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
	include/linux/kvm*.h include/linux/mmu_notifier.h scripts/checkpatch.pl scripts/spelling.txt
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

# For set -e, which takes no notice of `! cmd`.
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

# expect CLASS REGEX CMD...: it ends with CLASS, and a line of stderr matches.
expect()
{
	local class=$1 regex=$2 status=0
	shift 2

	"$@" >"$T/stdout" 2>"$T/stderr" || status=$?
	if [ "$status" -ne "$class" ] || ! grep -qE "$regex" "$T/stderr"; then
		echo "expected exit $class and a line /$regex/, got exit $status and:"
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

# --- the tests: rules and ledger ---------------------------------------------------

t_applies()
{
	local i=$T/out/src/interval

	own_changes
	carry apply
	[ "$(grep -c '\<is_fault_stale(' "$i/arch/x86/kvm/mmu/mmu.c")" -eq 2 ]
	[ "$(grep -c '\<is_fault_stale(' "$i/arch/x86/kvm/mmu/paging_tmpl.h")" -eq 1 ]
	cmp "$i/virt/kvm/new.c" c/virt/kvm/new.c
	# shellcheck disable=SC2016 # make expands it
	[ "$(tail -n 1 "$i/virt/kvm/Makefile.kvm")" = 'kvm-y += $(KVM)/new.o' ]
	not grep 'stays here' "$i/virt/kvm/Makefile.kvm"
	grep 'Make inv_seq even' "$i/mm/mmu_notifier.c"
	diff -r "$FIXTURE" out/src/stock
}

t_ledger_content()
{
	own_changes
	rm -r c/ledger
	expect 4 'no ledger/6.1 says' carry apply --dry-run
	carry apply --update-ledger
	grep -P '^arch.*/stale.cocci\t.*paging_tmpl.h\tpage_fault\t1\t1\t1$' c/ledger/6.1
	grep -P '^arch.*/stale.cocci\t.*mmu.c\tdirect_page_fault\t2\t2\t2$' c/ledger/6.1
	grep -P "^mm/seq.cocci\t.*\tstruct mmu_notifier_subscriptions(\t1){3}$" c/ledger/6.1
	cmp c/ledger/6.1 "$CHANGES/ledger/6.1"
}

t_no_match()
{
	own_tree
	sed -i 's/is_page_fault_stale(/is_page_fault_old(/' tree/arch/x86/kvm/mmu/paging_tmpl.h
	own_changes
	expect 4 'stale.cocci: .*paging_tmpl.h: page_fault: expected 1 site \(-1 \+1\), found none' \
		carry apply
	[ ! -e out/src/interval ]
}

t_match_too_often()
{
	own_tree
	echo 'int extra(void) { return is_page_fault_stale(a, b); }' \
		>>tree/arch/x86/kvm/mmu/mmu.c
	own_changes
	expect 4 'stale.cocci: arch/x86/kvm/mmu/mmu.c: extra: found 1 site \(-1 \+1\), not in ledger/6.1' \
		carry apply
}

t_match_twice_in_function()
{
	own_tree
	sed -i "s/.*if (is_page_fault_stale(vcpu, fault)) {/f = is_page_fault_stale(a, b);\n\n&/" \
		tree/arch/x86/kvm/mmu/paging_tmpl.h
	own_changes
	expect 4 'paging_tmpl.h: page_fault: expected 1 site \(-1 \+1\), found 2 sites \(-2 \+2\)' \
		carry apply
}

t_rule_without_match()
{
	own_changes
	sed -i 's/^\/\/ Files: arch.*mmu.c/& virt\/kvm\/pfncache.c/' c/arch/x86/kvm/mmu/stale.cocci
	expect 4 'stale.cocci: virt/kvm/pfncache.c: matched nothing' carry apply
	expect 4 'stale.cocci: virt/kvm/pfncache.c: matched nothing' \
		carry apply --update-ledger
	cmp c/ledger/6.1 "$CHANGES/ledger/6.1"
}

t_rule_not_smpl()
{
	own_changes
	echo '-this is (' >>c/mm/seq.cocci
	expect 4 'mm/seq.cocci: spatch failed on mm/mmu_notifier.c: .*parse error.*spatch.log' \
		carry apply
}

t_rule_target_missing()
{
	own_changes
	sed -i 's,mm/mmu_notifier.c,mm/mmu_notified.c,' c/mm/seq.cocci
	expect 4 'mm/seq.cocci: there is no mm/mmu_notified.c in the source' carry apply
}

t_ledger_without_rule()
{
	own_changes
	printf 'mm/old.cocci\tmm/x.c\tf\t1\t1\t1\n' >>c/ledger/6.1
	expect 4 'ledger/6.1 names the rule mm/old.cocci, which is in no change' carry apply
}

t_hardly_parsed()
{
	own_tree
	printf 'int f(void) { if (} else @ ((; }\n%.0s' {1..50} >tree/mm/junk.c
	own_changes
	sed -i 's,mm/mmu_notifier.c,& mm/junk.c,' c/mm/seq.cocci
	expect 4 'spatch parses only [0-9]+ % of mm/junk.c' carry apply
}

t_gone_in_comment()
{
	own_changes
	sed -i '/seq.comments/d' c/changes/02-seq
	rm c/mm/seq.comments
	sed -i '/seq.comments/d' c/ledger/6.1
	expect 4 'mm/mmu_notifier.c:[0-9]+ still names invalidate_seq, which is gone' carry apply
}

t_gone_untouched_file()
{
	own_tree
	echo '/* invalidate_seq */' >tree/mm/other.c
	own_changes
	expect 4 'mm/other.c:1 still names invalidate_seq' carry apply
}

t_gone_unknown()
{
	own_changes
	echo 'invalidate_seqq mm/*.c' >>c/changes/gone
	expect 4 'changes/gone: invalidate_seqq is not in the pristine tree' carry apply
}

t_comment_no_match()
{
	own_changes
	echo 's/no such words/others/' >>c/mm/seq.comments
	expect 4 "seq.comments: 's/no such words/others/' matched nothing in mm/mmu_notifier.c" \
		carry apply
}

t_lines()
{
	own_changes
	put c/virt/kvm/Kconfig.lines <<-'EOF'
		# Files: virt/kvm/Kconfig
		s/^config HAVE_KVM_PFNCACHE$/&\n\tselect NEW/
	EOF
	echo 'line virt/kvm/Kconfig.lines' >>c/changes/02-seq
	carry apply --update-ledger
	grep -x -A 1 'config HAVE_KVM_PFNCACHE' out/src/interval/virt/kvm/Kconfig |
		grep -x '	select NEW'
	echo 's/no such words/others/' >>c/virt/kvm/Kconfig.lines
	expect 4 "Kconfig.lines: 's/no such words/others/' matched nothing in virt/kvm/Kconfig" \
		carry apply
}

t_lines_change_c()
{
	own_changes
	put c/mm/seq.lines <<-'EOF'
		# Files: mm/mmu_notifier.c
		s/subscriptions->lock/subscriptions->lokc/
	EOF
	echo 'line mm/seq.lines' >>c/changes/02-seq
	expect 4 'seq.lines: .* changes C in mm/mmu_notifier.c: that is for a semantic patch' \
		carry apply
}

t_comment_changes_code()
{
	own_changes
	echo 's/subscriptions->lock/subscriptions->lokc/' >>c/mm/seq.comments
	expect 4 'seq.comments: .* changes more than comments in mm/mmu_notifier.c' carry apply
}

# --- what is carried ---------------------------------------------------------------

t_carried_in_no_change()
{
	own_changes
	echo '// Files: mm/mmu_notifier.c' >c/mm/forgotten.cocci
	expect 4 'mm/forgotten.cocci is in no change' carry apply
}

t_carried_missing()
{
	own_changes
	rm c/virt/kvm/new.c
	expect 4 'virt/kvm/new.c is named in changes/ but does not exist' carry apply
}

t_carried_twice()
{
	own_changes
	echo 'rule mm/seq.cocci' >>c/changes/01-stale
	expect 4 'mm/seq.cocci is named 2 times in changes/' carry apply
}

t_carried_wrong_kind()
{
	own_changes
	echo 'patch mm/seq.diff' >>c/changes/01-stale
	expect 4 "changes/: 'patch mm/seq.diff' is not 'rule x.cocci'" carry apply
}

t_file_target()
{
	own_changes
	mv c/virt/kvm/new.c c/shared.c
	sed -i 's|^file .*|file shared.c virt/kvm/new.c|' c/changes/01-stale
	carry apply
	cmp c/shared.c out/src/interval/virt/kvm/new.c
	[ ! -e out/src/interval/shared.c ]
}

t_append_target_missing()
{
	own_changes
	sed -i 's/^append .*/& virt\/kvm\/Makefile.none/' c/changes/01-stale
	expect 4 'Makefile.kvm.append: there is no virt/kvm/Makefile.none to append to' carry apply
}

# --- one change left out -------------------------------------------------------------

t_without()
{
	own_changes
	WITHOUT=01 carry apply
	[ ! -e out/src/interval/virt/kvm/new.c ]
	cmp "$FIXTURE/arch/x86/kvm/mmu/mmu.c" out/src/interval/arch/x86/kvm/mmu/mmu.c
	grep 'Make inv_seq even' out/src/interval/mm/mmu_notifier.c
	carry apply
	cmp c/virt/kvm/new.c out/src/interval/virt/kvm/new.c
}

t_without_wrong()
{
	own_changes
	WITHOUT=03 expect 2 'WITHOUT=03 is the number of 0 changes' carry apply
	WITHOUT=0. expect 2 'WITHOUT=0. is the number of 2 changes' carry apply
	WITHOUT=01 expect 2 'update-ledger is for all changes' carry apply --update-ledger
	[ ! -e out/src/interval ]
}

# --- lines of Linux ------------------------------------------------------------------

# The fixture as Linux 6.12, with a ledger of its own.
other_line()
{
	own_tree
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 12/' tree/Makefile
	cp c/ledger/6.1 c/ledger/6.12
}

t_line_tags()
{
	own_changes
	echo '// new' >c/virt/kvm/newer.c
	sed -i 's,^file .*,file virt/kvm/new.c virt/kvm/x.c @6.1\nfile virt/kvm/newer.c virt/kvm/x.c @6.12 @7.3,' \
		c/changes/01-stale
	sed -i 's/^comment .*/& @6.1/' c/changes/02-seq
	expect 4 '@6.12 is the tag of no line: there is no ledger/6.12' carry apply
	other_line
	touch c/ledger/7.3
	sed -i '/seq.comments/d' c/ledger/6.12
	sed -i 's/^invalidate_seq.*/& @6.1/' c/changes/gone
	carry apply
	cmp c/virt/kvm/newer.c out/src/interval/virt/kvm/x.c
	grep 'Make invalidate_seq even' out/src/interval/mm/mmu_notifier.c
	TREE=$FIXTURE carry apply
	cmp c/virt/kvm/new.c out/src/interval/virt/kvm/x.c
	grep 'Make inv_seq even' out/src/interval/mm/mmu_notifier.c
}

t_line_incomplete()
{
	own_changes
	other_line
	echo '6.12 01' >c/changes/lines
	grep stale.cocci c/ledger/6.1 >c/ledger/6.12
	expect 4 'only the changes up to 01 are carried to Linux 6.12.[0-9]+ yet: UPTO=01' carry apply
	UPTO=02 expect 4 'only the changes up to 01' carry apply
	[ ! -e out/src/interval ]
	UPTO=01 carry apply
	cmp c/virt/kvm/new.c out/src/interval/virt/kvm/new.c
	cmp tree/mm/mmu_notifier.c out/src/interval/mm/mmu_notifier.c
}

t_upto()
{
	own_changes
	UPTO=01 carry apply
	cmp c/virt/kvm/new.c out/src/interval/virt/kvm/new.c
	cmp "$FIXTURE/mm/mmu_notifier.c" out/src/interval/mm/mmu_notifier.c
	UPTO=03 expect 2 'UPTO=03 is the number of no change' carry apply
	UPTO=01 expect 2 'update-ledger is for all changes' carry apply --update-ledger
	carry apply
	grep 'Make inv_seq even' out/src/interval/mm/mmu_notifier.c
}

t_line_folder()
{
	own_changes
	other_line
	LINUX=6.12 carry apply
	[ -e out/linux-6.12/src/interval/virt/kvm/new.c ]
	[ ! -e out/src/stock ]
	TREE=$FIXTURE LINUX=6.12 expect 4 'is Linux 6.1.[0-9]+, not LINUX=6.12' carry steps/source
	LINUX=5.4 expect 2 'LINUX=5.4 is not known; it can be: 6.1 6.12 7.3' carry apply
	[ ! -e /usr/src/linux-source-7.3.tar.xz ] || return 0
	TREE='' LINUX=7.3 INSTALL=no expect 3 \
		'INSTALL=no: .* linux-source-7.3 of Debian trixie-backports' carry steps/source
}

# --- the source ----------------------------------------------------------------------

t_overlay_exists()
{
	own_changes
	sed -i 's,virt/kvm/new.c,virt/kvm/pfncache.c,' c/changes/01-stale
	mv c/virt/kvm/new.c c/virt/kvm/pfncache.c
	expect 4 'a tree already changed: it has virt/kvm/pfncache.c' carry apply
}

t_tree_already_changed()
{
	own_changes
	carry apply
	cp -r out/src/interval changed
	TREE=$T/changed
	expect 4 'changed is a tree already changed: it has virt/kvm/new.c' carry steps/source
	rm changed/virt/kvm/new.c
	expect 4 'a tree already changed: virt/kvm/Makefile.kvm has the lines' carry steps/source
	cp "$FIXTURE/virt/kvm/Makefile.kvm" changed/virt/kvm/
	expect 4 'a tree already changed: nothing that changes/gone names' carry steps/source
}

t_stock_edited()
{
	own_changes
	carry steps/source
	# Later than the stamp, by the clock of the file system.
	sleep 0.1
	echo >>out/src/stock/arch/x86/kvm/mmu/mmu.c
	expect 4 'a tree already changed: .*/stock/arch/x86/kvm/mmu/mmu.c was edited' carry apply
}

t_wrong_version()
{
	own_changes
	own_tree
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 12/' tree/Makefile
	expect 4 'for Linux 6.1.y and not carried to 6.12.[0-9]+ yet: KERNEL=stock' carry apply
	[ ! -e out/src/stock ]
	carry steps/source
	diff -r tree out/src/stock
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 4/; s/^VERSION = .*/VERSION = 5/' tree/Makefile
	expect 4 'tree is Linux 5.4.[0-9]+, older than 6.1' carry steps/source
}

# What the tests are built with is of one line, whatever the kernel is.
t_framework()
{
	own_changes
	FRAMEWORK_TARBALL=$TARBALL carry steps/source --framework
	diff -r "$FIXTURE" out/src/framework
	own_tree
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 12/' tree/Makefile
	tar -cJf new.tar.xz tree
	expect 4 'new.tar.xz is Linux 6.12.[0-9]+, the tests are built with 6.1.y' \
		env FRAMEWORK_TARBALL=new.tar.xz O="$T/out" "$STEPS/source" --framework
}

t_not_linux()
{
	own_changes
	mkdir tree
	TREE=$T/tree
	expect 4 'tree is not a kernel source' carry steps/source
	TREE=$T/none
	expect 4 'KERNEL_SRC=.*/none: no such folder' carry steps/source
}

t_incomplete()
{
	own_changes
	own_tree
	rm -r tree/virt
	expect 4 'tree is incomplete: Linux .* without virt/kvm/kvm_main.c' carry steps/source
}

t_folder_copy()
{
	own_changes
	own_tree
	mkdir -p tree/.git tree/include/generated
	echo x | tee tree/.git/HEAD tree/mm/x.o tree/.config tree/include/generated/a.h >tree/vmlinux
	times tree >before
	carry steps/source
	times tree | cmp - before
	diff -r "$FIXTURE" out/src/stock
	echo '/* new */' >>tree/mm/mmu_notifier.c
	carry steps/source
	cmp tree/mm/mmu_notifier.c out/src/stock/mm/mmu_notifier.c
}

# After a small change only that is new, so that little is compiled again.
t_folder_again()
{
	own_changes
	own_tree
	carry steps/source
	sleep 0.01
	touch before
	touch tree/mm/Makefile
	echo '/* new */' >>tree/mm/mmu_notifier.c
	rm tree/virt/kvm/kvm_mm.h
	carry steps/source
	diff -r tree out/src/stock
	[ "$(find out/src/stock -type f -newer before)" = out/src/stock/mm/mmu_notifier.c ]
	carry steps/source
}

# The user's tree may be mounted read-only.
t_folder_read_only()
{
	unshare -m true 2>/dev/null || skip "not root, or no mount namespaces"
	own_changes
	own_tree
	# shellcheck disable=SC2016 # that shell expands it
	O=$T/out CARRY_DIR=$T/c KERNEL_SRC=$T/tree unshare -m bash -ec '
		mount --bind "$KERNEL_SRC" "$KERNEL_SRC"
		mount -o remount,bind,ro "$KERNEL_SRC"
		! touch "$KERNEL_SRC/x" 2>/dev/null
		"$1/scripts/apply"' - "$REPO"
	diff -r tree out/src/stock
}

# The tarballs are given with TREE= (no KERNEL_SRC).
tarball()
{
	TREE='' KERNEL_TARBALL=$1 carry steps/source
}

t_tarball_good()
{
	own_changes
	tarball "$TARBALL"
	diff -r "$FIXTURE" out/src/stock
	times out/src/stock >before
	tarball "$TARBALL"
	times out/src/stock | cmp - before
}

t_tarball_bad()
{
	own_changes
	expect 4 'none.tar.xz: no such file' tarball "$T/none.tar.xz"
	expect 4 'is a folder: give it as KERNEL_SRC=' tarball "$T"
	: >empty.tar.xz
	expect 4 'empty.tar.xz is empty' tarball empty.tar.xz
	head -c "$(($(stat -c %s "$TARBALL") / 2))" "$TARBALL" >short.tar.xz
	expect 4 'short.tar.xz is truncated' tarball short.tar.xz
	head -c 100000 /dev/urandom >noise.tar.xz
	expect 4 'noise.tar.xz is not a tar archive' tarball noise.tar.xz
	{ head -c 20000 "$TARBALL"; head -c 100 /dev/zero; tail -c +20101 "$TARBALL"; } \
		>spoilt.tar.xz
	expect 4 'spoilt.tar.xz is damaged' tarball spoilt.tar.xz
	[ ! -e out/src/stock ]
}

t_tarball_unreadable()
{
	[ "$(id -u)" -ne 0 ] || skip 'root can read everything'
	own_changes
	cp "$TARBALL" secret.tar.xz
	chmod 0 secret.tar.xz
	expect 4 'secret.tar.xz can.t be read' tarball secret.tar.xz
}

t_tarball_no_kernel()
{
	own_changes
	mkdir -p other/src
	echo hello >other/src/hello.c
	tar -cJf other.tar.xz other
	expect 4 'other.tar.xz is not a kernel source' tarball other.tar.xz
	own_tree
	sed -i 's/^VERSION = .*/VERSION = 5/' tree/Makefile
	tar -cJf old.tar.xz tree
	expect 4 'old.tar.xz is Linux 5.1.[0-9]+, older than 6.1' tarball old.tar.xz
	[ ! -e out/src/stock ]
}

t_both_given()
{
	own_changes
	expect 2 'KERNEL_SRC= or KERNEL_TARBALL=, not both' env KERNEL_SRC=x \
		KERNEL_TARBALL=y "O=$T/out" "$STEPS/source"
}

t_package_missing()
{
	[ ! -e /usr/src/linux-source-6.1.tar.xz ] || skip 'the package is there'
	own_changes
	TREE='' expect 3 'install the package linux-source-6.1' carry steps/source
}

# --- apply again, interrupted, edited --------------------------------------------------

t_second_apply()
{
	own_changes
	carry apply
	times out/src >before
	carry apply
	times out/src | cmp - before
	# Other inputs, same result: still no kernel source gets a new time.
	echo '// a remark' >>c/mm/seq.cocci
	carry apply
	times out/src/interval >after
	grep -v '/spatch/' before | sed -n 's,^\./interval/,./,p' | cmp - after
}

t_only_changed_get_new_time()
{
	own_changes
	carry apply
	times out/src/interval >before
	echo '// more' >>c/virt/kvm/new.c
	sed -i '/Makefile.kvm.append/d' c/changes/01-stale
	rm c/virt/kvm/Makefile.kvm.append
	carry apply
	times out/src/interval >after
	[ "$({ diff before after || true; } | sed -n 's/^> \([^ ]*\) .*/\1/p' | tr '\n' ' ')" = \
		'./virt/kvm/Makefile.kvm ./virt/kvm/new.c ' ]
	cmp "$FIXTURE/virt/kvm/Makefile.kvm" out/src/interval/virt/kvm/Makefile.kvm
	[ -n "$(find out/src/interval/virt/kvm/Makefile.kvm -newer before)" ]
	sed -i '/new.c/d' c/changes/01-stale
	rm c/virt/kvm/new.c
	carry apply
	[ ! -e out/src/interval/virt/kvm/new.c ]
}

t_edited_by_hand()
{
	own_changes
	carry apply
	echo '/* try this */' >>out/src/interval/arch/x86/kvm/mmu/mmu.c
	expect 4 'interval/arch/x86/kvm/mmu/mmu.c was edited by hand' carry apply
	carry apply --force
	not grep 'try this' out/src/interval/arch/x86/kvm/mmu/mmu.c
}

t_interrupted()
{
	local signal delay pid

	own_changes
	carry apply
	cp -r out/src/interval want
	for signal in TERM KILL; do
		for delay in 0.2 0.4 0.7; do
			rm -rf out/src/interval* out/src/spatch
			carry apply >/dev/null 2>&1 &
			pid=$!
			sleep "$delay"
			kill "-$signal" "$pid" 2>/dev/null || true
			wait "$pid" || true
			carry apply >/dev/null
			diff -r want out/src/interval
		done
	done
	[ -z "$(find out/src -name '*.new*')" ]
}

t_interrupted_source()
{
	own_changes
	mkdir -p out/src/stock.new/tree/mm
	echo half >out/src/stock.new/tree/mm/mmu_notifier.c
	cp -r "$FIXTURE" out/src/stock	# its stamp was not written any more
	echo half >out/src/stock/mm/mmu_notifier.c
	tarball "$TARBALL"
	diff -r "$FIXTURE" out/src/stock
	[ ! -e out/src/stock.new ]
}

# Everything follows, and with times that make the kernel build anew.
t_another_source()
{
	own_changes
	carry apply
	touch before
	own_tree
	echo "/* newer */" >>tree/mm/mmu_notifier.c
	touch -d 2020-01-01 tree/mm/mmu_notifier.c
	carry apply
	grep newer out/src/interval/mm/mmu_notifier.c
	[ out/src/stock/mm/mmu_notifier.c -nt before ]
	[ out/src/interval/mm/mmu_notifier.c -nt before ]
	[ out/src/interval/virt/kvm/new.c -nt before ]
}

# The worst moment: some files are installed, some are not, the stamp is gone.
t_half_installed()
{
	own_changes
	carry apply
	cp -r out/src/interval want
	rm out/src/interval.stamp
	cp "$FIXTURE/mm/mmu_notifier.c" out/src/interval/mm/
	echo half >out/src/interval/arch/x86/kvm/mmu/mmu.c
	carry apply
	diff -r want out/src/interval
}

# --- patches -----------------------------------------------------------------------------

t_patches()
{
	own_changes
	expect 4 '01-stale has no Signed-off-by line, and git does not know who you are' \
		env SIGNOFF= GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null "O=$T/out" "CARRY_DIR=$T/c" "KERNEL_SRC=$FIXTURE" "$SCRIPTS/patches"
	CHECKPATCH=no carry patches
	cp -r out/patches first
	grep '^From: Some Author <author@example.org>' first/0002-*
	grep '^Signed-off-by: A Tester' first/0001-*
	sed '/^---$/,$d' first/0001-* | git interpret-trailers --parse >trailers
	grep '^Fixes: 0123456789ab' trailers
	grep '^Signed-off-by: A Tester' trailers
	printf '[user]\n\tname = X\n[diff]\n\tnoprefix = true\n[format]\n\tsignoff = true\n' >.gitconfig
	HOME=$T GIT_AUTHOR_NAME=Y CHECKPATCH=no carry patches
	diff -r first out/patches
	git init -q again
	cp -r "$FIXTURE/." again/
	git -C again add -A
	git -C again -c user.name=x -c user.email=x commit -qm x
	git -C again -c user.name=x -c user.email=x am -q "$T"/first/*.patch
	diff -r -x .git again out/src/interval
}

# --- the real changes -----------------------------------------------------------------

t_real_ledger()
{
	own_changes
	CARRY=$REPO carry apply --dry-run
}

t_real_patches()
{
	own_changes
	CARRY=$REPO CHECKPATCH=no carry patches
}

# For a rule of each folder: without its first added lines it is noticed, by name.
# The last one of a folder is taken, as then the cache helps with the others.
t_real_hook_deleted()
{
	local rule

	own_changes
	for rule in $(real_rules); do
		rm -rf c
		mkdir c
		(cd "$REPO" && cp -r arch changes include ledger mm virt "$T/c")
		delete_first_hook <"$REPO/$rule" >"c/$rule"
		expect 4 "apply: $rule: .*(expected .* found|spatch failed)" \
			carry apply --dry-run
	done
}

real_rules()
{
	local change

	for change in "$REPO"/changes/[0-9]*; do
		awk '$1 == "rule" { print $2 }' "$change"
	done | awk -F/ '{ last[$1] = $0 } END { for (d in last) print last[d] }'
}

delete_first_hook()
{
	awk '/^\+/ && !past { inside = 1; next } { past = past || inside; print }'
}

# The only test on the whole trees.
t_real_trees_differ_as_said()
{
	local i=$O/src/interval

	[ -f "$i.stamp" ] || skip "no $i: run scripts/apply"
	{ diff -rq --no-dereference "$STOCK" "$i" || true; } |
		sed -n "s|^Files $STOCK/\(.*\) and .*|\1|p; s|^Only in $i/\?\(.*\): |\1/|p" |
		sort | diff - "$i.files"
}

# --- run -------------------------------------------------------------------------

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
t_line_incomplete	lines of Linux: one to which only some changes are carried
t_line_folder	lines of Linux: each has its folder, and takes no other
t_upto	upto: only the first changes, and then all
t_overlay_exists	file: exists in the pristine tree
t_tree_already_changed	source: a tree already changed
t_stock_edited	source: edited after it was unpacked
t_wrong_version	source and apply: other versions of Linux
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
t_patches	patches: git am gives the same tree, same bytes each time
t_real_ledger	real changes: as in the ledger
t_real_patches	real changes: patches round trip
t_real_hook_deleted	real changes: a deleted hook is noticed by name
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
