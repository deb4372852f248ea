# SPDX-License-Identifier: GPL-2.0
"""The pictures of a comparison, drawn by matplotlib: each is an <svg> that takes its colours
from the page, for light and dark.
"""

from __future__ import annotations

import html
import io
import math
import os
import re
import site
import statistics
import sys
import zlib
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from results.figures import human, thousands
from results.rows import SIDES, Histogram, Row, Samples, Span

# `python3 -S` hides what the distribution has.  Debian's folder comes first, for python3 may be
# one that somebody has built.
_DEBIAN = "/usr/lib/python3/dist-packages"
sys.path += [_DEBIAN] if os.path.isdir(_DEBIAN) else site.getsitepackages()

import matplotlib  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import PathPatch  # noqa: E402
from matplotlib.path import Path  # noqa: E402
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: E402

# What stands for a colour of the page while it is drawn, of Okabe and Ito.
COLOURS = {"A": "#0072b2", "B": "#d55e00", "quiet": "#5b6570", "line": "#d9dee3",
           "host": "#8a94a0"}
_DASHES = {"A": "-", "B": (0, (7, 3))}
_WIDTH = 600        # units
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "", "font.size": 13, "axes.linewidth": 0,
    "axes.edgecolor": COLOURS["quiet"], "axes.labelcolor": COLOURS["quiet"],
    "text.color": COLOURS["quiet"], "xtick.color": COLOURS["quiet"],
    "ytick.color": COLOURS["quiet"], "xtick.minor.size": 0, "ytick.minor.size": 0,
    "xtick.major.size": 0, "ytick.major.size": 0, "grid.color": COLOURS["line"],
    "axes.grid": True, "axes.axisbelow": True, "grid.linewidth": 1, "lines.linewidth": 2,
    "legend.frameon": False, "figure.facecolor": "none", "axes.facecolor": "none"})


@dataclass
class Picture:
    """How much the sides differ says in which order pictures are shown."""

    title: str
    words: str
    distance: float
    draw: Callable[[], str]


def _distance(a: float, b: float) -> float:
    return abs(math.log((a if a > 0 else 1) / (b if b > 0 else 1)))


def _order(pictures: List[Picture]) -> List[Picture]:
    return sorted(pictures, key=lambda picture: -picture.distance)


def _figure(height: int, panels: int = 1) -> Tuple[Figure, list]:
    figure = Figure(figsize=(_WIDTH / 72, height / 72))
    return figure, list(figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0])


def _svg(figure: Figure, label: str) -> str:
    """For the inside of a page: names that no other picture has, and no word of elsewhere."""
    file = io.StringIO()
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.S)
    text = text[text.index("<svg"):].replace("xlink:href", "href")
    text = re.sub(r"<svg .*?>", '<svg viewBox="0 0 %d %d" role="img" aria-label="%s">' % (
        _WIDTH, figure.get_figheight() * 72 + 0.5, html.escape(label)), text, count=1, flags=re.S)
    text = re.sub(r"font: [^;\"]*;? ?", "", text)
    name = "p%x-" % zlib.crc32(label.encode())
    text = re.sub(r'((?: id|href)="#?|url\(#)', r"\g<1>" + name, text)
    for colour, value in COLOURS.items():
        text = text.replace(value, "var(--%s)" % colour.lower())
    # A tenth of a unit is enough.
    text = re.sub(r' (?:d|x|y|transform)="[^"]*"',
                  lambda found: re.sub(r"(\.\d)\d+", r"\1", found.group()), text, flags=re.S)
    return re.sub(r"\n\s*", "\n", text)


def _decade(x: float, up: bool) -> float:
    log = math.log10(x)
    return 10.0 ** (math.ceil(log - 1e-9) if up else math.floor(log + 1e-9))


def _decades(low: float, high: float) -> List[float]:
    return [10.0 ** n for n in range(round(math.log10(low)), round(math.log10(high)) + 1)]


def _ticks(axis: object, at: List[float], words: Callable[[float], str]) -> None:
    axis.set_major_locator(FixedLocator(at))                                # type: ignore
    axis.set_minor_locator(NullLocator())                                   # type: ignore
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))  # type: ignore


