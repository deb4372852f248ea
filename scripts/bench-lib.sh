# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/bench and scripts/compare share: how a machine is booted to be
# measured.  A boot that the emulator broke, or in which a benchmark failed, is done
# again, and both are counted, apart from each other; any other trouble is the
# kernel's until shown otherwise.  Source lib.sh before it.
#
# The script sets RUN (the folder of all boots), PLANNED (how many boots there will
# be), MACHINE_WORDS (for people), and has two functions:
#	orders WHAT			what the machine is to run, on stdout
#	keep_measures KERNEL BOOT FOLDER	of a sound boot
# and gets
#	boot_sound NAME KERNEL TIER WHAT	one boot, in $RUN/NAME-TRY
#	say_boots				a few lines on how the boots went
# and EMULATOR_FAULTS, PRESSURES, AGAIN and TROUBLE; STATUS is set to the class of a
# boot that was given up.

# How often one boot is tried again.
readonly MAX_REPEATS=3
# Seconds, on a real machine, in which one order must have set up and ended,
# apart from the seconds that it measures.
# shellcheck disable=SC2034 # for the scripts
readonly SET_UP_LIMIT=100

EMULATOR_FAULTS=0
PRESSURES=()	# of each boot, in per cent
AGAIN=()	# boots in which a benchmark failed, and which were done again
TROUBLE=()	# a line for each boot that was given up
STATUS=0
DONE=0
FIRST_BOOT=	# when it began

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
	[ "$class" -ne 0 ] || keep_measures "$kernel" "$1" "$run"
	return "$class"
}

# again_after CLASS FOLDER: is the boot to be done again?
again_after()
{
	case $1 in
	"$EX_EMULATOR")
		EMULATOR_FAULTS=$((EMULATOR_FAULTS + 1))
		warn "$2: the emulator broke the guest" ;;
	"$EX_FAIL")
		# With a thread for each CPU the emulator's fault may also end in a
		# SHUTDOWN, of which nothing can be told; a kernel's own fault comes back.
		AGAIN+=("$2")
		warn "$2: a benchmark failed: $(sed -n 2p "$RUN/$2/verdict")" ;;
	*)	return 1 ;;
	esac
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
		again_after "$class" "$folder" || break
	done
	[ "$class" -ne 0 ] || return 0
	word=$(head -n 1 "$RUN/$folder/verdict" 2>/dev/null || echo '?')
	TROUBLE+=("$folder: ${word% *}, not in the table: $RUN/$folder")
	warn "${TROUBLE[-1]}"
	[ "$STATUS" -eq "$EX_KERNEL" ] || STATUS=$class
}

say_boots()
{
	local line

	say "$EMULATOR_FAULTS boots were broken by the emulator, and are not in the table"
	[ ${#AGAIN[@]} -eq 0 ] ||
		say "a benchmark failed, and the boot was done again: ${AGAIN[*]}"
	[ ${#PRESSURES[@]} -eq 0 ] ||
		say "time in which something here waited for a CPU, each boot: ${PRESSURES[*]} %"
	for line in ${TROUBLE[@]+"${TROUBLE[@]}"}; do
		say "$line"
	done
}
