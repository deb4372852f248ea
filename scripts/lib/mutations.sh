# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions of scripts/mutations and scripts/historical.  Mutations of a running kernel are
# selected one after the other, and a test runs for each, which must kill it: fail with the
# mutation, and pass in the same boot without it.  Source common.sh before it, and set
#	KERNEL	the kernel, and the set of changes that makes it
#	TABLE	the mutations, a line each (configs/mutations, configs/historical)
#	MORE	another such table, or nothing
#	KNOBS	the folder in debugfs with the file that selects a mutation, and others
#	ONLY	names of the mutations to try, or nothing: all
# try_all does the rest, and leaves the exit status in STATUS.
#
# A mutation whose line ends with `=> WORDS` gets a boot of its own: the test passes first,
# and the host may die of the mutation, with a splat (configs/splats) that has these words.
#
# One with `machine=single` before its test runs on that machine, where one CPU runs at a time.
#
# kunit_test reports the results of unit tests that ran when the kernel booted, so each of its
# mutations gets a boot of its own, with the mutation on the kernel's command line.
#
# How soon a test kills a mutation depends on the machine.  One that survived is tried once
# more, with another seed and LONGER times the time (`-t`); that result counts.
#
# Stale mappings may also kill the host before the test fails: KVM itself detects some of them
# (OWN_CHECK), and stale writes may hit anything.  A mutation of which the host died without
# WORDS is tried once more in a boot of its own, where it may die by KVM's check.

SEED=${SEED:-1}
MAX_BOOTS=8		# of one NPT; mutations with a boot of their own do not count
readonly LONGER=4
# Of a leaf SPTE that is about to map another page without a zap between.
readonly OWN_CHECK='kernel BUG at arch/x86/kvm/mmu/'
STRETCH=1		# or LONGER

# `name npt [knob=value] test arguments [=> words]` lines for this NPT.
mutation_lines()
{
	sed 's/#.*//; /^[[:space:]]*$/d' "$TABLE" |
		awk -v only=" $ONLY " -v npt="$NPT" '
		only !~ /^ *$/ && index(only, " " $1 " ") == 0 { next }
		$2 == npt && $3 != "cannot" { print }'
}

check_input()
{
	local name

	case $ONLY in
	-*)	show_help; exit "$EX_USAGE" ;;
	esac
	number SEED 0 4294967295
	for name in $ONLY; do
		cat "$TABLE" ${MORE:+"$MORE"} | awk '{ print $1 }' | grep -qx -- "$name" ||
			usage_error "$name is not in configs/${TABLE##*/}"
	done
}

make_all()
{
	child "$STEPS/packages"
	[ "${ACCEL:-}" != bochs ] || child "$STEPS/bochs"
	# Two items of scripts/check make this kernel, perhaps at the same time.
	child flock "$O/.$KERNEL.lock" "$SCRIPTS/apply" "$KERNEL"
	child flock "$O/.$KERNEL.lock" "$STEPS/kernel" "$KERNEL"
	# The caller has packed them, perhaps with more (scripts/check).
	[ -z "${BUILT:-}" ] || return 0
	child "$STEPS/selftests"
	child "$STEPS/initramfs"
}

# --- job file ------------------------------------------------------------------

# Prints the job file for the mutations on stdin, with and without them in the ORDER given;
# writes the purpose of each test to RUN/plan: `name on|off` lines.
write_job()
{
	local name command switch run=$1 order=$2

	: >"$run/plan"
	printf 'fact platform %s\nfact seed %s\n' "$PLATFORM" "$SEED"
	while read -r name _ command; do
		for switch in $order; do
			job_switch "$name" "$switch"
			job_test "${command%% => *}"
			printf '%s %s\n' "$name" "$switch" >>"$run/plan"
		done
		job_switch "$name" off
	done
}

job_switch()
{
	[ "$2" = on ] || set -- none
	printf 'write %s/mutation %s\n' "$KNOBS" "$1"
}

# job_test "[knob=value] test arguments": with time limit, seed, and the knob set.
job_test()
{
	local test arguments knob=

	read -r test arguments <<<"$1"
	if [ "${test#*=}" != "$test" ]; then
		knob=$KNOBS/${test%%=*}
		printf 'write %s %s\n' "$knob" "${test#*=}"
		read -r test arguments <<<"$arguments"
	fi
	printf 'test %s %d -s %s %s\n' "$test" $((30 * SLOW)) $((SEED + STRETCH - 1)) \
		"$(stretched "$arguments")"
	[ -z "$knob" ] || printf 'write %s 0\n' "$knob"
}

# The arguments with `-t SECONDS` made STRETCH times as long.
stretched()
{
	awk -v by="$STRETCH" '{
		for (i = 2; i <= NF; i++)
			if ($(i - 1) == "-t")
				$i *= by
		print
	}' <<<"$1"
}

# --- boots ----------------------------------------------------------------------

