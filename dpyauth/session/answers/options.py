"""Answer questions with the calls of the options API."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dpyauth import frames
from dpyauth.catalog.descriptions import short
from dpyauth.catalog.shapes import ENVELOPE
from dpyauth.errors import ApiError, ConnectionFailed, DpyauthError, InvalidRequest, SignInRefused
from dpyauth.frames.values import listing, without
from dpyauth.net.messages import Reply
from dpyauth.session.answers import at_stake
from dpyauth.session.history.periods import days
from dpyauth.session.steps import Batch, Request, Steps
from dpyauth.texts.said import in_language, said

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.catalog.calls import Call
    from dpyauth.frames import Context
    from dpyauth.session.history.periods import When
    from dpyauth.session.payloads import Payloads

KEPT = 184
"""Most days of six months, for which Deriv keeps the statistics of markups."""

_CURRENCY = re.compile(r"[A-Z0-9_]{1,18}", re.ASCII)
"""Currencies for which a quote can be requested; a wallet may hold assets with other names."""

_DEMO = {"demo": 1, "real": 0}
_ACTIVE = {"active": 1, "inactive": 0}
_INACTIVE = {"active": 0, "inactive": 1}
"""Values of v3 for Deriv's words about accounts; other words are kept."""

_OUT_OF_REACH = (ApiError, ConnectionFailed)
_OF_A_PERIOD = re.compile(r"(?i)date|period|range|from|until|start|end")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def account_status(session: Payloads, account: str, *, detail: bool, decimal: bool) -> Steps[pd.DataFrame]:
    """Get all accounts with one call over HTTP. It says little about each, and nothing about verification."""
    if detail:
        status = yield from _detailed(session, account, decimal=decimal)
    else:
        rows, context = yield from _rows(session, account, exact=decimal)
        status = frames.options_status(rows, _of(rows, context), decimal=decimal)
    return status.assign(error=None).astype({"error": "string"}) if account == "all" else status


def _detailed(session: Payloads, account: str, *, decimal: bool) -> Steps[pd.DataFrame]:
    """Return the rows of accounts with exposure and profits. The list and the first account are asked at once."""
    first = session.resolve_account("current" if account == "all" else account)
    stands: dict[str, dict[str, Any]] = {}
    listing = [Request("get_accounts", exact=decimal)]
    try:
        yield from session.connect_account(first)
        came = yield from session.several([*listing, *at_stake.requests(first)], needed="get_accounts")
        stands[first] = yield from at_stake.standing(session, first, came)
    except _OUT_OF_REACH as error:
        if isinstance(error, SignInRefused) or error.call == "get_accounts":
            raise
        stands[first] = at_stake.out_of_reach(error)
        came = yield from session.several(listing, needed="get_accounts")
    rows = _rows_of(session, came["get_accounts"], account)
    loginids = [row.get("account_id") for row in rows]
    for loginid in [each for each in loginids if isinstance(each, str) and each not in stands]:
        stands[loginid] = yield from _stand_of(session, loginid)
    status = frames.options_status(rows, _of(rows, session.context("get_accounts", None)), decimal=decimal)
    told = [stands.get(loginid) if isinstance(loginid, str) else None for loginid in loginids]
    return frames.account_detail(status, told, decimal=decimal, language=session.target.language)


def _stand_of(session: Payloads, loginid: str) -> Steps[dict[str, Any]]:
    """Return exposure and profits of an account other than the active one."""
    try:
        yield from session.connect_account(loginid)
        came = yield from session.several(at_stake.requests(loginid))
        return (yield from at_stake.standing(session, loginid, came))
    except (InvalidRequest, *_OUT_OF_REACH) as error:  # InvalidRequest: the account is newer than the sign-in
        if isinstance(error, SignInRefused):
            raise
        return at_stake.out_of_reach(error)


def balance(session: Payloads, account: str, *, decimal: bool) -> Steps[pd.DataFrame]:
    """Get one balance with the account's own call, or all balances from the list of accounts."""
    if account == "all":
        rows, context = yield from _rows(session, "all", exact=decimal)
        listed = [
            {
                **without(row, "account_id", "account_type", "group"),
                "loginid": row.get("account_id"),
                "demo_account": _word(_DEMO, row.get("account_type")),
                "status": _word(_ACTIVE, row.get("status")),
                "type": "deriv",
            }
            for row in rows
        ]
        return frames.balance({"accounts": listed}, context, decimal=decimal)
    shape = functools.partial(frames.balance, decimal=decimal)
    return (yield from session.per_account(account, "balance", shape, exact=decimal))


def accounts(session: Payloads) -> Steps[pd.DataFrame]:
    """Get all accounts with one call."""
    rows, context = yield from _rows(session, "all")
    return frames.accounts(
        [
            {
                **without(row, "account_id", "account_type", "status", "balance", "group"),
                "loginid": row.get("account_id"),
                "is_virtual": _word(_DEMO, row.get("account_type")),
                "account_category": "trading",
                "account_type": "options",
                "is_disabled": _word(_INACTIVE, row.get("status")),
            }
            for row in rows
        ],
        context,
    )


