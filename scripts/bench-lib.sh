# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/bench and scripts/compare share: how a machine is booted to be
# measured.  A boot that the emulator broke is done again and counted; any other
# trouble is the kernel's until shown otherwise.  Source lib.sh before it.
#
# The script sets RUN (the folder of all boots), PLANNED (how many boots there will
# be), MACHINE_WORDS (for people), and has two functions:
#	orders WHAT			what the machine is to run, on stdout
#	keep_measures KERNEL BOOT FOLDER	of a sound boot; with KEEP_PARTS=1 also
#			of one in which a benchmark failed, or the emulator did: it is
#			to take what the others have measured, and is not done again
# and gets
#	boot_sound NAME KERNEL TIER WHAT	one boot, in $RUN/NAME-TRY
#	say_boots				a few lines on how the boots went
#	layout_of N, link_layouts N KERNEL...	where the code of a kernel lies
# and EMULATOR_FAULTS, SUSPECTS, PRESSURES and TROUBLE; STATUS is set to the class of
# a boot that was given up.

# How often one boot is tried again.
readonly MAX_REPEATS=6
# Seconds, on a real machine, in which one order must have set up and ended,
# apart from the seconds that it measures.
# shellcheck disable=SC2034 # for the scripts
readonly SET_UP_LIMIT=100

EMULATOR_FAULTS=0
SUSPECTS=()	# boots that ended as by the emulator's fault, but nothing proves it
PRESSURES=()	# of each boot, in per cent
TROUBLE=()	# a line for each boot that was given up
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

# link_layouts N KERNEL [VARIABLE=VALUE...]: those of N boots; variables of scripts/kernel
link_layouts()
{
	local n layout

	for ((n = 1; n <= $1 && n <= ${#LAYOUTS[@]}; n++)); do
		layout=$(layout_of "$n")
		[ -z "$layout" ] ||
			child env "${@:3}" KERNEL_LAYOUT="$layout" "$REPO/scripts/kernel" "$2"
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

# boot_once NAME KERNEL TIER WHAT: its class.
boot_once()
{
	local run=$RUN/$1 kernel=$2 class=0 start=$SECONDS waited

	rm -rf -- "$run"
	mkdir -p "$run"
	orders "$4" >"$run/orders"
	waited=$(waited_for_cpu)
	child "$REPO/scripts/boot" "$kernel" "$3" "$run"
	note_pressure "${waited:-0}" "$start"
	"$REPO/scripts/verdict" -q "$run" || class=$?
	case $class${KEEP_PARTS:+-parts} in
	0*|"$EX_FAIL-parts"|"$EX_EMULATOR-parts") keep_measures "$kernel" "$1" "$run" ;;
	esac
	return "$class"
}

# stuck_in_guest FOLDER: the same of a lockup: did a CPU take an NMI, but no interrupt for a
# minute or more, and ran a guest, which it must leave for either?
stuck_in_guest()
{
	[ "${MACHINE:-}" = tcg-threads ] &&
		grep -aq '^LOCKUP ' "$1/verdict" &&
		grep -aq 'RIP: 0010:svm_vcpu_run+' \
			< <(grep -a -A 2 'NMI backtrace for cpu' "$1/console.log")
}

# shut_down FOLDER: did it fail as the emulator's fault may end: a guest, whose page tables
# never change, fetches or reads where it has no page?  No kernel is acquitted by that: only
# MAX_REPEATS such boots are done again.
shut_down()
{
	[ "${MACHINE:-}" = tcg-threads ] &&
		grep -aq 'unexpected exit .*SHUTDOWN' "$1/result.ktap" &&
		grep -aqE 'last exception: vector=14 error=0(x10)?$' "$1/result.ktap"
}

# to_be_repeated CLASS FOLDER
to_be_repeated()
{
	if [ "$1" -eq "$EX_EMULATOR" ]; then
		EMULATOR_FAULTS=$((EMULATOR_FAULTS + 1))
		warn "${2##*/}: the emulator broke the guest"
	elif [ "$1" -eq "$EX_FAIL" ] && shut_down "$2"; then
		SUSPECTS+=("${2##*/}")
		warn "${2##*/}: a guest shut down, which may be the emulator's fault (docs/emulator.md)"
	elif [ "$1" -eq "$EX_KERNEL" ] && stuck_in_guest "$2"; then
		SUSPECTS+=("${2##*/}")
		warn "${2##*/}: a CPU did not leave its guest, which may be the emulator's fault (docs/emulator.md)"
	else
		return 1
	fi
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
	local name=$1 tries class word folder

	DONE=$((DONE + 1))
	[ -n "$FIRST_BOOT" ] || FIRST_BOOT=$SECONDS
	say "boot $DONE of $PLANNED: $2, $4, $MACHINE_WORDS$(time_left)"
	for ((tries = 0; tries <= MAX_REPEATS; tries++)); do
		class=0
		folder=$name-$tries
		boot_once "$folder" "${@:2}" || class=$?
		to_be_repeated "$class" "$RUN/$folder" || break
		[ -z "${KEEP_PARTS:-}" ] || return 0
	done
	[ "$class" -ne 0 ] || return 0
	[ "$class${KEEP_PARTS:+-parts}" != "$EX_FAIL-parts" ] || return 0
	word=$(head -n 1 "$RUN/$folder/verdict" 2>/dev/null || echo '?')
	TROUBLE+=("$folder: ${word% *}, not in the table: $RUN/$folder")
	warn "${TROUBLE[-1]}"
	[ "$STATUS" -eq "$EX_KERNEL" ] || STATUS=$class
}

say_boots()
{
	local line

	[ -n "${KEEP_PARTS:-}" ] ||
		say "boots done again, and not in the table: $EMULATOR_FAULTS broken by the emulator," \
			"${#SUSPECTS[@]} that ended as that may end ${SUSPECTS[*]+(${SUSPECTS[*]})}"
	[ ${#PRESSURES[@]} -eq 0 ] ||
		say "time in which something here waited for a CPU, each boot: ${PRESSURES[*]} %"
	for line in ${TROUBLE[@]+"${TROUBLE[@]}"}; do
		say "$line"
	done
}
