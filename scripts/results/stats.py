# SPDX-License-Identifier: GPL-2.0
"""Judges what a comparison has measured: for each row the medians of A and B, their ratio,
an interval for that ratio, and a verdict.  docs/comparing.md says how and why.
"""

from __future__ import annotations

import fnmatch
import math
import random
import re
import statistics
import zlib
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Tuple

from results.rows import GOOD, SIDES, Row, Samples

RESAMPLES = 2000
INFINITE = 1e9      # a ratio that is no smaller has no figure
# 99.95 % of Student's t: a verdict by chance in 1 of 1,000 rows.
_STUDENT = (636.619, 31.599, 12.924, 8.610, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587,
            4.437, 4.318, 4.221, 4.140, 4.073, 4.015, 3.965, 3.922, 3.883, 3.850)
_NORMAL = 3.290527  # the same of the normal distribution
VERDICTS = ("worse", "missing", "unsure", "better", "same")    # from the top of a table
COLUMNS = ("verdict", "row", "unit", "good", "A", "B", "ratio", "low", "high", "tolerance",
           "boots-A", "boots-B", "samples-A", "samples-B")


class BadTolerance(Exception):
    """A line of configs/compare-tolerance, or a row that none of them fits."""


# --- tolerances ----------------------------------------------------------------------------


class Tolerance(NamedTuple):
    """Of the rows that fit a pattern of a shell; * also takes slashes."""

    pattern: str
    percent: str            # `-`: the row is no comparison
    floor: float            # in the row's unit

    @property
    def edge(self) -> float:
        return 1 + float(self.percent) / 100


class Tolerances:
    """The first line whose pattern fits a row counts."""

    def __init__(self, text: str, name: str) -> None:
        self._lines: List[Tolerance] = []
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if len(words) < 4 or not re.fullmatch(r"[0-9.]+|-", words[1]) or \
                    not re.fullmatch(r"[0-9.]+", words[2]):
                raise BadTolerance("%s line %d: not `pattern per-cent floor why`: %s" % (
                    name, number, line))
            self._lines.append(Tolerance(words[0], words[1], float(words[2])))

    def of(self, row: str) -> Tolerance:
        for tolerance in self._lines:
            if fnmatch.fnmatchcase(row, tolerance.pattern):
                return tolerance
        raise BadTolerance("no pattern in the tolerances fits " + row)


# --- ratios and their intervals --------------------------------------------------------------


def ratio(a: float, b: float, zero_is: float = 0) -> float:
    """B against A.  Without a floor, nothing could be said of what is 0 on one side."""
    a += zero_is
    b += zero_is
    if a:
        return min(b / a, INFINITE)
    return INFINITE if b else 1.0


def _log(x: float) -> float:
    return math.log(max(x, 1 / INFINITE))


def _exp(x: float) -> float:
    most = math.log(INFINITE)
    return math.exp(max(-most, min(x, most)))


def student(degrees: int) -> float:
    """Beyond the table Cornish and Fisher's series, which has four digits right there."""
    if degrees <= len(_STUDENT):
        return _STUDENT[degrees - 1]
    z, n = _NORMAL, degrees
    return z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) + \
        (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3)


Interval = Optional[Tuple[float, float]]


def paired(pairs: List[Tuple[float, float]], zero_is: float = 0) -> Tuple[float, Interval]:
    """Boots of A and B that have one name are the same machine with the same seed, which
    differs in the kernel only.  What the seed does to both is no noise then: the ratios of
    the pairs are what varies.  Their geometric mean, and Student's t of the logarithms."""
    logs = [_log(ratio(a, b, zero_is)) for a, b in pairs]
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return math.exp(mean), None
    by = student(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), (_exp(mean - by), _exp(mean + by))


