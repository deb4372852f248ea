# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How scripts/boot runs the machine as a transient domain of libvirt: VMM=libvirt.  The
# functions are those of scripts/lib/vmm-qemu.sh, which says what each is for; what they
# use of scripts/boot: RUN, MACHINE_FILE, BZIMAGE, INITRAMFS, QEMU, CPUS, MEM, O.
#
# vmm_find and vmm_note_version are those of scripts/vmm-qemu.sh.
#
# LIB_CHILD is a virsh that created the domain with --autodestroy and prints its
# events: when that virsh ends, for whatever reason, libvirt destroys the domain.

# shellcheck source=scripts/lib/vmm-qemu.sh
. "$SCRIPTS/lib/vmm-qemu.sh"

if [ "$(id -u)" -eq 0 ]; then
	LIBVIRT_URI=${LIBVIRT_URI:-qemu:///system}
else
	LIBVIRT_URI=${LIBVIRT_URI:-qemu:///session}
fi
DOMAIN=			# its name
DOMAIN_ENDED=		# libvirt's words for how it ended
DOMAIN_LOOKS=0		# how often vmm_alive has looked

# Each call is bounded: a libvirt that hangs must not hang us.  In a process group of its own, so
# that a second Ctrl-C does not end the calls that end the domain.
virsh_call()
{
	timeout 20 virsh -q -c "$LIBVIRT_URI" "$@" </dev/null
}

vmm_check()
{
	local said

	command -v virsh >/dev/null ||
		die "$EX_SETUP" "VMM=libvirt needs virsh: run VMM=libvirt scripts/steps/packages"
	said=$(virsh_call uri 2>&1) && return
	said=$(tail -n 1 <<<"$said" | sed 's/^error: //')
	die "$EX_INFRA" "no libvirt answers at LIBVIRT_URI=$LIBVIRT_URI: ${said:-not in 20 s}" \
		"(docs/libvirt.md says what to start)"
}

# --- the domain's XML ---------------------------------------------------------------

xml_text()
{
	sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/'/\&apos;/g" <<<"$1"
}

# What the machine's file gives QEMU with that option.
machine_option()
{
	awk -v option="-$1" '$1 == option { print $2 }' "$MACHINE_FILE"
}

# -cpu MODEL,+FEATURE,-FEATURE
domain_cpu()
{
	local model feature features

	IFS=, read -r model features <<<"$(machine_option cpu)"
	case $model in
	host)	echo "  <cpu mode='host-passthrough' check='none'>" ;;
	max)	echo "  <cpu mode='maximum' check='none'>" ;;
	*)	echo "  <cpu mode='custom' match='exact' check='none'>"
		echo "    <model fallback='forbid'>$model</model>"
		# TCG has it; libvirt turns it off where its own model has it not.
		echo "    <feature policy='require' name='monitor'/>" ;;
	esac
	for feature in ${features//,/ }; do
		case $feature in
		*=*|[!+-]*)
			die "$EX_USAGE" "$MACHINE_FILE: -cpu ...,$feature:" \
				"libvirt takes +NAME and -NAME only" ;;
		+*)	echo "    <feature policy='require' name='${feature#+}'/>" ;;
		-*)	echo "    <feature policy='disable' name='${feature#-}'/>" ;;
		esac
	done
	domain_nodes
	echo "  </cpu>"
}

domain_nodes()
{
	local i size on

	[ "$(node_sizes | wc -l)" -gt 0 ] || return 0
	echo "    <numa>"
	while read -r i size on; do
		[ -z "$on" ] || on=" cpus='$on'"
		echo "      <cell id='$i'$on memory='$size' unit='MiB'/>"
	done < <(node_sizes)
	echo "    </numa>"
}

# QEMU runs as who calls, as it does without libvirt, so that it needs no more rights on
# our files than we have, and gives none away.  Only the models that this libvirt has
# may be named.
domain_seclabels()
{
	local model

	virsh_call capabilities |
		sed -n '/<secmodel>/,/<\/secmodel>/s|.*<model>\(.*\)</model>.*|\1|p' |
	while read -r model; do
		case $model in
		dac)	echo "  <seclabel type='static' model='dac' relabel='no'>"
			echo "    <label>+$(id -u):+$(id -g)</label>"
			echo "  </seclabel>" ;;
		none)	;;
		*)	echo "  <seclabel type='none' model='$model'/>" ;;
		esac
	done
}

# What libvirt has no element for goes to QEMU as it is.
domain_commandline()
{
	local option value

	awk '/^-/ && !/^-(accel|cpu|machine) /' "$MACHINE_FILE" |
	while read -r option value; do
		echo "    <qemu:arg value='$option'/>"
		[ -z "$value" ] || echo "    <qemu:arg value='$(xml_text "$value")'/>"
	done | sed "1i\\  <qemu:commandline>
\$a\\  </qemu:commandline>"
}

# libvirt always says `-accel tcg`, and has no way to say `thread=`, which is what machines
# of the platform tcg-svm differ in (docs/emulator.md); QEMU takes the first -accel of several.
# So the domain's emulator is a script that puts the option there and becomes QEMU.
domain_emulator()
{
	local accel=$1 name=${1%%,*}

	if [ "$accel" = "$name" ]; then
		echo "$QEMU"
		return
	fi
	cat >"$RUN/emulator" <<-END
	#!/bin/bash
	# QEMU for libvirt, with -accel $accel: see scripts/lib/vmm-libvirt.sh
	i=0
	for word in "\$@"; do
	    [ "\$before" = -accel ] && [ "\$word" = $name ] && word=$accel
	    args[i++]=\$word
	    before=\$word
	done
	exec $QEMU "\${args[@]}"
	END
	chmod 755 "$RUN/emulator"
	# By content: libvirt asks each new emulator what it can do, once.
	keep_image "$RUN/emulator" qemu
	rm -f -- "$RUN/emulator"
}

