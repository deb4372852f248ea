# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions of scripts/steps/source, apply and patches: paths, how change files and rules
# are read, and checks of them.  carrier-apply.sh applies a change.  Source common.sh
# before it.
#
# There are three sets of changes, SET, each made from the tree of another:
#	interval	the change of this project, on the stock tree
#	mutations	switches that break it, on the changed tree (mutations/)
#	historical	switches that bring old bugs back, on the stock tree (historical/)
# CARRY_DIR is the folder with what is carried (changes/ ledger/ and the files
# that they name); the tests set it.

SET=${SET:-interval}
STOCK=$O/src/stock			# what SET is made from
case $SET in
interval)
	CARRY_DIR=$(realpath -m -- "${CARRY_DIR:-$REPO}") ;;
mutations)
	CARRY_DIR=$REPO/mutations
	# shellcheck disable=SC2034 # for apply and patches
	STOCK=$O/src/interval ;;
historical)
	CARRY_DIR=$REPO/historical ;;
esac
# shellcheck disable=SC2034 # for apply and patches
INTERVAL=$O/src/$SET			# and what is made
CARRIED_IN='virt arch mm include Documentation'	# nothing lies there that is not carried
PROBLEMS=0
export CARRY_DIR

# One line for each thing that is wrong; the caller ends with end_if_problems.
problem()
{
	warn "$@"
	PROBLEMS=$((PROBLEMS + 1))
}

end_if_problems()
{
	[ "$PROBLEMS" -eq 0 ] || die "$EX_CARRIER" "$PROBLEMS problem(s): $*"
}

# --- the kernel tree ----------------------------------------------------------

# The first source file newer than the stamp: somebody edited the tree.  What
# other scripts may build in place (usr/, tools/) is left out.
edited_file()
{
	find "$1" \( -path "$1/usr" -o -path "$1/tools" \) -prune -o \
		-type f -newer "$2" \( -name '*.[chS]' -o -name 'Makefile*' \
		-o -name 'Kconfig*' -o -name 'Kbuild*' \) -print -quit
}

# --- what is carried -----------------------------------------------------------

all_changes()
{
	find "$CARRY_DIR/changes" -name '[0-9]*' -type f 2>/dev/null | sort
}

