# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts share: exit classes, messages, progress, child processes that
# never outlive us, the lock on the output folder, scratch files.
#
# Usage, as the first lines of a script:
#	set -euo pipefail
#	. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
#
# It sets REPO, SCRIPTS, STEPS, O (absolute), V and LINE, and gives:
#	die CLASS MESSAGE...       one line on stderr, then exit with that class
#	say / warn / detail        stdout; stderr; stdout with V=1 only
#	usage_error MESSAGE...     die 2, and names `--help`
#	out_init                   makes $O, checks that it can be written and has room
#	lock_out                   one run at a time in $O; says who holds it and waits
#	step NAME TITLE CMD...     runs CMD with its output in $O/log/NAME.log and shows
#	                           progress; returns the status of CMD
#	step_die CLASS NAME MSG    after a failed step: the telling line, the log, exit
#	child CMD...               runs CMD (a script with its own display), killable
#	on_exit FUNCTION           called once at exit, also after Ctrl-C
#	scratch                    prints the name of a new folder, removed at exit
#	put_if_changed FILE        stdin to FILE, untouched (mtime too) when equal
#	nearest WORD NAMES         what may have been meant, for a message
#	choice VAR VALUE...        VAR must be one of these, else usage error
#	number VAR MIN MAX         VAR must be such a number, else usage error
#	run_folder KERNEL          makes a new $O/runs/... of it; sets RUN
#	run_is_latest              RUN is now $O/runs/latest
#	need_command NAME PACKAGE  installs Debian's package if the command is not there
#	columns                    aligns tab separated lines from stdin
#	tree_version FOLDER        prints `6.1.192`, or fails if that is not Linux
#	kernel_line VERSION        prints `6.1`
#	took SECONDS               prints `3 s` or `2 min 05 s`
#	default_kernel             prints KERNEL=, or what is meant where it is not given
#	default_of VAR VALUE       prints $VAR, or what ACCEL= has for it, or else VALUE
#	most_cpus                  prints the most that CPUS= may be there
#	kmake ARGUMENT...          make for kbuild, free of our own variables
#	debug_suffix               what DEBUG= adds to the name of a kernel
#	results COMMAND ...        what scripts/results/cli.py has: verdicts, tables, files of runs
#	says_nothing RUN CLASS     this boot is no evidence about its kernel: try again
#	was_repeated RUN           ... and was tried again

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

# --- messages ---------------------------------------------------------------

lib_clear_line()
{
	[ -z "$LIB_LINE" ] || printf '\r\033[K'
	LIB_LINE=
}

say()
{
	lib_clear_line
	printf '%s\n' "$*"
}

warn()
{
	lib_clear_line
	printf '%s: %s\n' "$LIB_NAME" "$*" >&2
}

detail()
{
	[ -z "$V" ] || say "$@"
}

die()
{
	local class=$1
	shift

	warn "$@"
	exit "$class"
}

usage_error()
{
	die "$EX_USAGE" "$* (see \`make help\`)"
}

# The header comment of a script is its help: from line 3 to the first line
# which is not a comment.
show_help()
{
	sed -n '3,/^[^#]/{ /^#/!d; /^# *shellcheck /d; s/^# \{0,1\}//p; }' "$0" | sed '1{/^$/d}'
}

took()
{
	if [ "$1" -lt 100 ]; then
		printf '%d s' "$1"
	else
		printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
	fi
}

# results COMMAND ARGUMENT...: the Python package that alone knows the files of a run.  It is
# run by its path, without anybody's settings or packages of Python, and leaves no cache.
results()
{
	command -v python3 >/dev/null ||
		die "$EX_SETUP" "no python3 here, which reads the results: install the package python3"
	python3 -I -S -B "$SCRIPTS/results" "$@"
}

columns()
{
	results columns
}

# nearest WORD NAMES: `; did you mean X?`, or what there is if nothing is like it
nearest()
{
	results nearest "$1" "$2"
}

choice()
{
	local var=$1 value
	shift

	for value in "$@"; do
		[ "${!var:-}" != "$value" ] || return 0
	done
	usage_error "$var=${!var:-} is not known; it can be: $*"
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

# Without its `-` it is the name of a fragment in configs/.
debug_suffix()
{
	case ${DEBUG:-} in
	1)	echo -debug ;;
	sleep)	echo -debug-sleep ;;
	info)	echo -debug-info ;;
	esac
}

