"""Answers of the options API."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dpyauth import frames
from dpyauth.plans import Plan

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.frames import Context
    from dpyauth.session.queries import Queries


def account_status(session: Queries, account: str) -> Plan[pd.DataFrame]:
    """One call over HTTP knows all accounts, and little of each: this API has no word on verification."""
    rows, context = yield from _rows(session, account)
    status = frames.options_status(rows, replace(context, loginid=", ".join(row["account_id"] for row in rows)))
    return status.assign(error=None).astype({"error": "string"}) if account == "all" else status


def balance(session: Queries, account: str, *, decimal: bool) -> Plan[pd.DataFrame]:
    """The account's own call, or for all accounts the list of them."""
    if account == "all":
        rows, context = yield from _rows(session, "all", exact=decimal)
        listed = {
            row["account_id"]: {
                "balance": row.get("balance"),
                "currency": row.get("currency"),
                "demo_account": int(row.get("account_type") == "demo"),
                "status": int(row.get("status") == "active"),
                "type": "deriv",
            }
            for row in rows
        }
        return frames.balance({"accounts": listed}, context, decimal=decimal)
    shape = functools.partial(frames.balance, decimal=decimal)
    return (yield from session._per_account(account, "balance", shape, exact=decimal))


def accounts(session: Queries) -> Plan[pd.DataFrame]:
    """One call lists them."""
    rows, context = yield from _rows(session, "all")
    return frames.accounts(
        [
            {
                "loginid": row.get("account_id"),
                "currency": row.get("currency"),
                "is_virtual": int(row.get("account_type") == "demo"),
                "account_category": "trading",
                "account_type": "options",
                "is_disabled": int(row.get("status") == "inactive"),
                "created_at": row.get("created_at"),
            }
            for row in rows
        ],
        context,
    )


def migration(session: Queries) -> Plan[str | None]:
    """Asked with ``legacy_migration_status``."""
    payload, _ = yield from session._payload("legacy_migration_status")
    status = payload.get("status") if isinstance(payload, dict) else None
    return str(status) if status else None


def _rows(session: Queries, account: str, *, exact: bool = False) -> Plan[tuple[list[Mapping[str, Any]], Context]]:
    """The accounts as Deriv lists them: one of them, or all."""
    loginid = None if account == "all" else session._one(account)
    payload, context = yield from session._payload("get_accounts", exact=exact)
    listed = payload if isinstance(payload, list) else []
    rows = [row for row in listed if isinstance(row, dict) and isinstance(row.get("account_id"), str)]
    return [row for row in rows if loginid in (None, row["account_id"])], context
