"""How a long history is gathered: rounds of requests, of one account or of all, and what is kept of a broken one."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from dpyauth.errors import ApiError, BadReply, DpyauthError
from dpyauth.gathering.paging import Pages, Span, Walk
from dpyauth.gathering.periods import When, period
from dpyauth.gathering.progress import Progress
from dpyauth.plans import Plan, Request, Together
from dpyauth.plans.payloads import Payloads
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.apis.catalog import Call
    from dpyauth.frames import Context
    from dpyauth.wire.budget import Budget

T = TypeVar("T")
P = TypeVar("P")
C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
Row = Mapping[str, Any]

TOGETHER = 8
"""How many pieces of one history may be on their way at a time."""

POINTS = 5000
"""As many prices Deriv gives at a time."""

PAGE = {"statement": 999, "profit_table": 500}
"""As many rows Deriv gives at a time."""

YEAR = 365 * 86_400
"""Deriv keeps prices for about a year, in seconds; what it does with a span that begins before is not known."""


class History(Protocol[P, C_contra, T]):
    """What is gathered: it says which pieces to ask for, and takes what came of each."""

    def ask(self, together: int) -> Sequence[P]: ...
    def got(self, piece: P, came: C_contra, /) -> None: ...
    def rows(self) -> list[T]: ...
    @property
    def count(self) -> int: ...
    @property
    def oldest(self) -> float | None: ...
    @property
    def share(self) -> float | None: ...


def give_up(error: ApiError) -> Plan[bool]:
    """Do nothing about an error."""
    return False
    yield


class Gathering(Payloads):
    """The part of `Histories` that does the work."""

    _budget_of: Callable[[str], Budget]
    _partial: Callable[[], pd.DataFrame] | None = None

    def _pages(
        self,
        call: Call,
        fields: Mapping[str, Any],
        account: str,
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Plan[pd.DataFrame]:
        """A history that comes in pages, of one account or of all."""
        size, rows_of = PAGE[call.name], functools.partial(transactions, call)

        def one(loginid: str | None) -> Plan[pd.DataFrame]:
            def request(offset: int) -> Request:
                page = {**fields, "description": 1, "limit": size, "offset": offset}
                return Request(call.name, page, exact=exact, account=loginid)

            def made(rows: list[Row]) -> pd.DataFrame:
                return shape(rows[::-1], self._context(call.name, loginid))

            pages = Pages(size, key_of, when, fields["date_from"], call=call.name)
            return (yield from self._collect(call, pages, request, rows_of, made))

        return (yield from self._of_accounts(call, account, one, lambda: shape([], self._context(call.name, None))))

    def _prices(self, fields: Mapping[str, Any], since: When, until: When, kind: _Kind) -> Plan[pd.DataFrame]:
        """A history that is walked by time."""
        call, now = self._catalog.find("ticks_history"), int(time.time())
        first, end = period(call, since, until)
        last = now if end is None else end

        def request(span: Span) -> Request:
            till = "latest" if end is None and span[1] == last else span[1]
            return Request(call.name, {**fields, "start": span[0], "end": till, "count": POINTS})

        def made(points: list[Any]) -> pd.DataFrame:
            return kind.frame(points, self._context(call.name, None))

        if first is None:
            return made(kind.points(call, (yield request((max(0, last - YEAR), last)))))
        kept = max(first, min(last, now - YEAR))
        spans = [(start, stop) for start, stop in ((kept, last), (first, kept - 1)) if start <= stop]
        walk = Walk(spans, POINTS, kind.second, latest=end is None)
        return (yield from self._collect(call, walk, request, functools.partial(kind.points, call), made))

    def _collect(
        self,
        call: Call,
        history: History[P, C, T],
        request: Callable[[P], Request],
        points: Callable[[Reply], C],
        made: Callable[[list[T]], pd.DataFrame],
        mend: Callable[[ApiError], Plan[bool]] = give_up,
    ) -> Plan[pd.DataFrame]:
        """All of a history; when something comes between, what there is of it stays at hand.

        ``mend`` may see to it that an error of Deriv's does not end it: then the history is asked what to ask for.
        """
        pieces: Sequence[P] = ()
        budget = self._budget_of(self.api)

        def landed(number: int, reply: Reply) -> None:
            history.got(pieces[number], points(reply))
            progress.at(history.share, history.count)

        try:
            with Progress(call.name) as progress:
                while True:
                    left = budget.left(time.monotonic())[budget.lane(call.name)]
                    pieces = history.ask(max(1, min(TOGETHER, left)))  # none that may be in vain has to wait
                    if not pieces:
                        return made(history.rows())
                    trouble = yield from _all_of(Together([request(piece) for piece in pieces], landed))
                    if trouble is not None and not (yield from mend(trouble)):
                        raise trouble
        except BaseException as stopped:
            count = len(history.rows())
            self._partial = (lambda: made(history.rows())) if count else None
            if count or not isinstance(stopped, Exception):
                stopped.add_note(_kept(count, history.oldest))
            raise

    def _of_accounts(
        self,
        call: Call,
        account: str,
        one: Callable[[str | None], Plan[pd.DataFrame]],
        empty: Callable[[], pd.DataFrame],
    ) -> Plan[pd.DataFrame]:
        """The frame of one account, or those of each that the sign-in gave access to."""
        if account == "current":
            return (yield from one(self._account.loginid if self._account else None))
        if account != "all":
            return (yield from one((yield from self._reach(account))))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self._grants):
            self._partial = None
            try:
                yield from self._reach(loginid)
                parts[loginid] = yield from one(loginid)
            except DpyauthError as error:
                parts[loginid] = error
            except BaseException as stopped:
                self._partial = functools.partial(_combined, parts, loginid, self._partial, empty)
                if parts:
                    stopped.add_note(f"The accounts before {loginid} are in session.partial: {', '.join(parts)}.")
                raise
        if not parts:
            raise self._not_signed_in(call.name)
        return frames.together(parts, empty())


def _combined(
    parts: Mapping[str, pd.DataFrame | DpyauthError],
    loginid: str,
    last: Callable[[], pd.DataFrame] | None,
    empty: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    from dpyauth import frames

    return frames.together({**parts, **({loginid: last()} if last else {})}, empty())


def _kept(count: int, oldest: float | None) -> str:
    """Say what there is of a history that did not come to its end."""
    if not count:
        return "Nothing had arrived yet. Run the cell again when you want it."
    back = ""
    if oldest is not None:
        back = f", back to {dt.datetime.fromtimestamp(oldest, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"What had arrived is in session.partial: {count:,} rows{back}. Older are missing: run the cell again for all."
    )


def _all_of(together: Together) -> Plan[ApiError | None]:
    """Make several calls; return Deriv's error, where one of them is answered with one."""
    try:
        yield together
    except ApiError as error:
        return error
    return None


