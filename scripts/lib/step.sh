# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Steps of a script: a log each, progress, and what is said when one fails; sourced by common.sh.
#	step NAME TITLE CMD...     runs CMD with its output in $O/log/NAME.log and shows
#	                           progress; returns the status of CMD
#	step_die STATUS NAME MSG   after a failed step: the telling line, the log, exit
#	tick TITLE START LAST LOG  shows progress in a loop that waits
#	kmake ARGUMENT...          make for kbuild, free of our own variables
#	checkpatch_news            filters lines of checkpatch.pl by configs/checkpatch

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
	width=$(terminal_width)
	printf '\r\033[K%s' "${line:0:width - 1}"
	# shellcheck disable=SC2034 # for messages.sh
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
	local status=$1 log=$O/log/$2.log free
	shift 2

	# The log is on the same disk: where that is full, it may not say so.
	free=$(free_mib "$O")
	if [ "${free:-1}" -eq 0 ] ||
	   tail -n 50 "$log" 2>/dev/null | grep -q 'No space left on device'; then
		die "$EX_DISK" "$O is full (log: $log)"
	fi
	warn "$*"
	{ grep -m 5 -E -e '(^|[ :])(fatal )?[Ee](rror|RROR)( |:)' -e '\*\*\*' \
		-e 'undefined reference' -e ': not found' "$log" ||
	  tail -n 5 "$log"; } 2>/dev/null | cut -c1-300 | sed 's/^/    /' >&2
	die "$status" "log: $log"
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
