"""List an account's status, verification and currencies from `get_account_status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import CHECKS, CURRENCIES, STATUS, VERIFICATION
from dpyauth.frames.build import Context, frame
from dpyauth.frames.values import as_list, keyed, listing, mapping, part, told, without

_TOLD_BY_OTHERS = {
    "identity": ("services",),
    "idv": ("report_available", "reported_properties"),
    "onfido": ("country_code", "documents", "documents_supported", "is_country_supported", "reported_properties"),
    "document": ("verified_jurisdiction",),
    "ownership": ("requests",),
}
"""Fields by check that have their own frame (`attempts`, `jurisdictions`, `ownership_requests`) or are only of use to
Deriv's own upload form."""

_FACTS = ("status", "expiry_date", "last_rejected", *(name for names in _TOLD_BY_OTHERS.values() for name in names))
_ELSEWHERE = (
    "currency_config",
    "authentication.attempts",
    *(f"authentication.{check}.{fact}" for check in ("identity", "document", "income", "ownership") for fact in _FACTS),
)
"""Paths that `account_status` leaves to other frames."""


@with_columns
def account_status(
    payload: Mapping[str, Any] | None,
    context: Context | None = None,
    *,
    account: Mapping[str, Any] | None = None,
    decimal: bool = False,
) -> pd.DataFrame:
    """Sum up the status of an account in one row: what both APIs report, then what only v3 does.

    `options_status` does the same for Deriv's current API; `account_detail` adds what is at stake.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``. Its login ID goes into the column ``loginid``, since the
        payload has none.
    account : mapping, optional
        What else is known about the account: ``kind``, ``currency``, ``balance`` and ``created``.
    decimal : bool
        Return money as exact `decimal.Decimal` objects instead of float64.

    Returns
    -------
    pandas.DataFrame
        One row, or none if the payload is empty; `pandas.concat` joins several accounts.

        See ``dpyauth.columns.account_columns.STATUS``.

    Examples
    --------
    >>> from dpyauth.frames import Context, account_status
    >>> context = Context("get_account_status", loginid="CR90000001")
    >>> account_status({"risk_classification": "low"}, context)[["loginid", "risk"]]
          loginid risk
    0  CR90000001  low
    """
    rows = [payload] if isinstance(payload, Mapping) and payload else listing(payload, "get_account_status")
    facts = account or {}
    known = {
        "account_type": facts.get("kind"),
        "created_at": facts.get("created"),
        **{name: facts.get(name) for name in ("currency", "balance")},
        "loginid": context and context.loginid,
    }
    made = [{**_both(row, known), "flags": row.get("status"), "status": _active(row.get("status"))} for row in rows]
    return frame(made, STATUS, context, decimal=decimal, call="get_account_status", omits=_ELSEWHERE)


def _both(row: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what else is known; if it disagrees, its own value is kept, with ``_`` after the name."""
    known = {name: value for name, value in known.items() if value is not None}
    return {**row, **known, **{f"{name}_": row[name] for name in known if row.get(name, known[name]) != known[name]}}


def _active(flags: Any) -> str | None:
    if flags is None or not all(isinstance(flag, str) for flag in as_list(flags)):
        return None
    return "inactive" if "disabled" in as_list(flags) else "active"


@with_columns
def verification(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the progress of the client's verification, one row per check.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        Always the same seven rows in the same order, followed by any other check that Deriv sends. Values that Deriv
        did not send are missing.

        See ``dpyauth.columns.account_columns.VERIFICATION``.

    Examples
    --------
    >>> from dpyauth.frames import verification
    >>> checks = verification({"authentication": {"income": {"status": "locked"}}})
    >>> checks.loc[checks["check"] == "income", "status"].item()
    'locked'
    """
    authentication = mapping(payload).get("authentication")
    checks = _checks(without(mapping(authentication), "needs_verification", "attempts"))
    needs = mapping(authentication).get("needs_verification")
    listed = needs is None or all(isinstance(need, str) for need in as_list(needs))
    named = [need for need in as_list(needs) if need not in checks] if listed else []
    rows = [
        {
            "check": check,
            **checks.get(check, {}),
            "needed": check in as_list(needs) if listed and needs is not None else None,
        }
        for check in dict.fromkeys((*CHECKS, *checks, *named))
    ]
    beside = {"needs_verification": None if listed else needs, "authentication": authentication}
    beside = without(beside, "authentication") if isinstance(authentication, Mapping) else beside
    return frame(rows, VERIFICATION, context, call="get_account_status", beside=beside)


def _checks(told_of: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields of each check in `authentication`, and of the services within the check of identity."""
    services = mapping(told_of.get("identity")).get("services")
    found = {name: value for name, value in told_of.items() if told(value) or name in CHECKS}
    for name, value in mapping(services).items():
        found[name if name not in found else f"identity.services.{name}"] = value
    checks = {
        name: without(part(name.rpartition(".")[2], value, name), *_TOLD_BY_OTHERS.get(name, ()))
        for name, value in found.items()
    }
    if told(services) and not isinstance(services, Mapping):
        checks["identity"] = {**checks.get("identity", {}), "services": services}
    return checks


@with_columns
def currencies(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List the account's currencies and whether money can move in them.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

    Returns
    -------
    pandas.DataFrame
        One row per currency, in the order Deriv sent them:

        See ``dpyauth.columns.account_columns.CURRENCIES``.

    Examples
    --------
    >>> from dpyauth.frames import currencies
    >>> currencies({"currency_config": {"USD": {"is_deposit_suspended": 0, "is_withdrawal_suspended": 1}}})
      currency  deposit_suspended  withdrawal_suspended
    0      USD              False                  True
    """
    rows = keyed(mapping(payload).get("currency_config"), "currency", "currency_config")
    return frame(rows, CURRENCIES, context, call="get_account_status")
