# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Items of scripts/check, a function each that writes to its log and returns its status;
# sourced by it.

item_carrier()
{
	"$REPO/tests/carrier.sh"
}

# The package scripts/results, and what is made of its list of statuses.
item_results()
{
	cd "$REPO" && pyflakes3 scripts/results tests/results && results statuses --check &&
		PYTHONDONTWRITEBYTECODE=1 pytest-3 -q -p no:cacheprovider tests/results
}

# Names, links, goals and widths in documents.
item_docs()
{
	"$REPO/tests/docs.sh"
}

# The test that docs/adding-a-test.md shows in full compiles.
item_example()
{
	"$REPO/tests/example-test.sh"
}

item_verdict()
{
	"$REPO/tests/verdict.sh"
}

item_tries()
{
	"$REPO/tests/tries.sh"
}

item_export()
{
	"$REPO/tests/export.sh"
}

item_bisect_run()
{
	"$REPO/tests/bisect-run.sh"
}

item_inside()
{
	"$REPO/tests/inside.sh"
}

item_ci()
{
	"$REPO/tests/ci.sh"
}

# With an sshd where there is one (.ci/run installs it): not here, since Debian's package
# starts a service.
item_matrix()
{
	item_kernels && "$STEPS/packages" parallel openssh-client && "$REPO/tests/matrix.sh"
}

# The first line installs what the tests of pictures need, which item_results skips without.
item_compare()
{
	"$STEPS/packages" python3-matplotlib && cd "$REPO" &&
		PYTHONDONTWRITEBYTECODE=1 pytest-3 -q -p no:cacheprovider \
			tests/results/test_plots.py tests/results/test_page.py && tests/compare.sh
}

item_setup()
{
	"$REPO/tests/setup.sh"
}

# Both kernels are built here, so that what follows is about results only.
item_kernels()
{
	"$STEPS/kernel" stock && "$STEPS/kernel" interval &&
		"$STEPS/selftests" && "$STEPS/initramfs" && check_layout
}

# Packages are installed as for VMM=libvirt; where they are not to be had, it is a skip.
item_libvirt()
{
	if VMM=libvirt "$STEPS/packages"; then
		"$STEPS/kernel" stock && "$STEPS/selftests" && "$STEPS/initramfs" &&
			"$REPO/tests/libvirt.sh"
	else
		echo "ok 1 VMM=libvirt # SKIP libvirt's packages are not to be had here"
	fi
}

item_both_kernels()
{
	KERNEL=both TESTS=all TIME=2 NPT=1 KSELFTESTS="set_memory_region_test \
		demand_paging_test memslot_modification_stress_test \
		kvm_page_table_test hmm-tests" DEBUG='' "$SCRIPTS/run"
}

# The other lines of Linux, in output folders of their own.
item_lines()
{
	local line status=0

	for line in 6.12 7.3; do
		LINUX=$line KERNEL=both TESTS=all TIME=2 NPT=1 KSELFTESTS='' DEBUG='' \
			"$SCRIPTS/run" || status=$?
	done
	return "$status"
}

item_bochs()
{
	"$REPO/tests/bochs.sh"
}

# with_bochs COMMAND...: a skip where the source of the emulator is not to be had.
with_bochs()
{
	local status=0

	"$STEPS/bochs" || status=$?
	if [ "$status" -eq "$EX_SETUP" ]; then
		echo "ok 1 ACCEL=bochs # SKIP Bochs or its source is not to be had here"
		return
	fi
	[ "$status" -eq 0 ] || return "$status"
	"$@"
}

# A short one, on a CPU with VMX.
item_intel()
{
	with_bochs run_intel
}

run_intel()
{
	ACCEL=bochs KERNEL=both TESTS="munmap pfncache kunit" TIME=1 NPT=1 KSELFTESTS='' DEBUG='' \
		CPUS='' MEM='' VMM='' "$SCRIPTS/run" || status=$?
	# What only Intel shows, with and without.
	ACCEL=bochs CPUS='' MEM='' VMM='' "$SCRIPTS/mutations" || status=$?
	return "$status"
}

# Two boots of a benchmark with two CPUs are the same, to the instruction.
item_exact()
{
	"$STEPS/kernel" stock && "$STEPS/selftests" && "$STEPS/initramfs" &&
		with_bochs "$REPO/tests/exact.sh"
}

# As above; and so that machine is run with all tests, too.
item_shadow_paging()
{
	MACHINE=single ACCEL=tcg KERNEL=interval TESTS=all TIME=2 KSELFTESTS='' \
		NPT=0 DEBUG='' "$SCRIPTS/run"
}

# Beside others a machine that keeps one core busy is the quicker one.
item_mutations()
{
	MACHINE=single ACCEL=tcg "$SCRIPTS/mutations"
}
