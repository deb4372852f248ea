# SPDX-License-Identifier: GPL-2.0
"""What the shell's scripts print or ask of runs, a function for each."""

from __future__ import annotations

import re
from typing import Dict, List, Tuple

from results.ktap import Result, Test
from results.run import Run
from results.status import Status


def columns(rows: List[List[str]]) -> str:
    """Aligns the cells of a table."""
    widths: Dict[int, int] = {}
    for row in rows:
        for number, cell in enumerate(row):
            widths[number] = max(widths.get(number, 0), len(cell))
    return "".join("".join(cell.ljust(widths[number] + 2)
                           for number, cell in enumerate(row)).rstrip(" ") + "\n"
                   for row in rows)


def overview(runs: List[Run]) -> str:
    """A line each test, and one for the machine that they ran in."""
    rows = [["kernel", "platform", "npt", "test", "verdict", "time", "counts"]]
    for run in runs:
        where = [run.meta("kernel"), run.meta("platform"), run.meta("npt") or "-"]
        rows += [where + [row.name, row.verdict, row.seconds + " s", row.counts]
                 for row in run.rows()]
        word = run.verdict()[0] + (", repeated" if run.was_repeated else "")
        rows.append(where + ["(machine)", word, run.meta("seconds") + " s"])
    return columns(rows)


def differences(runs: List[Run]) -> str:
    """With both kernels: the same verdict for each test?"""
    stock = _verdicts_on("stock", runs)
    interval = _verdicts_on("interval", runs)
    lines = ["    %s: stock %s, interval %s\n" % (
        name, stock.get(name, "not run"), interval.get(name, "not run"))
        for name in {**stock, **interval}
        if stock.get(name) != interval.get(name)]
    if not lines:
        return "both kernels: the same verdict for each test\n"
    return "the kernels differ:\n" + "".join(lines)


def _verdicts_on(kernel: str, runs: List[Run]) -> Dict[str, str]:
    return {row.name: row.verdict for run in runs
            if not run.was_repeated and run.meta("kernel").split("-")[0] == kernel
            for row in run.rows()}


def failed(run: Run) -> List[str]:
    """Tests that did not pass, and the one in which the machine ended."""
    rows = run.rows()
    names = [row.name for row in rows if row.verdict not in ("pass", "skip")]
    last = Result(run.result()).running
    return names + ([last] if last and last not in {row.name for row in rows} else [])


def skipped(runs: List[Run]) -> str:
    """Cases that tests left out, and why."""
    return "".join("case skipped in %s: %s # SKIP %s\n" % (
        run.name.split("-")[-1], case.name, case.words)
        for run in runs for test in Result(run.result()).started
        for case in test.cases if case.skipped)


def reasons(runs: List[Run], count: int) -> str:
    """The first lines of each verdict that is not good."""
    lines = []
    for run in runs:
        _, number, said = run.verdict()
        lines += said[:count] if number else []
    return "".join(line[:400] + "\n" for line in lines)


# --- baselines -----------------------------------------------------------------------


def baseline(run: Run) -> str:
    """What came of each test, to be kept and held against later runs."""
    old = run.baseline()
    head = ["%s %s" % pair for pair in run.meta_lines()
            if pair[0] in ("kernel", "platform", "npt", "cpus", "mem", "qemu")]
    lines = []
    for row in run.rows():
        # A failure that was known keeps its verdict.
        verdict = old.get(row.name, "") if row.verdict == "known" else row.verdict
        remark = re.sub(r"^known: ", "", row.counts)
        lines.append(("%-40s %-8s %s" % (
            row.name, verdict, "" if verdict == "pass" else remark)).rstrip(" "))
    return "".join(line + "\n" for line in ["# " + ", ".join(head) if head else ""] +
                   sorted(lines))


def news(run: Run, name: str) -> str:
    """What is not as in the baseline; a failure that is in it fails no run."""
    if not run.has("baseline"):
        return ""
    old = run.baseline()
    lines = ["%s against %s:" % (run.meta("kernel"), name)]
    same = known = new = 0
    for row in run.rows():
        if row.name not in old:
            new += 1
            if row.verdict not in ("pass", "skip"):
                lines.append("    %s: %s, not in the baseline" % (row.name, row.verdict))
        elif row.verdict == "known":
            known += 1
        elif row.verdict == old[row.name]:
            same += 1
        else:
            lines.append("    %s: %s, in the baseline %s" % (
                row.name, row.verdict, old[row.name]))
    lines.append("    as there: %d, known failures: %d, not in it: %d" % (same, known, new))
    return "\n".join(lines) + "\n"


# --- kernels that are broken on purpose ------------------------------------------------


