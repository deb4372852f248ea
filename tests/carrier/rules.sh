# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2317,SC2034 # tests are called by their names, carry reads TREE
#
# Rules, ledger, changes and lines of Linux; sourced by tests/carrier.sh

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
	local one_site='expected 1 site \(-1 \+1\)'

	own_tree
	sed -i 's/is_page_fault_stale(/is_page_fault_old(/' tree/arch/x86/kvm/mmu/paging_tmpl.h
	own_changes
	expect 4 "stale.cocci: .*paging_tmpl.h: page_fault: $one_site, found none" carry apply
	[ ! -e out/src/interval ]
}

t_match_too_often()
{
	local file=arch/x86/kvm/mmu/mmu.c

	own_tree
	echo 'int extra(void) { return is_page_fault_stale(a, b); }' >>"tree/$file"
	own_changes
	expect 4 "stale.cocci: $file: extra: found 1 site \(-1 \+1\), not in ledger/6.1" carry apply
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
	sed -i '/^file /d' c/changes/01-stale
	printf 'file %s virt/kvm/x.c %s\n' virt/kvm/new.c @6.1 virt/kvm/newer.c '@6.12 @7.3' \
		>>c/changes/01-stale
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

t_line_without_part()
{
	own_changes
	sed -i '/^---$/,$s/^\(rule\|file\|append\) [^#]*/&@6.12 /' c/changes/01-stale
	sed -i 's/^comment .*/& @6.1/' c/changes/02-seq
	touch c/ledger/6.12
	sed -i '/stale.cocci/d' c/ledger/6.1
	CHECKPATCH=no carry patches
	[ "$(find out/patches -type f | wc -l)" -eq 1 ]
	grep '^Subject: \[PATCH 1/1\] mm: rename' out/patches/0001-*
	[ ! -e out/src/interval/virt/kvm/new.c ]
}

# A version without a ledger is tried with the rules of the nearest line that has one.
t_line_between()
{
	own_changes
	other_line
	cp c/ledger/6.12 c/ledger/7.3
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 18/' tree/Makefile
	sed -i 's/^comment .*/& @7.3/' c/changes/02-seq
	carry apply >said
	grep 'Linux 6.18.[0-9]* has no ledger: the rules of 7.3 are tried' said
	grep 'Make inv_seq even' out/src/interval/mm/mmu_notifier.c

	sed -i 's/^static int direct_page_fault(/static int direct_fault(/' \
		tree/arch/x86/kvm/mmu/mmu.c
	expect 4 'stale.cocci: arch/x86/kvm/mmu/mmu.c: direct_fault: found .* not in ledger/7.3' \
		carry apply
	grep 'look at these places in Linux 6.18' stderr
	carry apply --update-ledger
	grep direct_fault c/ledger/6.18
	carry apply >said
	not grep 'has no ledger' said
	grep is_fault_stale out/src/interval/arch/x86/kvm/mmu/mmu.c
}

t_line_incomplete()
{
	own_changes
	other_line
	echo '6.12 01' >c/changes/lines
	grep stale.cocci c/ledger/6.1 >c/ledger/6.12
	expect 4 'only the changes up to 01 are carried to Linux 6.12.[0-9]+ yet: UPTO=01' \
		carry apply
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
