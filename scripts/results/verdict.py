# SPDX-License-Identifier: GPL-2.0
"""Says what a run came to: one word, its status, and the telling lines.

A run is "not run" until its files prove otherwise: a result that is cut off, whose plan
does not fit or whose end is missing is never a pass, and nothing on the console can make
one.
"""

from __future__ import annotations

import re
from typing import Callable, List, NoReturn, Optional, Pattern

from results import console
from results.ktap import Result, Test
from results.run import FAILURES, Row, Run
from results.status import Word

_HANGS = ("time-limit", "no-progress")
_ROOT = re.compile(r"VFS: (?:Unable to mount root|Cannot open root device)")
_LACKS = re.compile(r"init: .*; not built in: (.*)")
# What scripts/steps/host writes into the log of somebody's machine.
_BEGIN_MARK = "kvm-interval: begin of "
_END_MARK = "kvm-interval: end of "


class _Done(Exception):
    def __init__(self, word: Word, lines: List[str]) -> None:
        super().__init__(word.value)
        self.word = word
        self.lines = lines


def _say(word: Word, *lines: str) -> NoReturn:
    raise _Done(word, list(lines))


def _row(test: Test, verdict: str) -> Row:
    counts = test.counts
    if verdict == "known":
        counts = "known: " + counts
    if test.cases:
        skips = sum(case.skipped for case in test.cases)
        counts += " (%d cases%s)" % (len(test.cases),
                                     ", %d skipped" % skips if skips else "")
    return Row(test.name, verdict, test.seconds, counts)


