# SPDX-License-Identifier: GPL-2.0
"""Results for other programs: results.json, junit.xml and summary.md.

Each case of a test is one entry; so is the machine that the tests ran in, which fails if
its kernel complained and is an error if no result came of it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

from results.ktap import Result, Test
from results.run import Run
from results.status import says_nothing

MACHINE = "(machine)"
_CONTROL = re.compile("[\x00-\x1f\x7f]")
# What XML 1.0 has no way to say.
_NOT_XML = re.compile("[^\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_NUMBER = re.compile(r"[0-9.]+")


@dataclass
class Entry:
    """A test, or one of its cases; `-` is what there is none of."""

    run: str
    kernel: str
    platform: str
    npt: str
    test: str
    case: str
    verdict: str        # pass skip FAIL known repeated, or a word of a verdict
    seconds: str
    words: str

    @property
    def where(self) -> str:
        """A run of a date is known by its kernel, one of a matrix has a name that says
        more."""
        return self.kernel if re.match(r"[0-9]+-[0-9]+-", self.run) else self.run

    @property
    def timed(self) -> bool:
        return bool(_NUMBER.fullmatch(self.seconds))


def entries(run: Run) -> List[Entry]:
    found = [_entry(run, MACHINE, "-", *_machine(run))]
    # A boot that said nothing and was repeated counts no more, but is there to be seen.
    if not run.was_repeated:
        rows = run.rows()
        known = {row.name for row in rows if row.verdict == "known"}
        for test in Result(run.result().replace("\0", "")).started:
            found += _cases(run, test, test.name in known)
        found += [_entry(run, row.name, "-", row.verdict, row.seconds, row.counts)
                  for row in rows]
    return found


def _entry(run: Run, test: str, case: str, verdict: str, seconds: str, words: str) -> Entry:
    return Entry(run.name, run.meta("kernel"), run.meta("platform"), run.meta("npt"), test, case,
                 verdict, seconds, words)


def _machine(run: Run) -> Tuple[str, str, str]:
    """A failed test is its own entry's matter: the machine has then done its work."""
    word, _, lines = run.verdict()
    words = re.sub(r"[\t\n ]+", " ", "".join(line + "\n" for line in lines))
    if word in ("PASS", "SKIP", "FAIL"):
        word, words = "pass", ""
    if run.was_repeated:
        word, words = "repeated", "%s: %s" % (word, words)
    return word, run.meta("seconds"), words


def _cases(run: Run, test: Test, known: bool) -> List[Entry]:
    found = []
    for case in test.cases:
        verdict = "skip" if case.skipped else "pass" if case.good else \
            "known" if known else "FAIL"
        found.append(_entry(run, test.name, case.name or case.number, verdict, "-",
                            case.words.replace("\t", " ")))
    return found


# --- the three forms -----------------------------------------------------------------


def to_json(all_entries: List[Entry]) -> str:
    return "[\n" + ",\n".join("  " + _json_entry(entry) for entry in all_entries) + "\n]\n"


def _json_entry(entry: Entry) -> str:
    def text(value: str) -> str:
        return json.dumps(_CONTROL.sub(" ", value), ensure_ascii=False)

    npt = re.match(r"\d+", entry.npt)
    pairs = [("run", text(entry.run)), ("kernel", text(entry.kernel)),
             ("platform", text(entry.platform)), ("npt", str(int(npt.group())) if npt else "0"),
             ("test", text(entry.test))]
    if entry.case != "-":
        pairs.append(("case", text(entry.case)))
    pairs.append(("verdict", text(entry.verdict)))
    if entry.timed:
        pairs.append(("seconds", entry.seconds))
    pairs.append(("words", text(entry.words)))
    return "{" + ", ".join('"%s": %s' % pair for pair in pairs) + "}"


