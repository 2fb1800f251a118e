"""Draw a chart as SVG: ticks as a line, candles as candles. It contains only numbers and times."""

from __future__ import annotations

import math
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from functools import partial
from itertools import pairwise
from statistics import median_low
from typing import Any

from dpyauth.texts import locale

WIDE, TALL = 480, 230
"""Size in pixels, small enough that letters stay readable in a narrow window."""

SHOWN = 600
"""Width if there is room for it."""

MOST = 1e12
"""Largest price that can be drawn; no real price is larger."""

_TOP, _FLOOR, _LEFT = 10, TALL - 26, 8
_LETTER = 7.0  # approximate, in pixels
_APART = 84  # smallest distance between two labels of the time axis, in pixels
_LONG = 12  # a longer pause is drawn as this many usual steps
_ROOMY = 40  # smallest number of usual steps to draw
_LONGEST = 400  # more digits than any float has, written out
_ROUND = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800, 2592000)

_STYLE = """
svg { font: 12px system-ui, sans-serif; --text: #1b1f24; --soft: #57606a; --back: #fff; --line: #d0d7de;
  --price: #0b6bcb; --up: #06803f; --down: #c8291f; --late: #b54708; }
@media (prefers-color-scheme: dark) { svg { --text: #f0f3f6; --soft: #a8b2bd; --back: #16191d; --line: #3d444d;
  --price: #4b9ef0; --up: #3fb96c; --down: #f2736a; --late: #f0a050; } }
.back { fill: var(--back); stroke: var(--line); }
.soft { fill: var(--soft); }
.grid { stroke: var(--line); }
.price { stroke: var(--price); fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.late { stroke: var(--late); fill: none; stroke-width: 1.75; stroke-dasharray: 4 3; }
.last { stroke: var(--price); stroke-dasharray: 2 3; }
.tag { fill: var(--price); }
.said { fill: var(--back); font-weight: bold; }
.up { stroke: var(--up); fill: var(--back); }
.down { stroke: var(--down); fill: var(--down); }
.gap { fill: var(--late); opacity: .14; }
.missing { fill: none; stroke: var(--late); stroke-dasharray: 3 3; }
"""

Point = Mapping[str, Any]
Height = Callable[[float], float]
Written = Callable[[float], str]


def image(points: Sequence[Point], digits: int, zone: str, language: str) -> str:
    """Return the chart as a data address of an image.

    Parameters
    ----------
    points : sequence of dict
        Points from `dpyauth.panels.stream_updates.Chart`, the oldest first; at least one.
    digits : int
        Number of decimals of the prices.
    zone : str
        Name of the time zone of the axis.
    language : str
        Tag of the language of prices and days.
    """
    return f"data:image/svg+xml;base64,{b64encode(svg(points, digits, zone, language).encode()).decode()}"


def svg(points: Sequence[Point], digits: int, zone: str, language: str) -> str:
    """Return the chart as SVG."""
    written = partial(price, digits=digits, language=language)
    low, high = min(min(each["p"]) for each in points), max(max(each["p"]) for each in points)
    room = max((high - low) * 0.08, abs(high) * 1e-9, 0.0 if high > low else 10.0**-digits) or 1.0
    bottom, top = low - room, high + room
    right = WIDE - _LETTER * max(len(written(low)), len(written(high))) - 22
    candles = len(points[0]["p"]) > 1

    def y(price: float) -> float:
        return float(_TOP + (top - price) / (top - bottom) * (_FLOOR - _TOP))

    steps = [after["t"] - before["t"] for before, after in pairwise(points)]
    usual = (median_low(steps) if steps else 0) or 1
    along = [0.0]
    for step in steps:
        along.append(along[-1] + min(step, usual * _LONG))
    pace = (right - _LEFT - 8) / (max(along[-1], usual * _ROOMY) + (usual if candles else 0))
    half = usual * pace / 2 if candles else 0.0
    places = [_LEFT + half + each * pace for each in along]

    drawn = [
        f'<rect class="back" x=".5" y=".5" width="{WIDE - 1}" height="{TALL - 1}" rx="6"/>',
        *_prices(bottom, top, right, y(points[-1]["p"][-1]), y, 10.0**-digits, written),
        f'<text class="soft" x="{right + 9:.0f}" y="{_FLOOR + 17}">{zone}</text>',
        *_times(points, places, pace, right, language),
        *_gaps(points, places, half),
        *(_candles(points, places, half, y) if candles else _line(points, places, y)),
        *_last(points[-1]["p"][-1], places[-1], right, y, written, dot=not candles),
    ]
    size = f'width="{WIDE}" height="{TALL}" viewBox="0 0 {WIDE} {TALL}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{_STYLE}</style>{"".join(drawn)}</svg>'


