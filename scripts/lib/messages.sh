# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a script says, on stdout and stderr; sourced by common.sh.
#	die STATUS MESSAGE...      one line on stderr, then exit with that status
#	say / warn / detail        stdout; stderr; stdout with V=1 only
#	paint WORD                 prints it, in colour on a terminal
#	usage_error MESSAGE...     die 2, and names `make help`
#	show_help                  prints the header comment of the script
#	terminal_width             prints how many columns there are
#	took SECONDS               prints `3 s` or `2 min 05 s`
#	columns                    aligns tab separated lines from stdin
#	nearest WORD NAMES         prints what may have been meant, for a message
#	results COMMAND ...        commands of scripts/results/cli.py: verdicts, tables, runs

lib_clear_line()
{
	[ -z "$LIB_LINE" ] || printf '\r\033[K'
	LIB_LINE=
}

say()
{
	lib_clear_line
	# Not the status 1 of a test that failed.
	printf '%s\n' "$*" 2>/dev/null || die "$EX_DISK" "can't write to standard output"
}

warn()
{
	lib_clear_line
	printf '%s: %s\n' "$LIB_NAME" "$*" >&2
}

# paint WORD: on a terminal what is good is green and what is not is red, unless NO_COLOR is set
paint()
{
	local colour=

	if [ -n "$LIB_TTY" ] && [ -z "${NO_COLOR:-}" ]; then
		case $1 in
		pass|PASS|fails) colour=32 ;;
		skip|known|SKIP) colour=33 ;;
		*)	colour=31 ;;
		esac
	fi
	printf '%s' "${colour:+$'\033['${colour}m}$1${colour:+$'\033[0m'}"
}

detail()
{
	[ -z "$V" ] || say "$@"
}

die()
{
	local status=$1
	shift

	warn "$@"
	exit "$status"
}

usage_error()
{
	die "$EX_USAGE" "$* (see \`make help\`)"
}

# Columns of the terminal, whatever COLUMNS was set to.
terminal_width()
{
	case ${COLUMNS:-} in
	[1-9]|[1-9][0-9]|[1-9][0-9][0-9]|[1-9][0-9][0-9][0-9]) echo "$COLUMNS" ;;
	*)	tput cols 2>/dev/null || echo 80 ;;
	esac
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

# The system's Python has Debian's packages.  The first in PATH may be a wrapper in bash (pyenv)
# that takes ten times as long, and some steps run hundreds.
LIB_PYTHON=/usr/bin/python3
[ -x "$LIB_PYTHON" ] || LIB_PYTHON=python3

# python FILE ARGUMENT...: without anybody's settings, and it leaves no cache.
python()
{
	command -v "$LIB_PYTHON" >/dev/null ||
		die "$EX_SETUP" "no python3 here, which reads the results:" \
			"install the package python3"
	"$LIB_PYTHON" -I -S -B "$@"
}

# results COMMAND ARGUMENT...: the Python package that alone knows the files of a run.
results()
{
	python "$SCRIPTS/results" "$@"
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
