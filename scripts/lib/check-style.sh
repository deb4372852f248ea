# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Items of scripts/check that read our own files: style and sparse; sourced by it.

# Tracked or not, but not ignored; a tarball of the project has no git.
our_files()
{
	cd "$REPO" || return
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard
	else
		find . -path ./build -prune -o -type f -print | sed 's|^\./||'
	fi
}

our_c()
{
	our_files | grep -E '\.[ch]$'
}

# Warnings and errors in a log that name a file of ours; status 1: none.
said_of_ours()
{
	local ours

	ours=$(our_c | sed 's|.*/||' | sort -u | paste -sd'|' | sed 's/\./\\./g')
	grep -E "(^|/)($ours):[0-9]+:[0-9]+: (warning|error)" "$1"
}

# on_all_cpus COMMAND...: with a few of the names on stdin at a time.
on_all_cpus()
{
	xargs -P "$(nproc)" -n 4 "$@"
}

item_shellcheck()
{
	cd "$REPO" && our_files | grep -E '^(scripts/|tests/.*\.sh$|\.ci/run$|ci/[^.]*$)' |
		grep -v '\.py$' |
		on_all_cpus shellcheck -x
}

item_codespell()
{
	cd "$REPO" && our_files | xargs -d '\n' codespell
}

item_checkpatch()
{
	local status=0 checkpatch=$O/src/stock/scripts/checkpatch.pl

	[ -e "$checkpatch" ] || { echo "no $checkpatch"; return 1; }
	# --no-tree because the repository has no top of a kernel tree.
	(cd "$REPO" && our_c | on_all_cpus perl "$checkpatch" --no-tree --strict --terse \
		--show-types --no-summary -f || true) | checkpatch_news && status=1
	return "$status"
}

# kbuild has noted how it compiled a file: sparse gets the same arguments.
sparse_kernel_file()
{
	local object=$1 command

	command=$(sed -n '1{s/^[^=]*:= *[^ ]* //;s/ ; .*//;p}' \
		"$(dirname "$object")/.$(basename "$object").cmd")
	(cd "$O/kernel/interval" && xargs sparse -D__linux__ -Dlinux -D__STDC__ \
		-Dunix -D__unix__ -Wbitwise -Wno-return-void -Wno-unknown-attribute \
		<<<"$command")
}

sparse_test()
{
	local kvm=$O/src/selftests/tools/testing/selftests/kvm
	local tools=$O/src/selftests/tools

	(cd "$kvm" && sparse -std=gnu11 -Wno-decl -I"$tools/include" \
		-I"$tools/arch/x86/include" -I"$O/headers/usr/include" -Iinclude -I. \
		-Iinclude/x86_64 -I.. "$1")
}

# sparse exits 0 whatever it finds, and it also speaks of headers that are not
# ours: a line that names a file of ours is what fails.
item_sparse()
{
	local file object

	{
		for file in $(our_c | grep '\.c$'); do
			case $file in
			init/*)	sparse -std=gnu11 "$REPO/$file" ;;
			tests/*) sparse -std=gnu11 -I"$REPO/tools/testing/selftests/kvm/include" \
				"$REPO/$file" ;;
			tools/*) sparse_test "$(basename "$file")" ;;
			mutations/*|historical/*) ;; # broken on purpose, and not in this kernel
			*)
				object=$O/kernel/interval/${file%.c}.o
				if [ -e "$object" ]; then
					sparse_kernel_file "$object"
				else
					echo "$file:1:1: error: was not compiled"
				fi ;;
			esac
		done
	} >"$O/tmp/sparse.out" 2>&1 || true
	cat "$O/tmp/sparse.out"
	! said_of_ours "$O/tmp/sparse.out"
}