def _legend(axes: object, words: Dict[str, str]) -> None:
    lines = [matplotlib.lines.Line2D([], [], color=COLOURS[side], linestyle=_DASHES[side])
             for side in SIDES]
    axes.legend(lines, [side + words[side] for side in SIDES], ncols=2,     # type: ignore
                loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, borderpad=0.3,
                columnspacing=4, handlelength=2.2)


def _is_of_host(name: str) -> bool:
    return re.search(r"/host(/|$)", name) is not None


def unit_words(unit: str, time: str) -> str:
    return {"ns": time, "per-second": "a second", "percent": "per cent"}.get(unit, unit)


# --- of each histogram the complementary cumulative distribution of both sides -----------


class _Curve:
    """Shares of one side that reach each value: of all boots, and of single ones."""

    def __init__(self, histogram: Histogram, side: str, at: List[float]) -> None:
        boots = [[boot.get(value, 0) for value in at]
                 for boot in histogram.boots[side].values()] or [[0] * len(at)]
        reach = np.array(boots)[:, ::-1].cumsum(axis=1)[:, ::-1]
        self.boots = len(histogram.boots[side])
        self.total = int(reach[:, 0].sum())
        self.all = reach.sum(axis=0) / max(self.total, 1)
        parts = reach / np.maximum(reach[:, :1], 1)
        self.least, self.most = parts.min(axis=0), parts.max(axis=0)
        self.length = int(np.count_nonzero(self.all))      # up to the longest

    def least_share(self) -> float:
        """The part that is as long as the longest."""
        return float(self.all[self.length - 1]) if self.length else 1.0

    def tail(self, at: List[float]) -> float:
        """What 1 of 1,000 reaches."""
        reached = np.flatnonzero(self.all >= 0.001)
        return at[reached[-1]] if len(reached) else 0.0


def distributions(samples: Samples, of_host: bool) -> List[Picture]:
    """Of the host's operations, or of the guest's accesses."""
    pictures = []
    for histogram in samples.histograms.values():
        if _is_of_host(histogram.name) != of_host:
            continue
        at = sorted({value for boots in histogram.boots.values()
                     for boot in boots.values() for value in boot})
        curves = {side: _Curve(histogram, side, at) for side in SIDES}
        if not any(curve.total for curve in curves.values()):
            continue
        words = "A: %s samples of %d boots; B: %s of %d" % (
            thousands(curves["A"].total), curves["A"].boots, thousands(curves["B"].total),
            curves["B"].boots)
        pictures.append(Picture(histogram.name, words,
                                _distance(curves["A"].tail(at), curves["B"].tail(at)),
                                lambda h=histogram, c=curves, a=at: _draw_distribution(h, c, a)))
    return _order(pictures)


def _share(y: float) -> str:
    return "all" if y >= 0.999 else "%g %%" % (y * 100) if y >= 0.0099 else \
        "1 in 10" + "⁰¹²³⁴⁵⁶⁷⁸⁹"[min(round(-math.log10(y)), 9)]


def _draw_distribution(histogram: Histogram, curves: Dict[str, _Curve],
                       at: List[float]) -> str:
    first = next((value for value in at if value > 0), 1.0)
    low, high = _decade(first, False), _decade(max(at[-1], first), True)
    high = high if high > low else low * 10
    floor = _decade(min(0.01, *(curve.least_share() for curve in curves.values())), False)
    figure, (axes,) = _figure(380)
    axes.loglog()
    legend = {}
    for side, curve in curves.items():
        keep = _apart([math.log10(value or low) for value in at[:curve.length]],
                      math.log10(high / low) / 200)
        x = [at[i] or low for i in keep]
        axes.fill_between(x, np.maximum(curve.least[keep], floor), curve.most[keep],
                          color=COLOURS[side], alpha=0.18, linewidth=0)
        axes.plot(x, curve.all[keep], color=COLOURS[side], linestyle=_DASHES[side])
        axes.plot(x[-1:], curve.all[keep[-1:]], "o", color=COLOURS[side])
        legend[side] = ", longest " + human(x[-1], histogram.unit) if x else ""
    axes.set_xlim(low, high)
    axes.set_ylim(floor, 1)
    _ticks(axes.xaxis, _decades(low, high), lambda x: human(x, histogram.unit))
    _ticks(axes.yaxis, _decades(floor, 1), _share)
    axes.set_xlabel("took at least" if histogram.unit == "ns" else "at least, " + histogram.unit)
    axes.set_ylabel("share of operations" if _is_of_host(histogram.name) else
                    "share of accesses")
    _legend(axes, legend)
    figure.subplots_adjust(0.16, 0.13, 0.96, 0.91)
    return _svg(figure, "Complementary cumulative distribution of " + histogram.name)


