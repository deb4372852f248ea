# SPDX-License-Identifier: GPL-2.0
"""The page of a comparison: one file that needs nothing else, no script, no network;
pictures are SVG, in colours of Okabe and Ito, for light and dark.
"""

from __future__ import annotations

import math
from html import escape
from itertools import chain
from typing import Dict, Iterator, List, Optional

from results import plots
from results.figures import human
from results.rows import Samples
from results.stats import Line, counts_of

_STYLE = """
:root {
	color-scheme: light dark;
	--paper: #fff; --ink: #1b2026; --quiet: #5b6570; --line: #d9dee3;
	--panel: #f5f7f9; --a: #0072b2; --b: #d55e00;
	--worse: #9b2d6a; --better: #00735a; --host: #8a94a0;
}
@media (prefers-color-scheme: dark) {
	:root {
		--paper: #14181d; --ink: #e4e8ec; --quiet: #9aa5b1; --line: #343c45;
		--panel: #1c2229; --a: #56b4e9; --b: #e69f00;
		--worse: #e39cc4; --better: #2fc49a; --host: #6b7683;
	}
}
* { box-sizing: border-box; }
body {
	margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 76rem;
	background: var(--paper); color: var(--ink);
	font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; }
.quiet { color: var(--quiet); font-size: .875rem; }
.a { color: var(--a); } .b { color: var(--b); }
.worse { color: var(--worse); } .better { color: var(--better); }
.same, .unsure, .missing { color: var(--quiet); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; }
.tiles li {
	list-style: none; flex: 1 1 6.5rem; padding: .6rem .9rem;
	background: var(--panel); border-radius: .5rem;
}
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); vertical-align: bottom; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.v { white-space: nowrap; font-weight: 600; }
td.i { width: 170px; padding-right: 0; }
td.i svg { width: 160px; height: 20px; }
@media (max-width: 760px) {
	thead { display: none; }
	tr { display: grid; grid-template-columns: 1fr 1fr 1.1fr 164px; column-gap: .75rem;
		padding: .4rem 0; border-bottom: 1px solid var(--line); }
	td, td.i { border: 0; padding: 0; width: auto; overflow-wrap: anywhere; }
	td.r { grid-column: 2 / -1; }
	td.n { text-align: left; }
	td.n::before { color: var(--quiet); content: attr(data-head) " "; }
}
td small { display: block; color: var(--quiet); }
.figures {
	display: grid; gap: 2rem 2.5rem;
	grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr));
}
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; font-size: .9375rem; overflow-wrap: anywhere; }
figcaption span { display: block; font-weight: 400; color: var(--quiet); font-size: .8125rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 13px; fill: var(--quiet); }
details { grid-column: 1 / -1; margin: .5rem 0; }
summary { cursor: pointer; color: var(--quiet); font-size: .875rem; padding: .25rem 0; }
.zone { fill: var(--line); } .mark { fill: var(--b); }
.axis { stroke: var(--quiet); } .whisker { stroke: var(--b); stroke-width: 1.5; }
dl {
	display: grid; grid-template-columns: 10rem 1fr; gap: .25rem 1.25rem;
	font-size: .875rem; margin: .5rem 0;
}
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace; }
@media (max-width: 480px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
"""

_HEADS = '<thead><tr><th>verdict</th><th>row</th><th class="n">A</th><th class="n">B</th>' \
    '<th class="n">B / A</th><th>worse &#8592; &#8594; better</th></tr></thead>'

_HOW = """<p class="quiet">Rows of contention are of machines in Bochs, of which the same kernel
and seed make the same again, to the instruction.  They have an order of events, and a clock that
counts instructions, of which 20 ns are one.  They have no caches, no real time, and no two
things at the same moment.  Each seed is a pair of boots, and gives one ratio; B/A is
their geometric mean, the interval Student&#8217;s t of their logarithms, 99.9 %.</p>
<p class="quiet">Any other row is the median of all its samples.  The interval comes from 2,000
resamples, boots first and then samples of each, with a fixed seed, stretched to 99.9 % for the
number of boots.</p>
<p class="quiet">Worse or better: the whole interval is beyond the tolerance.  Same: all of it is
within.  Unsure: neither.  docs/comparing.md says why, and what this cannot tell.</p>"""

About = Dict[str, str]


# --- at the top: what it is, and what came out ----------------------------------------------


def _headline(number: Dict[str, int]) -> str:
    """The sentence that a reader takes home."""
    def of(verdict: str) -> str:
        return "%d row%s" % (number[verdict], "" if number[verdict] == 1 else "s")

    if number["worse"]:
        text = "B is worse than A in %s, better in %d." % (of("worse"), number["better"])
    elif number["better"]:
        text = "B is better than A in %s, and worse in none." % of("better")
    else:
        text = "No row tells B from A."
    return text + (" %d are too noisy to say." % number["unsure"] if number["unsure"] else "")


