# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The machine of a platform: its file in configs/, and what follows from that; sourced after
# common.sh.
#	choose_machine PLATFORM	sets MACHINE, MACHINE_FILE and EMULATOR
#	machine_setting KEY	prints the values of KEY in the machine's file, a line each
#	time_factor		prints by what time limits are multiplied there
#	all_cpus, node_sizes, kernel_command_line	print what the machine gets

choose_machine()
{
	EMULATOR=QEMU
	case $1 in
	bochs-*) MACHINE=${MACHINE:-bochs}
		# shellcheck disable=SC2034 # for scripts/boot
		EMULATOR=Bochs ;;
	*-kvm)	MACHINE=${MACHINE:-kvm} ;;
	*)	MACHINE=${MACHINE:-tcg} ;;
	esac
	MACHINE_FILE=$REPO/configs/machine-$MACHINE
	[ -r "$MACHINE_FILE" ] || usage_error "MACHINE=$MACHINE: no $MACHINE_FILE"
}

time_factor()
{
	local factor

	factor=$(machine_setting slow)
	factor=${factor:-1}
	[ "${DEBUG:-}" != 1 ] || factor=$((factor * 2))
	echo "$factor"
}

machine_setting()
{
	awk -v key="$1" '$1 == key { sub(/^[^ \t]+[ \t]+/, ""); print }' "$MACHINE_FILE"
}

# panic=-1 and -no-reboot: a panic ends the emulator at once, and everything bad is a
# panic.  An NMI from outside is the way to get stacks out of a machine that
# hangs (panic_print: all tasks, all CPUs).  Since 6.12 a process may read its own protected
# memory only if it is told so, and tests look at memory that they have protected.
kernel_command_line()
{
	printf '%s' "console=ttyS0,115200 panic=-1 oops=panic panic_on_warn=1" \
		" softlockup_panic=1 hung_task_panic=1 unknown_nmi_panic=1" \
		" panic_print=0x41 proc_mem.force_override=always"
	[ "$NPT" = 1 ] || printf ' kvm_amd.npt=0 kvm_intel.ept=0'
	machine_setting append | sed 's/^/ /' | tr -d '\n'
	spare_options
	printf '%s' "${KERNEL_APPEND:+ $KERNEL_APPEND}"
}

# How many CPUs the machine has: CPUS= for tests, and one in front of them if its file says
# `spare`, on which no guest may run.
all_cpus()
{
	local spare

	spare=$(machine_setting spare)
	# shellcheck disable=SC2153 # of who sources this
	echo $((CPUS + ${spare:-0}))
}

# Tells the kernel's scheduler, and init, which refuses tests that CPU for good.
spare_options()
{
	[ -z "$(machine_setting spare)" ] ||
		printf ' isolcpus=0 KVM_INTERVAL_CPUS=1-%d' "$CPUS"
}

# The machine's `nodes`, of equal parts of its memory: lines `node MiB CPUs`.  All CPUs
# are on the first, so that the scheduler works as with one node.
node_sizes()
{
	local i size left=$MEM cpus nodes

	cpus=0-$(($(all_cpus) - 1))
	nodes=$(machine_setting nodes)
	for ((i = 0; i < ${nodes:-0}; i++)); do
		size=$((left / (nodes - i)))
		left=$((left - size))
		echo "$i $size $cpus"
		cpus=
	done
}
