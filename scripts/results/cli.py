# SPDX-License-Identifier: GPL-2.0
"""The commands: `results COMMAND ARGUMENT...`, one function each.

Exit: as the command says, else 0; 2 bad input, 8 a fault of this program, 10 not writable
What only some commands need is imported by them: the shell waits for each.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Callable, Dict, List

from results import console, status, tables
from results.ktap import Result
from results.run import FAILURES, Run
from results.status import Status, Word
from results.verdict import Judge

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# QEMU's words for an option, a machine or a CPU that it does not have.
_REFUSED = re.compile(r"qemu-system-\S+: .*(?:invalid option|unsupported machine|unable to find "
                      r"CPU model|not found|unexpected|is not a valid|expects|[Ii]nvalid p)")


class Refused(Exception):
    """Bad input, or no room; the status says which."""

    def __init__(self, why: str, number: Status = Status.USAGE) -> None:
        super().__init__(why)
        self.number = number


def _tables() -> tuple:
    try:
        return (console.read_rules(os.environ.get("SPLATS", REPO + "/configs/splats")),
                console.read_allowed(os.environ.get("ALLOW", REPO + "/configs/splats-allow")))
    except (console.BadTable, OSError) as error:
        raise Refused(str(error)) from error


def _runs(folders: List[str]) -> List[Run]:
    return [Run(folder) for folder in folders]


def verdict(arguments: List[str]) -> int:
    """[-q] FOLDER: judges a run; writes FOLDER/verdict and FOLDER/tests; exits with the
    status of the verdict."""
    quiet = arguments[:1] == ["-q"]
    folders = arguments[1:] if quiet else arguments
    if len(folders) != 1 or not os.path.isdir(folders[0]):
        raise Refused("usage: scripts/verdict [-q] FOLDER of a run (see `make help`)")
    rules, allowed = _tables()
    run = Run(os.path.realpath(folders[0]))
    if not run.looks_like_one():
        raise Refused("%s is not the folder of a run: nothing is written there" % run.path)
    try:
        # What is interrupted from here on has not run.
        run.write_verdict(Word.NOT_RUN.value, Word.NOT_RUN.status, [])
        judge = Judge(run, rules, allowed)
        run.write_rows(judge.rows)
        run.write_verdict(judge.word.value, judge.word.status, judge.lines)
    except OSError as error:
        raise Refused("can't write to %s: %s" % (run.path, error.strerror),
                      Status.DISK) from error
    if not quiet:
        print("%s (status %d): %s" % (judge.word.value, judge.word.status, run.path))
        for line in "\n".join(judge.lines).split("\n") if judge.lines else []:
            print("    " + line)
    return judge.word.status


def export(arguments: List[str]) -> int:
    """FOLDER RUN...: results of judged runs for other programs."""
    if len(arguments) < 2:
        raise Refused("usage: scripts/export FOLDER RUN...")
    from results import export as files
    runs = _runs(arguments[1:])
    for run in runs:
        if not run.has("verdict") or not run.has("meta"):
            raise Refused("%s has no verdict: run scripts/verdict on it first "
                          "(see `make help`)" % run.path)
    try:
        files.write(arguments[0], runs)
    except OSError as error:
        raise Refused("can't write results to %s: %s" % (arguments[0], error.strerror),
                      Status.DISK) from error
    return Status.OK


def splats(arguments: List[str]) -> int:
    """FILE...: what is the first trouble in these logs?  Prints FILE, word and line."""
    rules, allowed = _tables()
    for path in arguments:
        try:
            with open(path, "rb") as file:
                log = console.messages(file.read())
        except OSError as error:
            raise Refused("%s: %s" % (path, error.strerror)) from error
        splat = console.find_splat(log, rules, allowed)
        print("%s\t%s\t%s" % (path, splat.word if splat else "-",
                              splat.lines[0] if splat else ""))
    return Status.OK


def overview(arguments: List[str]) -> int:
    """RUN...: the table of tests and machines."""
    print(tables.overview(_runs(arguments)), end="")
    return Status.OK


def differ(arguments: List[str]) -> int:
    """RUN...: tests with another verdict on the kernel interval than on stock."""
    print(tables.differences(_runs(arguments)), end="")
    return Status.OK


def failed(arguments: List[str]) -> int:
    """RUN: names of the tests that did not pass, one a line."""
    print("".join(name + "\n" for name in tables.failed(Run(arguments[0]))), end="")
    return Status.OK


def baseline(arguments: List[str]) -> int:
    """RUN...: what came of each test, as BASELINE= wants it."""
    for run in _runs(arguments):
        if not run.rows():
            raise Refused("%s has no results: give the folder of a run (build/runs/latest) "
                          "(see `make help`)" % run.path)
    for run in _runs(arguments):
        print(tables.baseline(run), end="")
    return Status.OK


def news(arguments: List[str]) -> int:
    """BASELINE RUN...: what is not as in the baseline with that name."""
    for run in _runs(arguments[1:]):
        print(tables.news(run, arguments[0]), end="")
    return Status.OK


def tries(arguments: List[str]) -> int:
    """RUN WORDS: of a kernel that was broken on purpose, what came of each mutation; its splat
    may have these words."""
    print(tables.tries(Run(arguments[0]), arguments[1]), end="")
    return Status.OK


def caught(arguments: List[str]) -> int:
    """TABLE RESULTS: a line for each mutation; exits with 1 if one was not caught."""
    texts = []
    for path in arguments:
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    text, bad = tables.caught(*texts)
    print(text, end="")
    return Status.FAIL if bad else Status.OK


def surprises(arguments: List[str]) -> int:
    """RUN PREFIX: unit tests that did not fail although their names begin so, or did."""
    print(tables.surprises(Run(arguments[0]), arguments[1]), end="")
    return Status.OK


def skipped(arguments: List[str]) -> int:
    """RUN...: cases that tests left out, and why."""
    print(tables.skipped(_runs(arguments)), end="")
    return Status.OK


def reasons(arguments: List[str]) -> int:
    """COUNT RUN...: of runs that did not pass, as many lines of the verdict."""
    print(tables.reasons(_runs(arguments[1:]), int(arguments[0])), end="")
    return Status.OK


def cells(arguments: List[str]) -> int:
    """RUN...: a line each: verdict as in the table of a matrix, status, how it ended."""
    print(tables.cells(_runs(arguments)), end="")
    return Status.OK


def word(arguments: List[str]) -> int:
    """RUN: first line of its verdict."""
    name, number, _ = Run(arguments[0]).verdict()
    print("%s %d" % (name, number))
    return Status.OK


def fact(arguments: List[str]) -> int:
    """RUN NAME: what its machine said of itself."""
    print(Result(Run(arguments[0]).result()).facts.get(arguments[1], ""))
    return Status.OK


def facts(arguments: List[str]) -> int:
    """RUN: `name value` of all facts; exits with 1 if its machine did not come to the end."""
    result = Result(Run(arguments[0]).result())
    print("".join("%s %s\n" % (name, line) for name, value in result.facts.items()
                  for line in value.split("\n")), end="")
    return Status.FAIL if result.end is None else Status.OK


def known(arguments: List[str]) -> int:
    """RUN TEST: exits with 0 if its baseline has a failure of that test, else 1."""
    verdict_there = Run(arguments[0]).baseline().get(arguments[1])
    return Status.OK if verdict_there in FAILURES else Status.FAIL


def meta(arguments: List[str]) -> int:
    """RUN KEY: of how it was run."""
    print(Run(arguments[0]).meta(arguments[1]))
    return Status.OK


def began(arguments: List[str]) -> int:
    """RUN: exits with 0 if one of its tests was begun, else 1."""
    result = Result(Run(arguments[0]).result())
    return Status.OK if result.tests or result.begun else Status.FAIL


def says_nothing(arguments: List[str]) -> int:
    """RUN STATUS: exits with 0 if another boot may tell more of the kernel: this one gave no
    result, or the emulator broke it, and no test had failed; else 1."""
    rows = Run(arguments[0]).rows()
    name, _, lines = Run(arguments[0]).verdict()
    # The next boot would say that again.
    if name == Word.UNFIT.value or \
            name == Word.QEMU_START.value and _REFUSED.search("\n".join(lines)):
        return Status.FAIL
    no_result = int(arguments[1]) in (Status.INFRA, Status.EMULATOR)
    bad = any(row.verdict in ("FAIL", "TIMEOUT") for row in rows)
    return Status.OK if no_result and not bad else Status.FAIL


def worst(arguments: List[str]) -> int:
    """STATUS...: the most serious one."""
    print(status.worst(int(number) for number in arguments))
    return Status.OK


def columns(arguments: List[str]) -> int:
    """Aligns the lines of standard input, tabs between cells."""
    print(tables.columns([line.split("\t") for line in _stdin()]), end="")
    return Status.OK


def grid(arguments: List[str]) -> int:
    """Lines `row column word` of standard input, tabs between, as a table."""
    print(tables.grid(_stdin()), end="")
    return Status.OK


def _stdin() -> List[str]:
    return sys.stdin.buffer.read().decode("utf-8", "replace").split("\n")[:-1]


def trace(_: List[str]) -> int:
    """What `trace-cmd report` prints, on standard input, as a table of counts."""
    from results.trace import Summary
    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    print(tables.columns(Summary(lines).table()), end="")
    return Status.OK


def nearest(arguments: List[str]) -> int:
    """WORD NAMES: `; did you mean X?`, or all of the names if WORD is like none of them."""
    import difflib
    names = arguments[1].split()
    like = difflib.get_close_matches(arguments[0], names, 2, 0.6) or [
        name for name in names if arguments[0] in name][:2]
    print("; did you mean %s?" % " or ".join(like) if like else
          "; there are: %s" % " ".join(names))
    return Status.OK


def lava(arguments: List[str]) -> int:
    """RESULTS.JSON: `name result seconds` for each test, in LAVA's words."""
    from results import export as files
    print("".join(line + "\n" for line in files.lava_cases(arguments[0])), end="")
    return Status.OK


