# SPDX-License-Identifier: GPL-2.0
"""Verdicts on measures that are made up, with answers that are known."""

import os
import statistics

import pytest
from conftest import REPO
from made_up import boots, constant, pairs, row
from results import rows, stats

PROJECT = os.path.join(REPO, "configs", "compare-tolerance")
TWO_PERCENT = stats.Tolerances("* 2 0 for a test\n", "two")
NONE = stats.Tolerances("* 0 0 for a test\n", "none")


def project():
    with open(PROJECT, encoding="utf-8") as file:
        return stats.Tolerances(file.read(), PROJECT)


def table(text, tolerances=None):
    return stats.table(rows.Samples(text, "samples"), tolerances or project())


RATES = "x/retries-of-1000-faults"


@pytest.mark.parametrize("verdict,tolerances,text", [
    ("same", None, boots("row")),
    ("worse", TWO_PERCENT, boots("row", "lower", 1.05, 0.003, 0.001)),
    ("worse", TWO_PERCENT, boots("row", "higher", 0.95, 0.003, 0.001)),
    ("better", TWO_PERCENT, boots("row", "lower", 0.95, 0.003, 0.001)),
    ("better", TWO_PERCENT, boots("row", "higher", 1.05, 0.003, 0.001)),
    ("same", None, boots("row", "lower", 1.05, 0.003, 0.001)),      # within 10 %
    # Boots that differ by more than the kernels.
    ("unsure", None, boots("row", "lower", 1.05, 0.02, 0.3)),
    # One boot of each says nothing.
    ("unsure", TWO_PERCENT, boots("row", "lower", 1.05, 0.003, 0.001, 1)),
    ("worse", None, constant("instructions/fault", 2500, 2625)),    # exact: 5 %
    ("same", None, constant("instructions/fault", 2500, 2540)),     # 1.6 % of 2 %
    ("better", None, constant("instructions/fault", 2500, 2375)),
    ("same", None, constant(RATES, 0, 0.5)),                        # less than the floor
    ("worse", None, constant(RATES, 0, 50)),
    ("better", None, constant(RATES, 50, 0)),
    # Seeds that differ by half, pairs by 20 %.
    ("worse", None, pairs("row", "lower", 1.2)),
    ("better", None, pairs("row", "higher", 1.2)),
    # Boots that are no pairs do not show it.
    ("unsure", None, pairs("row", "lower", 1.2).replace("A\texact", "A\ta").replace(
        "B\texact", "B\tb")),
    ("same", None, pairs("row")),
    # A row that the seed turns over, as chaos does, is neither better nor worse.
    ("unsure", None, "".join(
        row("A", "exact-%d" % i, "row", 1000 if i % 2 else 3000) +
        row("B", "exact-%d" % i, "row", 3000 if i % 3 else 1000) for i in range(1, 7))),
    ("unsure", None, pairs("row", "lower", 2, 0.5, 0, 1)),          # one pair says nothing
    ("same", None, pairs("row", "lower", 1, 0.5, 0, 2)),            # two that are equal
    # A boot that has no other of its pair counts for nothing.
    ("same", None, pairs("row") + row("B", "exact-7", "row", 90000)),
])
def test_verdict(verdict, tolerances, text):
    line, = table(text, tolerances)
    assert line.verdict == verdict, line


def equal_kernels():
    """Boots that differ by 3 %, and by 15 %."""
    return "".join(boots("narrow-%d" % seed, "lower", 1, 0.02, 0.03, 6, seed) +
                   boots("wide-%d" % seed, "lower", 1, 0.05, 0.15, 3, seed)
                   for seed in range(50))


def equal_pairs():
    return "".join(pairs("narrow-%d" % seed, "lower", 1, 0.5, 0.02, 6, seed) +
                   pairs("wide-%d" % seed, "lower", 1, 0.5, 0.3, 4, seed) for seed in range(50))


@pytest.mark.parametrize("made", [equal_kernels, equal_pairs])
def test_no_verdict_by_chance(made):
    """Of 100 rows of equal kernels at most 1 without tolerance, none with it."""
    lines = table(made(), NONE)
    assert len(lines) == 100
    assert sum(line.verdict in ("worse", "better") for line in lines) <= 1
    ten = project().of("narrow-1")
    assert ten.percent == "10"
    assert not any(line.low > ten.edge or line.high < 1 / ten.edge for line in lines)


