# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/boot watches a machine: progress for people, limits, and how a machine that
# hangs is asked for its stacks; sourced by it, after follow.sh.
#	watch_machine	returns when the machine has ended

# All tests' limits, and time to boot, to dump, to power off.  Those limits are in the
# machine's time, this one in ours.
total_limit()
{
	tr -d '\0' <"$RUN/job" | awk -v slow="$SLOW" -v stretch="$(machine_setting stretch)" '
		/^test / { sum += $3 + 20 }
		END { print (sum + 60 * slow) * (stretch ? stretch : 1) }'
}

sizes()
{
	stat -c %s "$RUN/console.log" "$RUN/result.ktap" 2>/dev/null | tr '\n' ' '
}

# Ends the machine for a reason.  A hang is asked for its stacks first: the
# registers of all CPUs, then an NMI, which panics with the tasks of the machine.
end_machine()
{
	local i

	note ended "$1"
	note console-bytes "$(stat -c %s "$RUN/console.log")"
	if [ "$1" != disk-full ]; then
		warn "$2: asking the machine for its stacks, then ending it"
		vmm_ask_stacks
		for ((i = 0; i < 10 * SLOW * 5; i++)); do
			vmm_alive || break
			lib_nap 0.2
		done
		vmm_save_stacks
	fi
	vmm_end
}

# show_progress START LAST: what a test tells each second, with little before it so that
# it fits on a line; or the result's last words when no test has told anything lately.
show_progress()
{
	local told

	told=$(stat -c %Y "$RUN/live")
	if [ -s "$RUN/live" ] && [ $((EPOCHSECONDS - told)) -lt 5 ]; then
		tick "$LABEL" "$1" '' "$RUN/live"
	else
		tick "$LABEL runs ($PLATFORM)" "$1" "$2" "$RUN/result.ktap"
	fi
}

watch_machine()
{
	local start=$SECONDS limit quiet_limit last now size old='' changed round=0

	limit=$(total_limit)
	quiet_limit=$((30 * SLOW))
	last=$(last_time "boot-$LABEL-$MACHINE")
	changed=$SECONDS
	# shellcheck disable=SC2034 # for step.sh
	LIB_TICK_SAID=-1
	while vmm_alive; do
		lib_nap 0.1
		follow_result
		round=$((round + 1))
		[ $((round % 10)) -eq 0 ] || continue
		show_progress "$start" "$last"
		size=$(sizes)
		now=$SECONDS
		[ "$size" = "$old" ] || changed=$now
		old=$size
		if [ $((now - start)) -gt "$limit" ]; then
			end_machine time-limit "not done after $limit s"
		elif [ $((now - changed)) -gt "$quiet_limit" ]; then
			end_machine no-progress "no sign of life for $quiet_limit s"
		elif [ "$(free_mib "$RUN")" -lt 20 ]; then
			end_machine disk-full "disk full"
		fi
	done
	follow_result
	lib_clear_line
}
