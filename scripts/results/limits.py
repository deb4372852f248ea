# SPDX-License-Identifier: GPL-2.0
"""Holds the rows of B against limits, which a file has: configs/limits says in what form.

A limit is kept (pass), not kept (FAIL), or unsure: the median fails, a quarter of the samples
or more do not.
"""

from __future__ import annotations

import fnmatch
import statistics
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Tuple

from results.figures import human
from results.rows import SIDES, Row, Samples
from results.stats import INFINITE, ratio

# Relation: the sign that people see.
RELATIONS = {"at-least": ">=", "at-most": "<=", "never-above": "<=", "spread-below": "<"}
MARKS = ("FAIL", "missing", "unsure", "pass", "-")      # from the top of a table
COLUMNS = ("mark", "row", "A", "B", "B/A", "spread-A", "spread-B", "limit")


class BadLimit(Exception):
    """A line that is no limit."""


class Limit(NamedTuple):
    """A line of the file."""

    pattern: str
    relation: str
    factor: float
    against: str        # `-`, A, or names of rows of A, commas between


def read(text: str, name: str) -> List[Limit]:
    limits = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        try:
            if len(words) < 4 or words[1] not in RELATIONS:
                raise ValueError
            limits.append(Limit(words[0], words[1], float(words[2]), words[3]))
        except ValueError as error:
            raise BadLimit("%s line %d: not `row relation factor against`: %s" % (
                name, number, line)) from error
    return limits


@dataclass
class Line:
    """What came of a limit, or a row that has none."""

    mark: str
    row: str
    unit: str
    a: Optional[float]
    b: Optional[float]
    spreads: Optional[Tuple[float, float]]
    limit: str
    margin: float = 1       # how much better than the limit; below 1 it fails

    def words(self) -> List[str]:
        """As COLUMNS, for people."""
        both = None if self.a is None or self.b is None else ratio(self.a, self.b)
        return [self.mark, self.row, human(self.a, self.unit), human(self.b, self.unit),
                _times(both), *map(_times, self.spreads or (None, None)), self.limit]


def _times(x: Optional[float]) -> str:
    return "-" if x is None or x >= INFINITE else "%.3f" % x


def _quantile(values: List[float], part: float) -> float:
    """The sample below which that part of all sorted samples is."""
    at = part * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


class Judge:
    """All limits on the samples of a comparison."""

    def __init__(self, samples: Samples, limits: List[Limit]) -> None:
        self._limits = limits
        self._values: Dict[str, Dict[str, List[float]]] = {
            name: {side: row.values(side) for side in SIDES}
            for name, row in samples.rows.items()}
        lines = [line for row in samples.rows.values() for line in self._lines(row)]
        self.lines = sorted(lines, key=lambda line: (MARKS.index(line.mark),
                                                     round(line.margin, 6)))

    @property
    def failed(self) -> bool:
        return any(line.mark == "FAIL" for line in self.lines)

    def _lines(self, row: Row) -> List[Line]:
        """Of each relation the first limit that fits a row counts."""
        limits: Dict[str, Limit] = {}
        for limit in self._limits:
            if fnmatch.fnmatchcase(row.name, limit.pattern):
                limits.setdefault(limit.relation, limit)
        a, b = (self._values[row.name][side] for side in SIDES)
        if a and b:
            return [self._judge(row, limit) for limit in limits.values()] or [
                Line("-", row.name, row.unit, statistics.median(a), statistics.median(b),
                     (_spread(a), _spread(b)), "")]
        return [Line("missing", row.name, row.unit, statistics.median(a) if a else None,
                     statistics.median(b) if b else None, None, RELATIONS[limit.relation])
                for limit in limits.values()]

    def _edge(self, row: Row, limit: Limit) -> Tuple[Optional[float], str]:
        """The limit as a figure, and in words; of several rows of A the least counts."""
        if limit.against == "-":
            return limit.factor, human(limit.factor, row.unit)
        names = [row.name] if limit.against == "A" else limit.against.split(",")
        medians = {name: statistics.median(self._values[name]["A"]) for name in names
                   if self._values.get(name, {}).get("A")}
        if not medians:
            return None, limit.against
        least = min(medians, key=lambda name: medians[name])
        factor = "" if limit.factor == 1 else "%g x " % limit.factor
        return limit.factor * medians[least], factor + "A" + (
            "" if least == row.name else " of " + least)

    def _judge(self, row: Row, limit: Limit) -> Line:
        a, b = (self._values[row.name][side] for side in SIDES)
        if limit.relation == "spread-below":
            return _spread_below(row, a, b, limit.factor)
        edge, words = self._edge(row, limit)
        words = "%s %s" % (RELATIONS[limit.relation], words)
        line = Line("unsure", row.name, row.unit, statistics.median(a), statistics.median(b),
                    (_spread(a), _spread(b)), words)
        middle = statistics.median(b)
        if edge is None:
            line.limit += ", which was not measured"
        elif limit.relation == "never-above":
            # The worst sample counts: one long stall is one too many.
            line = Line(_mark(b[-1] <= edge), row.name + " (longest)", row.unit, a[-1], b[-1], None,
                        words, ratio(b[-1], edge))
        elif limit.relation == "at-least":
            line.mark = _mark(middle >= edge, _quantile(b, 0.75) >= edge)
            line.margin = ratio(edge, middle)
        else:
            line.mark = _mark(middle <= edge, _quantile(b, 0.25) <= edge)
            line.margin = ratio(middle, edge)
        return line


def _mark(good: bool, quarter_good: bool = False) -> str:
    return "pass" if good else "unsure" if quarter_good else "FAIL"


def _spread(values: List[float]) -> float:
    """The highest divided by the lowest."""
    return ratio(values[0], values[-1])


def _spread_below(row: Row, a: List[float], b: List[float], most: float) -> Line:
    spread = _spread(b)
    return Line(_mark(spread < most), "spread of " + row.name, "times", _spread(a), spread, None,
                "< %g, %d samples" % (most, len(b)), ratio(spread, most))


def counts(lines: List[Line]) -> str:
    number = {mark: sum(line.mark == mark for line in lines) for mark in MARKS}
    return "%d limits kept, %d failed, %d unsure%s" % (
        number["pass"], number["FAIL"], number["unsure"],
        ", %d on rows of one side only" % number["missing"] if number["missing"] else "")


def table(lines: List[Line]) -> List[List[str]]:
    return [list(COLUMNS)] + [line.words() for line in lines]
