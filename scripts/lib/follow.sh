# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/boot and scripts/steps/host share: how the result of a machine is shown while
# it runs, a line for each test that has ended, and what meta gets.  Wants RUN, the
# folder; KERNEL; RESULT_FD, result.ktap opened for reading; PARTIAL, empty at first.

# meta: `key value` lines; the last one of a key counts.
note()
{
	printf '%s %s\n' "$1" "$2" >>"$RUN/meta"
}

# From which sources; a tarball of the project has no git.
commit()
{
	git -C "$REPO" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown
}

# is_known LINE: has the baseline it as a failure?
is_known()
{
	local name

	read -r _ _ name _ <<<"$1"
	[ -e "$RUN/baseline" ] && results known "$RUN" "$name"
}

# A line each for tests that have ended: `ok 1 name # 20.1 s; counts`.  In a kernel
# that is broken on purpose it is good if they fail.
show_result_line()
{
	local line=$1 word=pass fail=FAIL

	case $KERNEL in
	mutations|historical) fail=fails ;;
	esac
	case $line in
	'not ok '*)
		word=$fail
		line=${line#not }
		! is_known "$line" || word=known ;;
	'ok '*'# SKIP'*) word=skip ;;
	'ok '*) ;;
	'Bail out!'*) say "  $line"; return ;;
	*)	[ -z "$V" ] || say "  | $line"
		return ;;
	esac
	line=${line#ok }
	line=${line#* }
	say "  $(paint "$word")  $KERNEL  ${line/ # /  }"
}

follow_result()
{
	local part

	while IFS= read -r -u "$RESULT_FD" part; do
		show_result_line "$PARTIAL$part"
		PARTIAL=
	done
	PARTIAL+=$part
}
