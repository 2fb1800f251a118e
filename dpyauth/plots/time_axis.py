"""Label a time axis in a language: matplotlib itself knows only English names of months."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from babel.dates import get_month_names
from matplotlib import dates
from matplotlib.ticker import Formatter

from dpyauth.texts import locale

if TYPE_CHECKING:
    from dpyauth.texts import Words

_MONTH = re.compile(r"<(\d\d)>")


class Times(Formatter):
    """Formatter that writes no more of a date than tells the ticks apart, and the rest of it once, beside the axis."""

    def __init__(self, locator: Any, words: Words) -> None:
        untyped: Any = dates
        parts = {"year": "%Y", "month": "<%m>", "day": "%d"}
        day = words("axis_date", **parts)
        formats = ["%Y", "<%m>", "%d", "%H:%M", "%H:%M", "%S.%f"]
        self._names = get_month_names("abbreviated", locale=locale(words["lang"]))
        self._dates = untyped.ConciseDateFormatter(
            locator,
            tz=untyped.UTC,
            formats=formats,
            zero_formats=["", *formats[:2], words("axis_month_day", **parts), *formats[3:5]],
            offset_formats=["", "%Y", words("axis_year_month", **parts), day, day, f"{day} %H:%M"],
        )

    def __call__(self, value: float, place: int | None = None) -> str:
        """Return the label of one tick."""
        return self._named(self._dates(value, place))

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks."""
        return [self._named(label) for label in self._dates.format_ticks(values)]

    def get_offset(self) -> str:
        """Return what the labels leave out."""
        return self._named(self._dates.get_offset())

    def _named(self, label: str) -> str:
        return _MONTH.sub(lambda found: self._names[int(found[1])], label)