def transactions(call: Call, reply: Reply) -> list[Row]:
    """Return the transactions that a reply lists, the newest first."""
    payload = reply.get(call.name)
    rows = payload.get("transactions") if isinstance(payload, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable(call)
    return rows


def _unreadable(call: Call) -> BadReply:
    return BadReply(f"Deriv's answer to '{call.name}' does not hold what it should. Try again.", call=call.name)


def key_of(row: Row) -> object:
    number = row.get("transaction_id")
    return number if number and isinstance(number, int | str) else repr(row)


def booked(row: Row) -> float | None:
    return _number(row.get("transaction_time"))


def closed(row: Row) -> float | None:
    return _number(row.get("sell_time") or row.get("purchase_time"))


def _number(value: Any) -> float | None:
    """A time in seconds since 1970, in whatever form it comes; as a rule it is a whole number of them."""
    if type(value) is int and value < 10**11:
        return float(value)
    from dpyauth.frames.values import as_seconds

    seconds = as_seconds(value)
    return None if seconds is None else float(seconds)


class _Kind(NamedTuple):
    """What is particular to ticks, or to candles."""

    points: Callable[[Call, Reply], list[Any]]
    """The points in a reply, the oldest first."""
    second: Callable[[Any], int]
    frame: Callable[[list[Any], Context], pd.DataFrame]


def _tick_points(call: Call, reply: Reply) -> list[tuple[int, Any]]:
    history = reply.get("history")
    times, prices = (history.get("times"), history.get("prices")) if isinstance(history, dict) else (None, None)
    if not isinstance(times, list) or not isinstance(prices, list) or set(map(type, times)) - {int}:
        raise _unreadable(call)
    return list(zip(times, prices, strict=False))


def _candle_points(call: Call, reply: Reply) -> list[Row]:
    from dpyauth.frames.values import dig

    candles = reply.get("candles")
    if not isinstance(candles, list) or not all(type(dig(row, "epoch")) is int for row in candles):
        raise _unreadable(call)
    return candles


def _tick_frame(points: list[tuple[int, Any]], context: Context) -> pd.DataFrame:
    from dpyauth import frames

    times, prices = [list(column) for column in zip(*points, strict=True)] or ([], [])
    return frames.ticks({"times": times, "prices": prices}, context)


def _candle_frame(points: list[Row], context: Context) -> pd.DataFrame:
    from dpyauth import frames

    return frames.candles(points, context)


TICKS = _Kind(_tick_points, lambda point: int(point[0]), _tick_frame)
CANDLES = _Kind(_candle_points, lambda row: int(row["epoch"]), _candle_frame)
