# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/steps/source, apply and patches share: where things are, how a change
# file and a rule are read, how one change is applied to copies of the files that
# it touches, and how what a rule did is counted.  Source common.sh before it.
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
	STOCK=$O/src/interval ;;
historical)
	CARRY_DIR=$REPO/historical ;;
esac
# shellcheck disable=SC2034 # for apply and patches
INTERVAL=$O/src/$SET			# and what is made
BUILTINS=$O/src/builtins.h		# for spatch, made by make_builtins()
CACHE=$O/src/spatch			# what a rule made of a file
SPATCH_LOG=$O/log/spatch.log
CARRIED_IN='virt arch mm include'	# nothing lies there that is not carried
PARSE_FLOOR=90				# per cent, see check_parsed()
SPATCH_FLAGS=(--very-quiet --no-includes --include-headers --timeout 60)
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

# Those to be applied: WITHOUT=01 leaves changes/01-* out, to show what it is for.
changes()
{
	all_changes | { grep -v "/${WITHOUT:-none}-[^/]*$" || true; }
}

# change_message FILE: everything above the line `---`.
change_message()
{
	sed '/^---$/,$d' "$1"
}

# change_parts FILE: `kind path [target]` lines, below the line `---`.
change_parts()
{
	sed '1,/^---$/d; s/#.*//; /^[[:space:]]*$/d' "$1"
}

# parts all_changes, or parts changes
parts()
{
	local change

	while read -r change; do
		change_parts "$change"
	done < <("$1")
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

# changes/gone: `identifier glob...` lines.
gone_lines()
{
	sed 's/#.*//; /^[[:space:]]*$/d' "$CARRY_DIR/changes/gone" 2>/dev/null || true
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

# Why TREE is not pristine, a line each; nothing if it is.
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

# Every carried file is named by exactly one change, and is there.
check_carried()
{
	local change kind path n

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
	append:*.append|file:*.[chS]) ;;
	*)	problem "changes/: '$kind $path' is not 'rule x.cocci'," \
			"'comment x.comments', 'line x.lines', 'file x.c' or 'append x.append'" ;;
	esac
}

# --- applying one change -------------------------------------------------------

# Coccinelle's builtins plus FNAME(), without which it skips most of
# paging_tmpl.h, less DEFINE_PER_CPU, which hides the function after its use.
# It says nothing in either case.
make_builtins()
{
	local standard

	standard=$(spatch --longhelp 2>&1 |
		sed -n 's/.*--macro-file-builtins .*(default=\(.*\)).*/\1/p')
	[ -r "$standard" ] ||
		die "$EX_SETUP" "coccinelle's standard.h not found: install coccinelle (scripts/steps/packages)"
	{
		echo "// $(spatch --version | sed -n 1p)"
		awk '/^#define DEFINE_PER_CPU\(/ { skip = 1 }
		     !skip { print }
		     skip && !/\\$/ { skip = 0 }' "$standard"
		echo '#define FNAME(x) x'
	} | put_if_changed "$BUILTINS"
	find "$CACHE" -type f -mtime +30 -delete 2>/dev/null || true
}

# check_parsed FILE: what spatch can't parse it skips in silence.
check_parsed()
{
	local percent key

	key=$CACHE/parsed.$(cat "$STOCK/$1" "$BUILTINS" | sha256sum | cut -c1-40)
	[ ! -f "$key" ] || return 0
	percent=$(spatch --macro-file-builtins "$BUILTINS" --parse-c "$STOCK/$1" 2>&1 |
		sed -n 's/^nb good.* bad.*=> *\([0-9]*\).*/\1/p')
	if [ "${percent:-0}" -ge "$PARSE_FLOOR" ]; then
		mkdir -p -- "$CACHE" && touch -- "$key"
		return
	fi
	problem "spatch parses only ${percent:-0} % of $1, and would miss code there:" \
		"add the macro that it trips over to make_builtins in scripts/lib/carrier.sh"
}

