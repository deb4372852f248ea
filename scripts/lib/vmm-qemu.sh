# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/boot runs the machine as a QEMU process of its own: VMM=qemu.  What it
# uses of scripts/boot: RUN, QEMU.  scripts/lib/vmm-libvirt.sh and scripts/lib/vmm-bochs.sh
# have the same functions:
#	vmm_check	dies if machines can't be run in this way here
#	vmm_find	finds the emulator, or dies
#	vmm_prepare	writes what it needs to $RUN
#	vmm_note_version	the emulator and its version, for meta
#	vmm_start	starts the machine; LIB_CHILD lives as long as it does
#	vmm_alive	does it still run?
#	vmm_ask_stacks	asks for the registers of all CPUs, then sends an NMI
#	vmm_save_stacks	the registers to $RUN/monitor.log
#	vmm_end		ends it, but leaves the status of LIB_CHILD to be waited for
#	vmm_status N	what it ended with, after LIB_CHILD has ended with N: 0 is good
#	vmm_cleanup	at the end of the script, whatever ended it

vmm_check()
{
	:
}

vmm_find()
{
	command -v "$QEMU" >/dev/null ||
		die "$EX_SETUP" "QEMU=$QEMU is not there: run scripts/steps/packages," \
			"or give its path"
	QEMU=$(command -v "$QEMU")
}

vmm_prepare()
{
	:
}

vmm_note_version()
{
	note qemu "$("$QEMU" --version 2>&1 | head -n 1)"
}

vmm_start()
{
	mkfifo "$RUN/mon.in" "$RUN/mon.out"
	exec {MON_FD}<>"$RUN/mon.in" {MON_OUT_FD}<>"$RUN/mon.out"
	# It ends with us, whatever ends us.
	lib_start setpriv --pdeathsig KILL "$RUN/qemu.sh" "$RUN" \
		>"$RUN/qemu.log" 2>&1 </dev/null
}

vmm_alive()
{
	kill -0 "$LIB_CHILD" 2>/dev/null
}

vmm_ask_stacks()
{
	printf 'info registers -a\nnmi\n' >&"$MON_FD"
}

# Without what the monitor echoes.
vmm_save_stacks()
{
	timeout 1 cat <&"$MON_OUT_FD" | tr -d '\r' |
		sed -E 's/\x1b\[[0-9]*[A-Z]//g; /^\(qemu\)/d' >"$RUN/monitor.log" || true
}

vmm_end()
{
	local pid=$LIB_CHILD

	lib_end_child
	LIB_CHILD=$pid
}

vmm_status()
{
	echo "$1"
}

vmm_cleanup()
{
	rm -f -- "$RUN/mon.in" "$RUN/mon.out" "$RUN/monitor.sock"
}