def _apart(x: List[float], least: float) -> List[int]:
    """Places of what can be told apart in a picture, and the last one."""
    keep: List[int] = []
    for i, value in enumerate(x):
        if not keep or value - x[keep[-1]] >= least or i == len(x) - 1:
            keep.append(i)
    return keep


# --- spans: the first moments of a boot of A above the same of B -----------------------------

_MOST_SPANS = 400       # that one can still tell apart


def timelines(samples: Samples) -> List[Picture]:
    pictures = []
    for name, sides in samples.spans.items():
        if not any(span.kind == "stall" and span.length_us > 0
                   for spans in sides.values() for span in spans):
            continue
        begun = {side: [Span(span.kind, span.start_us - min(s.start_us for s in spans),
                             span.length_us) for span in spans]
                 for side, spans in sides.items()}
        stalled = [sum(span.length_us for span in begun[side] if span.kind == "stall")
                   for side in SIDES]
        wide = _window(begun)
        pictures.append(Picture(
            name, "The first %g ms; dots: stalls of the guest, grey: operations of the host" % (
                wide / 1000), _distance(*stalled),
            lambda n=name, b=begun, w=wide: _draw_timeline(n, b, w)))
    return _order(pictures)


def _window(begun: Dict[str, List[Span]]) -> float:
    """The longest of 1, 2, 5, 10, ... ms in which spans can be told apart."""
    best = wide = 1000.0
    for factor in (2, 2.5, 2) * 4:
        within = [sum(span.start_us <= wide for span in spans) for spans in begun.values()]
        if max(within) > _MOST_SPANS:
            break
        best = wide
        if all(n >= 0.97 * len(spans) for n, spans in zip(within, begun.values())):
            break
        wide *= factor
    return best


def _bar(x: float, width: float, low: float, high: float) -> Path:
    return Path([(x, low), (x, high), (x + width, high), (x + width, low), (x, low)], closed=True)


def _draw_timeline(name: str, begun: Dict[str, List[Span]], wide: float) -> str:
    lengths = [span.length_us for spans in begun.values() for span in spans
               if span.kind == "stall" and span.length_us > 0]
    low, high = _decade(min(lengths), False), _decade(max(lengths), True)
    high = high if high > low else low * 10
    figure, panels = _figure(440, 2)
    for side, axes in zip(SIDES, panels):
        spans = [span for span in begun[side] if span.start_us <= wide]
        stalls = [span for span in spans if span.kind == "stall"]
        axes.set_yscale("log")
        # One path for all bars, and one for all stems: a gap after each.
        bars = [_bar(span.start_us, max(span.length_us, wide / 600), low, high)
                for span in spans if span.kind == "host"]
        if bars:
            axes.add_patch(PathPatch(Path.make_compound_path(*bars), color=COLOURS["host"],
                                     alpha=0.4, linewidth=0))
        axes.plot([x for span in stalls for x in (span.start_us, span.start_us, math.nan)],
                  [y for span in stalls for y in (low, max(span.length_us, low), math.nan)],
                  color=COLOURS[side], linewidth=1.5)
        axes.plot([span.start_us for span in stalls],
                  [max(span.length_us, low) for span in stalls], "o", markersize=5,
                  color=COLOURS[side])
        axes.set_title(side, loc="left", fontsize=13)
        axes.set_xlim(0, wide)
        axes.set_ylim(low, high)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("length of a stall")
        _ticks(axes.yaxis, _decades(low, high), lambda y: human(y * 1000, "ns"))
    _ticks(panels[-1].xaxis, [wide * i / 5 for i in range(6)], lambda x: "%g ms" % (x / 1000))
    panels[-1].set_xlabel("time")
    figure.subplots_adjust(0.16, 0.12, 0.96, 0.94, hspace=0.2)
    return _svg(figure, "Stalls over time of " + name)


# --- rows whose names differ in one `word=N` only are one cost at several scales ---------------