says_nothing()
{
	results says-nothing "$@"
}

was_repeated()
{
	grep -qs '^repeated ' "$1/meta"
}

# --- end of the script, signals, children --------------------------------------

on_exit()
{
	LIB_EXIT+=("$1")
}

# Ask the process group to end, then make it end.  Our children are in groups of
# their own, so that nobody else is ever hit.
lib_end_child()
{
	local pid=$LIB_CHILD tries

	LIB_CHILD=
	[ -n "$pid" ] || return 0
	kill -TERM -- "-$pid" 2>/dev/null || return 0
	for tries in {1..50}; do
		kill -0 -- "-$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	detail "child $pid did not end in $((tries / 10)) s: killed"
	kill -KILL -- "-$pid" 2>/dev/null || true
}

lib_at_exit()
{
	local status=$? f

	trap '' INT TERM HUP
	lib_end_child
	for f in ${LIB_EXIT[@]+"${LIB_EXIT[@]}"}; do
		"$f" "$status" || true
	done
	[ -z "$LIB_SCRATCH" ] || rm -rf -- "$LIB_SCRATCH"
	lib_clear_line
	exit "$status"
}

lib_interrupted()
{
	LIB_SIGNAL=${LIB_NAPPING:-}
	[ -z "$LIB_SIGNAL" ] || return 0
	trap '' INT TERM HUP
	lib_clear_line
	# Only the outermost script speaks.
	[ -n "${LIB_NESTED:-}" ] || warn "interrupted"
	exit "$EX_INT"
}

trap lib_at_exit EXIT
trap lib_interrupted INT TERM HUP

# Start "$@" in a process group of its own; sets LIB_CHILD.
lib_start()
{
	set -m
	"$@" &
	LIB_CHILD=$!
	set +m
}

lib_reap()
{
	local pid=$LIB_CHILD status=0

	wait "$pid" || status=$?
	LIB_CHILD=
	return "$status"
}

child()
{
	lib_clear_line
	lib_start setpriv --pdeathsig TERM env LIB_NESTED=1 "$@"
	lib_reap
}

scratch()
{
	# A subshell must not be the one that remembers it.
	if [ -z "$LIB_SCRATCH" ]; then
		die "$EX_USAGE" "scratch before out_init"
	fi
	mktemp -d "$LIB_SCRATCH/XXXXXX"
}

# --- the output folder ------------------------------------------------------------

free_mib()
{
	df --output=avail -BM -- "$1" 2>/dev/null | tr -dc '0-9\n' | tail -n 1
}

# need_space MIB WHAT: class 10 now rather than a strange error in ten minutes.
need_space()
{
	local free

	free=$(free_mib "$O")
	if [ -n "$free" ] && [ "$free" -lt "$1" ]; then
		die "$EX_DISK" "$2 needs $1 MiB in $O, $free MiB are free:" \
			"free some, or choose another folder with O="
	fi
}

# Only a folder that we have made, or found empty, is written to and removed from.
check_mark()
{
	[ ! -e "$O/$OUT_MARK" ] && [ -n "$(ls -A -- "$O" 2>/dev/null)" ] || return 0
	# One of before there was a mark.
	[ ! -f "$O/.lock.owner" ] || [ ! -d "$O/log" ] || return 0
	usage_error "O=$O: this folder has files and no $OUT_MARK, so it is not one of ours:" \
		"choose another, or an empty one"
}

