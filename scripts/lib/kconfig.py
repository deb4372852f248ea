# SPDX-License-Identifier: GPL-2.0
"""Prints the lines of configuration fragments that did not take, and where they stand.

Called by lines_not_taken() of scripts/steps/kernel: .config FRAGMENT...  Each line of the
output is `SYMBOL<tab>PLACE: WANTED did not take; the kernel has WHAT`.  Where two
fragments name one symbol, the later line counts.
"""

import os
import re
import sys

LINE = re.compile(r"(?:(CONFIG_\w+)=|# (CONFIG_\w+) is not set$)")


def symbols(path):
    """(symbol, line, number) of each line that sets a symbol."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = LINE.match(line)
            if match:
                yield match.group(1) or match.group(2), line.rstrip("\n"), number


def main(config, *fragments):
    """Compare the fragments with the configuration."""
    has = {symbol: line for symbol, line, _ in symbols(config)}
    wanted = {}
    for path in fragments:
        for symbol, line, number in symbols(path):
            wanted[symbol] = line, f"configs/{os.path.basename(path)} line {number}"
    for symbol, (line, place) in sorted(wanted.items()):
        value = has.get(symbol, f"no {symbol}")
        off = line.endswith(" is not set") and (symbol not in has or value.endswith("=0"))
        if value != line and not off:
            print(f"{symbol}\t{place}: `{line}` did not take; the kernel has `{value}`")


main(*sys.argv[1:])
