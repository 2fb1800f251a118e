"""Answer questions with the calls of the v3 API."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from dpyauth import frames
from dpyauth.errors import ApiError, InvalidRequest, PermissionDenied
from dpyauth.frames.values import as_flag, get_path, mapping
from dpyauth.session.answers import at_stake
from dpyauth.session.history.periods import now, period
from dpyauth.session.steps import Request, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dpyauth.session.history.periods import When
    from dpyauth.session.payloads import Payloads

_KINDS = {False: "real", True: "demo", None: None}


def account_status(session: Payloads, account: str, *, detail: bool, decimal: bool) -> Steps[pd.DataFrame]:
    """Ask each account separately, also for its balance: the one from the sign-in may be out of date."""
    call = "get_account_status"

    def one(loginid: str | None) -> Steps[pd.DataFrame]:
        loginid = session.resolve_account(loginid or "current")
        requests = [Request(name, exact=decimal, account=loginid) for name in (call, "balance")]
        came = yield from session.several([*requests, *(at_stake.requests(loginid) if detail else [])], needed=call)
        reply = came[call]
        assert isinstance(reply, dict)
        status, balance = session.payload_of(call, reply), mapping(came["balance"]).get("balance")
        context = replace(session.context(call, loginid), beside=session.beside_payload(call, reply))
        listed = session.listed_account(loginid)
        account = {
            "kind": _KINDS[as_flag(listed.get("is_virtual"))],
            "currency": context.currency,
            "balance": get_path(balance, "balance"),
            "created": listed.get("created_at"),
        }
        made = frames.account_status(status, context, account=account, decimal=decimal)
        if not detail:
            return made
        told = yield from at_stake.standing(session, loginid, came)
        return frames.account_detail(made, [told], decimal=decimal, language=context.language)

    def none() -> pd.DataFrame:
        empty = frames.account_status(None, session.context(call, None), decimal=decimal)
        return frames.account_detail(empty, [], decimal=decimal) if detail else empty

    return (yield from session.for_accounts(account, call, one, none))


def balance(session: Payloads, account: str, *, decimal: bool) -> Steps[pd.DataFrame]:
    """Get all balances with one call; if Deriv refuses that for an API token, ask the accounts one by one."""
    account = account if account in {"current", "all"} else session.granted(account)
    try:
        payload, context = yield from session.payload("balance", {"account": account}, exact=decimal)
    except ApiError as error:
        if account != "all" or (len(session.grants) < 2 and not isinstance(error, PermissionDenied)):
            raise
        shape = functools.partial(frames.balance, decimal=decimal)
        return (yield from session.per_account("all", "balance", shape, exact=decimal))
    return frames.balance(payload, context, decimal=decimal)


def accounts(session: Payloads) -> Steps[pd.DataFrame]:
    """Get all accounts with one call."""
    return frames.accounts(*(yield from session.payload("account_list")))


def exchange_rates(
    session: Payloads, base: str, target: str | Sequence[str] | None, *, spread: bool, decimal: bool
) -> Steps[pd.DataFrame]:
    """Get one rate or all rates with one call."""
    call = "exchange_rates"
    if not (target is None or isinstance(target, str)):
        raise InvalidRequest(
            "On v3, target takes one currency, such as 'EUR'. Leave it out to get all.", call=call, field="target"
        )
    fields = {"base_currency": base, "target_currency": target, "include_spread": 1 if spread else None}
    payload, context = yield from session.payload(call, fields, exact=decimal)
    return frames.exchange_rates(payload, context, spread=spread, decimal=decimal)


def markup(session: Payloads, since: When, until: When, *, decimal: bool) -> Steps[pd.DataFrame]:
    """Use ``app_markup_statistics``, which requires both ends of the period."""
    call = session.catalog.find("app_markup_statistics")
    first, last = period(call, since, until)
    fields = {"date_from": str(first or 0), "date_to": str(int(now().timestamp()) if last is None else last)}
    payload, context = yield from session.payload(call.name, fields, exact=decimal)
    return frames.markup(payload, context, decimal=decimal)


def migration(session: Payloads) -> Steps[str | None]:
    """Use ``connect_status``."""
    payload, _ = yield from session.payload("connect_status")
    status = payload.get("status") if isinstance(payload, dict) else None
    return str(status) if status else None
