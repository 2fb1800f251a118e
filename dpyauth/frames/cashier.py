"""List what keeps the cashier closed: each reason and each missing detail of the profile, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import CASHIER_PROBLEMS
from dpyauth.frames.build import Context, frame, words

# Deriv does not document its codes; these are the ones that its own website knows, in lower case.
REASONS = {
    "deposits": {
        "selfexclusion": "You have excluded yourself from trading, and so also from deposits.",
        "system_maintenance_deposit_outage": "Deposits are stopped for maintenance.",
        "unwelcome_status": "You cannot deposit; you can still withdraw.",
    },
    "withdrawals": {
        "no_withdrawal_or_trading_status": "You can deposit, but you can neither trade nor withdraw.",
        "pacommisionwithdrawallimit": "As a payment agent you can withdraw only the commission you have received.",
        "only_pa_withdrawals_allowed_status": "You can withdraw only through a payment agent.",
        "system_maintenance_withdrawal_outage": "Withdrawals are stopped for maintenance.",
        "withdrawal_locked_status": "You cannot withdraw; deposits still work.",
        "withdrawserviceunavailableforpa": "Payment agents cannot withdraw this way.",
    },
    "both": {
        "ask_authenticate": "The cashier waits until you are verified.",
        "ask_currency": "Choose the account's currency first.",
        "ask_financial_risk_approval": "Accept the notice about the risks of trading first.",
        "ask_fix_details": "Correct your personal details first.",
        "ask_self_exclusion_max_turnover_set": "Set a turnover limit for 30 days first.",
        "ask_tin_information": "Enter your tax details first.",
        "ask_uk_funds_protection": "Confirm the notice about how your funds are protected first.",
        "cashier_locked_status": "The cashier is closed: you can neither deposit nor withdraw.",
        "disabled_status": "The account is disabled.",
        "documents_expired": "Your documents are out of date; send current ones.",
        "financialassessmentrequired": "Finish the financial assessment first.",
        "no_residence": "Enter your country of residence in your profile first.",
        "system_maintenance": "The cashier is closed for maintenance.",
    },
    "transfers": {
        "transfer_blocked": "You cannot move money from one account to another.",
    },
}
_KNOWN = {code: (stops, meaning) for stops, meanings in REASONS.items() for code, meaning in meanings.items()}


@with_columns
def cashier_problems(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """List what keeps the cashier closed, one row per problem.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

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
    ["Choose the account's currency first.", 'Fill in your phone in your personal details at Deriv.']
    """
    rows = [_reason(code) for code in words(payload, "get_account_status", "cashier_validation")]
    rows += [_detail(name) for name in words(payload, "get_account_status", "cashier_missing_fields")]
    return frame(rows, CASHIER_PROBLEMS, context)


def _reason(code: str) -> dict[str, Any]:
    stops, meaning = _KNOWN.get(code.lower(), (None, None))
    return {"problem": code, "kind": "reason", "known": meaning is not None, "stops": stops, "meaning": meaning}


def _detail(name: str) -> dict[str, Any]:
    meaning = f"Fill in your {name.replace('_', ' ')} in your personal details at Deriv."
    return {"problem": name, "kind": "detail", "known": True, "stops": "both", "meaning": meaning}