def _tiles(number: Dict[str, int]) -> str:
    tiles = [("worse", "&#9660; ", "worse"), ("better", "&#9650; ", "better"),
             ("same", "", "same, within tolerance"), ("unsure", "", "unsure: too noisy"),
             ("missing", "", "on one side only")]
    return '<ul class="tiles">%s</ul>' % "".join(
        '<li><b class="%s">%s%d</b>%s</li>' % (verdict, sign, number[verdict], words)
        for verdict, sign, words in tiles if number[verdict] or verdict != "missing")


def _top(about: About, lines: List[Line]) -> Iterator[str]:
    def fact(key: str) -> str:
        return escape(about.get(key, ""))

    number = counts_of(lines)
    yield '<h1>Two kernels compared: <span class="a">A, %s</span> and <span class="b">B, ' \
        "%s</span></h1>" % (fact("A"), fact("B"))
    yield '<p class="quiet">%s and %s, %s, platform %s</p>' % (
        fact("A-kernel"), fact("B-kernel"), fact("date"), fact("platform"))
    yield "<p>%s</p>" % _headline(number)
    yield _tiles(number)
    if "trouble" in about:
        yield '<p class="worse">Boots that gave no figures: %s</p>' % fact("trouble")
    if about.get("platform", "").startswith("tcg"):
        yield '<p class="quiet">Measured under emulation: ratios, counts and instructions mean ' \
            "something, times of their own do not.</p>"


# --- the rows ----------------------------------------------------------------------------------


def _shown(ratio: Optional[float]) -> str:
    if ratio is None:
        return "-"
    return "&#8734;" if ratio >= 1e9 else "&lt;0.001" if 0 < ratio < 0.001 else \
        "&gt;1000" if ratio > 1000 else "%.3g" % ratio


def _row(line: Line) -> str:
    sign = {"worse": "&#9660; ", "better": "&#9650; "}.get(line.verdict, "")
    interval = "" if line.low is None else "exact" if line.low == line.high else \
        _shown(line.low) + " to " + _shown(line.high)
    return (
        '<tr><td class="v %s">%s%s</td><td class="r">%s<small>%s, %s is better</small></td>'
        '<td class="n" data-head="A">%s</td><td class="n" data-head="B">%s</td>'
        '<td class="n" data-head="B/A">%s<small>%s</small></td><td class="i">%s</td></tr>' % (
            line.verdict, sign, line.verdict, escape(line.row).replace("/", "/<wbr/>"),
            plots.unit_words(line.unit, "time"), line.good, human(line.a, line.unit),
            human(line.b, line.unit), _shown(line.ratio), interval, _interval(line)))


def _interval(line: Line) -> str:
    """In a cell of the table: a fixed axis from 1/2 to 2, on which right is better."""
    def better(ratio: float) -> float:
        return math.log2(min(max(ratio, 1e-9), 1e9)) * (-1 if line.good == "lower" else 1)

    def place(at: float) -> float:
        return 80 + 72 * max(-1.0, min(at, 1.0))

    if line.ratio is None:
        return ""
    zone = 72 * min(math.log2(1 + float(line.tolerance or 0) / 100), 1)
    parts = ['<rect class="zone" x="%.1f" y="2" width="%.1f" height="16"/>' % (80 - zone, 2 * zone),
             '<path class="axis" d="M80 0V20"/>']
    if line.low is not None and line.high is not None:
        ends = sorted((better(line.low), better(line.high)))
        parts.append('<path class="whisker" d="M%.1f 10H%.1f"/>' % (
            place(ends[0]), place(ends[1])))
        parts += ['<path class="mark" d="M%.1f 5l%d 5l%d 5z"/>' % (place(end), sign * 6, sign * -6)
                  for end, sign in zip(ends, (-1, 1)) if abs(end) > 1 and end * sign > 0]
    parts.append('<rect class="mark" x="%.1f" y="6" width="8" height="8"/>' % (
        place(better(line.ratio)) - 4))
    return '<svg viewBox="0 0 160 20" aria-hidden="true">%s</svg>' % "".join(parts)


def _table(lines: List[Line]) -> str:
    return '<div class="wide"><table>%s<tbody>\n%s\n</tbody></table></div>' % (
        _HEADS, "\n".join(map(_row, lines)))