def _resampled_median(boots: List[List[float]], chance: random.Random) -> float:
    """Boots are drawn first, then samples of each, because samples of one boot are more like
    each other than like those of the next."""
    drawn: List[float] = []
    for boot in chance.choices(boots, k=len(boots)):
        drawn += boot if len(boot) == 1 else chance.choices(boot, k=len(boot))
    drawn.sort()
    return (drawn[(len(drawn) - 1) // 2] + drawn[len(drawn) // 2]) / 2


def unpaired(row: Row, zero_is: float = 0) -> Interval:
    """From the 95 % of the resamples to 99.9 %, for as few boots as there are."""
    values = [row.values(side) for side in SIDES]
    middle = ratio(statistics.median(values[0]), statistics.median(values[1]), zero_is)
    if all(each[0] == each[-1] for each in values):
        return middle, middle
    boots = [list(row.boots[side].values()) for side in SIDES]
    # The same samples give the same interval, whatever other rows there are.
    chance = random.Random(zlib.crc32(row.name.encode()))
    drawn = sorted(ratio(_resampled_median(boots[0], chance),
                         _resampled_median(boots[1], chance), zero_is)
                   for _ in range(RESAMPLES))
    least = min(map(len, boots))
    by = student(len(boots[0]) + len(boots[1]) - 2) / 1.96 * math.sqrt(least / (least - 1))
    log = _log(middle)
    low = _log(drawn[RESAMPLES * 25 // 1000 - 1])
    high = _log(drawn[RESAMPLES * 975 // 1000])
    return _exp(log - by * max(log - low, 0)), _exp(log + by * max(high - log, 0))


# --- the table ---------------------------------------------------------------------------------


@dataclass
class Line:
    """A row that was judged; `None` is what there is none of."""

    verdict: str
    row: str
    unit: str
    good: str
    a: Optional[float]
    b: Optional[float]
    ratio: Optional[float]
    low: Optional[float]
    high: Optional[float]
    tolerance: Optional[str]
    boots: Dict[str, int]
    samples: Dict[str, int]

    def words(self) -> List[str]:
        """As COLUMNS."""
        return [self.verdict, self.row, self.unit, self.good, figure(self.a), figure(self.b),
                times(self.ratio), times(self.low), times(self.high), self.tolerance or "-",
                *(str(self.boots[side]) for side in SIDES),
                *(str(self.samples[side]) for side in SIDES)]


def figure(x: Optional[float]) -> str:
    return "-" if x is None else "%.10g" % x


def times(x: Optional[float]) -> str:
    if x is None:
        return "-"
    return "inf" if x >= INFINITE else "0" if x <= 1 / INFINITE else "%.4g" % x


def _pairs(row: Row) -> List[Tuple[float, float]]:
    return [(statistics.median(values), statistics.median(row.boots["B"][boot]))
            for boot, values in row.boots["A"].items() if boot in row.boots["B"]]


def _verdict(row: Row, line: Line, tolerance: Tolerance) -> str:
    if line.low is None or line.high is None:
        return "unsure"
    if abs((line.a or 0) - (line.b or 0)) <= tolerance.floor:
        return "same"
    edge = tolerance.edge
    higher = ("worse", "better")[GOOD.index(row.good)]
    lower = ("better", "worse")[GOOD.index(row.good)]
    return higher if line.low > edge else lower if line.high < 1 / edge else \
        "same" if line.low >= 1 / edge and line.high <= edge else "unsure"


def judge(row: Row, tolerance: Tolerance) -> Line:
    boots = {side: len(row.boots[side]) for side in SIDES}
    values = {side: row.values(side) for side in SIDES}
    medians = {side: statistics.median(values[side]) if values[side] else None
               for side in SIDES}
    a, b = medians["A"], medians["B"]
    line = Line("missing", row.name, row.unit, row.good, a, b, None, None, None, None, boots,
                {side: len(values[side]) for side in SIDES})
    if a is None or b is None:
        return line
    line.tolerance = tolerance.percent
    line.ratio = ratio(a, b)
    zero_is = 0 if a and b else tolerance.floor
    interval: Interval = None
    pairs = _pairs(row)
    if pairs:
        line.ratio, interval = paired(pairs, zero_is)
    elif min(boots.values()) > 1:
        interval = unpaired(row, zero_is)
    if interval:
        line.low, line.high = interval
    line.verdict = _verdict(row, line, tolerance)
    return line


def table(samples: Samples, tolerances: Tolerances) -> List[Line]:
    """Worst first; within a verdict, what is furthest from 1."""
    lines = []
    for row in samples.rows.values():
        tolerance = tolerances.of(row.name)
        if tolerance.percent != "-":
            lines.append(judge(row, tolerance))
    return sorted(lines, key=lambda line: (
        VERDICTS.index(line.verdict),
        0 if line.ratio is None else -round(abs(_log(line.ratio)), 9)))


def table_text(lines: List[Line]) -> str:
    return "".join("\t".join(words) + "\n"
                   for words in [list(COLUMNS)] + [line.words() for line in lines])


def counts_of(lines: List[Line]) -> Dict[str, int]:
    return {verdict: sum(line.verdict == verdict for line in lines) for verdict in VERDICTS}
