# SPDX-License-Identifier: GPL-2.0
"""The folder of a comparison, and the report that is made from it.

	samples		what was measured (scripts/results/rows.py)
	about		`key value` lines, tabs between: how it was measured
	cases		how each case ended (scripts/results/cases.py)

Made from these: table, report.csv, report.json, report.html, and limits where there are any.
The same samples give the same report.
"""

from __future__ import annotations

import json
from typing import Dict, List, Optional

from results import limits, stats
from results.cases import Failures
from results.figures import human
from results.page import page
from results.rows import SIDES, Samples
from results.run import Run
from results.tables import columns


class Comparison:
    """Files that scripts/compare has left."""

    def __init__(self, folder: str) -> None:
        self._run = Run(folder)
        self.samples = Samples(self._run.text("samples"), self._run.file("samples"))
        self.failures = Failures(self._run.text("cases"))

    def about(self) -> Dict[str, str]:
        """What was noted more than once is one text."""
        found: Dict[str, List[str]] = {}
        for line in self._run.text("about").split("\n"):
            key, tab, value = line.partition("\t")
            if tab:
                found.setdefault(key, []).append(value)
        if self.failures.lines():
            found["failed"] = self.failures.lines()
        return {key: "; ".join(values) for key, values in sorted(found.items())}

    def report(self, tolerances: stats.Tolerances) -> List[stats.Line]:
        lines = stats.table(self.samples, tolerances)
        self._run.write("table", stats.table_text(lines))
        # No name or unit has a comma or a quote in it.
        self._run.write("report.csv", stats.table_text(lines).replace("\t", ","))
        self._run.write("report.json", _json(self.about(), lines))
        self._run.write("report.html", page(self.about(), self.samples, lines))
        return lines

    def judge(self, all_limits: List[limits.Limit]) -> limits.Judge:
        judge = limits.Judge(self.samples, all_limits)
        self._run.write("limits", "".join("\t".join(words) + "\n"
                                          for words in limits.table(judge.lines)))
        return judge


def _json(about: Dict[str, str], lines: List[stats.Line]) -> str:
    return json.dumps({"about": about, "rows": [{
        "verdict": line.verdict, "row": line.row, "unit": line.unit, "good": line.good,
        "a": _number(stats.figure(line.a)), "b": _number(stats.figure(line.b)),
        "ratio": _number(stats.times(line.ratio)),
        "interval": [_number(stats.times(line.low)), _number(stats.times(line.high))],
        "tolerance_percent": _number(line.tolerance or "-"),
        "boots": {side.lower(): line.boots[side] for side in SIDES},
        "samples": {side.lower(): line.samples[side] for side in SIDES}} for line in lines]},
        indent=2, ensure_ascii=False) + "\n"


def _number(word: str) -> Optional[float]:
    """As the table has it."""
    if word == "-":
        return None
    number = stats.INFINITE if word == "inf" else float(word)
    return int(number) if number == int(number) else number


# --- for people --------------------------------------------------------------------------------


def short_table(lines: List[stats.Line], everything: bool) -> str:
    """What is the same, or too noisy to say, is the most and says the least."""
    rows = [[line.verdict, line.row, human(line.a, line.unit), human(line.b, line.unit),
             stats.times(line.ratio), "-" if line.low is None else "%s to %s" % (
                 stats.times(line.low), stats.times(line.high)),
             "-" if line.tolerance is None else line.tolerance + " %"]
            for line in lines if everything or line.verdict not in ("same", "unsure")]
    heads = ["verdict", "row", "A", "B", "B/A", "interval", "tolerance"]
    return columns([heads] + rows) if rows else ""


def counts(lines: List[stats.Line]) -> str:
    number = stats.counts_of(lines)
    return "%d worse, %d better, %d the same, %d unsure%s\n" % (
        number["worse"], number["better"], number["same"], number["unsure"],
        ", %d measured on one side only" % number["missing"] if number["missing"] else "")


def unsure(lines: List[stats.Line]) -> str:
    """Of which kind are the rows that are unsure?"""
    kinds: Dict[str, List[bool]] = {}
    for line in lines:
        kinds.setdefault(line.row.split("/")[0], []).append(line.verdict == "unsure")
    words = ["%s %d of %d" % (kind, sum(found), len(found))
             for kind, found in kinds.items() if any(found)]
    return "unsure, their intervals are too wide (V=1 shows them): %s\n" % ", ".join(words) \
        if words else ""


def exists(folder: str) -> bool:
    return Run(folder).has("samples") and Run(folder).has("about")
