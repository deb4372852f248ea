# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How a run makes what it needs and boots a kernel; sourced after run-input.sh.
#	make_all		packages, source, kernels, tests
#	choose_platform		sets PLATFORM
#	write_job OURS KERNELS	the job file of a boot, on stdout
#	boot_once FOLDER KERNEL OURS KERNELS	boots and judges; returns the verdict's status
#	worse STATUS		is WORST from now on, if it is worse

RUNS=()		# the folder of each boot
WORST=0		# the worst exit status of them
SLOW=1		# by what time limits are multiplied

make_all()
{
	local kernel

	child "$STEPS/packages"
	"$STEPS/vmm-check" || exit
	out_init
	lock_out
	[ "$ACCEL" != bochs ] || child "$STEPS/bochs"
	# Our tests know that all is up to date, which make finds out slowly.
	[ -z "${BUILT:-}" ] || { check_kselftests; return; }
	if [[ " stock image host " == *" $KERNELS "* ]]; then
		child "$STEPS/source"
	else
		child "$SCRIPTS/apply"
	fi
	check_kselftests
	for kernel in $KERNELS; do
		case $kernel in
		image)	child "$STEPS/image" "$BZIMAGE" ;;
		host)	;;
		*)	child "$STEPS/kernel" "$kernel" ;;
		esac
	done
	child "$STEPS/selftests"
	# shellcheck disable=SC2086 # words
	[ -z "$KSELFTESTS" ] || child "$STEPS/kselftests" $KSELFTESTS
	# shellcheck disable=SC2086 # words
	child "$STEPS/initramfs" $KSELFTESTS
}

stretch_limits()
{
	[ "$PLATFORM" = host ] || SLOW=$("$STEPS/time-factor" "$PLATFORM")
}

choose_platform()
{
	local answer

	if [ "$KERNELS" = host ]; then
		PLATFORM=host
		say "this machine's own kernel, $(uname -r), seed $SEED"
		return
	fi
	answer=$("$STEPS/platform" "${KERNELS%% *}")
	PLATFORM=${answer%% *}
	stretch_limits
	say "platform $PLATFORM (${answer#* }), npt=$NPT, seed $SEED, $CPUS CPUs"
}

# job_line NAME ARGUMENT...: its line in the job file, with its limit.
job_line()
{
	local name=$1 seconds args
	shift

	read -r seconds args < <(awk -v n="$name" '
		$1 == n { sub(/^[^ \t]+[ \t]+/, ""); print; exit }' \
		"$REPO/configs/selftests") || true
	args=${args:-$*}
	# Time to do its work is not stretched, all the rest is.
	seconds=$(((${seconds:-100}) * SLOW))
	case " $* " in *' -t '*) seconds=$((seconds + TIME)) ;; esac
	printf 'test %s %d %s\n' "$name" "$seconds" "$args"
}

# write_job OURS KERNELS: names of tests.
write_job()
{
	local name more

	# shellcheck disable=SC2153 # of run-input.sh
	read -ra more <<<"$ARGS"
	printf 'fact platform %s\nfact seed %s\n' "$PLATFORM" "$SEED"
	[ -z "$TRACE" ] || echo "run nested-trace start $TRACE"
	for name in $1; do
		job_line "$name" -s "$SEED" -t "$TIME" "${more[@]}"
	done
	for name in $2; do
		job_line "$name"
	done
	[ -z "$TRACE" ] || echo "run nested-trace stop"
}

# left_as_found STATUS: of scripts/steps/host, which has said what was not put back.
left_as_found()
{
	[ "$1" -eq "$EX_FAIL" ] || exit "$1"
	worse "$EX_FAIL"
}

# boot_once FOLDER KERNEL OURS KERNELS: its exit status.
boot_once()
{
	local run=$1 kernel=$2 status=0

	mkdir -p "$run"
	# shellcheck disable=SC2034 # for run_is_latest
	RUN=$run
	[ -n "$INTO" ] || run_is_latest
	RUNS+=("$run")
	write_job "$3" "$4" >"$run/job"
	[ -z "$BASELINE" ] || cp -- "$BASELINE" "$run/baseline"
	[ -z "$TRACE" ] || child "$STEPS/initramfs" --more "$run/trace.cpio" \
		trace-cmd "bin/nested-trace=$REPO/init/nested-trace"
	if [ "$kernel" = host ]; then
		child env HOST=yes "$STEPS/host" "$run" || left_as_found "$?"
	else
		child "$SCRIPTS/boot" "$kernel" "$PLATFORM" "$run" || exit
	fi
	"$SCRIPTS/verdict" -q "$run" || status=$?
	[ "$status" -eq 0 ] || show_trouble "$kernel" "$run"
	return "$status"
}

show_trouble()
{
	local word

	word=$(results word "$2")
	warn "$1: ${word% *} (status ${word##* })"
	tail -n +2 "$2/verdict" | sed 's/^/    /' >&2
}

worse()
{
	WORST=$(results worst "$WORST" "$1")
}