def tries(run: Run, allowed: str) -> str:
    """The plan beside what came back: `mutation on|off verdict words`.  Words are the test, and
    why it failed: the first wrong word or vCPU that stood still, and the first case.  In a
    test that was begun and has no result the machine died, of a splat with the words that are
    allowed, or else."""
    plan = run.plan()
    result = Result(run.result().replace("\0", ""))
    lines = []
    for planned, test in zip(plan, result.tests):
        word = "not-run" if test.skipped else "pass" if test.good else \
            "emulator" if "EMULATOR-FAULT" in test.words else "fail"
        lines.append("%s %s %s" % (
            planned, word, "" if word == "pass" else "%s: %s" % (test.name, _why(test))))
    if result.begun or not result.tests:
        number = len(result.tests)
        planned = plan[number] if number < len(plan) else ""
        lines.append("%s %s" % (planned, _death(run, result.running, allowed)))
    return "".join(line + "\n" for line in lines)


def _death(run: Run, test: str, allowed: str) -> str:
    word, status, said = run.verdict()
    splats = [line for line in said if allowed and allowed in line]
    if status == Status.KERNEL and splats:
        return "splat %s: host splat: %s" % (test, splats[0])
    return "died %s: %s" % (test or "boot", " ".join([word or "no verdict"] + said[:1]))


def _why(test: Test) -> str:
    bad = [case for case in test.cases if not case.good]
    if not bad:
        return ("SKIP " if test.skipped else "") + \
            ("%s s; " % test.seconds if test.seconds != "-" else "") + test.words
    if test.seen:
        return bad[0].name + ": " + test.seen
    return bad[0].name + (" # " + bad[0].words if bad[0].words else "")


def caught(table: str, results: str) -> Tuple[str, bool]:
    """A line for each mutation, with the fix that it undoes if the table names one; and whether
    one is not as it has to be."""
    fixes = {part[0]: part[2] + " " for part in
             (re.sub("#.*", "", line).split() for line in table.split("\n"))
             if len(part) > 2 and part[1] == "fix"}
    found: Dict[str, Dict[str, List[str]]] = {}
    words: Dict[str, str] = {}
    broken: Dict[str, str] = {}
    for line in results.split("\n"):
        name, _, rest = line.partition(" ")
        switch, _, rest = rest.partition(" ")
        verdict, _, why = rest.partition(" ")
        if switch not in ("on", "off"):
            continue
        found.setdefault(name, {"on": [], "off": []})[switch].append(verdict)
        if switch == "on":
            words[name] = why
        elif verdict != "pass":
            broken[name] = why
    lines = []
    for name, verdicts in found.items():
        say = _caught(verdicts["on"], verdicts["off"])
        lines.append(("  %-16s %s%-10s %s" % (
            name, fixes.get(name, ""), say, broken.get(name, words.get(name, ""))[:120]), say))
    good = sum(say == "caught" for _, say in lines)
    return "".join(line + "\n" for line, _ in lines) + \
        "%d of %d caught\n" % (good, len(lines)), good < len(lines)


def _caught(on: List[str], off: List[str]) -> str:
    for verdict, say in (("died", "HOST DIED"), ("not-run", "NOT RUN"),
                         ("emulator", "EMULATOR FAULT"), ("pass", "SURVIVED")):
        if verdict in on:
            return say
    return "caught" if off and set(off) == {"pass"} else "FAILS WITHOUT IT, TOO"


def surprises(run: Run, prefix: str) -> str:
    """Of unit tests, the cases that did not end as expected: those whose names begin with
    the prefix fail, the others pass."""
    lines = []
    found = False
    for test in Result(run.result()).started:
        for case in test.cases:
            expected = bool(prefix) and case.name.split(".", 1)[-1].startswith(prefix)
            if case.good == expected or case.skipped:
                lines.append(case.name)
            found = found or case.good != bool(prefix)
    if not found:
        lines.append("no case " + ("failed" if prefix else "passed"))
    return "".join(line + "\n" for line in lines)


# --- a matrix --------------------------------------------------------------------------


def cells(runs: List[Run]) -> str:
    """`word status ended`, tabs between.  Good words are in small letters, so that others
    stand out in the table."""
    lines = []
    for run in runs:
        word, number, _ = run.verdict()
        if word in ("PASS", "SKIP"):
            word = word.lower()
        lines.append("%s\t%d\t%s\n" % (word or "no result", number, run.meta("ended") or "-"))
    return "".join(lines)


def grid(lines: List[str]) -> str:
    """`row column word` lines, tabs between, as a table."""
    words: Dict[str, Dict[str, str]] = {}
    names: Dict[str, None] = {}
    for line in lines:
        row, column, word = line.split("\t")
        words.setdefault(row, {})[column] = word
        names[column] = None
    rows = [["test"] + list(names)]
    rows += [[row] + [cells.get(name, "") for name in names] for row, cells in words.items()]
    return columns(rows)
