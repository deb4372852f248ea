# SPDX-License-Identifier: GPL-2.0
"""How a figure is shown to people: three digits, and a unit that fits."""

from __future__ import annotations

from typing import Optional


def digits(x: float) -> str:
    return "%.*f" % (0 if x >= 99.95 or x == int(x) else 1 if x >= 9.995 else 2, x)


def thousands(x: float) -> str:
    return format(x, ",.0f")


def human(x: Optional[float], unit: str) -> str:
    if x is None:
        return "-"
    if unit == "ns":
        return digits(x) + " ns" if x < 1e3 else digits(x / 1e3) + " \u00b5s" if x < 999500 else \
            digits(x / 1e6) + " ms" if x < 999.5e6 else digits(x / 1e9) + " s"
    if unit == "percent":
        return digits(x) + " %"
    return (thousands(x) if x >= 1000 else digits(x)) + ("/s" if unit == "per-second" else "")
