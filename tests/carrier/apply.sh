# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2317,SC2034 # tests are called by their names, carry reads TREE
#
# Apply again, patches and the real changes; sourced by tests/carrier.sh

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

# While rules of the real changes are applied, for which spatch needs many seconds.
t_ctrl_c()
{
	local pid status=0

	mkdir out
	: >"out/$OUT_MARK"
	set -m
	# Whoever started us in the background has made all of us ignore SIGINT.
	env --default-signal=INT O="$T/out" CARRY_DIR="$REPO" KERNEL_SRC="$FIXTURE" \
		"$SCRIPTS/apply" &
	pid=$!
	set +m
	until pgrep -f "^spatch .*$T/out/"; do
		kill -0 "$pid"
		sleep 0.1
	done
	kill -INT -- "-$pid"
	wait "$pid" || status=$?
	[ "$status" -eq "$EX_INT" ]
	not pgrep -af "spatch .*$T/out/"
	flock -n out/.lock true
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
		env SIGNOFF= GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null "O=$T/out" \
		"CARRY_DIR=$T/c" "KERNEL_SRC=$FIXTURE" "$SCRIPTS/patches"
	CHECKPATCH=no carry patches
	cp -r out/patches first
	grep '^From: Some Author <author@example.org>' first/0002-*
	grep '^Signed-off-by: A Tester' first/0001-*
	sed '/^---$/,$d' first/0001-* | git interpret-trailers --parse >trailers
	grep '^Fixes: 0123456789ab' trailers
	grep '^Signed-off-by: A Tester' trailers
	printf '[%s]\n\t%s\n' user 'name = X' diff 'noprefix = true' format 'signoff = true' \
		>.gitconfig
	HOME=$T GIT_AUTHOR_NAME=Y CHECKPATCH=no carry patches
	diff -r first out/patches
	git init -q again
	cp -r "$FIXTURE/." again/
	git -C again add -A
	git -C again -c user.name=x -c user.email=x commit -qm x
	git -C again -c user.name=x -c user.email=x am -q "$T"/first/*.patch
	diff -r -x .git again out/src/interval
}

t_patches_posted()
{
	own_changes
	sed -i 's/^In code and comments\.$/&\n\nPosted: no/' c/changes/02-seq
	printf 'KVM: a letter\n\nWhat it is about.\n' >c/changes/cover
	CHECKPATCH=no carry patches >said
	grep '1 patches in .* with changes/02-seq, which is not posted' said
	[ "$(find out/patches -type f | wc -l)" -eq 1 ]
	grep 'Make inv_seq even' out/src/interval/mm/mmu_notifier.c
	CHECKPATCH=no COVER=1 UNPOSTED=1 carry patches
	[ "$(find out/patches -type f | wc -l)" -eq 3 ]
	grep '^Subject: \[PATCH 0/2\] KVM: a letter' out/patches/0000-*
	grep '^What it is about' out/patches/0000-*
	grep '^Subject: \[PATCH 2/2\] mm: rename' out/patches/0002-*
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

# For a rule of each folder: a lack of its first added lines is reported, by name.
# The last one of a folder is taken, as then the cache helps with the others.
t_real_hook_deleted()
{
	local rule

	own_changes
	for rule in $(real_rules); do
		rm -rf c
		mkdir c
		(cd "$REPO" && cp -r Documentation arch changes include ledger mm virt "$T/c")
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
