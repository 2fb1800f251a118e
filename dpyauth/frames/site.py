"""What Deriv's site allows and charges, and which company serves a country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dpyauth.frames.arrays import Column
from dpyauth.frames.columns import Context, frame
from dpyauth.frames.values import dig, mapping

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
_FEES = (Column("from_currency"), Column("to_currency"), Column("fee_percent", "number"))
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
    limits = mapping(mapping(payload).get("api_call_limits"))
    return frame([{**mapping(facts), "limit": name} for name, facts in limits.items()], _LIMITS, context)


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
    config = mapping(mapping(payload).get("currencies_config"))
    rows = [{**mapping(facts), "currency": code} for code, facts in config.items()]
    return frame(rows, _CURRENCIES, context, decimal=decimal)


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
    config = mapping(mapping(payload).get("currencies_config"))
    rows = [
        {"from_currency": code, "to_currency": other, "fee_percent": fee}
        for code, facts in config.items()
        for other, fee in mapping(dig(facts, "transfer_between_accounts.fees")).items()
    ]
    return frame(rows, _FEES, context)


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
    return frame(list(_companies(mapping(payload))), _COMPANIES, context)


def _companies(payload: Mapping[str, Any], path: str = "") -> Iterator[dict[str, Any]]:
    for name, block in payload.items():
        if not isinstance(block, Mapping) or name == "config":
            continue
        if "shortcode" in block or "legal_allowed_currencies" in block:
            yield {**block, "offer": path + name}
        elif not path:
            yield from _companies(block, f"{name}.")
