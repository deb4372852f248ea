# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/bench and scripts/compare share: how a machine is booted to be
# measured.  No boot is done again: all trouble is the kernel's until shown
# otherwise.  Source common.sh before it.
#
# The script sets RUN (the folder of all boots), PLANNED (how many boots there will
# be), MACHINE_WORDS (for people), and has two functions:
#	job WHAT			what the machine is to run, on stdout
#	keep_measures KERNEL BOOT FOLDER	of a sound boot; with KEEP_PARTS=1 also
#			of one in which a benchmark failed: it is to take what the others
#			have measured
# and gets
#	boot_sound NAME KERNEL PLATFORM WHAT	one boot, in $RUN/NAME
#	say_boots				a few lines on how the boots went
#	layout_of N, link_layouts N KERNEL...	where the code of a kernel lies
# and PRESSURES and TROUBLE; STATUS is set to the class of a boot that did not end well.

# Seconds, on a real machine, in which one order must have set up and ended,
# apart from the seconds that it measures.
# shellcheck disable=SC2034 # for the scripts
readonly SET_UP_LIMIT=100

PRESSURES=()	# of each boot, in per cent
TROUBLE=()	# a line for each boot that did not end well
STATUS=0
DONE=0
FIRST_BOOT=	# when it began

# --- where the code lies --------------------------------------------------------------

# That is worth as much as what is measured (docs/benchmarks.md), so a kernel that is built
# here is linked anew for each boot with several CPUs: its code is so many times 64 bytes
# further on, spread over a page.
readonly LAYOUTS=('' 21 43 10 54 32)

# layout_of N: for its Nth such boot, from 1
layout_of()
{
	echo "${LAYOUTS[$((($1 - 1) % ${#LAYOUTS[@]}))]}"
}

# link_layouts N KERNEL [VARIABLE=VALUE...]: those of N boots; variables of scripts/steps/kernel
link_layouts()
{
	local n layout

	for ((n = 1; n <= $1 && n <= ${#LAYOUTS[@]}; n++)); do
		layout=$(layout_of "$n")
		[ -z "$layout" ] ||
			child env "${@:3}" KERNEL_LAYOUT="$layout" "$STEPS/kernel" "$2"
	done
}

# --- boots ------------------------------------------------------------------------------

# Microseconds since this machine was booted in which something waited for a CPU.
waited_for_cpu()
{
	sed -n 's/^some .*total=//p' /proc/pressure/cpu 2>/dev/null || true
}

# Others on this machine spoil the figures: keeps how much waiting there was.
note_pressure()
{
	local now

	now=$(waited_for_cpu)
	[ -z "$now" ] ||
		PRESSURES+=($(((now - $1) / 10000 / (SECONDS - $2 + 1))))
}

# boot_once NAME KERNEL PLATFORM WHAT: its class.
boot_once()
{
	local run=$RUN/$1 kernel=$2 class=0 start=$SECONDS waited

	rm -rf -- "$run"
	mkdir -p "$run"
	job "$4" >"$run/job"
	waited=$(waited_for_cpu)
	child "$SCRIPTS/boot" "$kernel" "$3" "$run"
	note_pressure "${waited:-0}" "$start"
	"$SCRIPTS/verdict" -q "$run" || class=$?
	case $class${KEEP_PARTS:+-parts} in
	0*|"$EX_FAIL-parts") keep_measures "$kernel" "$1" "$run" ;;
	esac
	return "$class"
}

# time_left: an estimate for people, from the boots that were.
time_left()
{
	[ "$DONE" -gt 1 ] || return 0
	printf ', about %s left' \
		"$(took $(((SECONDS - FIRST_BOOT) * (PLANNED - DONE + 1) / (DONE - 1))))"
}

boot_sound()
{
	local class=0 word

	DONE=$((DONE + 1))
	[ -n "$FIRST_BOOT" ] || FIRST_BOOT=$SECONDS
	say "boot $DONE of $PLANNED: $2, $4, $MACHINE_WORDS$(time_left)"
	boot_once "$@" || class=$?
	case $class${KEEP_PARTS:+-parts} in
	0*|"$EX_FAIL-parts") return 0 ;;
	esac
	word=$(head -n 1 "$RUN/$1/verdict" 2>/dev/null || echo '?')
	TROUBLE+=("$1: ${word% *}, not in the table: $RUN/$1")
	warn "${TROUBLE[-1]}"
	[ "$STATUS" -eq "$EX_KERNEL" ] || STATUS=$class
}

say_boots()
{
	local line

	[ ${#PRESSURES[@]} -eq 0 ] ||
		say "time in which something here waited for a CPU, each boot: ${PRESSURES[*]} %"
	for line in ${TROUBLE[@]+"${TROUBLE[@]}"}; do
		say "$line"
	done
}
