# SPDX-License-Identifier: GPL-2.0
"""include/log_histogram.h of the suite: its quantiles and buckets against exact ones."""

import math
import os
import random
import subprocess

import pytest
from conftest import REPO

QUANTILES = (0, 1, 500000, 900000, 990000, 999000, 999900, 1000000)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("histogram") / "check")
    subprocess.run([os.environ.get("CC", "gcc"), "-Wall", "-Wextra", "-Werror", "-O2",
                    "-fsanitize=undefined,address",
                    "-I" + REPO + "/tools/testing/selftests/kvm/include", "-o", path,
                    REPO + "/tests/histogram_check.c"], check=True)
    return path


def said(program, numbers, *quantiles):
    """Lines of the program, as tuples."""
    done = subprocess.run([program, *map(str, quantiles)], check=True, capture_output=True,
                          text=True, input="".join("%d\n" % number for number in numbers))
    return [tuple(int(word) if word.isdigit() else word for word in line.split())
            for line in done.stdout.split("\n")[:-1]]


def width(lowest):
    """Of a bucket: up to 127 it has one value, then 64 from each power of 2 to the next."""
    return 1 if lowest < 128 else 2 ** (lowest.bit_length() - 7)


def numbers(of, count=20000):
    chance = random.Random(1)
    return [int(of(chance.random(), i)) for i in range(count)]


@pytest.mark.parametrize("values", [
    pytest.param(list(range(1001)), id="each value up to 1000"),
    pytest.param(numbers(lambda x, i: 100000 * x), id="even"),
    pytest.param(numbers(lambda x, i: -20000 * math.log(1 - x)), id="exponential"),
    pytest.param(numbers(lambda x, i: 500 / (1 - x) ** 1.8), id="heavy tail"),
    pytest.param(numbers(lambda x, i: 300 if x < 0.999 else 4000000 + i),
                 id="two heaps, a thousandth in the upper one"),
    pytest.param([777777] * 20000, id="all the same"),
    pytest.param(numbers(lambda x, i: 2 ** int(42 * x) - i % 2), id="at the powers of 2"),
    pytest.param([5], id="a single one"),
    pytest.param([1, 1000, 1000000], id="three, far apart")])
def test_quantiles_and_buckets(program, values):
    ordered = sorted(values)
    # Not in order: the two halves of what is recorded are not alike.
    random.Random(2).shuffle(values)
    lines = said(program, values, *QUANTILES)
    assert ("count", len(values)) in lines and ("max", ordered[-1]) in lines
    found = {line[1]: line[2] for line in lines if line[0] == "quantile"}
    assert set(found) == set(QUANTILES)
    for part, value in found.items():
        exact = ordered[max(-(-part * len(ordered) // 1000000), 1) - 1]
        assert abs(value - exact) <= exact / 64, part
    buckets = [line[1:] for line in lines if line[0] == "bucket"]
    assert sum(count for _, count in buckets) == len(values)
    for lowest, count in buckets:
        assert count == sum(lowest <= value < lowest + width(lowest) for value in ordered), lowest


def test_none_at_all(program):
    assert set(said(program, [], 500000)) == {("count", 0), ("max", 0), ("quantile", 500000, 0)}


def test_more_than_it_can_hold_is_in_the_last_bucket(program):
    most = 2 ** 64 - 1
    assert set(said(program, [most], 500000)) == {
        ("count", 1), ("max", most), ("quantile", 500000, most), ("bucket", 4363686772736, 1)}
