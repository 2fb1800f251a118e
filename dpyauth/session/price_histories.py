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
"""Most prices that Deriv returns at a time."""


class PriceHistories(HistoryQuestions):
    """Methods about past prices."""

    @dual
    @names_symbols
    @with_columns
    def ticks(self, symbol: str, since: When = None, until: When = None) -> Steps[pd.DataFrame]:
        """Return all past ticks of a symbol.

        A day with one tick per second takes 18 requests, several of which are made at a time. If an interrupt or an
        error stops this, the ticks that have arrived are in `partial`.

        Deriv keeps ticks for about a year and answers a request for an earlier period with the latest ticks. These are
        left out: the frame has what Deriv has for the period. If Deriv has nothing from the start of the period,
        ``attrs["note"]`` and a `dpyauth.notes.PeriodWarning` say where the ticks begin.

        Uses Deriv's call ``ticks_history`` (no sign-in needed).

        Parameters
        ----------
        symbol : str
            Code of the symbol, such as ``"R_100"``.
        since, until : date, datetime, str or timedelta, optional
            Start and end of the period, as for `statement`. Without ``since``, the latest 5,000.

        Returns
        -------
        pandas.DataFrame
            One row per tick, oldest first, indexed by ``time`` (datetime64[us, UTC]); the symbol is in
            ``attrs["symbol"]``.

            See ``dpyauth.columns.market_columns.QUOTES``.

        Raises
        ------
        InvalidRequest
            A time is invalid; nothing was sent.
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
        """Return past candles of a symbol.

        They are fetched as for `ticks`, with the same note if Deriv has none from the start of the period. On Deriv's
        current API there are daily candles of 365 days at most, whatever the period.

        Uses Deriv's call ``ticks_history`` (no sign-in needed).

        Parameters
        ----------
        symbol : str
            Code of the symbol, such as ``"R_100"``.
        granularity : int, str or timedelta
            Length of a candle: in seconds, or as ``"1min"``, ``"4h"``, ``"1D"``. Deriv has candles of 1, 2, 3, 5, 10,
            15 and 30 minutes, of 1, 2, 4 and 8 hours, and of a day.
        since, until : date, datetime, str or timedelta, optional
            Period in which the candles begin, as for `statement`. Without ``since``, the latest 5,000.

        Returns
        -------
        pandas.DataFrame
            One row per candle, oldest first, indexed by ``time``, the start of the candle (datetime64[us, UTC]). The
            last candle may not be complete yet. ``attrs["symbol"]`` is ``symbol``.

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
        """Fetch a history of prices by time; ``length`` is the largest usual distance of two points, in seconds."""
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

        # Split where Deriv's prices probably begin: a span that begins earlier is answered with the newest prices, so
        # the part that Deriv has must be asked for separately.
        spans = [(kept, last), (first, kept - 1)] if first < kept <= last else [(first, last)]
        limit = POINTS if asked is None else None
        walk: TimeWalk[Point] = TimeWalk(spans, POINTS, second_of, kind.key, latest=end is None, limit=limit)
        table = yield from self._collect(call, walk, request, functools.partial(kind.points, call), made)
        told = begins(walk, kind.name, fields["ticks_history"], asked, last, now)
        outside = None if told else left_out(walk.outside)
        return note(table, *told, outside, language=self.core.target.language)