_SCALE = re.compile(r"(?:^|/)([a-z]+)=([0-9]+)(?=/|$)")


class _Scale:
    """Of one such cost, each side's least, middle and most by scale."""

    def __init__(self, name: str, word: str, unit: str) -> None:
        self.name, self.word, self.unit = name, word, unit
        self.at: Dict[str, Dict[int, Tuple[float, float, float]]] = {s: {} for s in SIDES}

    def add(self, scale: int, row: Row) -> None:
        for side in SIDES:
            values = row.values(side)
            if values:
                self.at[side][scale] = (values[0], statistics.median(values), values[-1])

    def scales(self) -> List[int]:
        return sorted({scale for side in SIDES for scale in self.at[side]})

    def distance(self) -> float:
        """Where the scale is largest."""
        last = self.scales()[-1]
        return _distance(*(self.at[side].get(last, (0, 0, 0))[1] for side in SIDES))

    def exponent(self, side: str) -> Optional[float]:
        """Slope of a straight line through the logarithms; scale 0 has none."""
        points = [(math.log(scale), math.log(middle))
                  for scale, (_, middle, _) in self.at[side].items() if scale and middle > 0]
        return statistics.linear_regression(*zip(*points)).slope if len(points) > 1 else None

    def positive(self) -> List[float]:
        return [value for side in SIDES for values in self.at[side].values()
                for value in values if value > 0]


def scales(samples: Samples) -> List[Picture]:
    found: Dict[str, _Scale] = {}
    for row in samples.rows.values():
        match = _SCALE.search(row.name)
        if match:
            name = row.name[:match.start(2)] + "N" + row.name[match.end(2):]
            found.setdefault(name, _Scale(name, match.group(1), row.unit)).add(
                int(match.group(2)), row)
    return _order([
        Picture(scale.name, "%d scales; both axes are logarithmic" % len(scale.scales()),
                scale.distance(), lambda s=scale: _draw_scale(s))
        for scale in found.values() if len(scale.scales()) > 1 and scale.positive()])


def _nice(y: float, up: bool) -> float:
    """The next of 1, 2 and 5 of each decade."""
    steps = [step * _decade(y, False) for step in (1, 2, 5, 10)]
    return min(s for s in steps if s >= y * 0.999999) if up else \
        max(s for s in steps if s <= y * 1.000001)


def _nice_between(low: float, high: float) -> List[float]:
    """Or the decades alone when there are many."""
    found = [low]
    while found[-1] < high * 0.999:
        found.append(_nice(found[-1] * 1.1, True))
    return found if high / low < 200 else \
        [y for y in found if abs(math.log10(y) - round(math.log10(y))) < 1e-6]


def _draw_scale(scale: _Scale) -> str:
    at = scale.scales()
    # Scale 0 is put before the first one.
    zero = at[0] or at[1] / 4
    low, high = _nice(min(scale.positive()), False), _nice(max(scale.positive()), True)
    high = high if high > low else low * 10
    figure, (axes,) = _figure(340)
    axes.loglog()
    legend = {}
    for side in SIDES:
        points = [(x or zero, middle, middle - (least if least > 0 else middle), most - middle)
                  for x, (least, middle, most) in sorted(scale.at[side].items()) if middle > 0]
        if points:
            x, y, down, up = zip(*points)
            axes.errorbar(np.array(x) * (0.99 if side == "A" else 1.01), y, yerr=(down, up),
                          color=COLOURS[side], linestyle=_DASHES[side], elinewidth=1.5,
                          marker="o" if side == "A" else "s", markersize=7)
        slope = scale.exponent(side)
        legend[side] = "" if slope is None else ", exponent %.3f" % slope
    axes.set_xlim(zero / 1.15, at[-1] * 1.15)
    axes.set_ylim(low, high)
    _ticks(axes.xaxis, [x or zero for x in at],
           lambda x: thousands(0 if not at[0] and x == zero else x))
    _ticks(axes.yaxis, _nice_between(low, high), lambda y: human(y, scale.unit))
    axes.set_xlabel(scale.word)
    axes.set_ylabel(unit_words(scale.unit, "time"))
    _legend(axes, legend)
    figure.subplots_adjust(0.16, 0.14, 0.96, 0.9)
    return _svg(figure, "Cost against scale of " + scale.name)
