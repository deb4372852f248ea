# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The output folder: its lock, its room, files and folders in it; sourced by common.sh.
#	out_init                   makes $O, checks that it is ours, can be written and has room
#	lock_out                   one run at a time in $O; says who holds it and waits
#	need_space MIB WHAT        exit status 10 if there is not that much room
#	put_if_changed FILE        stdin to FILE, untouched (mtime too) when equal
#	run_folder KERNEL          makes a new $O/runs/... of it; sets RUN
#	run_is_latest              RUN is now $O/runs/latest
#	says_nothing RUN STATUS    this boot is no evidence about its kernel: try again
#	need_command NAME PACKAGE  installs Debian's package if the command is not there

free_mib()
{
	df --output=avail -BM -- "$1" 2>/dev/null | tr -dc '0-9\n' | tail -n 1
}

# need_space MIB WHAT: exit status 10 now rather than a strange error in ten minutes.
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
		usage_error "O=$O: the kernel's build can't have spaces or any of" \
			": % # \$ in its path" ;;
	esac
	case $REPO in
	*[[:space:]:%#\$]*)
		usage_error "$REPO: the kernel's build can't have spaces or any of : % # \$" \
			"in the path of this repository: clone it to another place" ;;
	esac
	[ ! -e "$O" ] || [ -d "$O" ] || usage_error "O=$O is not a folder"
	check_mark
	# shellcheck disable=SC2034 # for children.sh
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

says_nothing()
{
	results says-nothing "$@"
}

# For what only some runs need.
need_command()
{
	command -v "$1" >/dev/null || child "$STEPS/packages" "$2"
}
