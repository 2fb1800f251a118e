"""Compute the exposure, profits and latest transaction of an account. Both APIs use the same calls for this."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dpyauth.errors import ApiError, BadReply, DpyauthError, MissingScope, SignInRefused
from dpyauth.frames.values import EXACTLY, as_number, as_seconds, mapping, mappings
from dpyauth.net.messages import Reply
from dpyauth.session.history import periods
from dpyauth.session.history.sales import contract_of, every_row
from dpyauth.session.history.transactions import Row, booked, key_of, transactions
from dpyauth.session.steps import Request, Steps
from dpyauth.texts.said import Said, joined, said

if TYPE_CHECKING:
    from dpyauth.session.payloads import Payloads

GLANCE = 100
"""Number of latest transactions to get first: most accounts have fewer in a month."""

_SPARED = (ApiError, MissingScope, BadReply)
"""Errors that leave out only a part."""


def requests(loginid: str) -> list[Request]:
    """Return the requests for `standing`, to be made at once."""
    return [
        Request("portfolio", exact=True, account=loginid),
        Request("statement", {"limit": GLANCE}, exact=True, account=loginid),
    ]


def asked(session: Payloads, loginid: str) -> Steps[tuple[dict[str, Any], dict[str, Reply | DpyauthError]]]:
    """Make the calls for `standing`; return its result, and the replies or errors of the calls."""
    came = yield from session.several(requests(loginid))
    return (yield from standing(session, loginid, came)), came


def standing(session: Payloads, loginid: str, came: Mapping[str, Reply | DpyauthError]) -> Steps[dict[str, Any]]:
    """Return the values for the columns of `frames.account_detail`, from the replies or errors of the calls.

    Values that Deriv refuses are left out, and the remark says why, in English; it knows how to say it in others.
    """
    told: dict[str, Any] = {}
    remarks: list[Said] = []
    for unread, part in (("contracts_unread", _exposure), ("transactions_unread", _earned)):
        try:
            told_of_part = yield from part(session, loginid, came)
            remarks += filter(None, [told_of_part.pop("remark", None)])
            told |= told_of_part
        except SignInRefused:
            raise
        except _SPARED as error:
            remarks.append(said(unread, why=error.text))
    return {**told, "remark": joined(*remarks) if remarks else None}


def glance_falls_short(rows: Sequence[Row]) -> bool:
    """Return whether there may be more transactions this month than these latest ones."""
    return len(rows) >= GLANCE and (booked(rows[-1]) or 0) >= month_began()


def month_began() -> float:
    """Return the start of this month in UTC, in seconds since 1970."""
    return _midnight().replace(day=1).timestamp()


def _midnight() -> datetime:
    return periods.now().replace(hour=0, minute=0, second=0, microsecond=0)


def out_of_reach(error: DpyauthError) -> dict[str, Any]:
    """Return the values for an account that could not be connected to."""
    return {"remark": said("account_unread", why=error.text)}


def _exposure(session: Payloads, loginid: str, came: Mapping[str, Reply | DpyauthError]) -> Steps[dict[str, Any]]:
    """Return what is at stake in open contracts, and what they may pay."""
    reply = _reply(came, "portfolio")
    payload = session.adapter.payload(session.catalog.find("portfolio"), reply)
    listed = mapping(payload).get("contracts")
    contracts = [row for row in mappings(listed) if row]
    if not isinstance(listed, list) or len(mappings(listed)) < len(listed):
        raise BadReply(said("reply_undocumented", call="portfolio"), call="portfolio")
    prices = [as_number(contract.get("buy_price")) for contract in contracts]
    return {
        "open_contracts": len(contracts),
        "at_stake": None if None in prices else _sum(prices),
        "may_pay": _sum(as_number(contract.get("payout")) for contract in contracts),
        "remark": said("stake_unknown") if None in prices else None,
    }
    yield


def _earned(session: Payloads, loginid: str, came: Mapping[str, Reply | DpyauthError]) -> Steps[dict[str, Any]]:
    """Return the latest transaction, and the profits of the contracts closed today and this month."""
    call = session.catalog.find("statement")
    today, since = _midnight(), month_began()
    listed = transactions(call, _reply(came, "statement"))
    rows = latest = list({key_of(row): row for row in listed}.values())
    if glance_falls_short(listed):
        rows = yield from every_row(call, loginid, {"date_from": int(since), "date_to": None})
    last = max(latest, key=lambda row: booked(row) or 0, default={})
    told = {
        "last_transaction": booked(last),
        "last_action": last.get("action_type"),
        "last_amount": as_number(last.get("amount")),
    }
    sales = [row for row in rows if row.get("action_type") == "sell"]
    if None in map(booked, sales):
        return {**told, "remark": said("profit_undated")}
    sold = [row for row in sales if (booked(row) or 0) >= since]
    spent = {contract_of(row): as_number(row.get("amount")) for row in rows if row.get("action_type") == "buy"}
    earlier = [row for row in sold if contract_of(row) not in spent]
    if earlier:
        spent |= yield from _spent_earlier(session, loginid, earlier)
    told["profit_month"] = _profit(sold, spent)
    told["profit_today"] = _profit([row for row in sold if (booked(row) or 0) >= today.timestamp()], spent)
    if told["profit_month"] is None:
        told["remark"] = said("profit_cost_unknown")
    return told


def _spent_earlier(session: Payloads, loginid: str, sold: list[Row]) -> Steps[dict[Any, Decimal | None]]:
    """Return the cost of contracts that were bought before the present rows, negative as in a statement.

    It is not documented whether Deriv selects the rows of a profit table by purchase or by sale. So first the time of
    the purchases is asked for, and if contracts are missing then, everything since.
    """
    call = session.catalog.find("profit_table")
    times = [as_seconds(row.get("purchase_time")) for row in sold]
    known = [int(time) for time in times if time is not None]
    since = min(known) - 1 if len(known) == len(times) else None
    wanted = {contract_of(row) for row in sold}
    spent: dict[Any, Decimal | None] = {}
    for until in (max(known) + 1, None) if since is not None else (None,):
        rows = yield from every_row(call, loginid, {"date_from": since, "date_to": until})
        prices = {contract_of(row): as_number(row.get("buy_price")) for row in rows}
        spent = {contract: None if price is None else EXACTLY.minus(price) for contract, price in prices.items()}
        if wanted <= spent.keys():
            break
    return spent


def _profit(sold: list[Row], spent: Mapping[Any, Decimal | None]) -> Decimal | None:
    """Return what closed contracts paid minus what they cost; None if either is not known for each."""
    costs = [spent.get(contract) for contract in {contract_of(row) for row in sold}]
    paid = [as_number(row.get("amount")) for row in sold]
    return None if None in costs or None in paid else _sum([*paid, *costs])


def _sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    total = functools.reduce(EXACTLY.add, (number for number in numbers if number is not None), Decimal(0))
    return total if total.is_finite() else None


def _reply(came: Mapping[str, Reply | DpyauthError], call: str) -> Reply:
    reply = came[call]
    if isinstance(reply, DpyauthError):
        raise reply
    return reply
