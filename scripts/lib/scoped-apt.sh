# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Fetches from this machine's own mirror of Debian what another release has: with a list of
# sources, and lists, of its own.  apt's settings and lists of the machine stay as they are.
# Source common.sh before it.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Why nothing can be fetched here, or nothing.
no_scoped_apt()
{
	if ! command -v apt-get >/dev/null; then
		echo "there is no apt here"
	elif [ ! -e "$KEYRING" ]; then
		echo "no $KEYRING (package debian-archive-keyring)"
	elif [ -z "$(mirror)" ]; then
		echo "apt has no mirror of Debian (after apt-get update)"
	fi
}

# The first mirror of Debian itself that apt knows here.
mirror()
{
	# shellcheck disable=SC2016 # apt's words
	apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)' \
		'Identifier: Packages' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }'
}

# scoped FOLDER PROGRAM ARGUMENT...: of apt, on the sources of FOLDER.
scoped()
{
	local dir=$1 program=$2
	shift 2

	"$program" -q -o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

# scoped_update FOLDER deb|deb-src SUITE: makes FOLDER, with the index of SUITE.
scoped_update()
{
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial" &&
		echo "$2 [signed-by=$KEYRING] $(mirror) $3 main" >"$1/sources.list" &&
		scoped "$1" apt-get update --error-on=any
}

# scoped_download FOLDER SUITE PACKAGE...: as scoped_update; the packages are then in FOLDER.
scoped_download()
{
	local dir=$1 suite=$2
	shift 2

	scoped_update "$dir" deb "$suite" && (cd "$dir" && scoped "$dir" apt-get download "$@")
}

# scoped_error LOG: the line that says what went wrong.
scoped_error()
{
	grep -m 1 '^E:' "$1" || tail -n 1 "$1"
}
