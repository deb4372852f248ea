# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts share, in files by what it is about: messages, input (variables), children
# (processes, end of the script), output (the folder O), step (logs and progress), lines (the
# line of Linux).  Each says at its top what it gives.
#
# Usage, as the first lines of a script:
#	set -euo pipefail
#	. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
#
# It sets REPO, SCRIPTS, STEPS, O (absolute), V, LINE, LINUX and the exit statuses EX_*.

# Exit statuses, made from scripts/results/status.py by `scripts/verdict --statuses`.
# shellcheck disable=SC2034 # no script uses every one
{
# statuses: begin
readonly EX_OK=0	# passed
readonly EX_FAIL=1	# a test failed
readonly EX_USAGE=2	# bad input
readonly EX_SETUP=3	# packages or set-up missing
readonly EX_CARRIER=4	# source, rule or ledger
readonly EX_BUILD=5	# compile, or a config line that did not take
readonly EX_KERNEL=6	# panic, oops, WARN, lockdep, KASAN, hung task, lockup
readonly EX_TIMEOUT=7	# hang
readonly EX_INFRA=8	# QEMU did not start or died, no result, platform not there
readonly EX_EMULATOR=9	# the emulator broke the guest, not the kernel
readonly EX_DISK=10	# output folder full or not writable
readonly EX_INT=130	# interrupted
# statuses: end
}

export LC_ALL=C
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SCRIPTS=$REPO/scripts
STEPS=$SCRIPTS/steps
O=$(realpath -m -- "${O:-$REPO/build}")
# What the change, the configuration and the build of the tests are made for.
# shellcheck disable=SC2034 # not every script asks
readonly LINE=6.1
V=${V:-}
[ "$V" != 0 ] || V=
export REPO O V

readonly OUT_MARK=.kvm-interval	# in each output folder: it is one of ours

LIB_NAME=${0##*/}
LIB_CHILD=		# process group of the child that runs now
LIB_EXIT=()		# functions to call at exit
LIB_SCRATCH=		# folder to remove at exit
LIB_LINE=		# not empty: a progress line is on the terminal
LIB_TTY=
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	LIB_TTY=1
fi

# shellcheck source=scripts/lib/messages.sh
. "$SCRIPTS/lib/messages.sh"
# shellcheck source=scripts/lib/input.sh
. "$SCRIPTS/lib/input.sh"
# shellcheck source=scripts/lib/children.sh
. "$SCRIPTS/lib/children.sh"
# shellcheck source=scripts/lib/output.sh
. "$SCRIPTS/lib/output.sh"
# shellcheck source=scripts/lib/step.sh
. "$SCRIPTS/lib/step.sh"
# shellcheck source=scripts/lib/lines.sh
. "$SCRIPTS/lib/lines.sh"

# Asked for, it is no mistake.
case ${1:-} in
--help|-h)
	show_help
	exit "$EX_OK" ;;
esac