# --- comparisons ---------------------------------------------------------------------------


def measures(arguments: List[str]) -> int:
    """SIDE BOOT RUN [PREFIX]: what a boot has measured, for the file `samples`; PREFIX comes
    before the names of its rows."""
    from results import rows
    side, boot, run = arguments[0], arguments[1], Run(arguments[2])
    if side not in rows.SIDES or not run.has("result.ktap"):
        raise Refused("usage: results measures A|B BOOT RUN [PREFIX]")
    try:
        print(rows.lines(run.result(), side, boot, "".join(arguments[3:])), end="")
    except rows.BadMeasure as error:
        raise Refused("%s: %s" % (run.file("result.ktap"), error), Status.INFRA) from error
    return Status.OK


def endings(arguments: List[str]) -> int:
    """SIDE RUN: how a boot's cases ended, for the file `cases`."""
    from results import cases
    print(cases.endings(Run(arguments[1]), arguments[0]), end="")
    return Status.OK


def report(arguments: List[str]) -> int:
    """FOLDER [LIMITS]: report of a comparison, into its folder and, in short, on stdout; exits
    with 1 if something is worse in B, or beyond one of the limits."""
    try:
        from results import limits, report as comparison, rows, stats
    except ImportError as error:
        raise Refused("no matplotlib for this python3, on Debian python3-matplotlib: %s" % error,
                      Status.SETUP) from error
    if len(arguments) not in (1, 2) or not comparison.exists(arguments[0]):
        raise Refused("usage: scripts/compare --report FOLDER (with samples and about)")
    tolerance = os.environ.get("TOLERANCE", REPO + "/configs/compare-tolerance")
    try:
        found = comparison.Comparison(arguments[0])
        lines = found.report(stats.Tolerances(_text(tolerance), tolerance))
        if arguments[1:]:
            judge = found.judge(limits.read(_text(arguments[1]), arguments[1]))
    except (rows.BadMeasure, stats.BadTolerance, limits.BadLimit) as error:
        raise Refused(str(error), Status.INFRA) from error
    if arguments[1:]:
        print(tables.columns(limits.table(judge.lines)), limits.counts(judge.lines), sep="\n")
        bad = judge.failed
    else:
        print(comparison.short_table(lines, bool(os.environ.get("V"))),
              comparison.counts(lines) + comparison.unsure(lines), sep="\n", end="")
        bad = any(line.verdict == "worse" for line in lines) or found.failures.lost_in_b()
    print("".join("\n" + line for line in found.failures.lines()))
    return Status.FAIL if bad else Status.OK


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Refused("%s can't be read: %s" % (path, error.strerror)) from error


