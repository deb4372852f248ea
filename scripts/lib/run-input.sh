# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Variables of a run and what they may be; sourced by scripts/run and the steps that do a
# part of it: prepare, cell, test-names.
#	check_input	checks all of them; TESTS and KSELFTESTS are in full then, and
#			KERNELS are the kernels

# shellcheck disable=SC2034 # for who sources it
{
BZIMAGE=${BZIMAGE:-}
HOST=${HOST:-}
[ "$HOST" != 0 ] || HOST=
ASKED=${KERNEL:-}	# before there is a default
KERNEL=$(default_kernel)
TESTS=$(default_of TESTS all)
KSELFTESTS=${KSELFTESTS:-}
BASELINE=${BASELINE:-}
TIME=$(default_of TIME 6)
NPT=${NPT:-1}
CPUS=$(default_of CPUS 2)
MEM=$(default_of MEM 4096)
ACCEL=${ACCEL:-auto}
VMM=${VMM:-qemu}
DEBUG=${DEBUG:-}
[ "$DEBUG" != 0 ] || DEBUG=
SEED=${SEED:-$((RANDOM << 15 | RANDOM))}
ARGS=${ARGS:-}
TRACE=${TRACE:-}
MACHINE=${MACHINE:-}
INTO=			# the folder of steps/cell
PREPARE=		# ... of steps/prepare
}
export KERNEL TIME NPT CPUS MEM ACCEL VMM DEBUG SEED

# known WHAT NAMES LIST: each of NAMES must be in LIST, as it is or with _test
# behind it; prints what is there, `all` is all.
known()
{
	local what=$1 names=$2 list=$3 name words found=()

	if [ "$names" = all ]; then
		printf '%s' "$list"
		return
	fi
	# Not `for name in $names`: a * would become the names of files.
	read -ra words <<<"$names"
	for name in ${words[@]+"${words[@]}"}; do
		case " $list " in
		*" $name "*) found+=("$name") ;;
		*" ${name}_test "*) found+=("${name}_test") ;;
		*) usage_error "$what: no test has the name $name$(nearest "$name" "$list")" ;;
		esac
	done
	printf '%s' "${found[*]}"
}

# A ready kernel is neither built nor changed.
check_image()
{
	[ -n "$BZIMAGE" ] || usage_error "KERNEL=image is what BZIMAGE= runs: give that"
	[ -z "$DEBUG" ] || usage_error "DEBUG=$DEBUG is for a kernel that is built here," \
		"BZIMAGE= is ready"
	child "$STEPS/image" --check "$BZIMAGE" || exit
}

# No machine is made, so it can't be another one.
check_host()
{
	local var

	[ -n "$HOST" ] || usage_error "KERNEL=host is what HOST=1 runs: give that"
	for var in DEBUG TRACE QEMU MACHINE PREPARE INTO; do
		[ -z "${!var:-}" ] || usage_error "$var=${!var} is for a nested host," \
			"HOST=$HOST is this machine"
	done
	[ "$NPT$VMM" = 1qemu ] || usage_error "NPT= and VMM= are for a nested host," \
		"HOST=$HOST is this machine"
	# Not as a child, which has no terminal to read from.
	HOST=$HOST "$STEPS/host" --ask || exit
}

# Nothing of QEMU is there.
check_bochs()
{
	local var

	for var in TRACE QEMU MACHINE PREPARE; do
		[ -z "${!var:-}" ] || usage_error "$var=${!var} is for QEMU, ACCEL=bochs has none"
	done
	[ "$VMM" = qemu ] || usage_error "VMM=$VMM is for QEMU, ACCEL=bochs has none"
	[ "$MEM" -le 2048 ] || usage_error "MEM=$MEM: with ACCEL=bochs it is at most 2048"
}

check_kselftests()
{
	local names

	[ -n "$KSELFTESTS" ] || return 0
	names=$("$STEPS/kselftests" --list | tr '\n' ' ')
	KSELFTESTS=$(known KSELFTESTS "$KSELFTESTS" "${names% }")
}

# A source that was given is looked at now, and not when packages have been installed for it.
check_sources()
{
	local var

	if [ -n "${KERNEL_SRC:-}" ]; then
		[ -d "$KERNEL_SRC" ] || usage_error "KERNEL_SRC=$KERNEL_SRC is no folder"
		# Of a commit that is bisected: a status that git bisect run skips.
		tree_version "$KERNEL_SRC" >/dev/null || die "$EX_CARRIER" \
			"KERNEL_SRC=$KERNEL_SRC is not the top folder of a Linux source"
	fi
	for var in KERNEL_TARBALL FRAMEWORK_TARBALL BOCHS_TARBALL; do
		[ -z "${!var:-}" ] || { [ -f "${!var}" ] && [ -r "${!var}" ]; } ||
			usage_error "$var=${!var} is no file that can be read"
	done
}

check_input()
{
	local ours

	choice KERNEL interval stock both image host
	[ "$KERNEL" != image ] || check_image
	choice NPT 0 1
	choice ACCEL auto tcg kvm bochs
	choice VMM qemu libvirt
	check_machine
	choice DEBUG '' 1 sleep info
	number TIME 1 86400
	number CPUS 1 "$(most_cpus)"
	number MEM 512 1048576
	number SEED 0 4294967295
	[ "$ACCEL" != bochs ] || check_bochs
	case $ARGS in
	*[!A-Za-z0-9\ ,./=_-]*)
		usage_error "ARGS=$ARGS: only letters, digits, blanks and ,./=_-" ;;
	esac
	[ -z "${QEMU:-}" ] || command -v "$QEMU" >/dev/null ||
		die "$EX_SETUP" "QEMU=$QEMU is not there: give its path, or leave it out"
	ours=$("$STEPS/selftests" --list | tr '\n' ' ')
	[ "$TESTS" != none ] || TESTS=
	TESTS=$(known TESTS "$TESTS" "${ours% }")
	# With a folder this is told now, else when the source is unpacked.
	[ ! -d "${KERNEL_SRC:-}/tools/testing/selftests/kvm" ] || check_kselftests
	[ -z "$BASELINE" ] || [ "$BASELINE" = none ] ||
		{ [ -f "$BASELINE" ] && [ -r "$BASELINE" ]; } ||
		usage_error "BASELINE=$BASELINE is no file that can be read;" \
			"scripts/baseline makes one of a run"
	check_sources
	[ -n "$TESTS$KSELFTESTS$PREPARE" ] ||
		usage_error "TESTS=none and no KSELFTESTS=: nothing to run"
	[ "$KERNEL" != host ] || check_host
	KERNELS=$KERNEL
	[ "$KERNEL" != both ] || KERNELS="stock interval"
}

# The kernel's own source has names to offer when it is there.
have_source()
{
	child "$STEPS/packages"
	out_init
	lock_out
	child "$STEPS/source"
	check_kselftests
}
