# SPDX-License-Identifier: GPL-2.0
"""Measures that are made up, with answers that are known: lines of a comparison's `samples`."""

import math
import random

SIDES = ("A", "B")


def row(side, boot, name, value, unit="ns", good="lower"):
    return "row\t%s\t%s\t%s\t%s\t%s\t%.10g\n" % (side, boot, name, unit, good, value)


def boots(name, good="lower", shift=1.0, noise=0.01, boot_noise=0.005, number=6, seed=1):
    """Of both sides, normal, around 10,000; those of B times the shift.  NOISE: of a sample;
    BOOT_NOISE: what all samples of a boot share."""
    chance = random.Random(seed)
    text = ""
    for boot in range(number):
        for side in SIDES:
            level = 10000 * (shift if side == "B" else 1) * (1 + boot_noise * chance.gauss(0, 1))
            for _ in range(6):
                text += row(side, "boot-%d-%s" % (boot, side), name,
                            level * (1 + noise * chance.gauss(0, 1)), good=good)
    return text


def pairs(name, good="lower", shift=1.0, seed_noise=0.5, pair_noise=0.01, number=6, seed=1):
    """Of machines that do the same again, one sample each; SEED_NOISE is what both kernels
    share, PAIR_NOISE what a seed does to one."""
    chance = random.Random(seed)
    text = ""
    for boot in range(number):
        level = 10000 * math.exp(seed_noise * chance.gauss(0, 1))
        for side in SIDES:
            text += row(side, "exact-%d" % boot, name, good=good, value=level * (
                shift if side == "B" else 1) * math.exp(pair_noise * chance.gauss(0, 1)))
    return text


def constant(name, a, b):
    """Exact, as instructions are."""
    return "".join(row(side, "boot-%d-%s" % (boot, side), name, value, "instructions")
                   for side, value in zip(SIDES, (a, b)) for boot in (1, 2))
