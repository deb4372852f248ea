# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the header of a bzImage says (Documentation/x86/boot.rst), for scripts that take
# a ready kernel.

# bzimage_number FILE OFFSET BYTES
bzimage_number()
{
	od -An -tu"$3" -j"$(($2))" -N"$3" -- "$1" 2>/dev/null | tr -d ' '
}

# bzimage_bytes FILE OFFSET COUNT
bzimage_bytes()
{
	dd if="$1" bs=1 skip="$(($2))" count="$3" status=none | tr -d '\000'
}

is_bzimage()
{
	[ "$(bzimage_bytes "$1" 0x202 4)" = HdrS ]
}

# How long the file has to be.  No number of sectors means the four of old.
bzimage_size()
{
	local sectors

	sectors=$(bzimage_number "$1" 0x1f1 1)
	[ "$sectors" -ne 0 ] || sectors=4
	echo $(((sectors + 1) * 512 + $(bzimage_number "$1" 0x1f4 4) * 16))
}

bzimage_is_whole()
{
	[ "$(stat -L -c %s -- "$1")" -ge "$(bzimage_size "$1")" ]
}

bzimage_is_64_bit()
{
	[ $(($(bzimage_number "$1" 0x236 2) & 1)) -eq 1 ]
}

# What `uname -r` will say.
bzimage_release()
{
	bzimage_bytes "$1" 0x200+"$(bzimage_number "$1" 0x20e 2)" 200 |
		awk 'NR == 1 { print $1 }'
}