# Those to be applied: WITHOUT=01 leaves changes/01-* out, UPTO=04 those after 04-*.  One
# that has no part for CARRY_LINE is for other lines of Linux.
changes()
{
	local files

	mapfile -t files < <(all_changes | { grep -v "/${WITHOUT:-none}-[^/]*$" || true; } |
		sed "${UPTO:+/\\/$UPTO-[^\\/]*\$/q}")
	[ ${#files[@]} -eq 0 ] || awk -v tag="@${CARRY_LINE:-}" "$AWK_PARTS"'
		is_part() && !said[FILENAME]++ { print FILENAME }' "${files[@]}"
}

# Those of changes() that are sent to maintainers: without the line `Posted: no`.
posted_changes()
{
	local change

	while read -r change; do
		change_message "$change" | grep -qx 'Posted: no' || printf '%s\n' "$change"
	done < <(changes)
}

# change_message FILE: everything above the line `---`.
change_message()
{
	sed '/^---$/,$d' "$1"
}

# For awk, since one process for all changes saves hundreds.  for_line(): has the line no tag,
# such as @6.12, or CARRY_LINE as a tag?  Removes its tags.  is_part(): is it a part for
# CARRY_LINE, below the line `---`?  Called once for each line.
# shellcheck disable=SC2016 # awk expands them
readonly AWK_PARTS='
	function for_line(    i, wanted) {
		wanted = tag == "@" || !/@/
		for (i = 1; i <= NF; i++)
			wanted = wanted || $i == tag
		gsub(/[ \t]*@[0-9.]+/, "")
		return wanted
	}
	function is_part() {
		if (FNR == 1)
			below = 0
		if (!below) {
			below = $0 == "---"
			return 0
		}
		sub(/#.*/, "")
		return NF && for_line()
	}
'

# change_parts FILE...: `kind path [target]` lines, below the line `---`, that are for
# CARRY_LINE, or all if that is not set.
change_parts()
{
	[ $# -eq 0 ] || awk -v tag="@${CARRY_LINE:-}" "$AWK_PARTS is_part()" "$@"
}

# The last change that is carried to line $1, if not all are: in changes/lines.
last_change()
{
	awk -v line="$1" '$1 == line { print $2 }' "$CARRY_DIR/changes/lines" 2>/dev/null || true
}

# parts all_changes, or parts changes
parts()
{
	local files

	mapfile -t files < <("$1")
	change_parts "${files[@]}"
}

all_parts()
{
	parts all_changes
}

# rule_files RULE: the kernel files in its `Files:` lines (also of x.comments, x.lines).
rule_files()
{
	awk 'sub(/^(\/\/|#) *Files:/, "") {
		for (i = 1; i <= NF; i++)
			print $i
	}' "$CARRY_DIR/$1"
}

# `rule file` for each kernel file that a rule is to change, tab between, in the
# order in which they are applied.
rule_pairs()
(
	cd "$CARRY_DIR" || exit
	# shellcheck disable=SC2016 # awk expands them
	parts changes | awk '/^(rule|comment|line) / { print $2 }' | xargs -r awk '
		sub(/^(\/\/|#) *Files:/, "") {
			for (i = 1; i <= NF; i++)
				print FILENAME "\t" $i
		}' 2>/dev/null || true
)

# The text to append: the file without its own header, the comment lines that
# start with SPDX and end with an empty line.
append_text()
{
	awk 'NR == 1 && /SPDX/ { header = 1 }
	     header { if ($0 == "") header = 0; next }
	     { print }' "$CARRY_DIR/$1"
}

# changes/gone: `identifier glob... [@line...]` lines.
gone_lines()
{
	{ sed 's/#.*//; /^[[:space:]]*$/d' "$CARRY_DIR/changes/gone" 2>/dev/null || true; } |
		awk -v tag="@${CARRY_LINE:-}" "$AWK_PARTS for_line()"
}

# tree_glob TREE GLOBS: the files in TREE, without TREE; ** goes into folders.
tree_glob()
(
	cd "$1" || exit
	shopt -s globstar nullglob
	for file in $2; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
)

# gone_stands TREE ID GLOBS: `file:line` of every place that names ID.
gone_stands()
(
	cd "$1" || exit
	tree_glob . "$3" | tr '\n' '\0' |
		xargs -0r grep -nwFH -e "$2" -- | cut -d: -f1,2 || true
)

# Reasons why TREE is not pristine, a line each.
already_changed()
{
	local tree=$1 kind path target id

	while read -r kind path target; do
		target=${target:-${path%.append}}
		case $kind in
		file)
			[ ! -e "$tree/$target" ] || echo "it has $target, which changes/ brings"
			;;
		append)
			! has_text "$tree/$target" "$(append_text "$path")" ||
				echo "$target has the lines of $path"
			;;
		esac
	done < <(all_parts)
	id=$(gone_missing "$tree")
	[ -z "$id" ] || [ "$(wc -l <<<"$id")" -lt "$(gone_lines | wc -l)" ] ||
		echo "nothing that changes/gone names is there"
}

# The identifiers of changes/gone that even a pristine tree does not have, neither
# where they are to be gone nor in what the rules touch.
gone_missing()
{
	local id globs touched

	touched=$(rule_pairs | cut -f2 | sort -u | tr '\n' ' ')
	while read -r id globs; do
		[ -n "$(gone_stands "$1" "$id" "$globs $touched")" ] || printf '%s\n' "$id"
	done < <(gone_lines)
}

has_text()
{
	[ -f "$1" ] && [ -n "$2" ] && [[ $(<"$1") == *"$2"* ]]
}

# Every carried file is named by exactly one change, whatever its line, and is there.
check_carried()
{
	local change kind path n CARRY_LINE=''

	[ -n "$(all_changes)" ] || die "$EX_CARRIER" "$CARRY_DIR/changes: no change there"
	while read -r change; do
		grep -qx -e '---' "$change" ||
			problem "changes/${change##*/}: no line '---' between message and parts"
	done < <(all_changes)
	while read -r kind path _; do
		check_part "$kind" "$path"
	done < <(all_parts)
	while read -r n path; do
		[ "$n" -eq 1 ] || problem "$path is named $n times in changes/, once is right"
	done < <(all_parts | awk '{ print $2 }' | sort | uniq -c)
	while read -r path; do
		problem "$path is in no change: name it in a file of changes/, or remove it"
	done < <(comm -13 <(all_parts | awk '{ print $2 }' | sort -u) <(carried_files))
}

carried_files()
(
	cd "$CARRY_DIR" || exit
	# shellcheck disable=SC2086 # one word a folder
	{ find $CARRIED_IN -type f ! -name '.*' ! -name '*~' 2>/dev/null || true; } | sort
)

# A tag names a line that has a ledger.
check_tags()
{
	local tag

	while read -r tag; do
		[ -e "$CARRY_DIR/ledger/$tag" ] ||
			problem "changes/: @$tag is the tag of no line: there is no ledger/$tag"
	done < <(all_tags)
}

# The lines of Linux that parts are tagged with.
all_tags()
{
	local change

	while read -r change; do
		sed '1,/^---$/d; s/#.*//' "$change"
	done < <(all_changes) | { grep -oE '@[^[:space:]]+' || true; } | sed 's/^@//' | sort -u
}

# carry_line LINE: whose parts are applied to LINE: the nearest that parts are tagged with.
carry_line()
{
	local tags

	mapfile -t tags < <(all_tags)
	if [ ${#tags[@]} -eq 0 ]; then
		echo "$1"
	else
		nearest_line "$1" "${tags[@]}"
	fi
}

check_part()
{
	local kind=$1 path=$2

	[ -f "$CARRY_DIR/$path" ] ||
		problem "$path is named in changes/ but does not exist"
	case $kind:$path in
	rule:*.cocci|comment:*.comments|line:*.lines)
		[ ! -f "$CARRY_DIR/$path" ] || [ -n "$(rule_files "$path")" ] ||
			problem "$path: no line with 'Files: ...' says what it changes"
		;;
	append:*.append|file:*.[chS]|file:*.rst) ;;
	*)	problem "changes/: '$kind $path' is not 'rule x.cocci'," \
			"'comment x.comments', 'line x.lines', 'file x.c' or 'append x.append'" ;;
	esac
}
