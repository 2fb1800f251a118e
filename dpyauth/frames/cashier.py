"""List what keeps the cashier closed: each reason and each missing detail of the profile, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import CASHIER_PROBLEMS
from dpyauth.frames.build import Context, frame, meanings, words
from dpyauth.texts import Words

# Deriv does not document its codes; these are the ones that its own website knows, in lower case.
REASONS = {
    "deposits": (
        "selfexclusion",
        "system_maintenance_deposit_outage",
        "unwelcome_status",
    ),
    "withdrawals": (
        "no_withdrawal_or_trading_status",
        "pacommisionwithdrawallimit",
        "only_pa_withdrawals_allowed_status",
        "system_maintenance_withdrawal_outage",
        "withdrawal_locked_status",
        "withdrawserviceunavailableforpa",
    ),
    "both": (
        "ask_authenticate",
        "ask_currency",
        "ask_financial_risk_approval",
        "ask_fix_details",
        "ask_self_exclusion_max_turnover_set",
        "ask_tin_information",
        "ask_uk_funds_protection",
        "cashier_locked_status",
        "disabled_status",
        "documents_expired",
        "financialassessmentrequired",
        "no_residence",
        "system_maintenance",
    ),
    "transfers": ("transfer_blocked",),
}
"""Codes of reasons by what they stop; what each means is in the texts, as ``cashier_`` and the code."""

_STOPS = {code: stops for stops, codes in REASONS.items() for code in codes}


@with_columns
def cashier_problems(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List what keeps the cashier closed, one row per problem.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from, stored in ``attrs``; its language is that of the meanings.

    Returns
    -------
    pandas.DataFrame
        The reasons, then the details missing from the profile; no rows if the cashier is open:

        See ``dpyauth.columns.account_columns.CASHIER_PROBLEMS``.

    Examples
    --------
    >>> from dpyauth.frames import cashier_problems
    >>> problems = cashier_problems({"cashier_validation": ["ASK_CURRENCY"], "cashier_missing_fields": ["phone"]})
    >>> problems["meaning"].tolist()
    ["Choose the account's currency first.", 'Fill in this field in your personal details at Deriv: phone number.']
    """
    say = meanings(context)
    rows = [_reason(code, say) for code in words(payload, "get_account_status", "cashier_validation")]
    rows += [_detail(name, say) for name in words(payload, "get_account_status", "cashier_missing_fields")]
    return frame(rows, CASHIER_PROBLEMS, context)


def _reason(code: str, say: Words) -> dict[str, Any]:
    stops = _STOPS.get(code.lower())
    meaning = say[f"cashier_{code.lower()}"] if stops else None
    return {"problem": code, "kind": "reason", "known": stops is not None, "stops": stops, "meaning": meaning}


def _detail(name: str, say: Words) -> dict[str, Any]:
    meaning = say("cashier_missing", field=say.get(f"field_{name}", name))
    return {"problem": name, "kind": "detail", "known": True, "stops": "both", "meaning": meaning}
