"""List what an account may hold, stake, withdraw and transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.profile_columns import LIMITS, MARKET_LIMITS, TRANSFER_LIMITS
from dpyauth.frames.build import Context, frame, meanings
from dpyauth.frames.values import as_text, mapping, part, rows_of, told, without
from dpyauth.sensitive import MASK, hides

_LIMITS = (
    "account_balance",
    "daily_turnover",
    "open_positions",
    "payout",
    "payout_per_symbol.atm",
    "payout_per_symbol.non_atm.less_than_seven_days",
    "payout_per_symbol.non_atm.more_than_seven_days",
    "payout_per_symbol_and_contract_type",
    "lifetime_limit",
    "num_of_days",
    "num_of_days_limit",
    "remainder",
    "withdrawal_for_x_days_monetary",
    "withdrawal_since_inception_monetary",
)
"""Limits that are known; what each means is in the texts, as ``limit_`` and its name."""

_UNITS = {"open_positions": "contracts", "num_of_days": "days"}
"""Units of the limits that are not money; all other known limits are in the account's currency."""

_GROUPS = {
    "lifetime_transfers": ("lifetime", "amount", ""),
    "daily_transfers": ("daily", "transfers", "USD"),
    "daily_cumulative_amount_transfers": ("daily", "amount", "USD"),
}
"""Groups of transfer limits: period, what they usually count, and the currency if it is not the account's."""

_COUNTED = {"count": "transfers", "amount": "amount"}
"""Meanings of ``limit_type``, which Deriv may send with a limit."""


@with_columns
def limits(payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False) -> pd.DataFrame:
    """List what the account may hold, stake, be paid and withdraw, one row per limit.

    Parameters
    ----------
    payload : mapping
        The ``get_limits`` object of a ``get_limits`` reply.
    context : Context, optional
        Where the payload came from, stored in ``attrs``; its language is that of the meanings.
    decimal : bool
        Return values as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        Always the same rows in the same order, followed by any that Deriv adds:

        See ``dpyauth.columns.profile_columns.LIMITS``.

    Examples
    --------
    >>> from dpyauth.frames import Context, limits
    >>> told = limits({"payout": 0.5, "open_positions": 100}, Context("get_limits", "CR90000002", currency="BTC"))
    >>> told.set_index("limit")["unit"][["payout", "open_positions"]].tolist()
    ['BTC', 'contracts']
    """
    currency = context.currency if context else None
    found = dict(_leaves(without(mapping(payload), "market_specific", *_GROUPS)))
    say = meanings(context)
    rows = [
        {
            "limit": name,
            "value": found.pop(name, None),
            "unit": _UNITS.get(name, currency),
            "meaning": say[f"limit_{name.replace('.', '_')}"],
        }
        for name in _LIMITS
    ]
    rows += [{"limit": name, "value": value} for name, value in found.items() if told(value)]
    return frame(rows, LIMITS, context, decimal=decimal, call="get_limits")


def _leaves(limits: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """List the limits within objects, each with its path. Secrets are masked here, as no column covers them."""
    for name, value in limits.items():
        if hides(value, name, "get_limits", path.rpartition(".")[2], limits):
            yield f"{path}{name}", MASK
        elif isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


@with_columns
def market_limits(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List the limits of single markets, one row per limit.

    Parameters
    ----------
    payload : mapping
        The ``get_limits`` object of a ``get_limits`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.profile_columns.MARKET_LIMITS``.

    Examples
    --------
    >>> from dpyauth.frames import market_limits
    >>> market_limits({"market_specific": {"forex": [{"turnover_limit": 50000}]}})["turnover_limit"].item()
    50000.0
    """
    markets = mapping(payload).get("market_specific")
    rows: list[Mapping[str, Any]] = rows_of(None if isinstance(markets, Mapping) else markets, "market_specific")
    for market, listed in mapping(markets).items():
        listed = MASK if hides(listed, market) else listed
        rows += [{**row, "market": market} for row in rows_of(listed, "market_specific")]
    currency = context.currency if context else None
    return frame(rows, MARKET_LIMITS, context, decimal=decimal, same={"currency": currency}, call="get_limits")


@with_columns
def transfer_limits(
    payload: Mapping[str, Any] | None, context: Context | None = None, *, decimal: bool = False
) -> pd.DataFrame:
    """List how much money may still move between the client's accounts, and how often.

    Deriv counts daily amounts in US dollars, whatever the account's currency, and lifetime amounts in the account's
    currency.

    Parameters
    ----------
    payload : mapping
        The ``get_limits`` object of a ``get_limits`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.
    decimal : bool
        Return values as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.profile_columns.TRANSFER_LIMITS``.

    Examples
    --------
    >>> from dpyauth.frames import transfer_limits
    >>> told = transfer_limits({"daily_transfers": {"mt5": {"allowed": 10, "available": 9}}})
    >>> told[["available", "unit"]].values.tolist()
    [[9.0, 'transfers']]
    """
    currency = context.currency if context else None
    rows = []
    for field, (period, usual, money) in _GROUPS.items():
        for transfer, limit in _transfers(mapping(payload).get(field), field):
            said = as_text(limit.get("limit_type")) if not isinstance(limit.get("limit_type"), Mapping) else None
            counted = usual if said is None else _COUNTED.get(said, said)
            unit = {"amount": money or currency, "transfers": "transfers"}.get(counted)
            row = limit if said is None else without(limit, "limit_type")
            rows.append({**row, "period": period, "counted": counted, "transfer": transfer, "unit": unit})
    return frame(rows, TRANSFER_LIMITS, context, decimal=decimal, call="get_limits")


def _transfers(group: Any, field: str) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """List the limits of a group with the kind of transfer; None for the limit on all kinds together."""
    if not isinstance(group, Mapping):
        yield from ((None, row) for row in rows_of(group, field))
        return
    own = {name: limit for name, limit in group.items() if not isinstance(limit, Mapping) and name != "enabled"}
    if "allowed" in group or "available" in group:
        own |= {name: group[name] for name in ("allowed", "available") if name in group}
        yield None, own
        own = dict.fromkeys(own)
    yield from ((name, part(name, limit, field)) for name, limit in own.items() if told(limit))
    yield from (
        (name, part(name, limit, field))
        for name, limit in group.items()
        if isinstance(limit, Mapping) and name not in own
    )
