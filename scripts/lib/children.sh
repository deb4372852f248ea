# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Processes that never outlive the script, and what it does at its end; sourced by common.sh.
#	child CMD...               runs CMD (a script with its own display), killable
#	on_exit FUNCTION           calls it once at exit with the status, also after Ctrl-C
#	scratch                    prints the name of a new folder, removed at exit
#	lib_start CMD..., lib_reap start one child in a process group of its own; its status
#	lib_nap SECONDS            sleeps without a process

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

scratch()
{
	# A subshell must not be the one that remembers it.
	if [ -z "$LIB_SCRATCH" ]; then
		die "$EX_USAGE" "scratch before out_init"
	fi
	mktemp -d "$LIB_SCRATCH/XXXXXX"
}
