#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of what CI services run: the key of the cache, the explanation of a status, the
# caller's own kernel tree, results of a job that was cancelled, LAVA's test cases, and the
# form of the YAML files.  ci/try-locally, which needs npm, runs jobs of GitLab's file.
#
# Usage: tests/ci.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

unset KERNEL_SRC KERNEL_TARBALL GITHUB_ACTIONS GITHUB_STEP_SUMMARY
YAML=(.github/workflows/kvm-interval.yml .gitlab-ci.yml ci/lava-job.yaml ci/lava-test.yaml)

check()
{
	local name=$1 why=$2
	shift 2

	if "$@"; then tap 0 "$name"; else tap 1 "$name" "$why"; fi
}

# --- scripts/cache-key ----------------------------------------------------------------

# make_tree FOLDER SUBLEVEL: as much of a kernel as has a version.
make_tree()
{
	mkdir -p "$1/kernel"
	touch "$1/Kconfig"
	printf '%s\n' 'VERSION = 6' 'PATCHLEVEL = 1' "SUBLEVEL = $2" >"$1/Makefile"
}

key()
{
	KERNEL_SRC=$TREE "$COPY/scripts/cache-key" "$@"
}

# changes NAME COMMAND...: after it the key is another.
changes()
{
	local name=$1 before after
	shift

	before=$(key)
	"$@"
	after=$(key)
	check "the key changes with $name" "$after" test "$before" != "$after"
}

append()
{
	printf '%s\n' "$2" >>"$COPY/$1"
}

# A gcc of another version, as far as one can see.
# shellcheck disable=SC2317 # by name
other_compiler()
{
	cat >"$COPY/gcc" <<-'END'
	#!/bin/sh
	case $1 in
	--version) echo "gcc (other) 99.1.0" ;;
	-dumpfullversion) echo 99.1.0 ;;
	esac
	END
	chmod +x "$COPY/gcc"
	PATH=$COPY:$PATH
}

cache_key()
{
	local dir path=$PATH here there

	dir=$(scratch)
	COPY=$dir/copy
	TREE=$dir/linux
	mkdir "$COPY"
	cp -a --parents virt arch mm include Documentation changes ledger configs scripts docs \
		"$COPY"
	make_tree "$TREE" 7
	here=$(KERNEL_SRC=$TREE "$SCRIPTS/cache-key" 2>"$dir/said")
	check "the key is made without complaints" "$(cat "$dir/said")" test ! -s "$dir/said"
	there=$(key)
	check "the key is the same in another folder" "$here, $there" test "$here" = "$there"
	check "it begins with its prefix" "$here" test "${here#"$(key --prefix)"}" != "$here"
	check "it names the kernel's version" "$here" \
		test "${here#kvm-interval-6.1.7-gcc-}" != "$here"
	append docs/design.md more
	append scripts/run '# more'
	there=$(key)
	check "it stays when documents and other scripts change" "$there" test "$here" = "$there"
	changes "the configuration" append configs/base.config '# more'
	changes "a rule" append virt/kvm/hlist_start_end.cocci '// more'
	changes "the ledger" append ledger/6.1 '# more'
	changes "the order of changes" append changes/gone '# more'
	changes "a file that is gone" rm "$COPY/virt/kvm/interval_debug.h"
	changes "the kernel's version" make_tree "$TREE" 8
	changes "the compiler" other_compiler
	PATH=$path
	refused "no Linux in KERNEL_SRC" "$EX_USAGE" env KERNEL_SRC="$dir" "$SCRIPTS/cache-key"
	refused "no file KERNEL_TARBALL" "$EX_USAGE" \
		env KERNEL_TARBALL="$dir/x" "$SCRIPTS/cache-key"
}

refused()
{
	local name=$1 want=$2 status=0 said
	shift 2

	said=$("$@" 2>&1) || status=$?
	check "$name: one line, status $want" "$status: $said" \
		test "$status $(wc -l <<<"$said")" = "$want 1"
}

# --- what a service is told --------------------------------------------------------------

ci_run()
{
	local dir said status=0

	dir=$(scratch)
	said=$(GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$dir/summary TESTS=x O=$dir \
		"$REPO/ci/run" 2>/dev/null) || status=$?
	check "ci/run: bad input is a matter of set-up" "$status: $said" \
		test "$status ${said:0:22}" = "2 ::error title=Set-up::"
	check "ci/run: no summary when there is none" "$(ls "$dir")" test ! -e "$dir/summary"
}

# --- the caller's own kernel ----------------------------------------------------------------

# A tree with a branch of another version, in git.
git_tree()
{
	local git=(git -C "$1" -c user.name=x -c user.email=x@example.org)

	make_tree "$1" 7
	touch "$1/kernel/x"
	git init -q -b main "$1"
	"${git[@]}" add .
	"${git[@]}" commit -q -m x
	"${git[@]}" checkout -q -b topic
	make_tree "$1" 9
	"${git[@]}" commit -q -a -m y
	"${git[@]}" checkout -q main
}

