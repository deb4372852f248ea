# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP for the project's own tests, to be sourced after scripts/lib.sh:
#	tap STATUS NAME [WHY]	one result; 0 is ok
#	tap_end			the plan; exits 0 if all passed, else 1
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

tap_end()
{
	echo "1..$TAP_N"
	exit "$TAP_BAD"
}
