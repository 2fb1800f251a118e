"""Answers of the v3 API."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dpyauth import frames
from dpyauth.errors import ApiError, PermissionDenied
from dpyauth.plans import Plan

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.session.queries import Queries


def account_status(session: Queries, account: str) -> Plan[pd.DataFrame]:
    """Each account answers for itself."""
    return (yield from session._per_account(account, "get_account_status", frames.account_status))


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
