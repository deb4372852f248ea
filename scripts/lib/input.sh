# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Checks and defaults of variables; sourced by common.sh.
#	choice VAR VALUE...        VAR must be one of these, else usage error
#	number VAR MIN MAX         VAR must be such a number, else usage error
#	check_machine              MACHINE= must be known and fit ACCEL=
#	default_kernel             prints KERNEL=, or what is meant where it is not given
#	default_of VAR VALUE       prints $VAR, or what ACCEL= has for it, or else VALUE
#	most_cpus                  prints the most that CPUS= may be there
#	debug_suffix               prints what DEBUG= adds to the name of a kernel
#	tree_version FOLDER        prints `6.1.192`, or fails if that is not Linux
#	kernel_line VERSION        prints `6.1`
#	nearest_line LINE OTHER... prints that of the others which is nearest

choice()
{
	local var=$1 value
	shift

	for value in "$@"; do
		[ "${!var:-}" != "$value" ] || return 0
	done
	usage_error "$var=${!var:-} is not known; it can be: $*"
}

number()
{
	local value=${!1:-}

	case $value in
	''|*[!0-9]*|0?*|???????????*)
		usage_error "$1=$value is not a number from $2 to $3" ;;
	esac
	if [ "$value" -lt "$2" ] || [ "$value" -gt "$3" ]; then
		usage_error "$1=$value is not a number from $2 to $3"
	fi
}

# MACHINE=, another machine than the usual one, is for ACCEL=tcg only, and implies it.
check_machine()
{
	choice MACHINE '' single
	case ${MACHINE:+$ACCEL} in
	auto)	ACCEL=tcg ;;
	kvm)	usage_error "MACHINE=$MACHINE is for ACCEL=tcg, not for ACCEL=$ACCEL" ;;
	esac
}

# Who brings a kernel wants that one tested, as it is.
default_kernel()
{
	if [ -n "${HOST:-}" ]; then
		[ -z "${KERNEL:-}${BZIMAGE:-}${KERNEL_SRC:-}${KERNEL_TARBALL:-}" ] ||
			usage_error "HOST= is this machine's own kernel: leave out KERNEL=," \
				"BZIMAGE=, KERNEL_SRC= and KERNEL_TARBALL="
		echo host
	elif [ -n "${BZIMAGE:-}" ]; then
		[ "${KERNEL:-image}" = image ] ||
			usage_error "KERNEL=$KERNEL is built here, BZIMAGE= is ready:" \
				"give one of them"
		echo image
	elif [ -z "${KERNEL:-}" ] && [ -n "${KERNEL_SRC:-}${KERNEL_TARBALL:-}" ]; then
		echo stock
	else
		echo "${KERNEL:-interval}"
	fi
}

# An emulated machine that is slow, or has little memory, has defaults of its own.
default_of()
{
	local value=${!1:-}

	[ -n "$value" ] || [ "${ACCEL:-}" != bochs ] ||
		value=$(awk -v var="$1" '
			$1 == "default" && $2 == var { sub(/^default +[^ ]+ +/, ""); print }' \
			"$REPO/configs/machine-bochs")
	printf '%s\n' "${value:-$2}"
}

# The most that CPUS= may be.  CPUs of Bochs take turns, whatever this machine has.
most_cpus()
{
	case "${ACCEL:-} ${PLATFORM:-}" in
	*bochs*) echo 16 ;;
	*)	echo 8 ;;
	esac
}

# Without its `-` it is the name of a fragment in configs/.
debug_suffix()
{
	case ${DEBUG:-} in
	1)	echo -debug ;;
	sleep)	echo -debug-sleep ;;
	info)	echo -debug-info ;;
	esac
}

# Prints 6.1.192, or fails if this is not Linux.
tree_version()
{
	[ -f "$1/Kconfig" ] && [ -d "$1/kernel" ] && awk '
		$1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL)$/ && $2 == "=" { v[$1] = $3 }
		END {
			if (v["VERSION"] == "" || v["PATCHLEVEL"] == "")
				exit 1
			print v["VERSION"] "." v["PATCHLEVEL"] "." v["SUBLEVEL"] + 0
		}' "$1/Makefile" 2>/dev/null
}

# 6.1.192 -> 6.1, the name of the ledger.
kernel_line()
{
	cut -d. -f1,2 <<<"$1"
}

# nearest_line LINE OTHER...: which of the others has the fewest releases in between, the newer
# one of two; nothing if there are no others.  After 19 comes the next major number.
nearest_line()
{
	printf '%s\n' "$@" | awk -F. '
		NF != 2 { next }
		NR == 1 { wanted = 20 * $1 + $2; next }
		{
			far = wanted - (20 * $1 + $2)
			far = far < 0 ? -far : far
			if (best == "" || far < least || far == least && 20 * $1 + $2 > newest) {
				best = $0
				least = far
				newest = 20 * $1 + $2
			}
		}
		END { if (best != "") print best }'
}
