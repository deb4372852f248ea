# SPDX-License-Identifier: GPL-2.0
"""What pictures show, by numbers that are read off before they are drawn, and in them."""

import re

import pytest
from made_up import constant, row
from results import rows

plots = pytest.importorskip("results.plots", reason="no matplotlib here")


def samples(text):
    return rows.Samples(text + constant("row", 1, 1), "samples")


def hist(side, boot, name, *buckets):
    return "".join("hist\t%s\t%s\t%s\tns\t%d\t%d\n" % (side, boot, name, *bucket)
                   for bucket in buckets)


def test_a_distribution_adds_up_from_the_top():
    found = samples(hist("A", "1", "x", (10, 90), (20, 9), (40, 1)) +
                    hist("A", "2", "x", (10, 100)))
    curve = plots._Curve(found.histograms["x"], "A", [10, 20, 40])
    assert list(curve.all) == [1, 0.05, 0.005]
    assert list(curve.least) == [1, 0, 0] and list(curve.most) == [1, 0.1, 0.01]
    assert (curve.total, curve.boots, curve.least_share()) == (200, 2, 0.005)
    assert curve.tail([10, 20, 40]) == 40


def test_host_and_guest_apart_and_the_largest_difference_first():
    found = samples("".join(hist(side, "1", name, (1000, 10), (last, 1))
                            for name, lasts in (("x", (2000, 4000)), ("y", (2000, 200000)),
                                                ("x/host", (2000, 2000)))
                            for side, last in zip("AB", lasts)))
    assert [picture.title for picture in plots.distributions(found, False)] == ["y", "x"]
    assert [picture.title for picture in plots.distributions(found, True)] == ["x/host"]


def test_a_distribution_is_drawn():
    found = samples(hist("A", "1", "x", (0, 5), (2000, 3)) + hist("B", "1", "x", (50000, 1)))
    picture, = plots.distributions(found, False)
    text = picture.draw()
    assert picture.words == "A: 8 samples of 1 boots; B: 1 of 1"
    assert "A, longest 2 \u00b5s" in text and "B, longest 50 \u00b5s" in text
    assert 'aria-label="Complementary cumulative distribution of x"' in text


def test_one_side_only_is_drawn():
    picture, = plots.distributions(samples(hist("A", "1", "x", (10, 5), (20, 1))), False)
    assert "A, longest 20 ns" in picture.draw()


def spans(side, count, length):
    return "".join("span\t%s\t1\tx\t%s\t%d\t%d\n" % (side, kind, 1000 * n, length)
                   for n in range(count) for kind in ("host", "stall"))


def test_a_time_line_has_as_much_as_can_be_told_apart():
    few, = plots.timelines(samples(spans("A", 5, 100) + spans("B", 9, 300)))
    many, = plots.timelines(samples(spans("A", 500, 100) + spans("B", 9, 300)))
    assert few.words.startswith("The first 10 ms") and many.words.startswith("The first 100 ms")
    assert "Stalls over time of x" in many.draw()


def test_a_time_line_without_stalls_is_none():
    assert plots.timelines(samples("span\tA\t1\tx\thost\t1\t2\nspan\tB\t1\tx\thost\t1\t2\n")) == []


def test_a_scale_has_its_exponent():
    found = samples("".join(row(side, "1", "call/slots=%d/p50" % n, 7 * n ** power)
                            for n in (1, 10, 100) for side, power in (("A", 1), ("B", 0.5))))
    picture, = plots.scales(found)
    assert picture.title == "call/slots=N/p50" and picture.words.startswith("3 scales")
    text = picture.draw()
    assert "A, exponent 1.000" in text and "B, exponent 0.500" in text


def test_scale_0_and_one_scale_alone():
    found = samples("".join(row(side, "1", "call/slots=%d" % n, 5) for n in (0, 8, 64)
                            for side in "AB") + row("A", "1", "other/slots=3", 1))
    picture, = plots.scales(found)
    text = picture.draw()
    assert re.search(r">\s*0\s*<", text) and re.search(r">\s*64\s*<", text)


def test_values_of_0_are_left_out():
    assert plots.scales(samples("".join(row(side, "1", "x/n=%d" % n, 0) for n in (1, 2)
                                        for side in "AB"))) == []


@pytest.mark.parametrize("low,high,at", [
    (1, 10, [1, 2, 5, 10]), (2, 50, [2, 5, 10, 20, 50]), (1, 1000, [1, 10, 100, 1000])])
def test_ticks(low, high, at):
    assert plots._nice_between(low, high) == pytest.approx(at)
