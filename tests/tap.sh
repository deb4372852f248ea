# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP for the project's own tests, to be sourced after scripts/lib/common.sh:
#	tap STATUS NAME [WHY]	one result; 0 is ok
#	tap_same NAME WANTED GOT	one result: ok if both are the same
#	tap_end			the plan; exits 0 if all passed, else 1
#	press SIGNAL PID	as somebody presses Ctrl-C
TAP_N=0
TAP_BAD=0

tap()
{
	TAP_N=$((TAP_N + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $TAP_N $2"
	else
		TAP_BAD=1
		echo "not ok $TAP_N $2"
		printf '%s\n' "${3:-}" | sed 's/^/# /'
	fi
}

tap_same()
{
	tap "$([ "$2" = "$3" ] && echo 0 || echo 1)" "$1" "expected $2, got $3"
}

tap_end()
{
	echo "1..$TAP_N"
	exit "$TAP_BAD"
}

# press SIGNAL PID|-GROUP: as somebody presses Ctrl-C, again if nothing happens.  bash may lose
# a SIGINT that comes while it waits for a short child; what is ending already ignores it.
press()
{
	local state

	for _ in 1 2 3; do
		kill "-$1" -- "$2" 2>/dev/null || return 0
		for _ in {1..20}; do
			state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/${2#-}/status" \
				2>/dev/null) || true
			[ -n "$state" ] && [ "$state" != Z ] || return 0
			sleep 0.2
		done
	done
}
