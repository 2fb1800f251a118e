"""Read a history in pages, each with a cursor to the next: choose what to ask for, and join the pages. No I/O.

A cursor may expire, and Deriv may leave it out although there are more rows. Then the next request is for everything
older than the oldest row so far. Pages may overlap: rows with the same key count once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from dpyauth.catalog.cursors import cursor_of
from dpyauth.errors import BadReply
from dpyauth.texts.said import said

Row = TypeVar("Row")

_NOTHING: tuple[Any, ...] = (None, "", [], {})

TRIES = 4
"""Most times in a row that a cursor may be refused, or that a page may bring nothing new."""


class Place(NamedTuple):
    """Place from which to continue reading."""

    cursor: str | None = None
    until: int | None = None
    """Last second to ask for; used without a cursor."""


class Page(NamedTuple, Generic[Row]):
    """Rows of a reply, and the cursor to the next page."""

    rows: list[Row]
    """Rows, newest first."""
    cursor: str | None
    """Cursor of the next page."""
    says: bool
    """True if the reply says whether there is a next page."""
    more: bool = False
    """True if there is a next page although the reply has no cursor to it."""


class Cursors(Generic[Row]):
    """History that is read from its newest row backwards.

    Parameters
    ----------
    size : int
        Number of rows of a full page.
    key : callable
        Function that returns the key of a row.
    time : callable
        Function that returns the time of a row, in seconds since 1970; None if the row has none.
    since, until : int, optional
        First and last second of the requested period.
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
        self._size = size
        self._key = key
        self._time = time
        self._since = since
        self._until = until
        self._call = call
        self._rows: dict[object, Row] = {}  # by key, the newest first
        self._next: Place | None = Place(None, until)
        self._after: Place | None = None  # place to continue once newer rows have been read
        # Rows that Deriv has added since the history stopped, while it is resumed. They are kept apart until they join
        # the older ones: in one list, an interrupt in between would leave a hole.
        self._new: dict[object, Row] | None = None
        self._used: set[str] = set()
        self._failures = 0

    def ask(self, together: int) -> list[Place]:
        """Return the place to continue from; none if the history is complete. Only one: each page names the next."""
        return [] if self._next is None else [self._next]

    def add(self, place: Place, page: Page[Row]) -> None:
        """Add the page from a place. An interrupt in here may add a page twice, but loses none."""
        if place.cursor is not None:
            self._used.add(place.cursor)
        if self._new is not None:
            self._catch_up(place, page, self._new)
            return
        fresh = {key: row for row in page.rows if (key := self._key(row)) not in self._rows}
        # In this order: an interrupt between the two asks for the same page again, whose rows are then known. The other
        # way round, the page would be skipped.
        self._rows.update(fresh)
        self._next = self._following(place, page, bool(fresh))

    def lost(self) -> bool:
        """Continue without the cursor that Deriv has just refused; return whether that is possible."""
        if self._next is None or self._next.cursor is None or self._failures >= TRIES:
            return False
        self._failures += 1
        self._used.clear()
        self._next = self._older(self._so_far())
        return True

    def resume(self) -> None:
        """Resume after an interrupt or error: first with newer rows, then where the history stopped."""
        self._failures = 0
        self._used.clear()
        if not self._rows:
            self._next = Place(None, self._until)
            return
        if self._new is None:
            self._after = self._next
        self._new, self._next = {}, Place(None, self._until)

    def rows(self) -> list[Row]:
        """Return the rows so far, newest first and without a hole."""
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
        if self._next is None:
            return 1.0
        newest = self._time(next(iter(self._rows.values()))) if self._rows else None
        oldest = self.oldest
        if self._since is None or newest is None or oldest is None or newest <= self._since:
            return None
        return min(1.0, max(0.0, (newest - oldest) / (newest - self._since)))

    def _so_far(self) -> list[Row]:
        """Return the rows that have been read without a hole, from the newest one on."""
        return self.rows() if self._new is None else list(self._new.values())

    def _catch_up(self, place: Place, page: Page[Row], new: dict[object, Row]) -> None:
        """Add rows that are newer than those from before the history stopped, until they join."""
        came = {self._key(row): row for row in page.rows}
        joins = [number for number, key in enumerate(came) if key in self._rows]
        newer = list(came.items())[: joins[-1] if joins else None]  # older rows are read later
        fresh = {key: row for key, row in newer if key not in self._rows and key not in new}
        new.update(fresh)
        following = self._following(place, page, bool(fresh))
        if following is None or joins:
            known = {key: came.get(key, row) for key, row in self._rows.items()}
            self._rows = {**new, **known}
            self._next, self._new = self._after, None
        else:
            self._next = following

    def _following(self, place: Place, page: Page[Row], brought: bool) -> Place | None:
        """Return the place to continue from after a page; None if it was the last."""
        self._failures = 0 if brought else self._failures + 1
        if self._begins_before(page):
            return None
        full, vain = len(page.rows) >= self._size, self._failures > TRIES
        if page.cursor is None and not page.more and (page.says or not full):
            return None
        if vain and place.cursor is None and page.rows and not full:
            return None  # whatever the cursors lead to, there are no older rows
        if page.cursor is not None and page.cursor not in self._used and not vain:
            return Place(page.cursor)
        # The cursor is missing, or leads in a circle: continue by time instead.
        following = self._older(page.rows or self._so_far())
        if following == place or self._failures > 3 * TRIES:
            raise BadReply(said("pages_apart", call=self._call), call=self._call)
        return following

    def _begins_before(self, page: Page[Row]) -> bool:
        """Return whether a page goes further back than requested."""
        oldest = self._time(page.rows[-1]) if page.rows else None
        return self._since is not None and oldest is not None and oldest < self._since - 1

    def _older(self, rows: list[Row]) -> Place:
        """Return the place of older rows. The oldest second is read again: there may be more rows in it."""
        oldest = self._time(rows[-1]) if rows else None
        return Place(None, self._until if oldest is None else math.ceil(oldest))


def page_of(rows: list[Row], links: Any) -> Page[Row]:
    """Return a page, made from the rows and links of a reply."""
    says = isinstance(links, Mapping) and "next" in links
    following = links["next"] if says else None
    cursor = cursor_in(following)
    return Page(rows, cursor, says, more=cursor is None and following not in _NOTHING)


def cursor_in(link: Any) -> str | None:
    """Return the cursor in a link of a reply, if there is one.

    Only the cursor is used and never the address, which could lead the token to another server.
    """
    if not isinstance(link, str):
        return None
    try:
        cursor = cursor_of(link)
    except ValueError:
        return None
    return None if cursor.startswith("//") else cursor or None
