# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Applies one change to copies of the files that it touches, and counts what each rule
# did.  Source carrier.sh before it.

BUILTINS=$O/src/builtins.h		# for spatch, made by make_builtins()
CACHE=$O/src/spatch			# what a rule made of a file
SPATCH_LOG=$O/log/spatch.log
PARSE_FLOOR=90				# per cent, see check_parsed()
SPATCH_FLAGS=(--very-quiet --no-includes --include-headers --timeout 60)

# carrier COMMAND ARGUMENT...: the part that is written in Python.
carrier()
{
	python "$SCRIPTS/lib/carrier.py" "$@"
}

# Coccinelle's builtins plus FNAME(), without which it skips most of
# paging_tmpl.h, less DEFINE_PER_CPU, which hides the function after its use.
# It says nothing in either case.
make_builtins()
{
	local standard

	standard=$(spatch --longhelp 2>&1 |
		sed -n 's/.*--macro-file-builtins .*(default=\(.*\)).*/\1/p')
	[ -r "$standard" ] ||
		die "$EX_SETUP" "coccinelle's standard.h not found: install coccinelle" \
			"(scripts/steps/packages)"
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
		"add the macro that it trips over to make_builtins in scripts/lib/carrier-apply.sh"
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
	local kind path target file pairs=$3.pairs

	: >"$pairs"
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
	[ ! -s "$pairs" ] || carrier sites "$pairs" >>"$3"
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
	cp -- "$work/$file" "$before.after"
	printf '%s\t%s\t%s\t%s\n' "$rule" "$file" "$before" "$before.after" >>"$found.pairs"
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

# x.comments and x.lines files are sed scripts, for lines that a rule cannot match.  Each
# command has to match: in comments only, and in Kconfig or preprocessor lines, respectively.
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
				problem "$rule: '${command%%$'\n'*}' changes C in $file:" \
					"that is for a semantic patch"
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
	# In our process group, or Ctrl-C would not reach it.
	timeout --foreground 120 spatch "${SPATCH_FLAGS[@]}" --in-place \
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
