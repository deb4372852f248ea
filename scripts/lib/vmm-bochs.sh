# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/boot runs the machine in Bochs: the platform bochs-vmx.  The functions are those
# of scripts/lib/vmm-qemu.sh, which says what each is for; what they use of scripts/boot: RUN,
# MACHINE_FILE, BZIMAGE, INITRAMFS, CPUS, MEM, O.
#
# Bochs has neither virtio nor a way to be given a kernel: it boots from a CD that is made
# for it, with the job file as a file of the initramfs, and writes console, result and live
# line through serial ports into files.
#
# shellcheck disable=SC2154 # scripts/boot sets them

vmm_check()
{
	# So much has Bochs 3.0.
	[ "$MEM" -le 2048 ] || usage_error "MEM=$MEM: a machine in Bochs has at most 2048 MiB"
}

vmm_find()
{
	BOCHS=$("$STEPS/bochs" --path) || exit
	command -v xorriso >/dev/null ||
		die "$EX_SETUP" "no xorriso here: run ACCEL=bochs scripts/steps/packages"
}

# The seed of the run is the machine's as well: its clock begins that many seconds later, and
# that is what its random numbers come from (configs/bochs-corrections).  The same seed is the
# same machine, to the instruction; for three years of seconds each seed is another one.
machine_time0()
{
	local seed

	seed=$(tr -d '\0' <"$RUN/job" | sed -n 's/^fact seed \([0-9]*\)$/\1/p')
	echo $((1000000000 + ${seed:-0} % 100000000))
}

# What is the same in each run is in the machine's file.
bochsrc()
{
	machine_setting bochs | sed "s/@CPUS@/$CPUS/; s/@TIME0@/$(machine_time0)/"
	cat <<-END
	memory: guest=$MEM, host=$MEM
	display_library: nogui
	romimage: file="$BOCHS/BIOS-bochs-latest"
	vgaromimage: file="$BOCHS/vgabios.bin"
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata0-master: type=cdrom, path=boot.iso, status=inserted
	boot: cdrom
	com1: enabled=1, mode=file, dev=console.log
	com2: enabled=1, mode=file, dev=result.ktap
	com3: enabled=1, mode=file, dev=live
	log: /dev/null
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
	END
}

loader_config()
{
	cat <<-END
	default linux
	prompt 0
	label linux
	kernel /linux
	append initrd=/initrd,/job $(kernel_command_line)
	END
}

bochs_script()
{
	cat <<-END
	#!/bin/bash
	# The exact command of this run.  Run it again:
	#	$RUN/bochs.sh [FOLDER]
	#		results to FOLDER (default: rerun/ here)
	#	scripts/verdict FOLDER	what it means
	# kernel $LABEL, platform $PLATFORM, machine $MACHINE, ept $NPT, $CPUS CPUs, $MEM MiB
	# What it runs is in: $RUN/job
	set -e
	out=\${1:-$RUN/rerun}
	mkdir -p "\$out"
	cd "\$out"
	# With the time of day in it, no two machines would be the same.
	xorriso -as mkisofs -quiet -o boot.iso -graft-points --norock \\
	    --modification-date=2001090901464000 --set_all_file_dates 2001090901464000 \\
	    -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \\
	    isolinux.bin=$BOCHS/isolinux.bin ldlinux.c32=$BOCHS/ldlinux.c32 \\
	    isolinux.cfg=$RUN/isolinux.cfg \\
	    linux=$BZIMAGE initrd=$INITRAMFS job=$RUN/job.initrd
	exec $BOCHS/bochs -q -f $RUN/bochsrc
	END
}

# Not *.cpio, which would go to every machine as it is.  The date of the file is in it.
vmm_prepare()
{
	local dir list

	dir=$(scratch)
	list=$dir/list
	echo "file /job $dir/job 0644 0 0" >"$list"
	{ cp -- "$RUN/job" "$dir" && touch -d @0 "$dir/job" &&
		"$O/gen_init_cpio" -t 0 "$list" >"$RUN/job.initrd" && bochsrc >"$RUN/bochsrc" &&
		loader_config >"$RUN/isolinux.cfg" && bochs_script >"$RUN/bochs.sh" &&
		chmod +x "$RUN/bochs.sh"; } || die "$EX_DISK" "can't write to $RUN"
}

vmm_note_version()
{
	note bochs "$(cat "$BOCHS/version"), ${BOCHS##*/}"
}

vmm_start()
{
	# It ends with us, whatever ends us.
	lib_start setpriv --pdeathsig KILL "$RUN/bochs.sh" "$RUN" \
		>"$RUN/bochs.log" 2>&1 </dev/null
}

vmm_alive()
{
	kill -0 "$LIB_CHILD" 2>/dev/null
}

# An NMI, by our correction of Bochs.
vmm_ask_stacks()
{
	kill -USR1 "$LIB_CHILD" 2>/dev/null || true
}

vmm_save_stacks()
{
	:
}

vmm_end()
{
	local pid=$LIB_CHILD

	lib_end_child
	LIB_CHILD=$pid
}

# Its last message: Bochs ends with 1 however it ends.  A panic of the kernel ends in a
# triple fault, as does a kernel that never got as far as to say something.
vmm_status()
{
	local said

	said=$(sed -n '/^Bochs is exiting with the following message:/{n;s/^\[[^]]*\] *//p;q}' \
		"$RUN/bochs.log" | tr -d '\r')
	case $1:$said in
	1:*'soft power off'*) echo 0 ;;
	1:*'exception with no resolution'*)
		if [ ! -s "$RUN/console.log" ] || grep -qa 'Kernel panic' "$RUN/console.log"; then
			echo 0
		else
			echo "1, a triple fault"
		fi ;;
	*)	echo "$1${said:+, $said}" ;;
	esac
}

# What the machine did in all: two runs of which that is the same were the same.
note_done()
{
	local ticks instructions

	read -r ticks _ instructions _ < <(sed -n 's/^machine: //p' "$RUN/bochs.log" 2>/dev/null) ||
		return 0
	note ticks "$ticks"
	note instructions "$instructions"
}

vmm_cleanup()
{
	note_done
	rm -f -- "$RUN/boot.iso"
}