out_init()
{
	case $O in
	*[[:space:]:%#\$]*)
		usage_error "O=$O: the kernel's build can't have spaces or any of : % # \$ in its path" ;;
	esac
	[ ! -e "$O" ] || [ -d "$O" ] || usage_error "O=$O is not a folder"
	check_mark
	if ! mkdir -p -- "$O/log" "$O/tmp" 2>/dev/null || ! : >>"$O/$OUT_MARK" 2>/dev/null ||
	   ! LIB_SCRATCH=$(mktemp -d "$O/tmp/XXXXXX" 2>/dev/null); then
		die "$EX_DISK" "can't write to $O: check its rights and free space," \
			"or choose another folder with O="
	fi
	need_space 200 "any step"
}

lib_lock_owner()
{
	local owner
	owner=$(cat "$O/.lock.owner" 2>/dev/null) || owner=
	printf '%s' "${owner:-another run}"
}

# One at a time in one output folder.  The descriptor is inherited by what we
# start: while a child still writes to $O, the lock holds.
lock_out()
{
	[ "${LIB_LOCKED:-}" != "$O" ] || return 0
	exec {LIB_LOCK_FD}>>"$O/.lock"
	if ! flock -n "$LIB_LOCK_FD"; then
		warn "$O is in use by $(lib_lock_owner): waiting up to 10 min" \
			"(use another O= to run at the same time)"
		# In the background, else a signal waits as long as flock.
		lib_start setpriv --pdeathsig KILL flock -w 600 "$LIB_LOCK_FD"
		if ! lib_reap; then
			die "$EX_USAGE" "$O is still in use by $(lib_lock_owner)"
		fi
	fi
	printf '%s (process %d, since %s)\n' "$LIB_NAME" $$ "$(date +%T)" \
		>"$O/.lock.owner" || true
	export LIB_LOCKED=$O
}

put_if_changed()
{
	local tmp

	tmp=$(mktemp "$1.XXXXXX") || die "$EX_DISK" "can't write $1"
	cat >"$tmp" || die "$EX_DISK" "can't write $1"
	chmod 644 "$tmp"
	if cmp -s -- "$tmp" "$1"; then
		rm -f -- "$tmp"
	else
		mv -f -- "$tmp" "$1"
	fi
}

# Two may begin in one second.
run_folder()
{
	RUN=$O/runs/$(date +%Y%m%d-%H%M%S)-$1$(debug_suffix)
	while ! mkdir -p "$O/runs" || ! mkdir -- "$RUN" 2>/dev/null; do
		[ -d "$RUN" ] || die "$EX_DISK" "can't write to $O/runs"
		RUN+=-2
	done
}

run_is_latest()
{
	ln -sfn "${RUN##*/}" "$O/runs/latest"
}

# For what only some runs need.
need_command()
{
	command -v "$1" >/dev/null || child "$STEPS/packages" "$2"
}

# --- kernel trees -----------------------------------------------------------------

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

# Who brings a kernel wants that one tested, as it is.
default_kernel()
{
	if [ -n "${HOST:-}" ]; then
		[ -z "${KERNEL:-}${BZIMAGE:-}${KERNEL_SRC:-}${KERNEL_TARBALL:-}" ] ||
			usage_error "HOST= is this machine's own kernel: leave out KERNEL=, BZIMAGE=, KERNEL_SRC= and KERNEL_TARBALL="
		echo host
	elif [ -n "${BZIMAGE:-}" ]; then
		[ "${KERNEL:-image}" = image ] ||
			usage_error "KERNEL=$KERNEL is built here, BZIMAGE= is ready: give one of them"
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

# 6.1.192 -> 6.1, the name of the ledger.
kernel_line()
{
	cut -d. -f1,2 <<<"$1"
}

# --- steps and progress ---------------------------------------------------------

# $O/times: `name seconds`, the last time that each step was done with success.
last_time()
{
	awk -v n="$1" '$1 == n { t = $2 } END { print t }' "$O/times" 2>/dev/null ||
		true
}

remember_time()
{
	local old

	old=$(awk -v n="$1" '$1 != n' "$O/times" 2>/dev/null) || old=
	printf '%s\n%s %s\n' "$old" "$1" "$2" | sed '/^$/d' |
		put_if_changed "$O/times"
}

lib_last_words()
{
	[ -z "$1" ] || tail -n 1 -- "$1" 2>/dev/null | tr -d '\000-\037' | cut -c1-200
}

# The progress line, on a terminal only: what, how long, how long last time, and
# the last words of the log.
lib_progress()
{
	local title=$1 now=$2 last=$3 log=$4 words line width

	words=$(lib_last_words "$log")
	line="... $title, $(took "$now")"
	[ -z "$last" ] || line+=" (last time $(took "$last"))"
	line+="  $words"
	width=${COLUMNS:-$(tput cols 2>/dev/null || echo 80)}
	printf '\r\033[K%s' "${line:0:width - 1}"
	LIB_LINE=1
}

# For loops that wait: call it often, it does the rest.  On a terminal one line
# that changes; else a line after 5 s and one each 30 s.
# tick TITLE START LAST [LOG]; state in LIB_TICK_SAID.
tick()
{
	local now=$((SECONDS - $2)) last=$3

	[ -z "$V" ] || return 0
	if [ -n "$LIB_TTY" ]; then
		lib_progress "$1" "$now" "$last" "${4:-}"
	elif [ "$LIB_TICK_SAID" -lt 0 ] && [ "$now" -ge 5 ]; then
		LIB_TICK_SAID=$now
		say "... $1${last:+ (last time $(took "$last"))}"
	elif [ "$LIB_TICK_SAID" -ge 0 ] && [ $((now - LIB_TICK_SAID)) -ge 30 ]; then
		LIB_TICK_SAID=$now
		say "... $1, $(took "$now")  $(lib_last_words "${4:-}")"
	fi
}

lib_logged()
{
	local log=$1
	shift

	export LIB_NESTED=1
	if [ -n "$V" ]; then
		"$@" 2>&1 </dev/null | tee -- "$log"
	else
		"$@" >"$log" 2>&1 </dev/null
	fi
}

# kbuild and the selftests' makefiles must not see our variables, nor the
# arguments of the make that started us.
kmake()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u GNUMAKEFLAGS \
		-u O -u V -u KERNEL -u KERNEL_SRC -u TESTS -u TIME -u DEBUG -u CPUS \
		-u MEM -u ARCH -u CROSS_COMPILE -u KBUILD_OUTPUT -u KCFLAGS \
		-u LOCALVERSION -u OUTPUT -u CC make ${V:+V=1} "$@"
}

# Sleeps without a process: nothing ever comes through this pipe.  bash 5.2 that leaves
# read in a trap dies (signal 11) of the next $(...), so that lib_interrupted lets it end.
lib_nap()
{
	[ -n "${LIB_NAP_FD:-}" ] || exec {LIB_NAP_FD}<> <(:)
	LIB_NAPPING=1
	read -rt "$1" -u "$LIB_NAP_FD" || true
	LIB_NAPPING=
	[ -z "${LIB_SIGNAL:-}" ] || lib_interrupted
}

lib_wait_child()
{
	local title=$1 start=$2 last=$3 log=$4 round=0

	LIB_TICK_SAID=-1
	while kill -0 "$LIB_CHILD" 2>/dev/null; do
		lib_nap 0.05
		round=$((round + 1))
		[ $((round % 10)) -ne 9 ] || tick "$title" "$start" "$last" "$log"
	done
	lib_clear_line
}

step()
{
	local name=$1 title=$2 start=$SECONDS log last status=0 time
	shift 2

	log=$O/log/$name.log
	last=$(last_time "$name")
	detail "--- $title: $*"
	lib_start lib_logged "$log" "$@"
	lib_wait_child "$title" "$start" "$last" "$log"
	lib_reap || status=$?
	[ "$status" -ne 0 ] || {
		time=$((SECONDS - start))
		remember_time "$name" "$time"
		[ "$time" -lt 2 ] || say "$title: $(took "$time")"
	}
	return "$status"
}

# After a failed step: what the log says (first error lines), where it is.
step_die()
{
	local class=$1 log=$O/log/$2.log free
	shift 2

	# The log is on the same disk: where that is full, it may not say so.
	free=$(free_mib "$O")
	if [ "${free:-1}" -eq 0 ] ||
	   tail -n 50 "$log" 2>/dev/null | grep -q 'No space left on device'; then
		die "$EX_DISK" "$O is full (log: $log)"
	fi
	warn "$*"
	{ grep -m 5 -E '(^|[ :])(fatal )?[Ee](rror|RROR)( |:)|\*\*\*|undefined reference|: not found' \
		"$log" || tail -n 5 "$log"; } 2>/dev/null | cut -c1-300 | sed 's/^/    /' >&2
	die "$class" "log: $log"
}

# Of checkpatch.pl's lines on stdin, those that configs/checkpatch does not know.
# Status: 0 there are some, 1 none.
checkpatch_news()
{
	awk '
	FNR == NR {
		for (i = 2; !/^#/ && i <= NF && $i ~ /^[A-Z_]+$/; i++)
			known[$1, $i] = 1
		next
	}
	match($0, /: (ERROR|WARNING|CHECK):[A-Z_]+/) {
		split($0, file, ":")
		split(substr($0, RSTART, RLENGTH), type, ":")
		if ((file[1], type[3]) in known)
			next
		print
		found = 1
	}
	END { exit !found }' "$REPO/configs/checkpatch" -
}
