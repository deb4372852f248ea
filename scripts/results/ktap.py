# SPDX-License-Identifier: GPL-2.0
"""The KTAP of a run: what init says in column 1, and what the tests say below it.

Only lines that begin in column 1 are init's; what a test says is indented by two blanks,
or behind a `#`.  init replaces what is no text by blanks, so an escape sequence of a test
arrives as ` [32m`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LOST_ESCAPE = re.compile(r" \[[0-9;]*m")
_CASE = re.compile(r"(not )?ok(?=\s|$)(?: +(\d+)(?!\S))?(.*)")
_WORDS = re.compile(r"\s#(?:\s+|(?=SKIP|TODO|XFAIL))", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(SKIP|TODO|XFAIL)\b:? ?", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9.]+ s; ?")
_ASSERT = re.compile(r" *# .*==== Test Assertion Failure")
_WORDS_OF_ORACLE = re.compile(r" *# .*(?:STALE|LOST|TORN) ")
_SEEN = re.compile(r"  # .*(?:STALE|LOST|TORN|no progress)")
_MOST_WHY = 4       # lines of a failed test that a verdict repeats


@dataclass
class Case:
    """One `ok` or `not ok` line."""

    good: bool
    number: str
    name: str
    words: str                  # after the ` # `, without the directive
    directive: str = ""         # SKIP, TODO, XFAIL

    @property
    def skipped(self) -> bool:
        return self.good and self.directive == "SKIP"

    @property
    def failed(self) -> bool:
        """Is that trouble?  A directive says that it was expected."""
        return not self.good and not self.directive


def parse_case(line: str) -> Optional[Case]:
    """Reads `ok 3 - name # SKIP why`; name, dash and all after the number may be missing."""
    match = _CASE.match(line)
    if not match:
        return None
    head, *rest = _WORDS.split(match.group(3), 1)
    case = Case(not match.group(1), match.group(2) or "", _name(head), "".join(rest))
    directive = _DIRECTIVE.match(case.words)
    if directive:
        case.directive = directive.group(1).upper()
        case.words = case.words[directive.end():]
    return case


def _name(text: str) -> str:
    text = text.strip(" ")
    if text.startswith("- "):
        text = text[2:].lstrip(" ")
    return "" if text == "-" else text


@dataclass
class Test:
    """A program that init has run, and what it said."""

    name: str
    good: bool = False          # what init says of its end
    skipped: bool = False
    seconds: str = "-"
    words: str = ""
    cases: List[Case] = field(default_factory=list)
    plans: List[int] = field(default_factory=list)
    bail: str = ""
    why: List[str] = field(default_factory=list)    # its own words, for a verdict
    seen: str = ""              # the first wrong word, or vCPU that stood still

    @property
    def verdict(self) -> str:
        """pass, skip, FAIL, TIMEOUT or EMULATOR; what init says is not all."""
        if "EMULATOR-FAULT" in self.words:
            return "EMULATOR"
        if "; TIMEOUT" in "; " + self.words and not self.good:
            return "TIMEOUT"
        if not self.good or self.objection:
            return "FAIL"
        if self.skipped or (not self.cases and 0 in self.plans):
            return "skip"
        return "pass"

    @property
    def objection(self) -> str:
        """Why a test whose exit status was good has not passed."""
        if not self.good:
            return ""
        bad = sum(case.failed for case in self.cases)
        if bad:
            return "exit %d, but %d not ok inside" % (4 if self.skipped else 0, bad)
        if self.bail:
            return self.bail
        planned = sum(self.plans)
        if self.plans and not self.skipped and planned != len(self.cases):
            return "planned %d cases, %d have a result" % (planned, len(self.cases))
        return ""

    @property
    def counts(self) -> str:
        """What it did, in a few words."""
        if self.objection:
            return self.objection + ("; " + self.words if self.words else "")
        return self.words


class Result:
    """A result.ktap, complete or not."""

    def __init__(self, text: str) -> None:
        self.lines = 0
        self.plan = -1              # none
        self.tests: List[Test] = []         # those that have a result
        self.started: List[Test] = []       # all
        self.facts: Dict[str, str] = {}
        self.bail: List[str] = []
        self.end: Optional[str] = None
        self.broken = ""            # the first thing that no result has
        self.begun: Optional[Test] = None
        self._asserted = 0
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        for line in lines:
            self.lines += 1
            self._line(line[:-1] if line.endswith("\r") else line)

    @property
    def running(self) -> str:
        """The test that was begun and has no result."""
        return self.begun.name if self.begun else ""

    def count(self, *verdicts: str) -> int:
        return sum(test.verdict in verdicts for test in self.tests)

    def init_counts(self) -> str:
        """How init counts its lines at the end."""
        passed = sum(test.good and not test.skipped for test in self.tests)
        skipped = sum(test.good and test.skipped for test in self.tests)
        return "passed %d failed %d skipped %d" % (
            passed, len(self.tests) - passed - skipped, skipped)

    # --- lines -------------------------------------------------------------------

    def _object(self, why: str) -> None:
        if not self.broken:
            self.broken = "%s (line %d)" % (why, self.lines)

    def _line(self, line: str) -> None:
        if "\x1b" in line:
            line = _ESCAPE.sub("", line)
        if self.lines == 1:
            if line != "KTAP version 1":
                self._object("it does not begin with a KTAP header")
        elif self.end is not None:
            self._object("more lines after the end")
        elif line.startswith("#"):
            self._comment(line)
        elif line.startswith("  "):
            self._nested(line)
        else:
            self._init(line)

    def _init(self, line: str) -> None:
        plan = re.fullmatch(r"1\.\.(\d+)( *#.*)?", line)
        if plan:
            if self.plan >= 0:
                self._object("two plans")
            self.plan = int(plan.group(1))
        elif re.match(r"(not )?ok [0-9]+ [^ ]", line):
            self._test_ended(line)
        elif line.startswith("Bail out!"):
            self.bail.append(line)
        else:
            self._object("no KTAP: " + line[:60])

    def _test_ended(self, line: str) -> None:
        case = parse_case(line)
        test = self.begun or Test("")
        self.begun = None
        assert case is not None
        if int(case.number) != len(self.tests) + 1:
            self._object("test %d has the number %s" % (len(self.tests) + 1, case.number))
        if not case.name and not case.directive:
            self._object("no KTAP: " + line[:60])
        # init's names have no blanks; what follows one is no part of it.
        test.name = case.name.split(" ")[0] or test.name or case.number
        test.good = case.good
        test.skipped = case.skipped
        test.words = case.words
        if not case.good and case.directive:
            test.words = case.directive + " " + case.words
        seconds = _SECONDS.match(test.words)
        if seconds:
            test.seconds = seconds.group().partition(" ")[0]
            test.words = test.words[seconds.end():]
        if not self.started or self.started[-1] is not test:
            self.started.append(test)
        self.tests.append(test)
        self._asserted = 0

    def _comment(self, line: str) -> None:
        """A line of init's own, or of a test that does not speak KTAP."""
        if line.startswith("# start "):
            part = line.split()
            self.begun = Test(part[3].rstrip(",") if len(part) > 3 else "")
            self.started.append(self.begun)
            self._asserted = 0
            return
        self._own_words(line)
        if line.startswith("# end "):
            self.end = line[len("# end "):]
        elif line.startswith("# fact "):
            name, _, value = line[len("# fact "):].partition(" ")
            old = self.facts.get(name)
            self.facts[name] = value if old is None else old + "\n" + value

    def _nested(self, line: str) -> None:
        self._own_words(line)
        test = self.begun
        text = line[2:]
        # A coloured line is none of KTAP for init, which puts `# ` before it.
        if text.startswith("# ") and _LOST_ESCAPE.match(text[2:]):
            text = text[2:]
        text = _LOST_ESCAPE.sub("", text).rstrip()
        if text.startswith((" ", "#")):
            return
        plan = re.match(r"1\.\.(\d+)(?:$| *#)", text)
        case = parse_case(text)
        if test is None:
            if plan or case:
                self._object("a case of no test: " + text[:60])
        elif plan:
            test.plans.append(int(plan.group(1)))
        elif case:
            test.cases.append(case)
            if case.failed:
                self._remember(line)
        elif text.startswith("Bail out!"):
            test.bail = text

    def _own_words(self, line: str) -> None:
        """What a verdict repeats of a test: an assertion's first lines, the first words
        that an oracle found."""
        if _ASSERT.match(line):
            self._asserted = self.lines
        elif self._asserted and self.lines <= self._asserted + 2 and \
                line.lstrip(" ").startswith("# "):
            self._remember(line)
        if _WORDS_OF_ORACLE.match(line):
            self._remember(line)
        if self.begun and not self.begun.seen and _SEEN.match(line):
            self.begun.seen = line[4:]

    def _remember(self, line: str) -> None:
        if self.begun and len(self.begun.why) < _MOST_WHY:
            self.begun.why.append(line)
