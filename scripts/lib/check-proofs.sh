# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Items of scripts/check that build something of their own, and item `kernels` uses one of
# them; sourced by it.

# in_tree FOLDER: the commands of docs/adding-a-test.md in that kernel tree.  None
# of its files may be overwritten, our files may give no warning, and the tree's
# own makefiles must know our tests.
in_tree()
{
	local tree=$1 kvm=$1/tools/testing/selftests/kvm commands name known bad=0

	for name in $(our_files | grep '^tools/'); do
		[ ! -e "$tree/$name" ] || { echo "overwritten: $tree/$name"; bad=1; }
	done
	commands=$(sed -n '/^## Inside a kernel tree/,/^## /s/^    //p' \
		"$REPO/docs/adding-a-test.md")
	(
		# shellcheck disable=SC2317 # the commands call it
		make() { kmake -j"$(nproc)" "$@"; }
		cd "$REPO" && eval "${commands//LINUX/$tree}"
	) >"$tree.log" 2>&1 || echo "not all of the tree's own tests could be built"
	! said_of_ours "$tree.log" || bad=1
	for name in $("$STEPS/selftests" --list) $("$STEPS/selftests" --benches); do
		[ -x "$kvm/$name" ] || { echo "not built: $name"; bad=1; }
	done
	known=$(kmake -s -C "$kvm" COLLECTION=kvm emit_tests)
	for name in $("$STEPS/selftests" --list); do
		grep -qxF "kvm:$name" <<<"$known" && continue
		echo "not run by the tree's run_tests: $name"
		bad=1
	done
	[ "$bad" -eq 0 ] || tail -n 20 "$tree.log"
	return "$bad"
}

# in_tree_case VERSION COMMAND...: COMMAND makes the tree, its last word.
in_tree_case()
{
	local version=$1
	shift

	need_space 2500 "a kernel tree to build in"
	if "$@" && in_tree "${*: -1}"; then
		echo "ok the suite builds inside Linux $version"
	else
		echo "not ok the suite builds inside Linux $version"
		return 1
	fi
}

unpack_into()
{
	mkdir "$2" && tar -xf "$1" -C "$2" --strip-components=1
}

item_in_tree()
{
	local dir status=0 newer=linux-source-6.12

	out_init
	dir=$(scratch)
	in_tree_case 6.1 cp -a --reflink=auto "$O/src/stock" "$dir/6.1" || status=1
	rm -rf -- "$dir/6.1"
	if "$STEPS/packages" "$newer"; then
		in_tree_case 6.12 unpack_into "/usr/src/$newer.tar.xz" "$dir/6.12" || status=1
	else
		echo "ok the suite builds inside Linux 6.12 # SKIP no package $newer here"
	fi
	return "$status"
}

# text_address FOLDER: where one of KVM's functions is
text_address()
{
	sed -n 's/^\([0-9a-f]*\) [tT] kvm_arch_vcpu_ioctl_run$/0x\1/p' "$1/System.map"
}

# Does KERNEL_LAYOUT= move the code, and leave the kernel itself as it was?
check_layout()
{
	local from=$O/kernel/interval before moved

	before=$(sha256sum "$from/bzImage")
	rm -rf -- "$from-layout21"
	KERNEL_LAYOUT=21 "$STEPS/kernel" interval || return
	moved=$(($(text_address "$from-layout21") - $(text_address "$from")))
	if [ "$moved" -eq $((21 * 64)) ] && [ "$before" = "$(sha256sum "$from/bzImage")" ]; then
		echo "ok 1 KERNEL_LAYOUT=21 moves the code by $moved bytes"
	else
		echo "not ok 1 KERNEL_LAYOUT=21 moves the code by $moved bytes"
		return "$EX_FAIL"
	fi
}

# The unit tests of mm/mmu_notifier.c pass, and those that are for one of the two
# fixes fail without it, and no others.  With DEBUG=sleep, as the second cannot
# be tested otherwise.
item_kunit_proof()
{
	local status=0

	kunit_proof '' '' || status=1
	kunit_proof 01 refused_by_hlist_ || status=1
	kunit_proof 02 nonblock_ || status=1
	return "$status"
}

