# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2317,SC2034 # tests are called by their names, carry reads TREE
#
# The source; sourced by tests/carrier.sh

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
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 4/; s/^VERSION = .*/VERSION = 5/' tree/Makefile
	expect 4 'tree is Linux 5.4.[0-9]+, older than 6.1' carry steps/source
}

# What the tests are built with is of one line, whatever the kernel is.
t_framework()
{
	own_changes
	FRAMEWORK_TARBALL=$TARBALL carry steps/source --framework
	# No test is built with what a kernel's documentation says.
	diff -r -x Documentation "$FIXTURE" out/src/framework
	[ ! -e out/src/framework/Documentation ]
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
	echo x | tee tree/.git/HEAD tree/mm/x.o tree/.config tree/include/generated/a.h \
		>tree/vmlinux
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