# --- what is made of the list of statuses ------------------------------------------------

_MADE = {"scripts/lib/common.sh": ("# statuses: begin", "# statuses: end", status.shell_constants),
         "docs/reading-results.md": ("<!-- statuses: begin -->", "<!-- statuses: end -->",
                                     status.table)}


def statuses(arguments: List[str]) -> int:
    """--write: makes the shell's constants and the table in docs of the list;
    --check: exits with 1 if they are not in step."""
    if arguments not in (["--write"], ["--check"]):
        raise Refused("usage: results statuses --write|--check")
    bad = Status.OK
    for name, (begin, end, text) in _MADE.items():
        path = os.path.join(REPO, name)
        with open(path, encoding="utf-8") as file:
            old = file.read()
        head, _, rest = old.partition(begin)
        middle, _, tail = rest.partition(end)
        new = head + begin + middle.split("\n")[0] + "\n" + text() + end + tail
        if new == old:
            continue
        if arguments == ["--check"]:
            print("%s is not in step with scripts/results/status.py: run "
                  "`scripts/verdict --statuses`" % name)
            bad = Status.FAIL
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(new)
    return bad


COMMANDS: Dict[str, Callable[[List[str]], int]] = {
    command.__name__.replace("_", "-"): command for command in (
        verdict, export, splats, overview, differ, failed, baseline, news, tries, caught,
        surprises, skipped, reasons, cells, word, fact, facts, known, meta, began,
        says_nothing, worst, columns, grid, trace, lava, nearest, measures, endings, report,
        statuses)}


def _help() -> str:
    return "".join("results %s %s\n" % (name, " ".join((command.__doc__ or "").split()))
                   for name, command in COMMANDS.items())


def main(arguments: List[str]) -> int:
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        print(_help(), end="", file=sys.stderr)
        return Status.USAGE
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")   # type: ignore[union-attr]
    try:
        number = COMMANDS[name](arguments[1:])
        sys.stdout.flush()
        return number
    except Refused as refused:
        print("%s: %s" % (name, refused), file=sys.stderr)
        return refused.number
    except IndexError:
        print("%s: an argument is missing\n%s" % (name, _help()), end="", file=sys.stderr)
        return Status.USAGE
    except OSError as error:
        print("%s: %s" % (name, error), file=sys.stderr)
        # What is left to be written can't be.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Status.DISK
    except Exception:   # pylint: disable=broad-except
        # Python's own status would be that of a test that failed.
        import traceback
        traceback.print_exc()
        return Status.INFRA
