# SPDX-License-Identifier: GPL-2.0
"""The measures that a boot has printed, in one form whatever printed them.

Programs print, as diagnostics of KTAP:

	# row NAME UNIT lower|higher VALUE
	# hist NAME UNIT LOWEST:COUNT...
	# span NAME stall|host START_US LENGTH_US
	# measure MODE KEY=VALUE...		fault_bench; becomes rows here

What came before a case that failed is left out.  The file `samples` of a comparison has a
line each, tabs between: kind, side (A or B), boot, name, then what follows the name above;
of a histogram a line for each bucket.  docs/comparing.md says what each row means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, List, NoReturn, Tuple

_LINE = re.compile(r" *# (row|hist|span|measure) ")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z0-9_.%/+=-]+")
_SLOTS = re.compile(r"-([0-9]+)-slots$")
UNITS = ("ns", "instructions", "per-second", "count", "percent", "times")
GOOD = ("lower", "higher")
SIDES = ("A", "B")


class BadMeasure(Exception):
    """A line that is not as above; what it says names the line."""


# --- what one boot has printed -----------------------------------------------------------


class Taker:
    """Reads a result.ktap; `taken` has kind, name and three more words each."""

    def __init__(self, text: str) -> None:
        self.taken: List[Tuple[str, ...]] = []
        self._kept: List[Tuple[str, ...]] = []      # until their case or program has ended
        self._rates: Dict[str, List[float]] = {}    # what a program measured again and again
        self._number = 0
        self._text = ""
        for self._number, self._text in enumerate(re.sub("[\r\0]", "", text).split("\n"), 1):
            self._line(self._text)
        self._end_program()

    def _bad(self, why: str) -> NoReturn:
        raise BadMeasure("line %d, %s: %s" % (self._number, why, self._text))

    def _line(self, line: str) -> None:
        """Lines in column 1 are those of init, of programs; others of their cases."""
        if re.match(r"# start |not ok [0-9]", line):
            self._forget()
        elif re.match(r"ok [0-9]", line):
            self._end_program()
        elif re.match(r" +ok [0-9]", line):
            self._give()
        elif re.match(r" +not ok [0-9]", line):
            self._kept = []
        elif _LINE.match(line):
            self._measured(line.split()[1:])

    def _give(self) -> None:
        self.taken += self._kept
        self._kept = []

    def _forget(self) -> None:
        self._kept = []
        self._rates = {}

    def _end_program(self) -> None:
        for name, rates in self._rates.items():
            if len(rates) > 1:
                self._row(name, "times", "lower", max(rates) / min(rates))
        self._give()
        self._forget()

    def _row(self, name: str, unit: str, good: str, value: float) -> None:
        self._kept.append(("row", name, unit, good, "%.10g" % value))

    def _measured(self, words: List[str]) -> None:
        kind, rest = words[0], words[1:]
        if kind == "measure":
            of_mode = {"columns": self._columns, "overlap": self._overlap,
                       "storm": self._overlap, "blocked": self._blocked,
                       "icount": self._icount}.get(rest[0] if rest else "")
            if of_mode:
                of_mode(rest[0], dict(word.partition("=")[::2] for word in rest[1:]))
            return
        if not rest or not _NAME.fullmatch(rest[0]):
            self._bad("no name")
        if kind == "row":
            if len(rest) != 4 or rest[1] not in UNITS or rest[2] not in GOOD or \
                    not _NUMBER.fullmatch(rest[3]):
                self._bad("not `# row NAME UNIT lower|higher VALUE`")
            self._kept.append(("row", *rest))
        elif kind == "hist":
            self._histogram(rest)
        else:
            if len(rest) != 4 or rest[1] not in ("stall", "host") or \
                    not all(map(_NUMBER.fullmatch, rest[2:])):
                self._bad("not `# span NAME stall|host START_US LENGTH_US`")
            self._kept.append(("span", *rest))

    def _histogram(self, words: List[str]) -> None:
        if len(words) < 2 or words[1] not in UNITS:
            self._bad("not `# hist NAME UNIT LOWEST:COUNT...`")
        for bucket in words[2:]:
            if not re.fullmatch(r"[0-9]+:[0-9]+", bucket):
                self._bad("not LOWEST:COUNT")
            self._kept.append(("hist", words[0], words[1], *bucket.split(":")))

    # --- fault_bench: what of its figures has a direction ----------------------------

    def _value(self, values: Dict[str, str], key: str, least: float = 0) -> float:
        if not _NUMBER.fullmatch(values.get(key, "")) or float(values[key]) < least:
            self._bad("no %s=" % key)
        return float(values[key])

    def _columns(self, _: str, values: Dict[str, str]) -> None:
        seconds = self._value(values, "ns", 1) / 1e9
        faults = self._value(values, "faults", 1)
        place = values.get("at", "")
        where = "columns/%s/" % place
        self._row(where + "faults", "per-second", "higher", faults / seconds)
        self._row(where + "retries-of-1000-faults", "count", "lower",
                  1000 * self._value(values, "retries") / faults)
        if place != "none":
            self._row(where + "host-calls", "per-second", "higher",
                      self._value(values, "calls") / seconds)

    def _overlap(self, mode: str, values: Dict[str, str]) -> None:
        def value(key: str, least: float = 0) -> float:
            return self._value(values, key, least)

        ns = value("ns", 1)
        rate = value("ops", 1) * 1e9 / ns
        where = "%s/vcpus=%s/" % (mode, values.get("vcpus", ""))
        for name, unit, good, what in (
                ("host-calls", "per-second", "higher", rate),
                ("guest-writes", "per-second", "higher", value("writes") * 1e9 / ns),
                ("cpu-of-a-vcpu", "percent", "lower", 100 * value("cpu_ns") / ns),
                ("longest-guest-stall", "ns", "lower", 1000 * value("guest_gap_us")),
                ("longest-host-call", "ns", "lower", 1000 * value("host_gap_us")),
                ("mean-host-call", "ns", "lower", 1000 * value("op_us"))):
            self._row(where + name, unit, good, what)
        if mode == "overlap":
            self._rates.setdefault(where + "spread-of-host-calls", []).append(rate)

    def _blocked(self, _: str, values: Dict[str, str]) -> None:
        self._row("blocked/vcpus=%s/cpu-while-blocked" % values.get("vcpus", ""), "percent",
                  "lower", 100 * self._value(values, "cpu_ns") /
                  self._value(values, "blocked_ns", 1))

    def _icount(self, _: str, values: Dict[str, str]) -> None:
        name = _SLOTS.sub(r"-outside/slots=\1", values.get("what", ""))
        self._row("instructions/" + name, "instructions", "lower", self._value(values, "min", 1))


def lines(text: str, side: str, boot: str, prefix: str = "") -> str:
    """For the file `samples`: all or nothing, for half of a boot's measures would be taken
    for all of them."""
    return "".join("\t".join((kind, side, boot, prefix + name, *rest)) + "\n"
                   for kind, name, *rest in Taker(text).taken)


# --- the samples of all boots --------------------------------------------------------------


@dataclass
class Row:
    """One measure; values of each boot of each side."""

    name: str
    unit: str
    good: str               # lower, higher
    boots: Dict[str, Dict[str, List[float]]] = field(
        default_factory=lambda: {side: {} for side in SIDES})

    def values(self, side: str) -> List[float]:
        """Of all boots, sorted."""
        return sorted(value for boot in self.boots[side].values() for value in boot)


@dataclass
class Histogram:
    """Counts by the lowest value of a bucket, of each boot of each side."""

    name: str
    unit: str
    boots: Dict[str, Dict[str, Dict[float, int]]] = field(
        default_factory=lambda: {side: {} for side in SIDES})


@dataclass
class Span:
    """Something that went on for a while."""

    kind: str               # stall, host
    start_us: float
    length_us: float


class Samples:
    """All that a comparison has measured, in the order in which it came."""

    def __init__(self, text: str, name: str) -> None:
        self.rows: Dict[str, Row] = {}
        self.histograms: Dict[str, Histogram] = {}
        # By name and side; one boot of each is enough for a picture.
        self.spans: Dict[str, Dict[str, List[Span]]] = {}
        self._span_boot: Dict[Tuple[str, str], str] = {}
        for number, line in enumerate(text.split("\n")[:-1], 1):
            try:
                self._add(line.split("\t"))
            except (BadMeasure, ValueError, KeyError) as error:
                why = str(error) if isinstance(error, BadMeasure) else "not a measure"
                raise BadMeasure("%s line %d: %s: %s" % (name, number, why, line)) from error
        for side in SIDES:
            if not any(row.boots[side] for row in self.rows.values()):
                raise BadMeasure("%s: no measures of %s" % (name, side))

    def _add(self, words: List[str]) -> None:
        if words[0] == "row":
            if len(words) != 7 or words[1] not in SIDES or words[5] not in GOOD:
                raise BadMeasure("not a row")
            _, side, boot, name, unit, good, value = words
            row = self.rows.setdefault(name, Row(name, unit, good))
            if (row.unit, row.good) != (unit, good):
                raise BadMeasure("%s has another unit or direction before" % name)
            row.boots[side].setdefault(boot, []).append(float(value))
            return
        kind, side, boot, name, *rest = words
        if kind == "hist":
            of_boot = self.histograms.setdefault(name, Histogram(name, rest[0])).boots[
                side].setdefault(boot, {})
            lowest = float(rest[1])
            of_boot[lowest] = of_boot.get(lowest, 0) + int(rest[2])
        elif self._span_boot.setdefault((name, side), boot) == boot:
            self.spans.setdefault(name, {s: [] for s in SIDES})[side].append(
                Span(rest[0], float(rest[1]), float(rest[2])))
