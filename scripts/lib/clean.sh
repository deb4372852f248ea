# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the output folder is emptied, to be sourced after scripts/lib/common.sh:
#	clean		builds and runs
#	distclean	everything of ours, then the folder if it is empty

# Only what is ours goes, whatever O= was set to.
remove()
{
	local name

	[ -d "$O" ] || return 0
	out_init
	lock_out
	for name in "$@"; do
		rm -rf -- "${O:?}/$name"
	done
}

clean()
{
	remove kernel selftests src/selftests headers initramfs initramfs.cpio \
		kselftests src/kselftests kheaders bisect \
		gen_init_cpio bochs images runs matrix results log check patches bench compare \
		soak proof slow platform kernel-tree ci-local \
		src/series src/mutations src/historical
}

distclean()
{
	clean
	remove src ccache times ci-tools
	on_exit remove_folder
}

# Last, when our scratch folder and lock are no longer needed.
remove_folder()
{
	[ -d "$O" ] || return 0
	rm -rf -- "$O/tmp" "$O/.lock" "$O/.lock.owner" "$O/.results.lock"
	if [ "$(ls -A "$O")" = "$OUT_MARK" ]; then
		rm -f -- "$O/$OUT_MARK"
		rmdir -- "$O"
	else
		warn "$O is kept: it holds files that are not ours"
	fi
}
