#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests that documents name what is there: files, scripts, goals and variables of make, and
# pages and headings that they link to.  Also that no line of a document or a script is too wide.
#
# Usage: tests/docs.sh
# Output: TAP.  Exit: 0 all passed, 1 not
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib/common.sh"
# shellcheck source=tests/tap.sh
. "$REPO/tests/tap.sh"

cd "$REPO"
# CHANGELOG.md may tell how things were called once.
mapfile -t PAGES < <(git ls-files -co --exclude-standard '*.md' | grep -vx CHANGELOG.md)

# none TITLE TEXT: ok if there is no text, which is what is wrong.
none()
{
	tap "$([ -z "$2" ] && echo 0 || echo 1)" "$1" "$(sort -u <<<"$2")"
}

# Paths of the project in code or commands; those of a kernel tree are left out.
paths()
{
	local page path folders='\.ci|ci|configs|docs|init|ledger|scripts|tests'

	for page in "${PAGES[@]}"; do
		while read -r path; do
			# shellcheck disable=SC2086 # patterns such as configs/*.config
			compgen -G "${path//LINE/*}" >/dev/null || echo "$page: $path"
		done < <(grep -ohE "(^|[ \`(\"])($folders)/[A-Za-z0-9_./*-]+" "$page" |
			sed -E 's/^[ `("]//; s/[.]$//' |
			grep -vE '^(scripts/kconfig/|tests/[a-z]+_test)')
	done
}

# GitHub's name of a heading.
anchors()
{
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed "s/[^a-z0-9 _-]//g; s/ /-/g"
}

links()
{
	local page link file heading

	for page in "${PAGES[@]}"; do
		while read -r link; do
			file=$(dirname "$page")/${link%%#*}
			heading=${link#"${link%%#*}"}
			[ "${link%%#*}" ] || file=$page
			if [ ! -e "$file" ]; then
				echo "$page: $link"
			elif [ "$heading" ] && ! anchors "$file" | grep -qxF -- "${heading#?}"; then
				echo "$page: $link, no such heading"
			fi
		done < <(grep -ohE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//' | grep -v '^http')
	done
}

goals()
{
	grep -onE '(^ +|`|sudo )make [a-z]+' "${PAGES[@]}" |
		sed -E 's/([^:]*):.*make ([a-z]+)/\1 \2/' |
		while read -r page goal; do
			[ -x "scripts/$goal" ] || echo "$page: make $goal"
		done
}

# A variable that only some goals know must stand behind one of these.
variables()
{
	local command goal name goals

	while read -r command; do
		goal=$(sed -E 's/^make ([a-z]+).*/\1/' <<<"$command")
		for name in $(grep -oE '\<[A-Z_]+=' <<<"$command" | tr -d =); do
			goals=$(sed -n "s/^$name\t[^\t]*\t\([^\t]*\)\t.*/\1/p" configs/variables)
			[ "$goals" = - ] || [[ " $goals " == *" $goal "* ]] ||
				echo "make $goal $name="
		done
	done < <(grep -ohE 'make [a-z]+( [A-Z_]+=("[^"]*"|[^ `]*))+' "${PAGES[@]}")
}

# Old names of what has another one now.
old_names()
{
	local old='scripts/(report|make|sabotage|orders)\>|\<[Ss]abotages?\>|\<tiers?\>'

	grep -nE "$old" "${PAGES[@]}" || true
}

# What is written by hand in lines.  configs/ has tables, tests/logs and tests/results have logs,
# and checkpatch looks at C.
wide()
{
	local file lines

	git ls-files -co --exclude-standard '*.md' '*.yml' '*.yaml' '*.py' '*.sh' Makefile \
		'*.mk' scripts ci .ci |
		while read -r file; do
			lines=$(expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{101,}$' | cut -d: -f1)
			# shellcheck disable=SC2086 # numbers, to be on one line
			[ -z "$lines" ] || echo "$file:" $lines
		done
}

main()
{
	none "files and scripts that documents name are there" "$(paths)"
	none "pages and headings that they link to are there" "$(links)"
	none "goals of make are there" "$(goals)"
	none "variables of make are there" "$(variables)"
	none "nothing has its old name" "$(old_names)"
	none "no line has more than 100 columns" "$(wide)"
	tap_end
}

main "$@"