try_all()
{
	local answer

	check_input
	"$STEPS/platform" --early || exit
	CPUS=$(default_of CPUS 2)
	MEM=$(default_of MEM 4096)
	export CPUS MEM
	out_init
	if [ -n "${MORE:-}" ]; then
		cat "$TABLE" "$MORE" >"$LIB_SCRATCH/${TABLE##*/}"
		TABLE=$LIB_SCRATCH/${TABLE##*/}
	fi
	make_all
	answer=$("$STEPS/platform" stock) || exit
	PLATFORM=${answer%% *}
	SLOW=$("$STEPS/time-factor" "$PLATFORM")
	RESULTS=$(scratch)/results
	ALL_RESULTS=$(scratch)/all-results
	: >"$ALL_RESULTS"
	RUNS=()
	STATUS=0
	for NPT in 1 0; do
		export NPT
		try_mutations
	done
	say
	# shellcheck disable=SC2034 # for those who source this
	results caught "$TABLE" "$ALL_RESULTS" || STATUS=$EX_FAIL
}

# Try all mutations with this NPT, and those that survive, or of which the host dies, once more.
try_mutations()
{
	local left again

	left=$(scratch)/left
	again=$(scratch)/again
	mutation_lines >"$left"
	[ -s "$left" ] || return 0
	: >"$RESULTS"
	say "platform $PLATFORM, npt=$NPT, seed $SEED: $(wc -l <"$left") tests that must fail"
	cp -- "$left" "$again"
	boot_all "$left"
	take_back pass "$again"
	if [ -s "$again" ]; then
		STRETCH=$LONGER
		say "survived, so once more with $LONGER times the time: $(names_of "$again")"
		boot_all "$again"
		STRETCH=1
	fi
	mutation_lines >"$again"
	take_back died "$again"
	if [ -s "$again" ]; then
		say "the host died, so once more, in boots of their own: $(names_of "$again")"
		sed -i "/ => /!{ /\\<kunit_test\\>/! s|\$| => $OWN_CHECK| }" "$again"
		boot_all "$again"
	fi
	cat "$RESULTS" >>"$ALL_RESULTS"
}

# names_of FILE: its mutations, each once.
names_of()
{
	awk '{ print $1 }' "$1" | sort -u | tr '\n' ' '
}

# take_back VERDICT FILE: keep in FILE the mutations that had it, and remove their results
# from RESULTS.
take_back()
{
	awk -v verdict="$1" -v results="$RESULTS" '
	NR == FNR {
		if ($2 == "on" && $3 == verdict)
			taken[$1]
		line[FNR] = $0
		name[n = FNR] = $1
		next
	}
	$1 in taken { print }
	END {
		printf "" >results
		for (i = 1; i <= n; i++)
			if (!(name[i] in taken))
				print line[i] >results
	}' "$RESULTS" "$2" >"$2.new"
	mv -- "$2.new" "$2"
}

# Boot until all mutations of FILE are tried, or the host has died too often.
boot_all()
{
	local left=$1 line own unit single

	mapfile -t own < <(grep ' => ' "$left" || true)
	sed -i '/ => /d' "$left"
	mapfile -t unit < <(grep -w kunit_test "$left" || true)
	mapfile -t single < <(grep -w machine=single "$left" || true)
	sed -i '/\<kunit_test\>/d; /\<machine=single\>/d' "$left"
	BOOTS=0
	while [ -s "$left" ] && [ "$BOOTS" -lt "$MAX_BOOTS" ]; do
		boot_mutations "$left" 'on off'
	done
	awk '{ print $1, "on not-run" }' "$left" >>"$RESULTS"
	for line in ${own[@]+"${own[@]}"}; do
		printf '%s\n' "${line/machine=single }" >"$left"
		MACHINE=$(machine_of "$line") boot_mutations "$left" 'off on' "${line##* => }"
	done
	[ ${#unit[@]} -eq 0 ] || boot_unit_tests "$left" "${unit[@]}"
	if [ ${#single[@]} -gt 0 ]; then
		printf '%s\n' "${single[@]/machine=single }" >"$left"
		MACHINE=$(machine_of "${single[0]}") boot_mutations "$left" 'on off'
	fi
}

# machine_of LINE: the MACHINE= that it asks for; a platform has one single machine, or none.
machine_of()
{
	[[ $1 != *machine=single* || $PLATFORM != tcg-svm ]] || echo single
}

# boot_unit_tests FILE LINE...: all of them without a mutation, then each alone.
boot_unit_tests()
{
	local left=$1 line
	shift

	printf '%s\n' "$@" >"$left"
	boot_mutations "$left" off
	for line in "$@"; do
		printf '%s\n' "$line" >"$left"
		KERNEL_APPEND="${KERNEL_APPEND:-} kvm_mutation=${line%%[[:space:]]*}" \
			boot_mutations "$left" on
	done
}

# boot_mutations FILE ORDER [WORDS]: one boot for all mutations of FILE, with and without them
# in this ORDER.  Those that have a result, also if the host died, are removed from FILE.
# WORDS are of the splat that may occur.  Adds `name on|off verdict words` lines to RESULTS.
boot_mutations()
{
	local run left=$1 order=$2 words=${3:-}

	BOOTS=$((BOOTS + 1))
	run=$O/runs/$(date +%Y%m%d-%H%M%S)-$KERNEL-npt$NPT-$BOOTS
	mkdir -p "$run"
	RUNS+=("$run")
	write_job "$run" "$order" <"$left" >"$run/job"
	child "$SCRIPTS/boot" "$KERNEL" "$PLATFORM" "$run" || true
	"$SCRIPTS/verdict" -q "$run" || true
	results tries "$run" "$words" >"$run/results"
	cat "$run/results" >>"$RESULTS"
	awk 'NR == FNR { seen[$1]; next } !($1 in seen)' "$run/results" "$left" >"$left.new"
	mv -- "$left.new" "$left"
}

# --- logs ---------------------------------------------------------------------------

say_logs()
{
	printf 'logs: %s\n' "${RUNS[@]}"
	say "in $(took "$SECONDS")"
}
