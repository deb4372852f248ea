# SPDX-License-Identifier: GPL-2.0
"""How the cases of a comparison's boots ended.

The file `cases` has a line each, tabs between: side, how (ok, failed, time-out, emulator), case.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

from results.ktap import Result
from results.rows import SIDES
from results.run import Run


def endings(run: Run, side: str) -> str:
    """Lines of a boot.  What a program was told to do, less its seed, is a case as well."""
    commands = [_command(line.split()) for line in run.text("job").replace("\0", "").split("\n")
                if line.startswith("test ")]
    result = Result(run.result())
    found: List[Tuple[str, str]] = []
    for test in result.started:
        found += [("ok" if case.good else "failed", case.name.split(" ")[0])
                  for case in test.cases]
    for command, test in zip(commands, result.tests):
        # If some of its cases failed, that is all there is to say.
        how = "ok" if test.good or not all(case.good for case in test.cases) else "failed"
        if not test.good:
            how = "emulator" if "EMULATOR" in test.words else \
                "time-out" if "TIMEOUT" in test.words else how
        found.append((how, command))
    return "".join("%s\t%s\t%s\n" % (side, how, case) for how, case in found)


def _command(words: List[str]) -> str:
    """Of `test PROGRAM SECONDS ARGUMENT...`."""
    name, arguments = words[1], words[3:]
    if "-s" in arguments:
        at = arguments.index("-s")
        del arguments[at:at + 2]
    return " ".join([name] + arguments)


class Failures:
    """What failed, how often, of how many times."""

    def __init__(self, text: str) -> None:
        self._all: Dict[Tuple[str, str], int] = {}
        self._bad: Dict[Tuple[str, str, str], int] = {}
        for line in text.split("\n")[:-1]:
            side, how, case = line.split("\t")
            self._all[side, case] = self._all.get((side, case), 0) + 1
            if how != "ok":
                self._bad[side, case, how] = self._bad.get((side, case, how), 0) + 1

    def lines(self) -> List[str]:
        return sorted("%s: %s: %s in %d of %d boots" % (
            side, case, how, number, self._all[side, case])
            for (side, case, how), number in self._bad.items())

    def lost_in_b(self) -> bool:
        """Is there what A did and B never could, so that there are no figures to compare?"""
        never = {side: {case for (s, case, _), number in self._bad.items()
                        if s == side and number == self._all[side, case]} for side in SIDES}
        return bool(never["B"] - never["A"])