def to_junit(all_entries: List[Entry]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="kvm-interval">']
    runs: Dict[str, List[Entry]] = {}
    for entry in all_entries:
        runs.setdefault(entry.run, []).append(entry)
    for suite in runs.values():
        lines += _suite(suite)
    return "\n".join(lines) + "\n</testsuites>\n"


def _attribute(value: str) -> str:
    return '"%s"' % _NOT_XML.sub(" ", value).translate(_ENTITIES)


def _suite(suite: List[Entry]) -> List[str]:
    """A test that has cases is their sum, so only the cases and what failed as a whole
    count."""
    with_cases = {entry.test for entry in suite if entry.case != "-"}
    with_bad = {entry.test for entry in suite if entry.case != "-" and entry.verdict == "FAIL"}
    body = []
    sums = {"failure": 0, "error": 0, "skipped": 0}
    for entry in suite:
        if entry.case == "-" and entry.test in with_cases and \
                (entry.verdict in ("pass", "skip") or entry.test in with_bad):
            continue
        kind, line = _testcase(entry)
        if kind:
            sums[kind] += 1
        body.append(line)
    first = suite[0]
    name = "%s %s npt=%s" % (first.where, first.platform, first.npt)
    return ['  <testsuite name=%s tests="%d" failures="%d" errors="%d" skipped="%d">' % (
        _attribute(name), len(body), sums["failure"], sums["error"], sums["skipped"])
    ] + body + ["  </testsuite>"]


def _testcase(entry: Entry) -> Tuple[str, str]:
    """How it counts, and its line."""
    line = "    <testcase classname=%s name=%s%s" % (
        _attribute(entry.kernel + "." + entry.test),
        _attribute(entry.test if entry.case == "-" else entry.case),
        " time=" + _attribute(entry.seconds) if entry.timed else "")
    if entry.verdict == "pass":
        return "", line + "/>"
    # A failure that is in the baseline is no news.
    if entry.verdict in ("skip", "repeated", "known"):
        return "skipped", "%s><skipped message=%s/></testcase>" % (line, _attribute(entry.words))
    # What says nothing about the kernel is an error, the rest a failure.
    kind = "error" if says_nothing(entry.verdict) else "failure"
    return kind, "%s><%s type=%s message=%s/></testcase>" % (
        line, kind, _attribute(entry.verdict), _attribute(entry.words))


def to_markdown(all_entries: List[Entry]) -> str:
    """What a person wants to see first: what failed; then a row for each test."""
    bad = ["* **%s** %s %s%s: %s" % (entry.verdict, entry.where, entry.test,
                                     "" if entry.case == "-" else " " + entry.case, entry.words)
           for entry in all_entries if entry.verdict not in ("pass", "skip", "known")]
    lines = bad + [""] if bad else ["All passed."]
    lines += ["", "| kernel | platform | npt | test | verdict | seconds | what it did |",
              "|---|---|---|---|---|---|---|"]
    lines += ["| %s | %s | %s | %s | %s | %s | %s |" % (
        entry.where, entry.platform, entry.npt, entry.test, entry.verdict, entry.seconds,
        entry.words.replace("|", "\\|")) for entry in all_entries if entry.case == "-"]
    return "\n".join(lines) + "\n"


def write(folder: str, runs: List[Run]) -> None:
    all_entries = [entry for run in runs for entry in entries(run)]
    os.makedirs(folder, exist_ok=True)
    for name, text in (("results.json", to_json(all_entries)),
                       ("junit.xml", to_junit(all_entries)),
                       ("summary.md", to_markdown(all_entries))):
        with open(os.path.join(folder, name), "w", encoding="utf-8",
                  errors="replace") as file:
            file.write(text)


# --- LAVA ----------------------------------------------------------------------------


def lava_cases(path: str) -> List[str]:
    """`name result seconds` for each test and machine of a results.json; what says nothing
    about the kernel is unknown, not failed."""
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    lines = []
    for entry in found:
        if "case" in entry:
            continue
        verdict = entry["verdict"]
        result = {"pass": "pass", "skip": "skip", "repeated": "skip"}.get(verdict) or (
            "unknown" if verdict == "known" or says_nothing(verdict) else "fail")
        lines.append("%s-npt%s-%s %s %s" % (
            entry["kernel"], entry["npt"], entry["test"].strip("()"), result,
            entry.get("seconds", 0)))
    return lines
