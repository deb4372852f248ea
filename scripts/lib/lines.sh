# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# LINUX, the line of Linux that is fetched, changed and built.  Each line but the default
# has an output folder of its own below $O, so that sources and kernels do not overwrite
# those of another line.  The default is the newest line whose source package this machine's
# own release of Debian has.

# To which the change is carried.
# shellcheck disable=SC2034 # for steps/kernel
readonly ALL_LINES="6.1 6.12 7.3"
# shellcheck disable=SC2034 # for steps/source
LINUX_ASKED=${LINUX:-}
DEFAULT_LINE=$LINE
if grep -qs '^VERSION_CODENAME=trixie' "${OS_RELEASE:-/etc/os-release}"; then
	DEFAULT_LINE=6.12
fi
LINUX=${LINUX:-$DEFAULT_LINE}

# line_suite LINE: the suite of Debian that has its source package.
line_suite()
{
	case $1 in
	6.1)	echo bookworm ;;
	6.12)	echo trixie ;;
	7.3)	echo trixie-backports ;;
	esac
}

# shellcheck disable=SC2086 # words
choice LINUX $ALL_LINES
case $O in
*/linux-"$LINUX") ;;
*)	[ "$LINUX" = "$DEFAULT_LINE" ] || O=$O/linux-$LINUX ;;
esac
export O
