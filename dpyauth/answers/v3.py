"""Answers of the v3 API."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from dpyauth import frames
from dpyauth.errors import ApiError, BadReply, PermissionDenied
from dpyauth.frames.values import as_flag, dig
from dpyauth.plans import Plan, Request, Together
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.session.queries import Queries

_KINDS = {False: "real", True: "demo", None: None}


def account_status(session: Queries, account: str) -> Plan[pd.DataFrame]:
    """Each account answers for itself; its balance is asked for beside that, as one from the sign-in may be old."""
    call = "get_account_status"

    def one(loginid: str | None) -> Plan[pd.DataFrame]:
        loginid = session._one(loginid or "current")
        status, balance = yield from _together(session, call, "balance", loginid)
        if not isinstance(status, dict):
            raise BadReply(f"Deriv's answer to '{call}' has nothing under that name.", call=call)
        context, listed = session._context(call, loginid), session._listed(loginid)
        account = {
            "kind": _KINDS[as_flag(listed.get("is_virtual"))],
            "currency": context.currency,
            "balance": dig(balance, "balance"),
            "created": listed.get("created_at"),
        }
        return frames.account_status(status, context, account=account)

    def none() -> pd.DataFrame:
        return frames.account_status(None, session._context(call, None))

    return (yield from session._each(account, call, one, none))


def _together(session: Queries, call: str, extra: str, loginid: str) -> Plan[tuple[Any, Any]]:
    """Return what two calls bring that are sent together; None for the second where Deriv refuses it."""
    replies: dict[int, Reply] = {}
    requests = [Request(name, account=loginid) for name in (call, extra)]
    try:
        yield Together(requests, replies.__setitem__)
    except ApiError as error:
        if error.call != extra:
            raise
        if 0 not in replies:
            replies[0] = yield requests[0]
    told = [replies[number].get(name) if number in replies else None for number, name in enumerate((call, extra))]
    return told[0], told[1]


def balance(session: Queries, account: str, *, decimal: bool) -> Plan[pd.DataFrame]:
    """One call knows all accounts; but Deriv may refuse that to an API token."""
    try:
        payload, context = yield from session._payload("balance", {"account": account}, exact=decimal)
    except ApiError as error:
        if account != "all" or (len(session._grants) < 2 and not isinstance(error, PermissionDenied)):
            raise
        shape = functools.partial(frames.balance, decimal=decimal)
        return (yield from session._per_account("all", "balance", shape, exact=decimal))
    return frames.balance(payload, context, decimal=decimal)


def accounts(session: Queries) -> Plan[pd.DataFrame]:
    """One call lists them."""
    return frames.accounts(*(yield from session._payload("account_list")))


def migration(session: Queries) -> Plan[str | None]:
    """Asked with ``connect_status``."""
    payload, _ = yield from session._payload("connect_status")
    status = payload.get("status") if isinstance(payload, dict) else None
    return str(status) if status else None