def _differences(lines: List[Line]) -> Iterator[str]:
    """What tells the kernels apart comes before the pictures."""
    apart = [line for line in lines if line.verdict in ("worse", "better", "missing")]
    if apart:
        yield "<h2>What differs, worst first</h2>"
        yield '<p class="quiet">The square is B against A, right is better; the line is the ' \
            "interval in which the ratio lies with 99.9 % confidence, the grey zone the " \
            "tolerance.  An arrow head: it goes on.</p>"
        yield _table(apart)


def _other_rows(lines: List[Line]) -> Iterator[str]:
    yield "<h2>All other rows</h2>"
    for verdict, words in (("unsure", "rows whose interval is too wide to say"),
                           ("same", "rows that are the same, within their tolerance")):
        rows = [line for line in lines if line.verdict == verdict]
        if rows:
            yield "<details><summary>%d %s</summary>" % (len(rows), words)
            yield _table(rows) + "</details>"


# --- pictures -----------------------------------------------------------------------------------


def _section(title: str, words: str, pictures: List[plots.Picture], shown: int,
             fold: bool) -> Iterator[str]:
    """Those that differ most; the rest is folded, or left out so that the page stays small."""
    def figure(picture: plots.Picture) -> str:
        return "<figure><figcaption>%s<span>%s</span></figcaption>\n%s</figure>" % (
            escape(picture.title), picture.words, picture.draw())

    if not pictures:
        return
    more = len(pictures) - shown
    yield '<h2>%s</h2>\n<p class="quiet">%s</p>\n<div class="figures">' % (title, words)
    yield from map(figure, pictures[:shown])
    if more > 0 and fold:
        yield "<details><summary>%d more, which differ less</summary>" \
            '<div class="figures">' % more
        yield from map(figure, pictures[shown:])
        yield "</div></details>"
    elif more > 0:
        yield '<p class="quiet">%d more, which differ less, are not drawn.</p>' % more
    yield "</div>"


def _pictures(samples: Samples) -> Iterator[str]:
    yield from _section(
        "Guest stalls", "How large a part of the guest&#8217;s accesses took at least so long; "
        "both axes are logarithmic.  The line is all boots together, the band goes from the "
        "lowest to the highest single boot.", plots.distributions(samples, False), 6, True)
    yield from _section(
        "Operations of the host", "The same of what the host did meanwhile: it must not pay for "
        "what the guest gains.", plots.distributions(samples, True), 4, False)
    yield from _section(
        "Stalls over time", "The first moments of one boot of each kernel.  A dot is an access of "
        "the guest that stalled, as high as it was long; a grey bar is an operation of the host.",
        plots.timelines(samples), 4, False)
    yield from _section(
        "Cost against scale", "Medians; whiskers go from the least to the largest sample.  The "
        "exponent says how it grows: 0 not at all, 1 in proportion.", plots.scales(samples), 6,
        True)


# --- how ------------------------------------------------------------------------------------------

_FACTS = [("date", "date", "%s")] + [
    (side + words, side + key, "%s") for side in ("A", "B") for words, key in (
        ("", ""), (": release", "-kernel"), (": bzImage, SHA-256", "-image"),
        (": .config, SHA-256", "-config"), (": source, commit", "-commit"))] + [
    ("platform", "platform", "%s"), ("CPUs of the machine", "cpus", "%s"),
    ("its memory", "mem", "%s"), ("npt", "npt", "%s"), ("its CPU", "cpu", "%s"),
    ("contention", "exact", "%s"), ("not measured", "missing", "%s"), ("emulator", "qemu", "%s"),
    ("on", "here", "%s"), ("boots", "rounds", "%s"),
    ("busy", "busy", "%s % of the time of each boot something waited for a CPU"),
    ("what failed", "failed", "%s"), ("programs", "benches", "%s"), ("seeds", "seeds", "%s"),
    ("this project", "project", "%s"), ("took", "took", "%s"),
    ("again", "repeat", "<code>%s</code>")]


def _how(about: About) -> Iterator[str]:
    yield "<h2>How this was measured</h2><dl>"
    for words, key, form in _FACTS:
        if about.get(key):
            yield "<dt>%s</dt><dd>%s</dd>" % (words, form.replace("%s", escape(about[key])))
    yield "</dl>\n" + _HOW


def page(about: About, samples: Samples, lines: List[Line]) -> str:
    parts = chain(_top(about, lines), _differences(lines), _pictures(samples),
                  _other_rows(lines), _how(about))
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
            "<title>%s against %s</title>\n<style>%s</style>\n</head>\n<body>\n%s\n"
            "</body>\n</html>\n" % (
                escape(about.get("A", "")), escape(about.get("B", "")), _STYLE,
                "\n".join(parts)))
