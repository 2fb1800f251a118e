"""How a long history is gathered: rounds of requests, of one account or of all, and what is kept of a broken one."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dpyauth.errors import ApiError, DpyauthError
from dpyauth.net.messages import Reply
from dpyauth.notes import left_out, note
from dpyauth.progress import Progress
from dpyauth.session.history.periods import When, period
from dpyauth.session.history.prices import CANDLES as CANDLES
from dpyauth.session.history.prices import TICKS as TICKS
from dpyauth.session.history.prices import YEAR, Kind, Point, begins, second_of, seconds_of, unreadable
from dpyauth.session.history.time_walk import Pages, Span, TimeWalk, within
from dpyauth.session.payloads import Questions
from dpyauth.session.steps import Batch, Request, Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call
    from dpyauth.frames import Context
    from dpyauth.net.rate_limits import RateLimits

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


class History(Protocol[P, C_contra, T]):
    """What is gathered: it says which pieces to ask for, and takes what came of each."""

    def ask(self, together: int) -> Sequence[P]: ...
    def add(self, piece: P, came: C_contra, /) -> None: ...
    def rows(self) -> list[T]: ...
    @property
    def count(self) -> int: ...
    @property
    def oldest(self) -> float | None: ...
    @property
    def share(self) -> float | None: ...


def give_up(error: ApiError) -> Steps[bool]:
    """Do nothing about an error."""
    return False
    yield


class Gathering(Questions):
    """The part of `Histories` that does the work."""

    rate_limits_of: Callable[[str], RateLimits]
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
    ) -> Steps[pd.DataFrame]:
        """A history that comes in pages, of one account or of all; rows by the time that Deriv counts its period by."""

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            pages: Pages[Row] = Pages(
                PAGE[call.name], key_of, when, fields["date_from"], fields["date_to"], call=call.name
            )
            table = yield from self._paged(call, fields, loginid, pages, when, shape, exact=exact)
            return note(table, left_out(len(pages.outside), "row"))

        return (yield from self._of_accounts(call, account, one, lambda: shape([], self.core.context(call.name, None))))

    def _sold(
        self,
        call: Call,
        fields: Mapping[str, Any],
        account: str,
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Steps[pd.DataFrame]:
        """The contracts that were closed in a period, of one account or of all; ``when`` they were bought."""
        from dpyauth.session.history.sales import Sales, every_row, sold_within

        since, until, kinds = fields["date_from"], fields["date_to"], fields["contract_type"]
        statement = self.core.catalog.find("statement")

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            self._partial, sales = None, Sales({}, None)
            if since is not None:
                asked = {"date_from": since, "date_to": until, "action_type": "sell"}
                rows = yield from _nothing_yet(every_row(statement, loginid, asked))
                sales = Sales.of([row for row in rows if within(booked(row), since, until)])
            wide = {**fields, "contract_type": None, "date_from": None if since is None else sales.from_(since)}
            pages: Pages[Row] = Pages(PAGE[call.name], key_of, when, wide["date_from"], call=call.name)

            def made(rows: list[Row], context: Context) -> pd.DataFrame:
                kept = oldest_first(sold_within(rows[::-1], sales, since, until), sales.when)
                return shape([row for row in kept if not kinds or row.get("contract_type") in kinds], context)

            table = yield from self._paged(call, wide, loginid, pages, when, made, exact=exact)
            return note(table, sales.lacking(pages.rows()))

        return (yield from self._of_accounts(call, account, one, lambda: shape([], self.core.context(call.name, None))))

    def _paged(
        self,
        call: Call,
        fields: Mapping[str, Any],
        loginid: str | None,
        pages: Pages[Row],
        when: Callable[[Row], float | None],
        shape: Callable[[list[Row], Context], pd.DataFrame],
        *,
        exact: bool,
    ) -> Steps[pd.DataFrame]:
        """The pages of one account, the oldest row first."""
        size = PAGE[call.name]

        def request(offset: int) -> Request:
            page = {**fields, "description": 1, "limit": size, "offset": offset}
            return Request(call.name, page, exact=exact, account=loginid)

        def made(rows: list[Row]) -> pd.DataFrame:
            return shape(oldest_first(rows, when), self.core.context(call.name, loginid))

        return (yield from self._collect(call, pages, request, functools.partial(transactions, call), made))

    def _prices(
        self, fields: Mapping[str, Any], since: When, until: When, kind: Kind, length: int = 1
    ) -> Steps[pd.DataFrame]:
        """A history that is walked by time; ``length`` is how far its points are apart, in seconds, or less."""
        call, now = self.core.catalog.find("ticks_history"), int(time.time())
        asked, end = period(call, since, until)
        last = now if end is None else end
        first = max(0, last - max(YEAR, 2 * POINTS * length)) if asked is None else asked
        kept = now - YEAR + 86_400

        def request(span: Span) -> Request:
            till = "latest" if end is None and span[1] == last else span[1]
            return Request(call.name, {**fields, "start": span[0], "end": till, "count": POINTS})

        def made(points: list[Any]) -> pd.DataFrame:
            return kind.frame(points, self.core.context(call.name, None))

        spans = [(kept, last), (first, kept - 1)] if first < kept <= last else [(first, last)]
        limit = POINTS if asked is None else None
        walk: TimeWalk[Point] = TimeWalk(spans, POINTS, second_of, kind.key, latest=end is None, limit=limit)
        table = yield from self._collect(call, walk, request, functools.partial(kind.points, call), made)
        said = begins(walk, f"{kind.name} of {fields['ticks_history']}", asked, last, now)
        return note(table, said or left_out(walk.outside, "price"))

    def _collect(
        self,
        call: Call,
        history: History[P, C, T],
        request: Callable[[P], Request],
        points: Callable[[Reply], C],
        made: Callable[[list[T]], pd.DataFrame],
        mend: Callable[[ApiError], Steps[bool]] = give_up,
    ) -> Steps[pd.DataFrame]:
        """All of a history; when something comes between, what there is of it stays at hand.

        ``mend`` may see to it that an error of Deriv's does not end it: then the history is asked what to ask for.
        """
        pieces: Sequence[P] = ()
        budget = self.core.rate_limits_of(self.core.api)
        beside: dict[str, Any] = {}

        def on_reply(number: int, reply: Reply) -> None:
            history.add(pieces[number], points(reply))
            beside.update(self.core.beside_rows(call.name, reply))
            progress.at(history.share, history.count)

        try:
            with Progress(call.name) as progress:
                while True:
                    left = budget.left(time.monotonic())[budget.bucket_of(call.name)]
                    pieces = history.ask(max(1, min(TOGETHER, left)))  # none that may be in vain has to wait
                    if not pieces:
                        return _with(beside, made(history.rows()), call)
                    trouble = yield from _all_of(Batch([request(piece) for piece in pieces], on_reply))
                    if trouble is not None and not (yield from mend(trouble)):
                        raise trouble
        except BaseException as stopped:
            count = len(history.rows())
            self._partial = (lambda: _with(beside, made(history.rows()), call)) if count else None
            if count or not isinstance(stopped, Exception):
                stopped.add_note(_kept(count, history.oldest))
            raise

    def _of_accounts(
        self,
        call: Call,
        account: str,
        one: Callable[[str | None], Steps[pd.DataFrame]],
        empty: Callable[[], pd.DataFrame],
    ) -> Steps[pd.DataFrame]:
        """The frame of one account, or those of each that the sign-in gave access to."""
        if account == "current":
            return (yield from one(self.core.active_account.loginid if self.core.active_account else None))
        if account != "all":
            return (yield from one((yield from self.core.connect_account(account))))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self.core.grants):
            self._partial = None
            try:
                yield from self.core.connect_account(loginid)
                parts[loginid] = yield from one(loginid)
            except DpyauthError as error:
                parts[loginid] = error
            except BaseException as stopped:
                last = self._partial
                self._partial = functools.partial(_combined, parts, loginid, last, empty) if parts or last else None
                if parts:
                    stopped.add_note(f"The accounts before {loginid} are in session.partial: {', '.join(parts)}.")
                raise
        if not parts:
            raise self.core.not_signed_in(call.name)
        return frames.concat_accounts(parts, empty())


def _with(beside: Mapping[str, Any], table: pd.DataFrame, call: Call) -> pd.DataFrame:
    from dpyauth.frames import also

    return also(table, beside, call.name) if beside else table


def _combined(
    parts: Mapping[str, pd.DataFrame | DpyauthError],
    loginid: str,
    last: Callable[[], pd.DataFrame] | None,
    empty: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    from dpyauth import frames

    return frames.concat_accounts({**parts, **({loginid: last()} if last else {})}, empty())


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


def _nothing_yet(plan: Steps[T]) -> Steps[T]:
    """Have an interrupt say that nothing is kept of what comes before a history."""
    try:
        return (yield from plan)
    except BaseException as stopped:
        if not isinstance(stopped, Exception):
            stopped.add_note(_kept(0, None))
        raise


def _all_of(together: Batch) -> Steps[ApiError | None]:
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
        raise unreadable(call)
    return rows


def key_of(row: Row) -> object:
    number = row.get("transaction_id")
    return number if number and isinstance(number, int | str) else repr(row)


def booked(row: Row) -> float | None:
    return seconds_of(row.get("transaction_time"))


def bought(row: Row) -> float | None:
    return seconds_of(row.get("purchase_time"))


def closed(row: Row) -> float | None:
    return seconds_of(row.get("sell_time") or row.get("purchase_time"))


def oldest_first(rows: list[Row], when: Callable[[Row], float | None]) -> list[Row]:
    """Rows that came newest first, the other way round; in order of time, where each says when it was."""
    turned = rows[::-1]
    moments = [at for row in turned if (at := when(row)) is not None]
    return sorted(turned, key=lambda row: when(row) or 0) if len(moments) == len(turned) else turned