def test_worse_rows_come_first_the_worst_of_them_at_the_top():
    lines = table(constant("same", 100, 100) + constant("better", 100, 50) +
                  constant("bad", 100, 150) + constant("worst", 100, 300) +
                  boots("unsure", "lower", 1, 0.02, 0.3) +
                  constant("gone", 100, 100).split("row\tB")[0])
    assert [line.row for line in lines] == ["worst", "bad", "gone", "unsure", "better", "same"]
    gone = lines[2]
    assert (gone.verdict, gone.a, gone.b) == ("missing", 100, None)
    assert "missing\tgone\tinstructions\tlower\t100\t-\t-\t-\t-\t-\t2\t0\t2\t0\n" in \
        stats.table_text(lines)


def test_what_is_no_comparison_is_left_out():
    assert table(constant("x/waits", 0, 5)) == []


def test_the_same_samples_give_the_same_interval():
    """Whatever other rows there are."""
    made = boots("row", "lower", 1.1, 0.02, 0.1)
    first, = table(made)
    assert table(made) == [first]
    assert first in table(boots("other", "lower", 1, 0.3, 0.3) + made)


def test_the_mean_of_pairs_is_geometric():
    line, = table("".join(row("A", b, "row", a) + row("B", b, "row", a * r)
                          for b, a, r in (("1", 10, 2), ("2", 30, 8))))
    assert line.ratio == pytest.approx(4)
    # Two logarithms, ln 2 and ln 8: the deviation is ln 4 / sqrt 2, and t of one degree 636.6.
    assert line.high == pytest.approx(stats.INFINITE)


def test_the_interval_of_pairs_is_that_of_student():
    logs = [0.01, 0.03, 0.02, 0.05, 0.04, 0.03]
    line, = table("".join(row("A", str(i), "row", 1000) +
                          row("B", str(i), "row", 1000 * 2.718281828459045 ** log)
                          for i, log in enumerate(logs)), NONE)
    by = 6.869 * statistics.stdev(logs) / 6 ** 0.5
    assert line.low == pytest.approx(2.718281828459045 ** (0.03 - by), rel=1e-6)
    assert line.high == pytest.approx(2.718281828459045 ** (0.03 + by), rel=1e-6)


@pytest.mark.parametrize("degrees,t", [(1, 636.619), (5, 6.869), (20, 3.850), (30, 3.646),
                                       (60, 3.460), (120, 3.373)])
def test_student(degrees, t):
    assert stats.student(degrees) == pytest.approx(t, abs=0.001)


def test_a_table_as_programs_read_it():
    text = stats.table_text(table(constant("instructions/fault", 2500, 2625) +
                                  constant(RATES, 0, 50)))
    assert text.split("\n")[1:3] == [
        "worse\tx/retries-of-1000-faults\tinstructions\tlower\t0\t50\tinf\t51\t51\t10\t2\t2\t2\t2",
        "worse\tinstructions/fault\tinstructions\tlower\t2500\t2625\t1.05\t1.05\t1.05\t2\t2\t2"
        "\t2\t2"]


@pytest.mark.parametrize("text,why", [
    (constant("row", 1, 1).split("row\tB", 1)[0], "no measures of B"),
    ("", "no measures of A"),
    (constant("row", 1, 1) + "row\tA\tx\trow\n", "samples line 5: not a row"),
    (constant("row", 1, 1) + "row\tA\tx\trow\tns\tlower\t1\n", "another unit"),
    (constant("row", 1, 1) + "row\tA\tx\trow\tinstructions\tlower\tmany\n", "line 5: not a"),
    (constant("row", 1, 1) + "hist\tA\tx\n", "line 5: not a"),
])
def test_bad_samples(text, why):
    with pytest.raises(rows.BadMeasure, match=why):
        table(text)


@pytest.mark.parametrize("text,why", [("* some\n", "name line 1: not"), ("", "no pattern")])
def test_bad_tolerances(text, why):
    with pytest.raises(stats.BadTolerance, match=why):
        table(constant("row", 1, 1), stats.Tolerances(text, "name"))


def test_the_project_s_tolerances_fit_every_row_that_was_kept():
    tolerances = project()
    with open(os.path.join(REPO, "docs", "results", "report.csv"), encoding="utf-8") as file:
        for line in file.read().split("\n")[1:-1]:
            assert tolerances.of(line.split(",")[1])