def _prices(
    bottom: float, top: float, right: float, last: float, y: Height, least: float, written: Written
) -> Iterator[str]:
    rough = (top - bottom) / 5
    tenth = 10.0 ** math.floor(math.log10(rough))
    step = max(next((n * tenth for n in (1, 2, 5, 10) if n * tenth >= rough), rough), least)
    for number in range(math.ceil(bottom / step), math.ceil(top / step)):
        at = y(number * step)
        yield f'<path class="grid" d="M1 {at:.1f}H{right:.1f}"/>'
        if abs(at - last) > 17:
            yield f'<text class="soft" x="{right + 9:.0f}" y="{at + 4:.1f}">{written(number * step)}</text>'


def _times(points: Sequence[Point], places: Sequence[float], pace: float, right: float, language: str) -> Iterator[str]:
    step = next((n for n in _ROUND if n * pace >= _APART), _ROUND[-1])
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    last = -float(_APART)
    for (before, left), (after, x1) in pairwise(zip(points, places, strict=True)):
        t = math.floor(after["t"] / step) * step
        if t <= before["t"]:
            continue
        x = x1 - (after["t"] - t) / (after["t"] - before["t"]) * (x1 - left)
        if x - last < _APART or not 32 <= x <= right - 20:
            continue
        said = _day(t, language) if step >= 86400 else time.strftime(form, time.gmtime(t))
        yield f'<path class="grid" d="M{x:.1f} {_FLOOR}v4"/>'
        yield f'<text class="soft" text-anchor="middle" x="{x:.1f}" y="{_FLOOR + 17}">{said}</text>'
        last = x
    yield f'<path class="grid" d="M1 {_FLOOR}.5H{right:.1f}"/>'


def _gaps(points: Sequence[Point], places: Sequence[float], half: float) -> Iterator[str]:
    for place, point in enumerate(points):
        if not (gap := point.get("gap")):
            continue
        end = place
        while gap["filled"] and points[end].get("late") and end < len(points) - 1:
            end += 1
        left = places[place - 1] + half if place else places[place] - half - 6
        wide = max(places[end] - half - left, 3)
        box = f'x="{left:.1f}" y="{_TOP}" width="{wide:.1f}" height="{_FLOOR - _TOP}"'
        yield f'<rect class="gap" {box}/>'
        if not gap["filled"]:
            yield f'<rect class="missing" {box}/>'


def _line(points: Sequence[Point], places: Sequence[float], y: Height) -> Iterator[str]:
    """Draw runs of equal style as one stroke each, and leave gaps where data are missing."""
    spots = [f"{x:.1f} {y(point['p'][0]):.1f}" for x, point in zip(places, points, strict=True)]
    begun, style = "", ""
    for (before, after), (spot, point) in zip(pairwise(spots), zip(spots[1:], points[1:], strict=True), strict=True):
        gap = point.get("gap")
        wanted = "" if gap and not gap["filled"] else "late" if gap or point.get("late") else "price"
        if wanted != style and begun:
            yield f'<path class="{style}" d="{begun}"/>'
            begun = ""
        style = wanted
        if wanted:
            begun = f"{begun}L{after}" if begun else f"M{before}L{spot}"
    if begun:
        yield f'<path class="{style}" d="{begun}"/>'


def _candles(points: Sequence[Point], places: Sequence[float], half: float, y: Height) -> Iterator[str]:
    """Draw rising candles hollow and falling ones filled, so that colour is not the only difference."""
    wide = max(half * 1.3, 1)
    for x, point in zip(places, points, strict=True):
        begin, high, low, end = point["p"]
        way = "up" if end >= begin else "down"
        above, tall = y(max(begin, end)), max(abs(y(begin) - y(end)), 1)
        yield f'<path class="{way}" d="M{x:.1f} {y(high):.1f}V{y(low):.1f}"/>'
        yield f'<rect class="{way}" x="{x - wide / 2:.1f}" y="{above:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'


def _last(price: float, x: float, right: float, y: Height, written: Written, *, dot: bool) -> Iterator[str]:
    at, said = y(price), written(price)
    yield f'<path class="last" d="M{x:.1f} {at:.1f}H{right:.1f}"/>'
    if dot:
        yield f'<circle class="tag" cx="{x:.1f}" cy="{at:.1f}" r="3"/>'
    yield (
        f'<rect class="tag" x="{right + 3:.1f}" y="{at - 9:.1f}" width="{_LETTER * len(said) + 13:.1f}" height="18" '
        f'rx="4"/><text class="said" x="{right + 9:.0f}" y="{at + 4:.1f}">{said}</text>'
    )


def _day(seconds: float, language: str) -> str:
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", datetime.fromtimestamp(seconds, UTC), locale=locale(language))


def price(value: float, digits: int, language: str) -> str:
    """Return a price with so many decimals, as the live view writes it."""
    from babel.numbers import format_decimal

    with localcontext(Context(prec=_LONGEST)):
        return format_decimal(Decimal(f"{value:.{digits}f}"), f"0.{'0' * digits}", locale(language))
