# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/compare boots machines to be measured.  No boot is done again: all trouble is
# the kernel's until shown otherwise.  Source common.sh before it.
#
# The script sets RUN (the folder of all boots), PLANNED (how many boots there will
# be), MACHINE_WORDS (for people), SEED, SEEDS, IMAGE[] and FOLDER[] of each side (its
# bzImage, and where it was built), and has the functions:
#	benches_of MACHINE		lines of what is run there in round ROUND
#	job MACHINE			the job file of a boot there
#	keep_measures SIDE BOOT FOLDER	of a sound boot; with KEEP_PARTS=1 also
#			of one in which a benchmark failed: it is to take what the others
#			have measured
# and gets
#	measure MACHINE ROUNDS PLATFORM		boots A B B A, ROUNDS times
#	measure_exact				pairs of boots in Bochs, SEEDS times
#	say_boots				a few lines on how the boots went
#	link_variants N KERNEL...		where the code of a kernel lies
# and PRESSURES and TROUBLE; STATUS is set to the exit status of a boot that did not end well.

# Seconds, on a real machine, in which one command must have set up and ended,
# apart from the seconds that it measures.
# shellcheck disable=SC2034 # for the script
readonly SET_UP_LIMIT=100
# For KERNEL_APPEND: unit tests at each boot take as long as a benchmark.
readonly EXACT_APPEND="kunit.enable=0"

PRESSURES=()	# of each boot, in per cent
TROUBLE=()	# a line for each boot that did not end well
STATUS=0
DONE=0
FIRST_BOOT=	# when it began

# --- layout variants --------------------------------------------------------------------

# Where the code lies is worth as much as what is measured (docs/comparing.md), so a kernel
# that is built here is linked anew for each boot with several CPUs: its code is so many times
# 64 bytes further on, spread over a page.
readonly VARIANTS=('' 21 43 10 54 32)

# variant_of N: for its Nth such boot, from 1
variant_of()
{
	echo "${VARIANTS[$((($1 - 1) % ${#VARIANTS[@]}))]}"
}