# take WORK FILE: a copy of the pristine file, once.
take()
{
	[ ! -e "$1/$2" ] || return 0
	[ -f "$STOCK/$2" ] || return 1
	mkdir -p -- "$(dirname "$1/$2")"
	cp -- "$STOCK/$2" "$1/$2"
}

# apply_change CHANGE WORK FOUND: WORK gets the files that the change touches
# (on top of what earlier changes did there), FOUND ledger lines, and `rule file !`
# for a rule that could not be run.
apply_change()
{
	local kind path target file

	while read -r kind path target; do
		case $kind in
		file)	apply_file "$path" "$2" "${target:-$path}" ;;
		append)	apply_append "$path" "$2" "${target:-${path%.append}}" ;;
		rule|comment|line)
			while read -r file; do
				apply_rule "$path" "$file" "$2" "$3"
			done < <(rule_files "$path")
			;;
		esac
	done < <(change_parts "$1")
}

apply_file()
{
	if [ -e "$STOCK/$3" ]; then
		problem "$3 exists in the pristine tree already: choose another name"
		return
	fi
	mkdir -p -- "$(dirname "$2/$3")"
	cp -- "$CARRY_DIR/$1" "$2/$3"
	chmod 644 "$2/$3"
}

apply_append()
{
	local file=$3

	if ! take "$2" "$file"; then
		problem "$1: there is no $file to append to"
		return
	fi
	[ -z "$(tail -c 1 "$2/$file")" ] || echo >>"$2/$file"
	append_text "$1" >>"$2/$file"
}

apply_rule()
{
	local rule=$1 file=$2 work=$3 found=$4 before

	if ! take "$work" "$file"; then
		problem "$rule: there is no $file in the source (see its Files: line)"
		printf '%s\t%s\t!\n' "$rule" "$file" >>"$found"
		return
	fi
	before=$(mktemp "$work.XXXXXX")
	cp -- "$work/$file" "$before"
	run_rule "$rule" "$file" "$work/$file" ||
		printf '%s\t%s\t!\n' "$rule" "$file" >>"$found"
	count_sites "$before" "$work/$file" |
		sed "s|^|$rule\t$file\t|" >>"$found"
	rm -f -- "$before"
}

# run_rule RULE FILE COPY: change the copy, without a look at what it did; fails if
# the rule could not be run.
run_rule()
{
	if [ "${1%.cocci}" = "$1" ]; then
		change_lines "$1" "$3" "$2"
	elif ! run_spatch "$1" "$3" "$SPATCH_LOG"; then
		problem "$1: spatch failed on $2: $(spatch_says "$SPATCH_LOG")" \
			"(log: $SPATCH_LOG)"
		return 1
	fi
}

# What a rule cannot see: x.comments and x.lines files are sed scripts, each command of
# which has to match: in comments only, and in Kconfig or preprocessor lines, respectively.
change_lines()
{
	local rule=$1 path=$2 file=$3 command

	while IFS= read -r -d '' command; do
		if ! sed -e "$command" -- "$path" >"$path.sed" 2>>"$SPATCH_LOG"; then
			problem "$rule: sed does not take '${command%%$'\n'*}'"
		elif cmp -s -- "$path" "$path.sed"; then
			problem "$rule: '${command%%$'\n'*}' matched nothing in $file"
		elif [ "${rule%.lines}" != "$rule" ]; then
			[ -z "$(c_lines "$path" "$path.sed" "$file")" ] ||
				problem "$rule: '${command%%$'\n'*}' changes C in $file: that is for a semantic patch"
		elif [ -n "$(code_lines "$path" "$path.sed")" ]; then
			problem "$rule: '${command%%$'\n'*}' changes more than comments in $file"
		fi
		mv -f -- "$path.sed" "$path"
	done < <(sed_commands "$CARRY_DIR/$rule")
}

# The lines that differ and do not look like a part of a comment.
code_lines()
{
	{ diff -- "$1" "$2" || true; } | sed -n '/^[<>][[:space:]]*\(\/\*\|\*\)/d; /^[<>]/p'
}

