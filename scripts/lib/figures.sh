# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/compare-report and scripts/compare-html share: how a figure is shown,
# as functions of awk.
#	human(x, unit)	3 digits and a unit that fits; `-` stays as it is.  Microseconds are
#			"us", or what `micro` is set to
# shellcheck disable=SC2034 # for who sources it
FORMAT_AWK='
function digits(x) {
	return sprintf(x >= 99.95 || x == int(x) ? "%.0f" : x >= 9.995 ? "%.1f" : "%.2f", x)
}
function thousands(x,    s, out) {
	s = sprintf("%.0f", x)
	while (length(s) > 3) {
		out = "," substr(s, length(s) - 2) out
		s = substr(s, 1, length(s) - 3)
	}
	return s out
}
function human(x, unit) {
	if (x == "-")
		return x
	if (unit == "ns")
		return x < 1e3 ? digits(x) " ns" : x < 999500 ? digits(x / 1e3) " " (micro ? micro : "us") : \
			x < 999.5e6 ? digits(x / 1e6) " ms" : digits(x / 1e9) " s"
	if (unit == "percent")
		return digits(x) " %"
	return (x >= 1000 ? thousands(x) : digits(x)) (unit == "per-second" ? "/s" : "")
}'