# fill TEMPLATE WORD VALUE...: prints it with each @WORD@ replaced.
fill()
{
	local text=$1
	shift

	while [ $# -gt 0 ]; do
		text=${text//"@$1@"/"$2"}
		shift 2
	done
	printf '%s\n' "$text" | sed '/^$/d'
}

domain_xml()
{
	local accel emulator board type cpu labels

	accel=$(machine_option accel)
	board=$(machine_option machine)
	emulator=$(domain_emulator "$accel")
	cpu=$(domain_cpu)
	labels=$(domain_seclabels) ||
		die "$EX_INFRA" "libvirt at $LIBVIRT_URI does not say what it can do"
	case $accel in
	kvm*)	type=kvm ;;
	*)	type=qemu ;;
	esac
	fill "$(<"$REPO/configs/domain.xml")" \
		TYPE "$type" NAME "$DOMAIN" MEM "$MEM" CPUS "$(all_cpus)" MACHINE "$board" \
		WHAT "kernel $LABEL, platform $PLATFORM, machine $MACHINE, npt $NPT" \
		KERNEL "$(xml_text "$BZIMAGE")" INITRD "$(xml_text "$INITRAMFS")" \
		APPEND "$(xml_text "$(kernel_command_line)")" \
		RUN "$(xml_text "$RUN")" EMULATOR "$(xml_text "$emulator")" \
		CPU "$cpu" SECLABELS "$labels" \
		COMMANDLINE "$(domain_commandline)"
}

# A name for each output folder: one run at a time is in it, and libvirt keeps a log for
# each name.
vmm_prepare()
{
	DOMAIN=kvm-interval-$(sha256sum <<<"$O" | cut -c1-8)
	domain_xml >"$RUN/domain.xml"
	note libvirt "$LIBVIRT_URI, $(virsh --version), domain $DOMAIN"
}

# --- the domain's life -----------------------------------------------------------------

vmm_start()
{
	: >"$RUN/qemu.log"
	exec {EVENTS_FD}<"$RUN/qemu.log"
	lib_start setpriv --pdeathsig KILL stdbuf -oL virsh -c "$LIBVIRT_URI" \
		"create '$RUN/domain.xml' --autodestroy; event $DOMAIN lifecycle --loop" \
		>"$RUN/qemu.log" 2>&1 </dev/null
}

# Reads what virsh has said since last time.  A domain that panics is stopped by
# libvirt before the kernel has printed all tasks: it goes on, to the reset.
vmm_alive()
{
	local line

	while IFS= read -r -u "$EVENTS_FD" line; do
		case $line in
		"event 'lifecycle' "*': Crashed '*)
			note libvirt-says "${line##*: }"
			virsh_call resume "$DOMAIN" >>"$RUN/libvirt.log" 2>&1 || true ;;
		"event 'lifecycle' "*': Stopped '*)
			DOMAIN_ENDED=${line##*: } ;;
		esac
	done
	# Now and then we ask: it may have ended before virsh listened to its events.
	DOMAIN_LOOKS=$((DOMAIN_LOOKS + 1))
	[ $((DOMAIN_LOOKS % 50)) -ne 0 ] || ! domain_gone || return 1
	[ -z "$DOMAIN_ENDED" ] && kill -0 "$LIB_CHILD" 2>/dev/null
}

# A libvirt that does not answer in time has not said so.
domain_gone()
{
	virsh_call domstate "$DOMAIN" 2>&1 | grep "failed to get domain" >/dev/null
}

vmm_ask_stacks()
{
	virsh_call qemu-monitor-command "$DOMAIN" --hmp 'info registers -a' 2>&1 |
		tr -d '\r' >"$RUN/monitor.log" || true
	virsh_call inject-nmi "$DOMAIN" >/dev/null 2>&1 || true
}

vmm_save_stacks()
{
	:
}

# libvirt destroys the domain when virsh is gone, but not at once.  One of that name
# that is not ours stays.
vmm_end()
{
	local pid=$LIB_CHILD tries

	lib_end_child
	LIB_CHILD=$pid
	grep -qs "^Domain '$DOMAIN' created" "$RUN/qemu.log" || return 0
	for tries in {1..50}; do
		! domain_gone || return 0
		[ "$tries" -ne 25 ] || virsh_call destroy "$DOMAIN" >/dev/null 2>&1 || true
		sleep 0.2
	done
	warn "libvirt did not end the domain $DOMAIN: virsh -c $LIBVIRT_URI destroy $DOMAIN"
}

# libvirt does not say what QEMU exited with, but why the domain stopped.
vmm_status()
{
	case ${DOMAIN_ENDED:-none} in
	'Stopped Shutdown')	echo 0 ;;
	none)			echo "unknown (virsh's is $1)" ;;
	*)			echo "unknown (libvirt: $DOMAIN_ENDED)" ;;
	esac
}

# Also after Ctrl-C, when virsh has been ended already.
vmm_cleanup()
{
	[ -z "$DOMAIN" ] || [ -n "$DOMAIN_ENDED" ] || vmm_end
}
