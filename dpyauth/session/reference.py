"""Ask about exchange rates, trading hours, companies, and limits of the whole site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dpyauth.catalog.convert import scalar
from dpyauth.catalog.descriptions import short
from dpyauth.catalog.time_hints import instead_of_time
from dpyauth.columns import with_columns
from dpyauth.errors import InvalidRequest
from dpyauth.session import answers
from dpyauth.session.drive import dual
from dpyauth.session.payloads import Questions, chosen
from dpyauth.session.steps import Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.frames import Context


class ReferenceQuestions(Questions):
    """Methods about Deriv, its markets and its companies."""

    @dual
    @with_columns
    def exchange_rates(
        self,
        base: str = "USD",
        target: str | Sequence[str] | None = None,
        *,
        spread: bool = False,
        decimal: bool = False,
    ) -> Steps[pd.DataFrame]:
        """Return the exchange rates of a currency, one row per other currency.

        On Deriv's current API these are the quotes at which wallets exchange money, with one call per currency; the
        token that comes with each quote is not kept. To exchange money, get your own quote with
        ``session.call("wallet_exchange_rate", ...)``.

        Uses Deriv's calls ``wallet_exchange_rate`` and ``wallet_list`` (options, scope payment), and
        ``exchange_rates`` (v3, no sign-in needed).

        Parameters
        ----------
        base : str
            Code of the currency, such as ``"USD"``.
        target : str or list of str, optional
            Codes of other currencies (on v3 only one). If left out, those that your wallets hold; on v3 all.
        spread : bool
            Add bid and ask; this needs a ``target``. Only on v3.
        decimal : bool
            Return rates as exact `decimal.Decimal` objects instead of float64.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.market_columns.EXCHANGE_RATES``.

            With ``spread=True`` also:

            See ``dpyauth.columns.market_columns.SPREAD``.

        Raises
        ------
        InvalidRequest, NotSignedIn, MissingScope, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True).exchange_rates("USD", "EUR")["currency"].tolist()
        ['EUR']
        """
        return (
            yield from answers.named(self.core.api).exchange_rates(
                self.core, base, target, spread=spread, decimal=decimal
            )
        )

    @dual
    @with_columns
    def trading_times(self, day: dt.date | str = "today") -> Steps[pd.DataFrame]:
        """Return the trading hours of each symbol on a day, one row per symbol.

        Uses Deriv's call ``trading_times`` (no sign-in needed).

        Parameters
        ----------
        day : date or str
            A date, ``"YYYY-MM-DD"``, or ``"today"`` (in UTC).

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.market_columns.TRADING_TIMES``.

        Raises
        ------
        InvalidRequest, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> hours = dpyauth.login(sandbox=True).trading_times("2026-11-24")
        >>> "R_100" in hours["symbol"].tolist()
        True
        """
        from dpyauth import frames

        day = _day(day)
        payload, context = yield from self.core.payload("trading_times", {"trading_times": day})
        return frames.trading_times(payload, context, day=day)

    @dual
    @with_columns
    def landing_company(self, country: str) -> Steps[pd.DataFrame]:
        """Return the Deriv companies that serve a country, one row per offer.

        Uses Deriv's call ``landing_company`` (no sign-in needed; only in v3).

        Parameters
        ----------
        country : str
            Code of the country, two letters, such as ``"id"``.

        Returns
        -------
        pandas.DataFrame
            In the order Deriv sent them:

            See ``dpyauth.columns.market_columns.LANDING_COMPANIES``.

        Raises
        ------
        NotInThisApi, InvalidRequest, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> dpyauth.login(sandbox=True, api="v3").landing_company("id")["shortcode"].unique().tolist()
        ['svg']
        """
        from dpyauth import frames

        return frames.landing_company(*(yield from self.core.payload("landing_company", {"landing_company": country})))

    @dual
    @with_columns
    def site(self, kind: str = "limits") -> Steps[pd.DataFrame]:
        """Return data that is the same for every user: limits on calls, currencies, or transfer fees.

        Uses Deriv's call ``website_status`` (no sign-in needed; only in v3).

        Parameters
        ----------
        kind : {"limits", "currencies", "fees"}
            Limits on calls, currencies that accounts can have, or fees of transfers.

        Returns
        -------
        pandas.DataFrame
            For ``"limits"``:

            See ``dpyauth.columns.market_columns.SITE_LIMITS``.

            For ``"currencies"``:

            See ``dpyauth.columns.market_columns.SITE_CURRENCIES``.

            For ``"fees"``:

            See ``dpyauth.columns.market_columns.TRANSFER_FEES``.

        Raises
        ------
        InvalidRequest
            The kind is unknown; nothing was sent.
        NotInThisApi, ApiError, CallTimeout, ConnectionLost
            As for `call`.

        Examples
        --------
        >>> import dpyauth
        >>> "USD" in dpyauth.login(sandbox=True, api="v3").site("currencies")["currency"].tolist()
        True
        """
        from dpyauth import frames

        kinds: dict[str, Callable[[Any, Context], pd.DataFrame]]
        kinds = {"limits": frames.site_limits, "currencies": frames.site_currencies, "fees": frames.transfer_fees}
        shape = chosen("website_status", kind, kinds)
        return shape(*(yield from self.core.payload("website_status")))


def _day(given: dt.date | str) -> dt.date | str:
    """Return a day in a form for Deriv."""
    try:
        text = given.strip() if isinstance(given, str) else f"{scalar(given):%Y-%m-%d}"
        return "today" if text.lower() == "today" else dt.datetime.fromisoformat(text).date()
    except (AttributeError, TypeError, ValueError):
        pass
    raise InvalidRequest(
        f"day takes a date, such as '2026-01-31', or 'today', not {short(given)}. {instead_of_time(given)}".rstrip(),
        call="trading_times",
        field="day",
    )