class Judge:
    """One run; `verdict` and `lines` say what it came to, `rows` what its tests did."""

    def __init__(self, run: Run, rules: List[console.Rule],
                 allowed: List[Pattern[str]]) -> None:
        self.run = run
        self.result = Result(run.result())
        self.log = console.messages(run.console())
        if run.on_host:
            self.log = self._since_mark(self.log)
        self.splat = console.find_splat(self.log, rules, allowed)
        self.rows: List[Row] = []
        self.bad: List[str] = []        # what failed, and its own words
        self._judge_each()
        self.word = Word.NOT_RUN
        self.lines: List[str] = []
        try:
            self._judge()
        except _Done as done:
            self.word, self.lines = done.word, done.lines

    def _since_mark(self, log: List[console.Message]) -> List[console.Message]:
        """What was in the kernel's log before is not this run's."""
        for number in range(len(log) - 1, -1, -1):
            if _BEGIN_MARK in log[number].text:
                return log[number:]
        return log

    def _judge_each(self) -> None:
        known = self.run.baseline()
        for test in self.result.tests:
            verdict = test.verdict
            if verdict in FAILURES and known.get(test.name) in FAILURES:
                verdict = "known"
            row = _row(test, verdict)
            self.rows.append(row)
            if verdict in ("pass", "skip", "known"):
                continue
            self.bad.append("%s: %s%s" % (test.name, verdict,
                                          ": " + test.counts if test.counts else ""))
            self.bad += ["    " + line for line in test.why]

    def _count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    # --- the strongest evidence first ----------------------------------------------

    def _judge(self) -> NoReturn:
        steps: List[Callable[[], Optional[NoReturn]]] = [
            self._emulator, self._fit, self._console, self._hang, self._end, self._killed,
            self._silence, self._form, self._machine, self._tests, self._logs]
        for step in steps:
            step()
        self._passed()

    def _while(self) -> List[str]:
        return ["while %s ran" % self.result.running] if self.result.running else []

    def _log_is(self, name: str) -> str:
        return "log: " + self.run.file(name)

    def _emulator(self) -> None:
        lines = [line for name in ("result.ktap", "console.log")
                 for line in self.run.text(name).split("\n") if "EMULATOR-FAULT" in line][:3]
        if not lines:
            return
        if self.splat:
            lines.append("the console also has: " + "\n".join(self.splat.lines))
        _say(Word.EMULATOR, *lines,
             "the emulator broke the guest: this says nothing about the kernel")

    def _fit(self) -> None:
        """A kernel that came ready-made may not have what this machine needs; then that is
        all there is to say, and no fault of the kernel."""
        ended = self.run.meta("ended")
        if self.run.meta("kernel") != "image" or not (
                (ended == "exit" and self.run.emulator_status == "0") or
                ended.startswith(_HANGS)):
            return
        lacks = self._lacks()
        if lacks:
            _say(Word.UNFIT, "this kernel has not built in what a nested host needs "
                             "(modules do not count): " + lacks, self._log_is("console.log"))

    def _lacks(self) -> str:
        spoke = False
        for message in self.log:
            spoke = spoke or message.text.startswith("Linux version")
            if _ROOT.search(message.text):
                return "BLK_DEV_INITRD"
            if "No working init found" in message.text:
                return "BINFMT_ELF"
            match = _LACKS.match(message.text)
            if match:
                return match.group(1)
        return "" if spoke else ("a console on ttyS0 (SERIAL_8250_CONSOLE, PRINTK); "
                                 "or it does not even start")

    def _console(self) -> None:
        if self.splat:
            _say(Word(self.splat.word), *self.splat.lines, *self._while(),
                 self._log_is("console.log"))

    def _hang(self) -> None:
        how = self.run.meta("ended")
        if how not in _HANGS:
            return
        running = ", while %s ran" % self.result.running if self.result.running else ""
        registers = ["registers: " + self.run.file("monitor.log")] \
            if self.run.emulator == "QEMU" else []
        _say(Word.TIMEOUT, how + running + "; last words:",
             self.run.last_lines("result.ktap", 2),
             "stacks of the machine: %s after byte %s" % (
                 self.run.file("console.log"), self.run.meta("console-bytes")), *registers)

    def _end(self) -> None:
        """How boot saw it end."""
        how = self.run.meta("ended")
        if how == "interrupted":
            _say(Word.INTERRUPTED, *self._while())
        if how == "disk-full":
            _say(Word.DISK_FULL, "no room left for the logs in " + self.run.path)
        if how != "exit":
            _say(Word.NOT_RUN, "the machine was not seen to its end")

    def _killed(self) -> None:
        """What it has written until then is cut off somewhere."""
        run, number = self.run, self.run.emulator_status
        if self.result.end or not number.isdigit() or not 128 < int(number) < 193:
            return
        lines = ["%s was killed by signal %d" % (run.emulator, int(number) - 128)]
        if lines[0].endswith(" 9"):
            lines.append("if nobody did that, this machine has run out of memory: "
                         "see its own kernel's log, and MEM=")
        _say(Word(run.emulator.upper() + "-DIED"), *lines, *self._while(),
             run.last_lines(run.emulator_log, 3), self._log_is("console.log"))

    def _silence(self) -> None:
        run, log = self.run, self.run.emulator_log
        if "no space left on device" in run.text(log).lower():
            _say(Word.DISK_FULL, run.last_lines(log, 3))
        if self.result.lines:
            return
        if not run.bytes("console.log"):
            _say(Word(run.emulator.upper() + "-START"),
                 "%s ended with status %s before the kernel spoke:" % (
                     run.emulator, run.emulator_status),
                 run.last_lines(log, 3), "its command: %s" % (
                     run.file(run.emulator.lower() + ".sh")))
        _say(Word.SILENT, "the machine ended and no result came (%s's status %s); its last "
                          "words:" % (run.emulator, run.emulator_status),
             run.last_lines("console.log", 4), self._log_is("console.log"))

    def _form(self) -> None:
        result = self.result
        bail = "\n".join(result.bail)
        if bail:
            if self._count("TIMEOUT"):
                _say(Word.TIMEOUT, *self.bad, bail)
            _say(Word.NO_KVM if "KVM" in bail else Word.BAILED, bail,
                 self._log_is("console.log"))
        if result.broken:
            _say(Word.BROKEN, "result.ktap: " + result.broken)
        if not result.end:
            running = ", while %s ran" % result.running if result.running else ""
            _say(Word.TRUNCATED, "the machine ended before its tests did%s; last words:" %
                 running, self.run.last_lines("result.ktap", 1),
                 self.run.last_lines("console.log", 2), self._log_is("console.log"))
        done = len(result.tests)
        if result.plan != done:
            _say(Word.BROKEN, "result.ktap: planned %d tests, %d have a result" % (
                result.plan, done))
        if result.end != result.init_counts():
            _say(Word.BROKEN, "result.ktap: its end says `%s`, its lines say `%s`" % (
                result.end, result.init_counts()))
        ordered = self.run.meta("tests")
        if ordered.isdigit() and int(ordered) != result.plan:
            _say(Word.BROKEN, "result.ktap: %s tests were ordered, %d planned" % (
                ordered, result.plan))

    def _machine(self) -> None:
        """The machine must be the one that was asked for."""
        facts = self.result.facts
        want, got = self.run.meta("kernel"), facts.get("kernel", "")
        release = self.run.meta("release")
        if release:
            want = "" if got == release else release
        if want and not got.endswith("-" + want):
            _say(Word.MISMATCH, "asked for the kernel %s, %s ran" % (want, got))
        want = self.run.meta("npt")
        got = facts.get("ept" if facts.get("virtualization") == "vmx" else "npt", "")
        if want + got in ("0Y", "1N"):
            _say(Word.MISMATCH, "asked for npt=%s, the machine has npt=%s" % (want, got))

    def _tests(self) -> None:
        run = self.run
        if self._count("TIMEOUT"):
            _say(Word.TIMEOUT, *self.bad, self._log_is("result.ktap"))
        if self.bad:
            _say(Word.FAIL, *self.bad, self._log_is("result.ktap"))
        if run.emulator_status != "0":
            _say(Word(run.emulator.upper() + "-DIED"),
                 "%s's status is %s, after the tests had ended" % (
                     run.emulator, run.emulator_status), run.last_lines(run.emulator_log, 3))
        if not self.result.plan:
            _say(Word.NO_TESTS, "the machine works, no test was ordered")

    def _logs(self) -> None:
        """Without the kernel's words up to the end of the tests nothing has passed."""
        texts = [message.text for message in self.log]
        if self.run.on_host:
            self._log_of_host(texts)
        elif not self.run.bytes("console.log").rstrip(b"\0").count(b"\n"):
            _say(Word.TRUNCATED, "the console is empty: what the kernel said is not known")
        elif self._is_ours(texts) and not any("init: end" in text for text in texts):
            _say(Word.TRUNCATED, "the console ends before the tests do; last words:",
                 self.run.last_lines("console.log", 2), self._log_is("console.log"))

    def _is_ours(self, texts: List[str]) -> bool:
        """Does the console name the kernel that the result is of?"""
        version = self.result.facts.get("kernel", "").split("-")[0]
        banner = re.compile(r"Linux version %s[ -]" % re.escape(version))
        return any(banner.match(text) for text in texts)

    def _log_of_host(self, texts: List[str]) -> None:
        lost = ""
        if not any(_BEGIN_MARK in text for text in texts):
            lost = "its begin: the ring buffer has dropped it"
        elif self.run.meta("log-marks") == "2" and \
                not any(_END_MARK in text for text in texts):
            lost = "its end"
        elif console.dropped(self.run.console()):
            lost = "%d messages" % console.dropped(self.run.console())
        if lost:
            _say(Word.LOG_LOST, "the kernel's log of this run has lost " + lost,
                 "what it complained of, if it did, is not known", self._log_is("console.log"))

    def _passed(self) -> NoReturn:
        notes = []
        known = self._count("known")
        if known:
            notes.append("failed as in the baseline: %d" % known)
        lost = console.dropped(self.run.console())
        if lost:
            notes.append("the console could not write %d messages of the kernel" % lost)
        if not self._count("pass") and self._count("skip"):
            _say(Word.SKIP, "every test was skipped, nothing is proven", *notes)
        _say(Word.PASS, *notes)
