# SPDX-License-Identifier: GPL-2.0
"""The folder of a run: the only place that knows the names and formats of its files.

	meta		`key value` lines; the last one of a key counts
	job		what the machine was told to run
	result.ktap	what the tests said
	console.log	the kernel's words; NAME.log those of the emulator
	tests		a line each test: name, verdict, seconds, counts; tabs between
	verdict		first line: WORD STATUS; then the telling lines
	baseline	`test verdict` lines: failures that are known
	plan		of scripts/mutations: `way on|off` lines, one for each test
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Dict, List, Tuple

# Some line of every meta that was written for a run begins with one of these.
_META_KEYS = ("kernel", "platform", "ended", "emulator", "repeated")
FAILURES = ("FAIL", "TIMEOUT")


def decode(data: bytes) -> str:
    """Text of whatever a machine wrote; bytes that are none come out as U+FFFD."""
    return data.decode("utf-8", "replace")


@dataclass
class Row:
    """A test of the file `tests`."""

    name: str
    verdict: str
    seconds: str
    counts: str


class Run:
    """Files that are not there are empty files."""

    def __init__(self, folder: str) -> None:
        self.path = folder.rstrip("/") or "/"

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    # --- files -------------------------------------------------------------------

    def file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def has(self, name: str) -> bool:
        return os.access(self.file(name), os.R_OK)

    def bytes(self, name: str) -> bytes:
        try:
            with open(self.file(name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def text(self, name: str) -> str:
        return decode(self.bytes(name))

    def last_lines(self, name: str, count: int) -> str:
        """The end of a file, as much as a person wants to read."""
        lines = self.text(name).replace("\0", "").split("\n")
        if lines[-1] == "":
            lines.pop()
        return "\n".join(line[:200] for line in lines[-count:]).rstrip("\n")

    def write(self, name: str, text: str) -> None:
        with open(self.file(name), "w", encoding="utf-8", errors="replace") as file:
            file.write(text)

    def looks_like_one(self) -> bool:
        """Is this the folder of a run, or has it nothing to lose?  Else nothing may be
        written."""
        if any(line.split(" ", 1)[0] in _META_KEYS for line in self.text("meta").split("\n")):
            return True
        return (self.has("console.log") and self.has("result.ktap")) or \
            not any(entry.is_dir() or entry.stat().st_size for entry in os.scandir(self.path))

    # --- meta --------------------------------------------------------------------

    def meta_lines(self) -> List[Tuple[str, str]]:
        pairs = (line.split(" ", 1) for line in self.text("meta").split("\n") if line)
        return [(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs]

    def meta(self, key: str) -> str:
        return dict(self.meta_lines()).get(key, "")

    @property
    def emulator(self) -> str:
        return "Bochs" if self.meta("emulator") == "Bochs" else "QEMU"

    @property
    def emulator_status(self) -> str:
        return self.meta(self.emulator.lower() + "-status")

    @property
    def emulator_log(self) -> str:
        return self.emulator.lower() + ".log"

    @property
    def on_host(self) -> bool:
        """Did it run on a machine's own kernel (scripts/steps/host)?"""
        return self.meta("platform") == "host"

    @property
    def was_repeated(self) -> bool:
        return any(key == "repeated" and value for key, value in self.meta_lines())

    # --- what it said --------------------------------------------------------------

    def result(self) -> str:
        return self.text("result.ktap")

    def console(self) -> bytes:
        """What the machine wrote by itself: after a time-out we ask for a panic."""
        data = self.bytes("console.log")
        size = self.meta("console-bytes")
        return data[:int(size)] if size.isdigit() else data

    def baseline(self) -> Dict[str, str]:
        known = {}
        for line in self.text("baseline").split("\n"):
            part = line.split()
            if part and not part[0].startswith("#"):
                known[part[0]] = part[1] if len(part) > 1 else ""
        return known

    def plan(self) -> List[str]:
        return self.text("plan").split("\n")[:-1]

    # --- what came of it -----------------------------------------------------------

    def rows(self) -> List[Row]:
        found = []
        for line in self.text("tests").split("\n"):
            part = line.split("\t")
            if len(part) >= 4:
                found.append(Row(part[0], part[1], part[2], part[3]))
        return found

    def write_rows(self, rows: List[Row]) -> None:
        self.write("tests", "".join(
            "%s\t%s\t%s\t%s\n" % (row.name, row.verdict, row.seconds, row.counts)
            for row in rows))

    def verdict(self) -> Tuple[str, int, List[str]]:
        """Word, status and lines; without a verdict file it has not run."""
        lines = self.text("verdict").split("\n")
        word, _, number = lines[0].partition(" ")
        if lines[-1] == "":
            lines.pop()
        return word, int(number) if number.isdigit() else 8, lines[1:]

    def write_verdict(self, word: str, status: int, lines: List[str]) -> None:
        self.write("verdict", "%s %d\n%s" % (word, status,
                                             "".join(line + "\n" for line in lines)))