def _word(meanings: Mapping[str, int], word: Any) -> Any:
    return meanings.get(word, word) if isinstance(word, str) else word


def exchange_rates(
    session: Payloads, base: str, target: str | Sequence[str] | None, *, spread: bool, decimal: bool
) -> Steps[pd.DataFrame]:
    """Get a quote of the wallets for each pair, all at once."""
    call = session.catalog.find("wallet_exchange_rate")
    if spread:
        raise InvalidRequest(
            "Deriv's current API has no bid and ask between currencies. Leave out spread.",
            call=call.name,
            field="spread",
        )
    if target is None:
        held = frames.wallets((yield from session.payload("wallet_list"))[0])["currency"].dropna().str.upper()
        targets = [currency for currency in dict.fromkeys(held) if currency != base and _CURRENCY.fullmatch(currency)]
    else:
        targets = _named(call, target)
    pairs = [{"source_currency": base, "destination_currency": currency} for currency in targets]
    rates: dict[str, Any] = dict.fromkeys(targets)

    def on_reply(number: int, reply: Reply) -> None:
        rates[targets[number]] = _rate(reply)  # without the token that comes with it

    yield Batch([Request(call.name, pair, exact=decimal) for pair in pairs], on_reply)
    context = session.context(call.name, None)
    return frames.exchange_rates({"base_currency": base, "rates": rates}, context, decimal=decimal)


def _named(call: Call, target: str | Sequence[str]) -> list[str]:
    """Return the currencies in the argument ``target``."""
    names = [target] if isinstance(target, str) else list(target) if isinstance(target, Iterable) else [target]
    if not all(isinstance(name, str) for name in names):
        raise InvalidRequest(
            f"target takes the code of a currency, such as 'EUR', or a list of codes, not {short(target)}.",
            call=call.name,
            field="target",
        )
    return list(dict.fromkeys(names))


def _rate(reply: Reply) -> Any:
    """Return the fields of a quote without its token; the rate may be missing, as Deriv does not require it."""
    payload = reply.get("data", reply)
    if not isinstance(payload, dict):
        return payload
    rate = payload.get("exchange_rate", payload.get("rate"))
    return {"spot_rate": rate, **without(payload, "exchange_rate", "rate", "rate_token", *ENVELOPE)}


def markup(session: Payloads, since: When, until: When, *, decimal: bool) -> Steps[pd.DataFrame]:
    """Use ``markup_statistics``; the days that the reply names are stored in ``attrs``."""
    call = session.catalog.find("markup_statistics")
    first, last = days(call, since, until, KEPT)
    payload, context = yield from session.payload(call.name, {"date_from": first, "date_to": last}, exact=decimal)
    table = frames.markup(payload, context, decimal=decimal)
    table.attrs |= {
        "asked": f"{first}/{last}",
        "told": _dates(payload),
        "note": in_language(said("markup_kept"), context.language),
    }
    return table


def _dates(payload: Any) -> str | None:
    """Return the days that a reply names. No field for them is documented, so fields are recognised by their names."""
    found = [
        text
        for name, value in (payload.items() if isinstance(payload, dict) else ())
        for text in (value.values() if isinstance(value, dict) else [value])
        if _OF_A_PERIOD.search(name) and isinstance(text, str) and _DAY.match(text)
    ]
    return "/".join(sorted(text[:10] for text in found)) or None


def migration(session: Payloads) -> Steps[str | None]:
    """Use ``legacy_migration_status``."""
    payload, _ = yield from session.payload("legacy_migration_status")
    status = payload.get("status") if isinstance(payload, dict) else None
    return str(status) if status else None


def _rows(session: Payloads, account: str, *, exact: bool = False) -> Steps[tuple[list[Mapping[str, Any]], Context]]:
    """Get Deriv's list of accounts; return one of them, or all."""
    wanted = None if account == "all" else session.resolve_account(account)
    payload, context = yield from session.payload("get_accounts", exact=exact)
    return _listed(payload, wanted), context


def _rows_of(session: Payloads, reply: Reply | DpyauthError, account: str) -> list[Mapping[str, Any]]:
    """Return one account or all of them from a reply."""
    assert isinstance(reply, dict)
    wanted = None if account == "all" else session.resolve_account(account)
    return _listed(session.payload_of("get_accounts", reply), wanted)


def _listed(payload: Any, loginid: str | None) -> list[Mapping[str, Any]]:
    """Return all rows of a list, or one account; if that is missing, the rows without a valid login ID."""
    rows = [row for row in listing(payload, "data") if row]
    found = [row for row in rows if loginid in (None, row.get("account_id"))]
    return found or [row for row in rows if not isinstance(row.get("account_id"), str)]


def _of(rows: list[Mapping[str, Any]], context: Context) -> Context:
    """Return the context with the login IDs of the rows."""
    return replace(context, loginid=", ".join(str(row["account_id"]) for row in rows if "account_id" in row))
