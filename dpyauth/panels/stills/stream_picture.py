"""Write the still of a stream: a chart with its description, or a table of the latest updates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

from dpyauth.panels.stills.chart import MOST, SHOWN, Point, image, price
from dpyauth.panels.stills.markup import View, grid, heading, line, pairs, sandbox, small, still
from dpyauth.texts import Words

ROWS = 10
"""Largest number of rows of a table."""

COLUMNS = 8
"""Largest number of columns of a table; more cannot be read side by side."""


def chart(view: View, words: Words, points: Sequence[Point], digits: int, count: int) -> str:
    """Return the chart of one symbol, with the last price and the range in words."""
    if not points:
        return _still(view, words, [], count)
    facts = _facts(points, digits, words["lang"])
    said = words("still_chart", title=view["title"], **facts)
    drawn = ""
    if all(abs(price) < MOST for point in points for price in point["p"]):
        address = image(points, digits, words["axis"], words["lang"])
        drawn = f'<img src="{address}" alt="{escape(said)}" width="{SHOWN}" style="max-width:100%;margin:8px 0">'
    rows = [
        (words["still_last"], words("last_at", **facts)),
        (words["still_change"], words("change", **facts)),
        (words["still_range"], words("range", **facts)),
    ]
    told = [pairs(rows)]
    if any(point.get("late") for point in points):
        told.append(small(words["late"]))
    told += [small(point["gap"]["text"]) for point in points if point.get("gap")][-3:]
    return _still(view, words, [drawn, *told], count)


def table(view: View, words: Words, columns: Sequence[View], rows: Sequence[View], count: int) -> str:
    """Return a table of the latest updates, latest first."""
    if not rows:
        return _still(view, words, [], count)
    shown = columns[:COLUMNS]
    told = [small(words["latest_first"])]
    numbers = [place for place, column in enumerate(shown) if column["number"]]
    cells = [row["cells"][:COLUMNS] for row in reversed(rows[-ROWS:])]
    told.append(grid([column["label"] for column in shown], cells, numbers))
    if len(columns) > COLUMNS:
        told.append(small(words("still_columns", count=len(columns) - COLUMNS)))
    return _still(view, words, told, count)


def _still(view: View, words: Words, told: Sequence[str], count: int) -> str:
    said = words("count", count=count)
    parts = [heading(view["title"], sandbox(view, words)), *(told or [line(words["nothing"])]), small(said)]
    if view["live"] == "ended":
        parts += map(line, filter(None, (words["ended_title"], view["why"])))
    return still(words, parts)


def _facts(points: Sequence[Point], digits: int, language: str) -> dict[str, str]:
    """Return the last price with its time, the change and the range, as the live view writes them."""
    begin, end = points[0]["p"][0], points[-1]["p"][-1]
    percent = round((end - begin) / abs(begin) * 100, 2) if begin else 0.0
    arrow, sign = ("=", "±") if percent == 0 else ("▲", "+") if percent > 0 else ("▼", "−")
    low, high = min(min(each["p"]) for each in points), max(max(each["p"]) for each in points)
    first, last = (_clock(points[place]["t"]) for place in (0, -1))
    since = first if first[:10] != last[:10] else first[11:]
    return {
        "last": price(end, digits, language),
        "time": last,
        "arrow": arrow,
        "sign": sign,
        "percent": price(abs(percent), 2, language),
        "since": since,
        "low": price(low, digits, language),
        "high": price(high, digits, language),
    }


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