# kunit_proof WITHOUT PREFIX: cases whose name begins with PREFIX fail.
kunit_proof()
{
	local without=$1 prefix=$2 title run status=0 wrong
	local proof=$O/proof ccache=${CCACHE_DIR:-$O/ccache}

	title="all changes: every case passes"
	[ -z "$without" ] || title="without change $without: $prefix* fails, and nothing else"
	O=$proof CCACHE_DIR=$ccache WITHOUT=$without DEBUG=sleep KERNEL=interval \
		TESTS=kunit_test KSELFTESTS='' NPT=1 \
		"$SCRIPTS/run" >"$O/log/kunit-proof-${without:-all}.log" 2>&1 || status=$?
	run=$(realpath "$proof/runs/latest")
	wrong=$(results surprises "$run" "$prefix")
	if [ -z "$wrong" ] && [ "$status" -eq $((${#without} ? EX_FAIL : EX_OK)) ]; then
		say "ok $title"
	else
		say "not ok $title (status $status, $run)"
		say "$wrong"
		return 1
	fi
}

# make compare finds nothing between stock and stock, and a fault path that is 5 %
# slower: 64 turns of a loop of two instructions, in 2,569.
item_compare_proof()
{
	local status=0 slow=$O/slow file=arch/x86/kvm/mmu/mmu.c loop

	loop='\tfor (int i = 0; i < 64; i++)\n\t\tbarrier();'

	[ -d "$slow" ] || {
		need_space 3500 "a kernel that is slower"
		rm -rf -- "$slow.new" &&
			cp -a --reflink=auto "$O/src/stock" "$slow.new" &&
			mv -- "$slow.new" "$slow"
	}
	sed "/^int kvm_tdp_page_fault(/,/^{/s/^{/&\n$loop/" \
		"$O/src/stock/$file" | put_if_changed "$slow/$file"
	! cmp -s "$O/src/stock/$file" "$slow/$file" || { echo "$file: not slower"; return 1; }
	compare_proof stock 0 '^same	instructions/fault	' || status=1
	compare_proof "$slow" 1 '^worse	instructions/fault	' || status=1
	return "$status"
}

# compare_proof B STATUS LINE: of stock with B
compare_proof()
{
	local status=0 log

	log=$O/log/compare-proof-${1##*/}.log
	A=stock B=$1 ROUNDS=1 BENCHES=icount NPT=1 SEED=1 "$SCRIPTS/compare" >"$log" 2>&1 ||
		status=$?
	if [ "$status" -eq "$2" ] && grep -q "$3" "$O/compare/latest/table" &&
	   { [ "$2" -ne 0 ] || ! grep -qE '^(worse|better)' "$O/compare/latest/table"; }; then
		say "ok stock against ${1##*/}"
	else
		say "not ok stock against ${1##*/} (status $status), log: $log"
		tail -n 15 "$log"
		return 1
	fi
}

item_historical()
{
	"$SCRIPTS/historical"
}

item_other_arch()
{
	local arch status=0

	for arch in arm64 riscv64 s390x ppc64le; do
		"$STEPS/other-arch" "$arch" || { status=$?; say "not ok $arch"; continue; }
		say "ok $arch"
	done
	return "$status"
}

item_modular()
{
	"$SCRIPTS/apply" && "$STEPS/selftests" && "$STEPS/other-builds" modular
}

item_rt()
{
	"$SCRIPTS/apply" && "$STEPS/other-builds" rt
}

# Litmus tests, by the memory model of the kernel's own source.  herd7 is fetched; where it is
# not to be had, it is a skip.
item_memory_model()
{
	local status=0 log=$O/log/herd-there.log

	"$STEPS/herd" >"$log" 2>&1 || status=$?
	cat "$log"
	if [ "$status" -eq "$EX_SETUP" ]; then
		echo "ok 1 memory-model # SKIP $(tail -n 1 "$log")"
		return
	fi
	[ "$status" -eq 0 ] || return "$status"
	"$REPO/tests/memory-model.sh"
}

# Models of the protocol, in all interleavings.
item_protocol()
{
	"$REPO/tests/protocol.sh"
}
