# SPDX-License-Identifier: GPL-2.0
"""Limits on a changed kernel that keeps each one, and then on ones that break a single one."""

import os
import re

import pytest
from conftest import REPO
from results import limits, rows

PATH = os.path.join(REPO, "configs", "limits")


def project():
    with open(PATH, encoding="utf-8") as file:
        return limits.read(file.read(), PATH)


def boot(number):
    """What a sound boot of several CPUs prints; NUMBER makes samples differ a little."""
    lines = ["columns at=%s faults=16384 retries=0 overflow=0 waits=0 calls=%d ns=%d" % (
        at, 100000 + number, 500000000 + number)
        for at in ("none", "same-slot", "other-slot", "outside")]
    for vcpus in (1, 2, 4):
        lines += [
            "overlap vcpus=%d ops=%d ns=1000000000 writes=5000 cpu_ns=900000000 "
            "guest_gap_us=900 host_gap_us=800 op_us=70" % (vcpus, 300 + number),
            "storm vcpus=%d ops=9000 ns=1000000000 writes=50 cpu_ns=900000000 "
            "guest_gap_us=90000 host_gap_us=80000 op_us=70" % vcpus,
            "blocked vcpus=%d blocked_ns=1000000000 cpu_ns=10000000" % vcpus]
    return lines


COUNTS = ["icount what=fault min=2500", "icount what=dontneed-512-slots min=2700"]


def judge(*changes, of_a=(), number=5):
    """CHANGES: pattern and text that replaces it in each line of B (of A)."""
    text = ""
    for i in range(1, number + 1):
        for side, replaced in (("A", of_a), ("B", changes)):
            for prefix, lines in (("threads/", boot(i)), ("", COUNTS)):
                said = ""
                for line in lines:
                    for old, new in replaced:
                        line = re.sub(old, new, line)
                    said += "  # measure %s\n" % line
                text += rows.lines(said, side, "%d%s%s" % (i, side, prefix), prefix)
    return limits.Judge(rows.Samples(text, "samples"), project())


def marks(judged):
    return {line.row: line.mark for line in judged.lines}


def test_all_limits_kept():
    judged = judge()
    assert not judged.failed
    assert limits.counts(judged.lines) == "28 limits kept, 0 failed, 0 unsure"
    assert marks(judged)["threads/columns/none/faults"] == "pass"


@pytest.mark.parametrize("name,row,change", [
    ("slower faults", "threads/columns/none/faults", ("ns=5", "ns=6")),
    ("a retry in 500 faults", "threads/columns/same-slot/retries-of-1000-faults",
     ("at=same-slot faults=16384 retries=0", "at=same-slot faults=16384 retries=33")),
    ("slower calls", "threads/columns/outside/host-calls",
     ("at=outside(.*) calls=1", r"at=outside\1 calls=0")),
    ("slower operations", "threads/overlap/vcpus=4/host-calls", ("vcpus=4 ops=300*",
                                                                 "vcpus=4 ops=20")),
    ("unsteady operations", "spread of threads/overlap/vcpus=2/host-calls",
     ("vcpus=2 ops=305", "vcpus=2 ops=900")),
    ("a starved guest", "threads/storm/vcpus=1/longest-guest-stall (longest)",
     ("vcpus=1(.*)guest_gap_us=90000", r"vcpus=1\1guest_gap_us=2100000")),
    ("a starved host", "threads/storm/vcpus=1/longest-host-call (longest)",
     ("vcpus=1(.*)host_gap_us=80000", r"vcpus=1\1host_gap_us=2100000")),
    ("blocked vCPUs that spin", "threads/blocked/vcpus=4/cpu-while-blocked",
     ("vcpus=4 blocked_ns=1000000000 cpu_ns=1", "vcpus=4 blocked_ns=1000000000 cpu_ns=6")),
    ("more than 2 % more instructions a fault", "instructions/fault", ("min=2500", "min=2551")),
    ("one instruction more a call", "instructions/dontneed-outside/slots=512",
     ("min=2700", "min=2701")),
])
def test_a_limit_that_is_broken(name, row, change):
    judged = judge(change)
    assert judged.failed and marks(judged)[row] == "FAIL", name


