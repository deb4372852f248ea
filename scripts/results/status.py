# SPDX-License-Identifier: GPL-2.0
"""Verdict words and exit statuses.

This is the only list of them: the shell's constants (scripts/lib/common.sh) and the table in
docs/reading-results.md are made from it by `results statuses --write`.
"""

from __future__ import annotations

import enum
import textwrap
from typing import Dict, Iterable


class Status(enum.IntEnum):
    """An exit status of the project's commands, with what it means."""

    short: str      # for who reads the shell's constants
    meaning: str    # for who reads the documents

    def __new__(cls, number: int, short: str, meaning: str) -> "Status":
        status = int.__new__(cls, number)
        status._value_ = number
        status.short = short
        status.meaning = meaning
        return status

    OK = (0, "passed", "everything that ran has passed")
    FAIL = (1, "a test failed", "a test says `not ok`")
    USAGE = (2, "bad input",
             "bad input: a variable, a test or a file that is not there")
    SETUP = (3, "packages or set-up missing", "packages missing")
    CARRIER = (4, "source, rule or ledger",
               "the source is wrong, or a rule does not do what the ledger expects")
    BUILD = (5, "compile, or a config line that did not take",
             "the kernel does not compile, or a line of its configuration did not take")
    KERNEL = (6, "panic, oops, WARN, lockdep, KASAN, hung task, lockup",
              "the kernel complained; whatever the tests say")
    TIMEOUT = (7, "hang", "a test or the machine did not end; stacks were asked for")
    INFRA = (8, "QEMU did not start or died, no result, platform not there",
             "no result that can be trusted; says nothing about the kernel")
    EMULATOR = (9, "the emulator broke the guest, not the kernel",
                "the emulator broke the guest; says nothing about the kernel")
    DISK = (10, "output folder full or not writable",
            "no room, or the output folder cannot be written")
    INT = (130, "interrupted", "Ctrl-C")


class Word(enum.Enum):
    """What a run came to."""

    status: Status

    def __new__(cls, word: str, status: Status) -> "Word":
        member = object.__new__(cls)
        member._value_ = word
        member.status = status
        return member

    PASS = ("PASS", Status.OK)
    SKIP = ("SKIP", Status.OK)
    FAIL = ("FAIL", Status.FAIL)
    PANIC = ("PANIC", Status.KERNEL)
    OOPS = ("OOPS", Status.KERNEL)
    WARN = ("WARN", Status.KERNEL)
    LOCKDEP = ("LOCKDEP", Status.KERNEL)
    ATOMIC_SLEEP = ("ATOMIC-SLEEP", Status.KERNEL)
    KASAN = ("KASAN", Status.KERNEL)
    KCSAN = ("KCSAN", Status.KERNEL)
    KMSAN = ("KMSAN", Status.KERNEL)
    KFENCE = ("KFENCE", Status.KERNEL)
    HUNG_TASK = ("HUNG-TASK", Status.KERNEL)
    LOCKUP = ("LOCKUP", Status.KERNEL)
    TIMEOUT = ("TIMEOUT", Status.TIMEOUT)
    NOT_RUN = ("NOT-RUN", Status.INFRA)
    QEMU_START = ("QEMU-START", Status.INFRA)
    BOCHS_START = ("BOCHS-START", Status.INFRA)
    SILENT = ("SILENT", Status.INFRA)
    TRUNCATED = ("TRUNCATED", Status.INFRA)
    BROKEN = ("BROKEN", Status.INFRA)
    NO_KVM = ("NO-KVM", Status.INFRA)
    BAILED = ("BAILED", Status.INFRA)
    MISMATCH = ("MISMATCH", Status.INFRA)
    NO_TESTS = ("NO-TESTS", Status.INFRA)
    UNFIT = ("UNFIT", Status.INFRA)
    QEMU_DIED = ("QEMU-DIED", Status.INFRA)
    BOCHS_DIED = ("BOCHS-DIED", Status.INFRA)
    LOG_LOST = ("LOG-LOST", Status.INFRA)
    EMULATOR = ("EMULATOR", Status.EMULATOR)
    DISK_FULL = ("DISK-FULL", Status.DISK)
    INTERRUPTED = ("INTERRUPTED", Status.INT)


# Runs that say nothing about the kernel: an error for other programs, not a failure.
NO_EVIDENCE = frozenset((Status.INFRA, Status.EMULATOR, Status.DISK, Status.INT))

# From the least to the most serious one for who reads the status of several runs: a
# kernel's splat is never hidden by a mere failed test.
_BY_WEIGHT = (Status.OK, Status.FAIL, Status.TIMEOUT, Status.EMULATOR, Status.INFRA,
              Status.INT, Status.DISK, Status.KERNEL)

_WORDS: Dict[str, Word] = {word.value: word for word in Word}


def word_of(text: str) -> Word:
    """The word of a verdict file; anything unknown proves nothing."""
    return _WORDS.get(text, Word.NOT_RUN)


def says_nothing(text: str) -> bool:
    """Does a verdict of a run or a test with this name say nothing about the kernel?"""
    word = _WORDS.get(text)
    return word is not None and word.status in NO_EVIDENCE


def worst(numbers: Iterable[int]) -> int:
    """The most serious one; what is in no list is a broken set-up, and the worst."""
    weights = {int(status): weight for weight, status in enumerate(_BY_WEIGHT)}
    return max(numbers, key=lambda number: weights.get(number, len(weights)), default=0)


def shell_constants() -> str:
    """The lines of scripts/lib/common.sh."""
    return "".join("readonly EX_%s=%d\t# %s\n" % (status.name, status, status.short)
                   for status in Status)


def table() -> str:
    """The list of docs/reading-results.md: a table would have lines that are too long."""
    rows = []
    for status in Status:
        words = " ".join(word.value for word in Word if word.status == status)
        rows += textwrap.wrap("* **%d**: %s%s" % (status, status.meaning,
                                                  " (%s)" % words if words else ""),
                              100, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(rows) + "\n"
