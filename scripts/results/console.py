# SPDX-License-Identifier: GPL-2.0
"""The judge of a console: what a kernel in trouble writes, however it gets here.

A console, a log of dmesg or of a journal, or the records of /dev/kmsg become messages
without stamps and colours.  Firmware, boot loader and user space write to the same
console, so an expression of configs/splats is either one that nobody else writes (`any`:
it is looked for everywhere in a line), or must begin a message of the kernel (`kernel`),
or only tells that there was a report whose first lines are lost (`rest`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, List, Optional, Pattern, Tuple

from results.run import decode
from results.status import Word

_AFTER = 6      # lines that a verdict shows after the first one

# Sequences of a terminal: those that move the cursor end a line, the others are nothing.
_MOVES = re.compile(r"\x1b\[[0-9;?]*[ABEFHJSTdf]")
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78cMDEHNO])|"
    r"(?:\^\[|\u241b)\[[0-9;?]*[A-Za-z]|\[\d{1,3}(?:;\d{1,3})*m")
_DROPPED = re.compile(r"\*\* (\d+) printk messages dropped \*\*")
# ... of which old kernels do not end the line.
_GLUED_DROPPED = re.compile(r"(?<=[^\n])(?=\*\* \d+ printk messages dropped)|"
                            r"(?<=messages dropped \*\*) *(?=\S)")

_STAMP = r"\[\s*\d{1,8}\.\d{3,9}(?:\s*<\s*\d+\.\d+>)?\]"
_CALLER = r"\[\s*[TC]\d+[^\]\s]*\]"
_MIDDLE_STAMP = re.compile(r"\[\s*\d{1,8}\.\d{6}\]")
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

# What only a kernel's message has in front of it.
_OF_KERNEL = re.compile(
    r"<\d{1,3}>|"                                               # level
    r"\d+,\d+,\d+,[-c+][^;\n]*;|"                               # /dev/kmsg, netconsole
    r"kern\s*:\s*\w+\s*: ?|"                                    # dmesg -x
    + _STAMP + r" ?" + _CALLER + r" ?|" + _STAMP + r" ?|" + _CALLER + r" ?|"
    r"\[\s*[+-]\d+\.\d{6}\] ?|"                                 # dmesg -d, -e
    r"\[" + _MONTH + r" ?\d+ \d\d:\d\d\] ?|"                    # dmesg -e
    r"\[\w{3} " + _MONTH + r" [ \d]\d \d\d:\d\d:\d\d \d{4}\] ?|"   # dmesg -T
    + _ISO + r",\d{6}[+-]\d\d:\d\d |"                           # dmesg --time-format iso
    r"kernel: ")
# A journal's or a syslog's; group 1 says whose message it is.
_OF_JOURNAL = re.compile(
    r"(?:" + _MONTH + r" [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|" + _ISO + r"(?:[.,]\d+)?" + _ZONE +
    r") [\w.-]+ ([\w./@()-]+?)(?:\[\d+\])?: ?")
# What a recorder of consoles puts before every line, and a mail that quotes one.
_OF_RECORDER = re.compile(
    r"\[?(?:" + _ISO + r"|(?:\d{4}/\d\d/\d\d )?\d\d:\d\d:\d\d)(?:[.,]\d+)?" + _ZONE +
    r"\]?:? +|(?:> ?)+")

# A driver's or a subsystem's name before its words.
_SUBSYSTEM = r"\s*(?:[\w.,/@#+-]+(?: [\w.:/-]+)?: ){0,3}"


@dataclass
class Message:
    """One line of the log, as it was meant."""

    text: str
    marked: bool        # it carries what only a kernel's message has
    foreign: bool       # a journal says that somebody else wrote it


@dataclass
class Rule:
    """A line of configs/splats."""

    word: str
    scope: str
    pattern: Pattern[str]

    def matches(self, text: str) -> bool:
        if self.scope != "kernel":
            return bool(self.pattern.search(text))
        # Few rules get here, and re keeps what it has compiled.
        return bool(re.match("%s(?:%s)" % (_SUBSYSTEM, self.pattern.pattern), text))


@dataclass
class Splat:
    """The first report of a console."""

    word: str
    lines: List[str]


class BadTable(Exception):
    """A table of configs/ has a line that says nothing."""


def _strip(line: str) -> Message:
    """Takes off what is in front of a message, again and again."""
    marked = foreign = False
    position = 0
    while True:
        match = _OF_KERNEL.match(line, position)
        if match and match.end() > position:
            marked = True
        else:
            match = _OF_JOURNAL.match(line, position)
            if match:
                foreign = match.group(1) != "kernel"
                marked = marked or not foreign
            else:
                match = _OF_RECORDER.match(line, position)
        if not match or match.end() == position:
            return Message(line[position:], marked, foreign)
        position = match.end()


def _split(line: str) -> Iterator[str]:
    """A line on which a message begins after other text is two."""
    begin = 0
    for match in _MIDDLE_STAMP.finditer(line):
        if match.start() > begin and _strip(line[begin:match.start()]).text.strip():
            yield line[begin:match.start()]
            begin = match.start()
    yield line[begin:]


def messages(data: bytes) -> List[Message]:
    text = decode(data).replace("\0", "")
    text = _ESCAPES.sub("", _MOVES.sub("\n", text)) if "\x1b" in text or "[" in text else text
    text = re.sub(r"\r*\n\r*", "\n", text).replace("\r", "\n")
    text = _GLUED_DROPPED.sub("\n", text)
    if text.endswith("\n"):
        text = text[:-1]
    return [_strip(part) for line in text.split("\n") for part in _split(line)]


def dropped(data: bytes) -> int:
    """Messages that the kernel says it could not write here."""
    return sum(int(match) for match in _DROPPED.findall(decode(data)))


def _table_lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.strip() and not line.startswith("#"):
                yield line


def read_rules(path: str) -> List[Rule]:
    rules = []
    for line in _table_lines(path):
        part = line.split(None, 2)
        try:
            word, scope, expression = part
            Word(word)
            if scope not in ("any", "kernel", "rest"):
                raise ValueError(scope)
            rules.append(Rule(word, scope, re.compile(expression, re.MULTILINE)))
        except (ValueError, re.error) as error:
            raise BadTable("%s: %s in: %s" % (path, error, line)) from error
    return rules


def read_allowed(path: str) -> List[Pattern[str]]:
    """Lines that are no trouble; each must say why."""
    allowed = []
    for line in _table_lines(path):
        expression, tab, reason = line.partition("\t")
        if not tab or not reason.strip():
            raise BadTable("%s: no reason given for: %s" % (path, line))
        try:
            allowed.append(re.compile(expression))
        except re.error as error:
            raise BadTable("%s: %s in: %s" % (path, error, line)) from error
    return allowed


def find_splat(log: List[Message], rules: List[Rule],
               allowed: List[Pattern[str]]) -> Optional[Splat]:
    """The first line of trouble; for one line, the first rule of the table."""
    whole = "\n".join(message.text for message in log)
    rules = [rule for rule in rules if rule.pattern.search(whole)]
    any_marked = any(message.marked for message in log)
    rest: Optional[Tuple[int, Rule]] = None
    was_allowed = False
    for number, message in enumerate(log if rules else []):
        if message.foreign:
            continue
        for rule in rules:
            if rule.scope == "kernel" and any_marked and not message.marked:
                continue
            if rule.scope == "rest" and rest or not rule.matches(message.text):
                continue
            if any(pattern.search(message.text) for pattern in allowed):
                was_allowed = True
            elif rule.scope == "rest":
                rest = (number, rule)
                continue
            else:
                return _report(log, number, rule)
            break
    return _report(log, *rest) if rest and not was_allowed else None


def _report(log: List[Message], number: int, rule: Rule) -> Splat:
    lines = log[number:number + _AFTER + 1]
    return Splat(rule.word, [message.text for message in lines])