@pytest.mark.parametrize("row,change", [
    ("threads/columns/same-slot/retries-of-1000-faults",        # one in 2,000 faults
     ("at=same-slot faults=16384 retries=0", "at=same-slot faults=16384 retries=8")),
    ("instructions/fault", ("min=2500", "min=2550"))])          # 2 % more
def test_a_limit_that_is_just_kept(row, change):
    judged = judge(change)
    assert not judged.failed and marks(judged)[row] == "pass"


def test_failures_come_first_the_worst_of_them_at_the_top():
    judged = judge(("min=2500", "min=2600"),
                   ("(vcpus=2 blocked_ns=1000000000) cpu_ns=1", r"\1 cpu_ns=9"))
    assert [(line.mark, line.row) for line in judged.lines[:3]] == [
        ("FAIL", "threads/blocked/vcpus=2/cpu-while-blocked"), ("FAIL", "instructions/fault"),
        ("pass", "threads/columns/same-slot/host-calls")]


def test_faults_as_slow_as_those_of_a_beside_an_invalidator():
    """Where the invalidating thread alone slows A down, that is the limit."""
    judged = judge(("(at=outside.*)ns=5", r"\1ns=9"), ("(at=same-slot.*)ns=5", r"\1ns=9"),
                   of_a=[("(at=outside.*)ns=5", r"\1ns=9")])
    found = {line.row: line for line in judged.lines}
    slow, alone = (found["threads/columns/%s/faults" % at] for at in ("same-slot", "none"))
    assert (slow.mark, slow.limit) == (
        "pass", ">= 0.95 x A of threads/columns/outside/faults")
    assert (alone.mark, alone.limit) == ("pass", ">= 0.95 x A")


def test_a_median_that_fails_by_chance_alone_is_unsure():
    """Five samples, of which two are good."""
    judged = judge((r"(at=none.*ns=50000000)[1-3]", r"\g<1>0000000"))
    assert marks(judged)["threads/columns/none/faults"] == "unsure" and not judged.failed


def test_rows_without_a_limit_are_in_the_picture():
    found = marks(judge())
    for mode in ("overlap", "storm"):
        for what in ("guest-writes", "cpu-of-a-vcpu", "mean-host-call"):
            assert found["threads/%s/vcpus=1/%s" % (mode, what)] == "-"


def test_the_measures_of_one_side_are_no_comparison():
    with pytest.raises(rows.BadMeasure, match="no measures of B"):
        rows.Samples("row\tA\t1\tx\tns\tlower\t1\n", "samples")


def test_a_limit_on_a_row_of_one_side_is_said_to_be_missing():
    samples = rows.Samples("row\tA\t1\tx\tns\tlower\t1\nrow\tA\t1\ty\tns\tlower\t1\n"
                           "row\tB\t1\ty\tns\tlower\t1\n", "samples")
    judged = limits.Judge(samples, limits.read("x at-most 1 A\ny at-most 1 z\n", "limits"))
    assert [line.mark for line in judged.lines] == ["missing", "unsure"]
    assert limits.counts(judged.lines).endswith(", 1 on rows of one side only")


def test_a_table_for_people():
    text = limits.table(judge(("min=2500", "min=2551")).lines)
    assert text[0] == ["mark", "row", "A", "B", "B/A", "spread-A", "spread-B", "limit"]
    assert text[1] == ["FAIL", "instructions/fault", "2,500", "2,551", "1.020", "1.000", "1.000",
                       "<= 1.02 x A"]
    assert ["pass", "threads/storm/vcpus=1/longest-guest-stall (longest)", "90 ms", "90 ms",
            "1.000", "-", "-", "<= 2 s"] in text


@pytest.mark.parametrize("line", ["x", "x at-most", "x at-most many A", "x about 1 A"])
def test_a_bad_limit(line):
    with pytest.raises(limits.BadLimit, match="name line 2: not `row"):
        limits.read("# a comment\n%s\n" % line, "name")
