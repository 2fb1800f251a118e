"""Choose which pieces of a long history to ask for next, and join them. No I/O.

A history is collected in rounds: ``ask`` returns the pieces to ask for at once, ``add`` takes each of them, in any
order, and ``rows`` returns the rows so far, without holes and duplicates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dpyauth.errors import BadReply
from dpyauth.texts.said import said

Row = TypeVar("Row")
Span = tuple[int, int]
"""First and last second."""

WEEK = 7 * 86_400
"""Time for which no market stays closed, in seconds."""

OVERLAP = 10
"""Number of rows by which pages overlap: more than Deriv is likely to add while they are fetched."""

TRIES = 4
"""Most times in a row that two pages may fail to join."""

BLIND = 3
"""Number of pages to ask for at once after the first, if their total is not known."""


class Pages(Generic[Row]):
    """History in an unknown number of pages, counted from its newest row.

    Rows that Deriv adds meanwhile shift all others to higher offsets. So pages overlap, and a page that does not join
    the one before it is asked for again: without that, rows between the two would be missing.

    Parameters
    ----------
    size : int
        Number of rows of a full page; a page with fewer is the last.
    key : callable
        Function that returns the key of a row.
    time : callable
        Function that returns the time of a row, in seconds since 1970; None if the row has none.
    since, until : int, optional
        First and last second of the requested period. Rows from outside it only serve to join pages.
    call : str, optional
        Call to name in errors.
    """

    def __init__(
        self,
        size: int,
        key: Callable[[Row], object],
        time: Callable[[Row], float | None],
        since: int | None = None,
        until: int | None = None,
        *,
        call: str | None = None,
    ) -> None:
        self.complete = False
        self.outside: set[object] = set()  # keys of rows from outside the period
        self._call = call
        self._size = size
        self._key = key
        self._time = time
        self._since = since
        self._until = until
        self._step = size - min(OVERLAP, size - 1)
        self._rows: dict[object, Row] = {}  # by key, the newest first
        self._offset = -1  # of the last page that joined
        self._arrived: dict[int, Sequence[Row]] = {}
        self._gaps = 0
        self._vain = 0  # full pages in a row that brought nothing new

    def ask(self, together: int) -> list[int]:
        """Return the offsets of the pages to ask for now, at most ``together``; none if the history is complete."""
        if self.complete:
            return []
        if self._offset < 0:
            return [0]
        # Without a first second there is no guess. Then ask for a few pages first, as most histories are short, and
        # for as many as allowed once they turn out to be long.
        count = self._guess() or (BLIND if self._offset == 0 else together)
        return [self._next + self._step * number for number in range(max(1, min(together, count)))]

    def add(self, offset: int, page: Sequence[Row]) -> None:
        """Add a page.

        Raises
        ------
        BadReply
            The pages do not join, even after they were asked for again.
        """
        self._arrived[offset] = page
        while not self.complete and (following := self._arrived.pop(self._next, None)) is not None:
            fresh = self._fresh(following)
            if fresh is None:
                self._gap()
                return
            inside = {key: row for key, row in fresh.items() if within(self._time(row), self._since, self._until)}
            # In this order, and the rows in one step: after an interrupt in here a page may be added twice, but none is
            # lost. If the offset were moved on first, the page would be skipped.
            self._rows.update(inside)
            self.outside.update(fresh.keys() - inside.keys())
            self._vain = 0 if fresh else self._vain + 1
            self._offset, self._gaps = self._next, 0
            self.complete = len(following) < self._size or (not inside and self._are_older(following))
            if self._vain > TRIES and not self.complete:
                raise self._unfit()

    def rows(self) -> list[Row]:
        """Return the rows so far, newest first."""
        return list(self._rows.values())

    @property
    def count(self) -> int:
        """Number of rows so far."""
        return len(self._rows)

    @property
    def oldest(self) -> float | None:
        """Time of the oldest row."""
        return self._time(next(reversed(self._rows.values()))) if self._rows else None

    @property
    def share(self) -> float | None:
        """Share of the history that has arrived, from 0 to 1; None if that is not known."""
        if self.complete:
            return 1.0
        done, left = self._times()
        return done / (done + left) if done + left > 0 else None

    @property
    def _next(self) -> int:
        return self._offset + self._step if self._offset >= 0 else 0

    def _fresh(self, page: Sequence[Row]) -> dict[object, Row] | None:
        """Return the new rows of a page; None if it does not join the rows so far."""
        keys = [self._key(row) for row in page]
        start = 0
        if self._offset >= 0:
            start = next((number for number, key in enumerate(keys) if self._knows(key)), -1)
            if start < 0:
                return None
        # Rows before `start` have been added at Deriv since the first page was read.
        return {key: row for key, row in zip(keys[start:], page[start:], strict=True) if not self._knows(key)}

    def _knows(self, key: object) -> bool:
        return key in self._rows or key in self.outside

    def _are_older(self, page: Sequence[Row]) -> bool:
        """Return whether all rows of a page are older than the period; then so are all further pages."""
        times = [self._time(row) for row in page]
        return self._since is not None and all(at is not None and at < self._since for at in times)

    def _gap(self) -> None:
        self._gaps += 1
        if self._gaps > TRIES:
            raise self._unfit()

    def _unfit(self) -> BadReply:
        return BadReply(said("pages_changing", call=self._call), call=self._call)

    def _guess(self) -> int | None:
        """Estimate the number of pages left, if the rest is as dense as the rows so far."""
        done, left = self._times()
        return math.ceil(len(self._rows) * left / done / self._step) if done > 0 else None

    def _times(self) -> tuple[float, float]:
        """Return the length of the time covered so far and of the time left, in seconds."""
        if self._since is None or not self._rows:
            return 0.0, 0.0
        newest, oldest = self._time(next(iter(self._rows.values()))), self.oldest
        if newest is None or oldest is None:
            return 0.0, 0.0
        return max(0.0, newest - oldest), max(0.0, oldest - self._since)


def within(at: float | None, since: int | None, until: int | None) -> bool:
    """Return whether a time is in a period; True for an unknown time."""
    return at is None or ((since is None or at >= since) and (until is None or at < until + 1))


class TimeWalk(Generic[Row]):
    """History in spans of time, read backwards. For each span, Deriv returns its newest points, up to a limit.

    If a reply is full, its oldest second may be incomplete: the rest of the span is asked for again, including that
    second.

    If a span begins before the oldest data that Deriv keeps, Deriv returns points from after the span. That only shows
    that there is nothing from before it. So the end of the span is asked for separately, and the rest of it only once
    that end has turned out to exist.

    Parameters
    ----------
    spans : sequence of (int, int)
        Spans to read, newest first; they must not overlap. The density of each is measured separately.
    most : int
        Most points of a reply.
    time : callable
        Function that returns the time of a point, in whole seconds since 1970.
    key : callable
        Function that returns the key of a point. Of points with the same key, the last one counts.
    latest : bool
        Whether the first span ends with the latest point of all, whatever its time.
    limit : int, optional
        Number of latest points to read; all if left out.
    """

    def __init__(
        self,
        spans: Sequence[Span],
        most: int,
        time: Callable[[Row], int],
        key: Callable[[Row], object] = repr,
        *,
        latest: bool = False,
        limit: int | None = None,
    ) -> None:
        self.outside = 0  # number of points from outside their spans
        self.later: int | None = None  # start of the points that came for a span before Deriv's oldest data
        self._key = key
        self._found = False  # whether Deriv has any data of the present span
        self._left: list[Span] = []
        self._doubtful: list[Span] = []  # latest last; asked for after everything newer
        self._later = list(spans)
        self._most = most
        self._time = time
        self._end = spans[0][1] if latest and spans else None
        self._limit = limit
        self._total = sum(last - first + 1 for first, last in spans)
        self._kept: dict[int, list[Row]] = {}  # by their start
        self._seconds = self._points = 0  # of this round; they give the density

    @property
    def complete(self) -> bool:
        """True if the history is complete."""
        return not (self._left or self._doubtful or self._later) or self.is_enough

    def ask(self, together: int) -> list[Span]:
        """Return the spans to ask for now, at most ``together``; none if the history is complete."""
        if self.is_enough:
            return []
        if not self._left and (following := self._doubtful or self._later):
            self._found = self._found and following is self._doubtful
            self._left = [following.pop() if following is self._doubtful else following.pop(0)]
            self._points = 0
        # Pieces of the length that, at the density of the last round, just fits into one reply. Longer ones would be
        # cut and asked for again; shorter ones would take more calls. At first the density is not known.
        reach = max(1, (self._most - 2) * self._seconds // self._points) if self._points else None
        self._seconds = self._points = 0
        pieces: list[Span] = []
        rest: list[Span] = []
        for first, last in _merged(self._left):
            while first <= last and len(pieces) < together:
                start = first if reach is None else max(first, last - reach + 1)
                pieces.append((start, last))
                last = start - 1
            if first <= last:
                rest.append((first, last))
        self._left = [*pieces, *rest]
        return pieces

    def add(self, span: Span, points: Sequence[Row]) -> None:
        """Add the points of a span, oldest first."""
        first, last = span
        if last == self._end and points:
            last = max(last, self._time(points[-1]))
        kept = [point for point in points if first <= self._time(point) <= last]
        self.outside += len(points) - len(kept)
        if points and not kept and self._time(points[-1]) > last:
            self.later = self._time(points[0]) if self.later is None else min(self.later, self._time(points[0]))
            self._begin_later(span)
            return
        start = first
        full = len(points) >= self._most and self._time(points[0]) >= first
        if len(set(map(self._time, kept))) < len(kept):
            kept = list({self._key(point): point for point in kept}.values())
        if full and len(kept) == 1 < self._most:
            raise BadReply("Deriv keeps sending the same price. Try again in a moment.", call="ticks_history")
        if kept and full and (self._limit is None or len(kept) < self._limit):
            start = min(self._time(points[0]) + 1, last)  # the first second may be incomplete
            kept = [point for point in kept if self._time(point) >= start]
        self._kept[start] = kept  # by key, so adding a span twice after an interrupt has no effect
        self._seconds += last - start + 1
        self._points += len(kept)
        self._found = True
        where = self._left.index(span)
        self._left[where : where + 1] = [(first, start - 1)] if start > first else []

    def rows(self) -> list[Row]:
        """Return the points so far, oldest first and without a hole."""
        missing = max((last for _, last in (*self._left, *self._doubtful, *self._later)), default=None)
        kept = sorted(self._kept.items())
        rows = [row for start, rows in kept if missing is None or start > missing for row in rows]
        rows.sort(key=self._time)
        return rows if self._limit is None else rows[-self._limit :]

    @property
    def count(self) -> int:
        """Number of points so far."""
        return sum(map(len, self._kept.values()))

    @property
    def oldest(self) -> float | None:
        """Time of the oldest of `rows`."""
        rows = self.rows()
        return self._time(rows[0]) if rows else None

    @property
    def share(self) -> float | None:
        """Share of the history that has arrived, from 0 to 1."""
        left = sum(last - first + 1 for first, last in (*self._left, *self._doubtful, *self._later))
        return 1 - left / self._total if self._total else 1.0

    @property
    def is_enough(self) -> bool:
        """True if there are as many points as requested."""
        return self._limit is not None and self.count >= self._limit and len(self.rows()) >= self._limit

    def _begin_later(self, span: Span) -> None:
        """Handle a span that begins before Deriv's oldest data, or has no data at all.

        Every market is open at some time in a week. So for a span of a week or more, the former is certain, and nothing
        older is asked for any more.
        """
        first, last = span
        others = [each for each in self._left if each != span]
        before = [each for each in self._doubtful if each[1] != first - 1]  # drop the older rest of the same span
        if last - first >= WEEK:
            others, before = [each for each in others if each[0] > first], []
            self._later = []
        step = (last - first) // (2 if self._found else 64)
        if last - first > WEEK:
            step = max(step, WEEK)
        if first < last:
            before = [*before, (first, last - step - 1)]
            others = [*others, (last - step, last)]
        self._left, self._doubtful = others, before


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return the same seconds in as few spans as possible, newest first."""
    merged: list[Span] = []
    for first, last in sorted(spans, reverse=True):
        if merged and merged[-1][0] == last + 1:
            merged[-1] = (first, merged[-1][1])
        else:
            merged.append((first, last))
    return merged