# link_variants N KERNEL [VARIABLE=VALUE...]: those of N boots; variables of scripts/steps/kernel
link_variants()
{
	local n variant

	for ((n = 1; n <= $1 && n <= ${#VARIANTS[@]}; n++)); do
		variant=$(variant_of "$n")
		[ -z "$variant" ] ||
			child env "${@:3}" KERNEL_LAYOUT="$variant" "$STEPS/kernel" "$2"
	done
}

# image_of SIDE MACHINE N: for its Nth boot there.  A bzImage that was given has one layout,
# and for instructions it makes no difference.
image_of()
{
	local variant=''

	[ "$2" != threads ] || [ -z "${FOLDER[$1]:-}" ] || variant=$(variant_of "$3")
	if [ -n "$variant" ]; then
		echo "${FOLDER[$1]}-layout$variant/bzImage"
	else
		echo "${IMAGE[$1]}"
	fi
}

# --- boots ------------------------------------------------------------------------------

# is_kept STATUS: is what a boot with that exit status has measured to be taken?
is_kept()
{
	[ "$1" -eq 0 ] || { [ "$1" -eq "$EX_FAIL" ] && [ -n "${KEEP_PARTS:-}" ]; }
}

# not_kept FOLDER STATUS: names the boot, and remembers the exit status
not_kept()
{
	local word

	word=$(head -n 1 "$1/verdict" 2>/dev/null || echo '?')
	TROUBLE+=("${1##*/}: ${word% *}, not in the table: $1")
	warn "${TROUBLE[-1]}"
	[ "$STATUS" -eq "$EX_KERNEL" ] || STATUS=$2
}

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

# boot_once NAME SIDE PLATFORM MACHINE: its exit status
boot_once()
{
	local run=$RUN/$1 side=$2 status=0 start=$SECONDS waited

	rm -rf -- "$run"
	mkdir -p "$run"
	job "$4" >"$run/job"
	waited=$(waited_for_cpu)
	child "$SCRIPTS/boot" "$side" "$3" "$run"
	note_pressure "${waited:-0}" "$start"
	"$SCRIPTS/verdict" -q "$run" || status=$?
	! is_kept "$status" || keep_measures "$side" "$1" "$run"
	return "$status"
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
	local status=0

	DONE=$((DONE + 1))
	[ -n "$FIRST_BOOT" ] || FIRST_BOOT=$SECONDS
	say "boot $DONE of $PLANNED: $2, $4, $MACHINE_WORDS$(time_left)"
	boot_once "$@" || status=$?
	is_kept "$status" || not_kept "$RUN/$1" "$status"
}

# A B B A, so that what gets slower with time is no advantage of either.
measure()
{
	local turn side

	for ((ROUND = 1; ROUND <= $2; ROUND++)); do
		[ -n "$(benches_of "$1")" ] || continue
		ROUND_SEED=$(((SEED + ROUND - 1) % 4294967296))
		turn=0
		for side in A B B A; do
			turn=$((turn + 1))
			BOOT_FILE=$(image_of "$side" "$1" $((2 * ROUND - (turn < 3))))
			export BOOT_FILE
			boot_sound "$1-$ROUND-$turn-$side" "$side" "$3" "$1"
		done
	done
	unset BOOT_FILE
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

# --- machines that do the same again --------------------------------------------------

# The folders of the boots of SEEDS, in the order in which they are begun.
exact_boots()
{
	local round side

	for ((round = 1; round <= SEEDS; round++)); do
		for side in A B; do
			[ ! -d "$RUN/exact-$round-$side" ] || echo "$RUN/exact-$round-$side"
		done
	done
}

# Their job files, and which image each boots.
prepare_exact()
{
	local side run

	for ((ROUND = 1; ROUND <= SEEDS; ROUND++)); do
		[ -n "$(benches_of exact)" ] || continue
		# shellcheck disable=SC2034 # for job
		ROUND_SEED=$(((SEED + ROUND - 1) % 4294967296))
		for side in A B; do
			run=$RUN/exact-$ROUND-$side
			mkdir -p "$run"
			job exact >"$run/job"
			ln -sfn "${IMAGE[$side]}" "$run/image"
		done
	done
}

# As many at a time as there are CPUs here, for they can't disturb each other.
# shellcheck disable=SC2317 # by step
boot_all()
{
	# shellcheck disable=SC2016 # for the shells
	exact_boots | xargs -P "$(nproc)" -I @ bash -c '
		export BOOT_FILE=$(realpath "$1/image")
		"$2" kernel bochs-vmx "$1" >"$1/boot.log" 2>&1
		echo "${1##*/} ended"' bash @ "$SCRIPTS/boot"
}

# exact_ended FOLDER SIDE ROUND: keeps what a boot has measured.  The name of the boot is that of
# both sides: they are a pair.
exact_ended()
{
	local status=0

	"$SCRIPTS/verdict" -q "$1" || status=$?
	if is_kept "$status"; then
		keep_measures "$2" "exact-$3" "$1"
	else
		not_kept "$1" "$status"
	fi
}

measure_exact()
{
	local n side status=0

	SLOW=$("$STEPS/time-factor" bochs-vmx)
	prepare_exact
	n=$(exact_boots | wc -l)
	[ "$n" -gt 0 ] || return 0
	say "boots $((DONE + 1)) to $((DONE + n)) of $PLANNED: A and B," \
		"$EXACT_CPUS CPUs of Bochs, $(nproc) at a time"
	# Bochs has no more memory.
	CPUS=$EXACT_CPUS MEM=$((MEM < 2048 ? MEM : 2048)) KERNEL_APPEND=$EXACT_APPEND \
		step compare-exact "exact: $n boots" boot_all || status=$?
	[ "$status" -ne "$EX_INT" ] || exit "$EX_INT"
	DONE=$((DONE + n))
	for ((ROUND = 1; ROUND <= SEEDS; ROUND++)); do
		for side in A B; do
			[ ! -d "$RUN/exact-$ROUND-$side" ] ||
				exact_ended "$RUN/exact-$ROUND-$side" "$side" "$ROUND"
		done
	done
}
