"""List the client's accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import ACCOUNTS
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import as_flag, as_list, listing, told, without

_KINDS = {False: "real", True: "demo"}


@with_columns
def accounts(
    payload: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None, context: Context | None = None
) -> pd.DataFrame:
    """List the client's accounts, one row per account.

    Parameters
    ----------
    payload : list of mappings, or mapping
        The ``account_list`` of an ``account_list`` reply, or the ``authorize`` object of an ``authorize``
        reply, which holds the same list.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.account_columns.ACCOUNTS``.

    Examples
    --------
    >>> from dpyauth.frames import accounts
    >>> accounts([{"loginid": "VRTC90000001", "is_virtual": 1}])[["loginid", "kind"]]
            loginid  kind
    0  VRTC90000001  demo
    """
    listed = payload["account_list"] if isinstance(payload, Mapping) and "account_list" in payload else payload
    rows = [_row(account) for account in listing(listed, "account_list")]
    return frame(rows, ACCOUNTS, context, call="account_list", omits=("currency_type",))


def _row(account: Mapping[str, Any]) -> dict[str, Any]:
    virtual = as_flag(account.get("is_virtual"))
    row = {**account, "linked_to": _linked(account.get("linked_to"))}
    return row if virtual is None else {**without(row, "is_virtual"), "kind": _KINDS[virtual]}


def _linked(accounts: Any) -> list[Any]:
    """Return the login IDs of linked accounts; if Deriv says more about one than its platform, all of that."""
    linked = [without(other, "platform") if isinstance(other, Mapping) else other for other in as_list(accounts)]
    return [
        other["loginid"] if isinstance(other, dict) and [*other] == ["loginid"] else other
        for other in linked
        if told(other)
    ]
