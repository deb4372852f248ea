# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What shell, gdb and monitor share, to be sourced after scripts/lib/common.sh:
#	prepare_run		a run's folder, RUN, with qemu.sh and all that it needs;
#				KERNEL= must be one
#	foreground CMD...	runs CMD with our terminal; it ends with us

prepare_run()
{
	KERNEL=$(default_kernel)
	choice KERNEL interval stock image
	export KERNEL
	run_folder "$KERNEL"
	on_exit forget_empty_run
	child "$STEPS/prepare" "$RUN" </dev/null
	run_is_latest
}

# A mistake in a variable leaves no folder.
forget_empty_run()
{
	rmdir -- "$RUN" 2>/dev/null || true
}

end_foreground()
{
	[ -z "${FOREGROUND:-}" ] || kill -TERM "$FOREGROUND" 2>/dev/null || true
}

# In our process group, which has the terminal; not in the foreground of bash, which
# would not notice a signal before CMD has ended.  Ctrl-C is CMD's business.
foreground()
{
	local status=0

	trap : INT
	on_exit end_foreground
	setpriv --pdeathsig TERM "$@" <&0 &
	FOREGROUND=$!
	while kill -0 "$FOREGROUND" 2>/dev/null; do
		status=0
		wait "$FOREGROUND" || status=$?
	done
	FOREGROUND=
	trap lib_interrupted INT
	return "$status"
}
