"""List what Deriv allows and charges on the whole site, and which companies serve a country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.market_columns import LANDING_COMPANIES, SITE_CURRENCIES, SITE_LIMITS, TRANSFER_FEES
from dpyauth.frames.build import Context, frame
from dpyauth.frames.documented import documented
from dpyauth.frames.values import get_path, keyed, mapping, rows_of, without
from dpyauth.sensitive import MASK, hides

_OFFERS = {
    *("gaming_company", "financial_company", "mt_gaming_company", "mt_financial_company", "mt_all_company", "ctrader"),
    *("dxtrade_gaming_company", "dxtrade_financial_company", "dxtrade_all_company"),
}
_OF_A_COMPANY = (
    *("address", "changeable_fields", "currency_config"),
    *("requirements.after_first_deposit", "requirements.compliance", "requirements.partner"),
)
"""Fields of a company that the frame leaves out on purpose."""


@with_columns
def site_limits(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List Deriv's limits on calls, one row per limit.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.market_columns.SITE_LIMITS``.

    Examples
    --------
    >>> from dpyauth.frames import site_limits
    >>> site_limits({"api_call_limits": {"max_requests_pricing": {"minutely": 80}}})["per_minute"].tolist()
    [80]
    """
    rows = keyed(mapping(payload).get("api_call_limits"), "limit", "api_call_limits")
    known = documented("website_status", "website_status")
    beside = without(mapping(payload), "currencies_config", *(path.partition(".")[0] for path in known))
    return frame(rows or ([{}] if beside else []), SITE_LIMITS, context, call="website_status", beside=beside)


@with_columns
def site_currencies(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the currencies that accounts can have, one row per currency.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply, or the ``website_config`` object of a
        ``website_config`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.market_columns.SITE_CURRENCIES``.

    Examples
    --------
    >>> from dpyauth.frames import site_currencies
    >>> site_currencies({"currencies_config": {"BTC": {"type": "crypto", "fractional_digits": 8}}})["digits"].tolist()
    [8]
    """
    rows = keyed(mapping(payload).get("currencies_config"), "currency", "currencies_config")
    omits = documented("website_status", "website_status.currencies_config.{}")
    return frame(rows, SITE_CURRENCIES, context, decimal=decimal, call="website_status", omits=omits)


@with_columns
def transfer_fees(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the fees for transfers between a client's accounts, one row per pair of currencies.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        To get a matrix, pivot it: ``fees.pivot(index="from_currency", columns="to_currency", values="fee_percent")``.

        See ``dpyauth.columns.market_columns.TRANSFER_FEES``.

    Examples
    --------
    >>> from dpyauth.frames import transfer_fees
    >>> between = {"transfer_between_accounts": {"fees": {"BTC": 2}}}
    >>> transfer_fees({"currencies_config": {"USD": between}})["fee_percent"].item()
    2.0
    """
    rows = [
        {**fee, "from_currency": row["currency"]}
        for row in keyed(mapping(payload).get("currencies_config"), "currency", "currencies_config")
        if "currency" in row
        for fee in _fees(get_path(row, "transfer_between_accounts.fees"))
    ]
    return frame(rows, TRANSFER_FEES, context, call="website_status")


def _fees(fees: Any) -> list[Mapping[str, Any]]:
    if isinstance(fees, Mapping):
        return [{"to_currency": code, "fees": MASK if hides(fee, code) else fee} for code, fee in fees.items()]
    return rows_of(fees, "fees")


@with_columns
def landing_company(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the Deriv companies that serve clients of a country, one row per offer.

    Parameters
    ----------
    payload : mapping
        The ``landing_company`` object of a ``landing_company`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them; offers that the country does not have are left out.

        See ``dpyauth.columns.market_columns.LANDING_COMPANIES``.

    Examples
    --------
    >>> from dpyauth.frames import landing_company
    >>> landing_company({"id": "id", "financial_company": {"shortcode": "svg"}, "gaming_company": None})["offer"].item()
    'financial_company'
    """
    offers = {name: value for name, value in mapping(payload).items() if name in _OFFERS or _has_parts(value)}
    rows = [row for name, value in offers.items() if name != "config" for row in _companies(name, value)]
    beside = without(mapping(payload), *offers, *documented("landing_company", "landing_company"))
    omits = _OF_A_COMPANY
    return frame(
        rows or ([{}] if beside else []), LANDING_COMPANIES, context, call="landing_company", omits=omits, beside=beside
    )


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(item, Mapping) for item in value))


def _companies(offer: str, value: Any) -> Iterator[dict[str, Any]]:
    """List the companies of an offer: the offer itself or each of its parts; any other value becomes a row, too."""
    if hides(value, offer):
        yield {"offer": offer, offer: MASK}
    elif not isinstance(value, Mapping):
        yield from ({"offer": offer, **row} for row in rows_of(value, offer))
    elif "shortcode" in value or "legal_allowed_currencies" in value or not any(map(_has_parts, value.values())):
        if any(part is not None for part in value.values()):
            yield {**value, "offer": offer}
    else:
        for name, part in value.items():
            yield from _companies(f"{offer}.{name}", part)
