"""What Deriv's site allows and charges, and which company serves a country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.omitted import documented
from dpyauth.frames.values import get_path, keyed, mapping, rows_of, without
from dpyauth.sensitive import MASK, hides

_LIMITS = (
    Column("limit"),
    Column("per_minute", "count", "minutely"),
    Column("per_hour", "count", "hourly"),
    Column("at_once", "count", "max"),
    Column("applies_to"),
)
_CURRENCIES = (
    Column("currency"),
    Column("name"),
    Column("type", "enum", values=("fiat", "crypto")),
    Column("digits", "count", "fractional_digits"),
    Column("default_stake", "money", "stake_default"),
    Column("suspended", "flag", "is_suspended"),
    Column("deposit_suspended", "flag", "is_deposit_suspended"),
    Column("withdrawal_suspended", "flag", "is_withdrawal_suspended"),
    Column("transfer_min", "money", "transfer_between_accounts.limits.min"),
    Column("transfer_max", "money", "transfer_between_accounts.limits.max"),
)
_FEES = (Column("from_currency"), Column("to_currency"), Column("fee_percent", "number", "fees"))
_COMPANIES = (
    Column("offer"),
    Column("shortcode"),
    Column("name"),
    Column("country"),
    Column("default_currency", source="legal_default_currency"),
    Column("currencies", "list", "legal_allowed_currencies"),
    Column("markets", "list", "legal_allowed_markets"),
    Column("contract_categories", "list", "legal_allowed_contract_categories"),
    Column("signup_needs", "list", "requirements.signup"),
    Column("withdrawal_needs", "list", "requirements.withdrawal"),
    Column("reality_check", "flag", "has_reality_check"),
    Column("professionals", "flag", "support_professional_client"),
    Column("tax_number_optional", "flag", "tin_not_mandatory"),
)


_OFFERS = {
    *("gaming_company", "financial_company", "mt_gaming_company", "mt_financial_company", "mt_all_company", "ctrader"),
    *("dxtrade_gaming_company", "dxtrade_financial_company", "dxtrade_all_company"),
}
_OF_A_COMPANY = (
    *("address", "changeable_fields", "currency_config"),
    *("requirements.after_first_deposit", "requirements.compliance", "requirements.partner"),
)
"""What Deriv tells of a company and this frame leaves out on purpose."""


def site_limits(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """How many calls Deriv takes, one row per limit.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        ==========  ======  ===============================
        limit       string  Deriv's name of it
        per_minute  Int64   calls in a minute
        per_hour    Int64   calls in an hour
        at_once     Int64   streams open at the same time
        applies_to  string  what is counted
        ==========  ======  ===============================

    Examples
    --------
    >>> from dpyauth.frames import site_limits
    >>> site_limits({"api_call_limits": {"max_requests_pricing": {"minutely": 80}}})["per_minute"].tolist()
    [80]
    """
    rows = keyed(mapping(payload).get("api_call_limits"), "limit", "api_call_limits")
    known = documented("website_status", "website_status")
    beside = without(mapping(payload), "currencies_config", *(path.partition(".")[0] for path in known))
    return frame(rows or ([{}] if beside else []), _LIMITS, context, call="website_status", beside=beside)


def site_currencies(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the currencies Deriv keeps accounts in, one row per currency.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply (or ``website_config`` of that call's).
    context : Context, optional
        Where the payload came from; becomes ``attrs``.
    decimal : bool
        Money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        ====================  ========  ====================================================
        currency              string    code, such as USD; all money of its row is in it
        name                  string
        type                  category  fiat, crypto
        digits                Int64     decimals an amount is written with
        default_stake         float64
        suspended             boolean   whether the currency is stopped altogether
        deposit_suspended     boolean
        withdrawal_suspended  boolean
        transfer_min          float64   least that can move between one's accounts
        transfer_max          float64   most; missing where there is no limit
        ====================  ========  ====================================================

    Examples
    --------
    >>> from dpyauth.frames import site_currencies
    >>> site_currencies({"currencies_config": {"BTC": {"type": "crypto", "fractional_digits": 8}}})["digits"].tolist()
    [8]
    """
    rows = keyed(mapping(payload).get("currencies_config"), "currency", "currencies_config")
    omits = documented("website_status", "website_status.currencies_config.{}")
    return frame(rows, _CURRENCIES, context, decimal=decimal, call="website_status", omits=omits)


def transfer_fees(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """What a transfer between one's accounts costs, one row per pair of currencies.

    Parameters
    ----------
    payload : mapping
        The ``website_status`` object of a ``website_status`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        ``from_currency`` and ``to_currency`` string, ``fee_percent`` float64: percent of the amount. Pivot it for a
        matrix: ``fees.pivot(index="from_currency", columns="to_currency", values="fee_percent")``.

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
    return frame(rows, _FEES, context, call="website_status")


def _fees(fees: Any) -> list[Mapping[str, Any]]:
    if isinstance(fees, Mapping):
        return [{"to_currency": code, "fees": MASK if hides(fee, code) else fee} for code, fee in fees.items()]
    return rows_of(fees, "fees")


def landing_company(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """Which Deriv companies serve clients of a country, one row per offer.

    Parameters
    ----------
    payload : mapping
        The ``landing_company`` object of a ``landing_company`` reply.
    context : Context, optional
        Where the payload came from; becomes ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them; an offer that the country does not have is no row.

        ===================  =======  ==============================================================
        offer                string   such as financial_company or mt_gaming_company.financial
        shortcode            string   the company, such as svg
        name                 string
        country              string   where the company is
        default_currency     string
        currencies           list     codes
        markets              list
        contract_categories  list
        signup_needs         list     fields of the profile that must be filled in
        withdrawal_needs     list
        reality_check        boolean  whether it reminds of the time spent trading
        professionals        boolean  whether one can be treated as a professional
        tax_number_optional  boolean
        ===================  =======  ==============================================================

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
        rows or ([{}] if beside else []), _COMPANIES, context, call="landing_company", omits=omits, beside=beside
    )


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(item, Mapping) for item in value))


def _companies(offer: str, value: Any) -> Iterator[dict[str, Any]]:
    """List the companies of an offer: itself, or one in each of its parts; and anything else that is there instead."""
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