kernel_tree()
{
	local dir tree

	dir=$(scratch)
	git_tree "$dir/linux"
	tree=$(KERNEL_SRC=$dir/linux ci/kernel-tree)
	tap_same "ci/kernel-tree: a folder is used as it is" "$dir/linux" "$tree"
	tree=$(KERNEL_SRC=file://$dir/linux O=$dir/o ci/kernel-tree)
	tap_same "ci/kernel-tree: a git URL is cloned" 6.1.7 "$(tree_version "$tree")"
	tree=$(KERNEL_SRC=file://$dir/linux#topic O=$dir/o ci/kernel-tree)
	tap_same "ci/kernel-tree: a branch of it" 6.1.9 "$(tree_version "$tree")"
	refused "ci/kernel-tree: not Linux" "$EX_USAGE" env KERNEL_SRC="$dir" ci/kernel-tree
	refused "ci/kernel-tree: no tree named" "$EX_USAGE" env KERNEL_SRC= ci/kernel-tree
	tree=$(KERNEL_SRC=file://$dir/linux#none O=$dir/o ci/kernel-tree 2>&1) || true
	check "ci/kernel-tree: a branch that is not there" "$tree" \
		grep -q "can't be cloned" <<<"$tree"
}

# --- a job that was cancelled ---------------------------------------------------------------

# Runs of today and of before, and no results: only today's are exported.
collect()
{
	local dir said runs

	dir=$(scratch)
	mkdir -p "$dir/o/runs" "$dir/o/log"
	: >"$dir/o/.kvm-interval"
	cp -r "$REPO/tests/logs/fail" "$dir/o/runs/before"
	touch -d yesterday "$dir/o/runs/before/meta"
	: >"$dir/o/log/ci-run"
	touch -d '1 hour ago' "$dir/o/log/ci-run"
	cp -r "$REPO/tests/logs/interrupted" "$dir/o/runs/now"
	touch "$dir/o/runs/now/meta"
	ln -s now "$dir/o/runs/latest"
	said=$(O=$dir/o ci/collect)
	runs=$(jq -r '[.[] | .run] | unique | join(" ")' "$dir/o/results/results.json")
	tap_same "ci/collect: results of the run that was interrupted" now "$runs"
	check "ci/collect: JUnit says so" "$(cat "$dir/o/results/junit.xml")" \
		grep -q 'INTERRUPTED' "$dir/o/results/junit.xml"
	rm -rf "$dir/o/runs/now"
	said=$(O=$dir/o ci/collect)
	check "ci/collect: results that are there are left alone" "$said" test -z "$said"
	rm -rf "$dir/o/results"
	said=$(O=$dir/o ci/collect)
	check "ci/collect: nothing was booted" "$said" test ! -e "$dir/o/results"
}

# A folder first in PATH in which lava-test-case notes what it was told.
lava()
{
	local dir runs log tests other measured='--measurement [0-9.]+ --units seconds'

	dir=$(scratch)
	printf '%s\n' '#!/bin/sh' "echo \"\$*\" >>$dir/told" >"$dir/lava-test-case"
	chmod +x "$dir/lava-test-case"
	runs=$dir/runs
	mkdir "$runs"
	for log in pass fail panic emulator; do
		cp -r "$REPO/tests/logs/$log" "$runs"
		"$SCRIPTS/verdict" -q "$runs/$log" || true
	done
	"$SCRIPTS/export" "$dir" "$runs"/*
	tests=$(jq '[.[] | select(has("case") | not)] | length' "$dir/results.json")
	PATH=$dir:$PATH "$REPO/ci/lava-results" "$dir/results.json"
	tap_same "LAVA: a case for each test and machine" "$tests" "$(wc -l <"$dir/told")"
	check "LAVA: a test that failed, a kernel that panicked" "$(cat "$dir/told")" \
		test "$(grep -c -- '--result fail' "$dir/told")" -ge 2
	check "LAVA: the emulator's fault is unknown" "$(cat "$dir/told")" \
		grep -q -- '-machine --result unknown' "$dir/told"
	other=$(grep -vE -- "--result (pass|fail|skip|unknown) $measured\$" "$dir/told") || true
	check "LAVA: no word that it does not know" "$other" test -z "$other"
}

# --- the YAML files ----------------------------------------------------------------------

yaml()
{
	local said name missing='' rules='{extends: default, rules: {line-length: {max: 100}}}'

	if command -v yamllint >/dev/null; then
		said=$(yamllint -s -d "$rules" "${YAML[@]}") || true
		check "yamllint has nothing to say" "$said" test -z "$said"
	else
		tap 0 "yamllint # SKIP no yamllint here"
	fi
	# Comments may name more.
	while read -r name; do
		[ -e "$name" ] || missing+=" $name"
	done < <(sed 's/#.*//' "${YAML[@]}" |
		grep -oE '\<(scripts|ci)/[a-z/-]+(\.yaml)?' | sort -u)
	check "the scripts that they name are there" "$missing" test -z "$missing"
	said=$(grep -nE '^ *(path:|-) build/ccache' "${YAML[@]}") || true
	check "no cache is restored into the output folder" "$said" test -z "$said"
	keep_results
}

# Each job that runs the suite collects results and keeps them, whatever became of it.
keep_results()
{
	local suites kept file=.github/workflows/kvm-interval.yml after

	suites=$(grep -cE '(^ *(- |run: )?|&& |=[a-z]+ )ci/run' "$file")
	kept=$(grep -A 1 'upload-artifact' "$file" | grep -c 'if: always()')
	check "GitHub: each job keeps its results" "$suites jobs, $kept keep them" \
		test "$suites" -eq "$kept"
	kept=$(grep -c 'ci/collect' "$file")
	check "GitHub: each job collects what a cancelled one has" "$suites jobs, $kept collect" \
		test "$suites" -eq "$kept"
	after='(?s)after_script:\n    - ci/collect.*artifacts:\n    when: always'
	check "GitLab: jobs keep their results" "no after_script or artifacts: when: always" \
		grep -Pzoq "$after" .gitlab-ci.yml
}

main()
{
	out_init
	cd "$REPO"
	cache_key
	ci_run
	kernel_tree
	collect
	lava
	yaml
	tap_end
}

main "$@"
