"""Ask for past prices of a symbol."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.columns import with_columns
from dpyauth.notes import left_out, note
from dpyauth.session.drive import dual
from dpyauth.session.history.collecting import HistoryQuestions
from dpyauth.session.history.periods import When, granularity_of, period
from dpyauth.session.history.prices import CANDLES, TICKS, YEAR, Kind, Point, begins, second_of
from dpyauth.session.history.time_walk import Span, TimeWalk
from dpyauth.session.steps import Request, Steps
from dpyauth.session.symbols import names_symbols

if TYPE_CHECKING:
    import pandas as pd

POINTS = 5000
"""Most prices that Deriv gives at a time."""


class PriceHistories(HistoryQuestions):
    """Questions about past prices."""

    @dual
    @names_symbols
    @with_columns
    def ticks(self, symbol: str, since: When = None, until: When = None) -> Steps[pd.DataFrame]:
        """Past prices of a symbol, every single one.

        A day of one price a second takes 18 requests, which are made several at a time. What is there when an interrupt
        or an error comes between is kept in `partial`.

        Deriv keeps ticks for about a year, and answers an earlier period with the latest ticks. These are left out:
        the frame holds what Deriv has of the period. Where that begins stands in ``attrs["note"]``, and is shown as a
        `dpyauth.notes.PeriodWarning`, if Deriv has nothing from the beginning of the period.

        Stands on Deriv's call ``ticks_history`` (no sign-in needed).

        Parameters
        ----------
        symbol : str
            Such as ``"R_100"``.
        since, until : date, datetime, str or timedelta, optional
            From when and until when, as for `statement`. Without ``since``: the latest 5,000.

        Returns
        -------
        pandas.DataFrame
            The oldest first, by ``time`` (the index, datetime64[us, UTC]). ``attrs["symbol"]`` is ``symbol``.

            See ``dpyauth.columns.market_columns.QUOTES``.

        Raises
        ------
        InvalidRequest
            A time that cannot be right; nothing was sent.
        ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth, datetime
        >>> prices = dpyauth.login(sandbox=True).ticks("R_100", since=datetime.timedelta(hours=3))
        >>> bool(prices.index.is_monotonic_increasing)
        True
        """
        return (yield from self._prices({"ticks_history": symbol, "style": "ticks"}, since, until, TICKS))

    @dual
    @names_symbols
    @with_columns
    def candles(
        self, symbol: str, granularity: int | str | dt.timedelta = 60, since: When = None, until: When = None
    ) -> Steps[pd.DataFrame]:
        """Past prices of a symbol, as candles.

        Fetched as `ticks` are, and where Deriv's candles begin is told as for `ticks`. On Deriv's current API daily
        candles end after 365 days, however many are asked for.
        Stands on Deriv's call ``ticks_history`` (no sign-in needed).

        Parameters
        ----------
        symbol : str
            Such as ``"R_100"``.
        granularity : int, str or timedelta
            How long a candle is: in seconds, or as ``"1min"``, ``"4h"``, ``"1D"``. Deriv has candles of 1, 2, 3, 5,
            10, 15 and 30 minutes, of 1, 2, 4 and 8 hours and of a day.
        since, until : date, datetime, str or timedelta, optional
            The first and the last moment at which a candle may begin, as for `statement`. Without ``since``: the
            latest 5,000.

        Returns
        -------
        pandas.DataFrame
            The oldest first, by ``time`` (the index, when the candle began, datetime64[us, UTC]). The last candle may
            not be over yet. ``attrs["symbol"]`` is ``symbol``.

            See ``dpyauth.columns.market_columns.OHLC``.

        Raises
        ------
        InvalidRequest, ApiError, CallTimeout, ConnectionLost
            As for `ticks`.

        Examples
        --------
        >>> import dpyauth, datetime
        >>> candles = dpyauth.login(sandbox=True).candles("R_100", "1h", since=datetime.timedelta(days=7))
        >>> candles.columns.tolist()
        ['open', 'high', 'low', 'close']
        """
        call = self.core.catalog.find("ticks_history")
        length = granularity_of(call, granularity)
        fields = {"ticks_history": symbol, "style": "candles", "granularity": length}
        return (yield from self._prices(fields, since, until, CANDLES, length))

    def _prices(
        self, fields: Mapping[str, Any], since: When, until: When, kind: Kind, length: int = 1
    ) -> Steps[pd.DataFrame]:
        """Walk a history of prices by time; ``length`` is the most that its points are apart, in seconds."""
        call, now = self.core.catalog.find("ticks_history"), int(time.time())
        asked, end = period(call, since, until)
        last = now if end is None else end
        first = max(0, last - max(YEAR, 2 * POINTS * length)) if asked is None else asked
        kept = now - YEAR + 86_400

        def request(span: Span) -> Request:
            till = "latest" if end is None and span[1] == last else span[1]
            return Request(call.name, {**fields, "start": span[0], "end": till, "count": POINTS})

        def made(points: list[Any]) -> pd.DataFrame:
            prices = kind.frame(points, self.core.context(call.name, None))
            prices.attrs["symbol"] = fields["ticks_history"]
            return prices

        spans = [(kept, last), (first, kept - 1)] if first < kept <= last else [(first, last)]
        limit = POINTS if asked is None else None
        walk: TimeWalk[Point] = TimeWalk(spans, POINTS, second_of, kind.key, latest=end is None, limit=limit)
        table = yield from self._collect(call, walk, request, functools.partial(kind.points, call), made)
        said = begins(walk, f"{kind.name} of {fields['ticks_history']}", asked, last, now)
        return note(table, said or left_out(walk.outside, "price"))
