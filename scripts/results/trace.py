# SPDX-License-Identifier: GPL-2.0
"""Counts of what `trace-cmd report` prints: events of each kind and CPU, and lost ones."""

from __future__ import annotations

import re
from collections import Counter
from typing import Iterable, List, Optional, Tuple

# `task-pid [cpu] flags time: event: ...`, flags only with some options.  The name of a task
# can have any characters.
_EVENT = re.compile(r"\[([0-9]+)\] +(?:[^ ]+ +)?([0-9]+\.[0-9]+): +([A-Za-z0-9_]+):")
_DROPPED = re.compile(r"CPU:([0-9]+) \[(?:([0-9]+) )?.*EVENTS DROPPED\]")


class Summary:
    """What is counted while the lines of a report go by: it can be longer than memory."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.counts: Counter[Tuple[str, int]] = Counter()      # of an event on a CPU
        self.lost: Counter[int] = Counter()
        self.first: Optional[float] = None
        self.last = 0.0
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        dropped = _DROPPED.match(line)
        if dropped:
            # An old trace-cmd does not say how many.
            self.lost[int(dropped.group(1))] += int(dropped.group(2) or 0) or 1
            return
        event = _EVENT.search(line)
        if not event:
            return
        time = float(event.group(2))
        self.counts[event.group(3), int(event.group(1))] += 1
        self.first = time if self.first is None else min(self.first, time)
        self.last = max(self.last, time)

    def table(self) -> List[List[str]]:
        """A row for each kind of event, the most frequent first, then all and lost ones."""
        cpus = range(max((cpu for _, cpu in self.counts), default=0) + 1)
        kinds: Counter[str] = Counter()
        everything: Counter[int] = Counter()
        for (name, cpu), count in self.counts.items():
            kinds[name] += count
            everything[cpu] += count
        rows = [["event", "count", "per second"] + ["CPU %d" % cpu for cpu in cpus]]
        for name in sorted(kinds, key=lambda name: (-kinds[name], name)):
            rows.append(self._row(name, [self.counts[name, cpu] for cpu in cpus]))
        rows.append(self._row("(all)", [everything[cpu] for cpu in cpus]))
        rows.append(self._row("(lost)", [self.lost[cpu] for cpu in cpus]))
        return rows

    def _row(self, name: str, counts: List[int]) -> List[str]:
        seconds = self.last - (self.first or 0) or 1
        return [name, str(sum(counts)), "%.1f" % (sum(counts) / seconds)] + \
            [str(count) for count in counts]