# The lines that differ, unless spatch cannot see them: of Kconfig and the preprocessor.
c_lines()
{
	case ${3##*/} in
	*.[chS]) { diff -- "$1" "$2" || true; } | sed -n '/^[<>] *\(#\|$\)/d; /^[<>]/p' ;;
	esac
}

# A command goes on as long as its lines end with a backslash.
sed_commands()
{
	awk '!more && (/^#/ || /^$/) { next }
	     { more = /\\$/; printf "%s%s", $0, more ? "\n" : "\0" }' "$1"
}

# run_spatch RULE FILE LOG: through a cache, as an apply after an edit of one rule
# would else take ten seconds.
run_spatch()
{
	local key

	key=$CACHE/$({ echo "${SPATCH_FLAGS[*]}"; cat "$CARRY_DIR/$1" "$2" "$BUILTINS"; } |
		sha256sum | cut -c1-40)
	if [ -f "$key" ]; then
		echo "--- $1 $2: as before" >>"$3"
		cp -- "$key" "$2"
		touch -- "$key"
		return
	fi
	spatch_file "$1" "$2" "$3" || return
	mkdir -p -- "$CACHE"
	cp -- "$2" "$key.$BASHPID"
	mv -- "$key.$BASHPID" "$key"
}

# --include-headers also lets a header be named; no other file is ever read.  Not
# --smpl-spacing: it puts added parameters on the line before, however long.
spatch_file()
{
	local status=0 err=$3.err

	echo "--- $1 $2" >>"$3"
	timeout 120 spatch "${SPATCH_FLAGS[@]}" --in-place \
		--macro-file-builtins "$BUILTINS" --sp-file "$CARRY_DIR/$1" "$2" \
		>>"$3" 2>"$err" </dev/null || status=$?
	cat "$err" >>"$3"
	# A time-out in one function is no more than a remark to spatch.
	[ "$status" -eq 0 ] && ! grep -qiE 'timeout|exception|error' "$err"
}

spatch_says()
{
	tr -s '[:space:]' ' ' <"$1.err" | cut -c1-160
}

# count_sites BEFORE AFTER: `function sites removed added` lines, tabs between.
# What a changed line belongs to is found here and not by diff -p, which takes
# the line above for it and cuts long names.  `-` is outside of everything.
count_sites()
{
	{ diff -U0 -- "$1" "$2" || true; } | awk '
	# The name in the first line of a function, struct or variable.
	function name_of(line) {
		sub(/FNAME\(/, "", line)
		if (line ~ /^(struct|union|enum) [A-Za-z0-9_]+ \{/) {
			sub(/ \{.*/, "", line)
			return line
		}
		sub(/\(.*/, "", line)		# function (FNAME: name and `)`)
		sub(/[)[ ]*(\[.*)?(=.*)?$/, "", line)
		sub(/^.*[ \t*]/, "", line)
		return line
	}
	function starts(line) {
		return line ~ /^[A-Za-z_]/ && line !~ /^[A-Za-z0-9_]+:/ &&
		       line ~ /\(|\{|=/
	}
	function scan(line) {
		if (!body && starts(line)) {
			now = name_of(line)
			head = 1
		}
		here[FNR] = now
		if (head && line ~ /(^|[ \t)=])\{[^}]*$/)
			body = 1
		if (line ~ /^\}/ || (head && !body && line ~ /[;}][ \t]*$/)) {
			now = "-"
			body = head = 0
		}
		below[FNR] = now
	}
	BEGIN { now = "-"; below[0] = "-" }
	FILENAME != "-" { scan($0); next }
	/^@@ / {
		split(substr($2, 2), old, ",")
		split(substr($3, 2), new, ",")
		minus = old[2] == "" ? 1 : old[2]
		plus = new[2] == "" ? 1 : new[2]
		where = minus ? "-" : below[old[1]]
		for (n = 0; n < minus && where == "-"; n++)
			where = here[old[1] + n]
		sites[where]++
		removed[where] += minus
		added[where] += plus
	}
	END {
		for (where in sites)
			printf "%s\t%d\t%d\t%d\n", where, sites[where],
			       removed[where], added[where]
	}' "$1" -
}
