"""Which pieces of a long history to ask for next, and how they join. No I/O.

A history is asked for in rounds: ``ask`` says which pieces to ask for together, ``got`` takes what came of each, in any
order, and ``rows`` is what there is so far, without a hole in it and with nothing twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dpyauth.errors import BadReply

Row = TypeVar("Row")
Span = tuple[int, int]
"""First and last second."""

OVERLAP = 10
"""How many rows of one page are asked for again with the next: more than are likely to be added meanwhile."""

TRIES = 4
"""How many times in a row two pages may fail to join."""

BLIND = 3
"""How many pages to ask for together after the first, where nothing tells how many there are."""


class Pages(Generic[Row]):
    """A history in pages counted from its newest row, of which nobody knows how many there are.

    Rows that Deriv adds meanwhile move all others on. Pages asked for together would then miss some, so they overlap,
    and one that does not join the page before it is asked for again.

    Parameters
    ----------
    size : int
        Rows of a full page; one with fewer is the last.
    key : callable
        What a row is recognised by.
    time : callable
        When a row happened, in seconds since 1970; None where it does not say.
    since : int, optional
        Where the history begins, as far as it is asked for.
    call : str, optional
        What errors are to name.
    """

    def __init__(
        self,
        size: int,
        key: Callable[[Row], object],
        time: Callable[[Row], float | None],
        since: int | None = None,
        *,
        call: str | None = None,
    ) -> None:
        self.complete = False
        self._call = call
        self._size = size
        self._key = key
        self._time = time
        self._since = since
        self._step = size - min(OVERLAP, size - 1)
        self._rows: dict[object, Row] = {}  # by key, the newest first
        self._offset = -1  # of the last page that joined
        self._arrived: dict[int, Sequence[Row]] = {}
        self._gaps = 0

    def ask(self, together: int) -> list[int]:
        """The offsets of the pages to ask for now, at most so many; none when all is there."""
        if self.complete:
            return []
        if self._offset < 0:
            return [0]
        count = self._guess() or (BLIND if self._offset == 0 else together)
        return [self._next + self._step * number for number in range(max(1, min(together, count)))]

    def got(self, offset: int, page: Sequence[Row]) -> None:
        """What came of a page.

        Raises ``BadReply`` when the pages do not join however they are asked for.
        """
        self._arrived[offset] = page
        while not self.complete and (following := self._arrived.pop(self._next, None)) is not None:
            fresh = self._fresh(following)
            if fresh is None:
                self._gap()
                return
            # In this order, and rows in one step: an interrupt in here may have a page taken in twice, and loses none.
            self._rows.update(fresh)
            self._offset, self._gaps = self._next, 0
            self.complete = len(following) < self._size

    def rows(self) -> list[Row]:
        """What there is so far, the newest first."""
        return list(self._rows.values())

    @property
    def count(self) -> int:
        """How many rows there are so far."""
        return len(self._rows)

    @property
    def oldest(self) -> float | None:
        """When the oldest of them happened."""
        return self._time(next(reversed(self._rows.values()))) if self._rows else None

    @property
    def share(self) -> float | None:
        """How much of it that is, from 0 to 1; None where that cannot be told."""
        if self.complete:
            return 1.0
        done, left = self._times()
        return done / (done + left) if done + left > 0 else None

    @property
    def _next(self) -> int:
        return self._offset + self._step if self._offset >= 0 else 0

    def _fresh(self, page: Sequence[Row]) -> dict[object, Row] | None:
        """What a page adds to the rows there are; None when it does not join them."""
        keys = [self._key(row) for row in page]
        start = 0
        if self._offset >= 0:
            start = next((number for number, key in enumerate(keys) if key in self._rows), -1)
            if start < 0:
                return None
        # What stands before has been added since.
        return {key: row for key, row in zip(keys[start:], page[start:], strict=True) if key not in self._rows}

    def _gap(self) -> None:
        self._gaps += 1
        if self._gaps > TRIES:
            raise BadReply(
                f"The pages of '{self._call}' do not fit together: it keeps changing. Try again in a moment.",
                call=self._call,
            )

    def _guess(self) -> int | None:
        """How many pages there are still, should the rest be as dense as what there is."""
        done, left = self._times()
        return math.ceil(len(self._rows) * left / done / self._step) if done > 0 else None

    def _times(self) -> tuple[float, float]:
        """How many seconds there are so far, and how many are left."""
        if self._since is None or not self._rows:
            return 0.0, 0.0
        newest, oldest = self._time(next(iter(self._rows.values()))), self.oldest
        if newest is None or oldest is None:
            return 0.0, 0.0
        return max(0.0, newest - oldest), max(0.0, oldest - self._since)


class Walk(Generic[Row]):
    """A history in spans of time, of which Deriv gives the newest points up to a limit: walked from the end back.

    What a span is known to hold counts once: where a reply was cut short, in the middle of a second maybe, the rest is
    asked for again from there.

    Parameters
    ----------
    spans : sequence of (int, int)
        What is wanted, the newest first; they must not overlap. Each is sounded by itself for how dense it is.
    most : int
        As many points a reply holds at most.
    time : callable
        When a point was, in whole seconds since 1970.
    latest : bool
        Whether the first span ends with the latest point there is, whenever that was.
    """

    def __init__(self, spans: Sequence[Span], most: int, time: Callable[[Row], int], *, latest: bool = False) -> None:
        self._left: list[Span] = []
        self._later = list(spans)
        self._most = most
        self._time = time
        self._end = spans[0][1] if latest and spans else None
        self._total = sum(last - first + 1 for first, last in spans)
        self._kept: dict[int, list[Row]] = {}  # by where they start
        self._seconds = self._points = 0  # of this round

    @property
    def complete(self) -> bool:
        """Whether all is there."""
        return not (self._left or self._later)

    def ask(self, together: int) -> list[Span]:
        """The spans to ask for now, at most so many; none when all is there."""
        if not self._left and self._later:
            self._left = [self._later.pop(0)]
            self._points = 0
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

    def got(self, span: Span, points: Sequence[Row]) -> None:
        """What came of a span, the oldest first."""
        first, last = span
        if last == self._end and points:
            last = max(last, self._time(points[-1]))
        kept = [point for point in points if first <= self._time(point) <= last]  # a span before all comes with others
        start = first
        if kept and len(points) >= self._most and self._time(points[0]) >= first:
            start = min(self._time(points[0]) + 1, last)  # of its first second there may be more
            kept = [point for point in kept if self._time(point) >= start]
        self._kept[start] = kept  # once, also where an interrupt has it taken in twice
        self._seconds += last - start + 1
        self._points += len(kept)
        where = self._left.index(span)
        self._left[where : where + 1] = [(first, start - 1)] if start > first else []

    def rows(self) -> list[Row]:
        """What there is so far without a hole, the oldest first."""
        missing = max((last for _, last in (*self._left, *self._later)), default=None)
        return [row for start, rows in sorted(self._kept.items()) if missing is None or start > missing for row in rows]

    @property
    def count(self) -> int:
        """How many points there are so far."""
        return sum(map(len, self._kept.values()))

    @property
    def oldest(self) -> float | None:
        """When the oldest of `rows` was."""
        rows = self.rows()
        return self._time(rows[0]) if rows else None

    @property
    def share(self) -> float | None:
        """How much of it that is, from 0 to 1."""
        left = sum(last - first + 1 for first, last in (*self._left, *self._later))
        return 1 - left / self._total if self._total else 1.0


def _merged(spans: Sequence[Span]) -> list[Span]:
    """The same seconds in as few spans as possible, the newest first."""
    merged: list[Span] = []
    for first, last in sorted(spans, reverse=True):
        if merged and merged[-1][0] == last + 1:
            merged[-1] = (first, merged[-1][1])
        else:
            merged.append((first, last))
    return merged
