"""Explain the flags of an account's status to the trader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import STATUS_FLAGS
from dpyauth.frames.build import Context, frame, meanings, words
from dpyauth.texts import Words


class _Flag(NamedTuple):
    group: str
    severity: str


_NAMES = {
    ("verification", "info"): (
        "address_verified",
        "age_verification",
        "allow_document_upload",
        "authenticated",
        "authenticated_with_idv_photoid",
        "document_under_review",
        "idv_disallowed",
        "poa_authenticated_with_idv",
        "poa_authenticated_with_idv_photo",
        "skip_idv",
    ),
    ("verification", "action"): (
        "allow_poa_resubmission",
        "allow_poi_resubmission",
        "allow_poinc_resubmission",
        "document_expired",
        "document_expiring_soon",
        "document_needs_action",
        "idv_revoked",
        "mt5_additional_kyc_required",
        "poa_address_mismatch",
        "poa_expired",
        "poa_expiring_soon",
        "poi_dob_mismatch",
        "poi_expiring_soon",
        "poi_name_mismatch",
    ),
    ("cashier", "info"): ("pa_withdrawal_explicitly_allowed",),
    ("cashier", "action"): ("shared_payment_method",),
    ("cashier", "restriction"): (
        "cashier_locked",
        "deposit_locked",
        "df_deposit_requires_poi",
        "mt5_withdrawal_locked",
        "transfers_blocked",
        "withdrawal_locked",
    ),
    ("trading", "action"): ("max_turnover_limit_not_set",),
    ("trading", "restriction"): (
        "no_trading",
        "no_withdrawal_or_trading",
        "unwelcome",
    ),
    ("account", "info"): (
        "crs_tin_information",
        "deposit_attempt",
        "dxtrade_password_not_set",
        "financial_risk_approval",
        "mt5_password_not_set",
        "personal_details_locked",
        "professional",
        "professional_rejected",
        "professional_requested",
        "social_signup",
        "tin_manually_approved",
        "trading_hub",
        "ukgc_funds_protection",
    ),
    ("account", "action"): (
        "financial_assessment_not_complete",
        "financial_assessment_notification",
        "financial_information_not_complete",
        "needs_affiliate_coc_approval",
        "password_reset_required",
        "trading_experience_not_complete",
    ),
    ("account", "restriction"): ("disabled",),
    ("p2p", "restriction"): ("p2p_blocked_for_pa",),
}
FLAGS = {name: _Flag(*about) for about, names in _NAMES.items() for name in names}
"""Group and severity of each flag that is known; what it means is in the texts, as ``flag_`` and its name."""


@with_columns
def status_flags(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """Explain the flags of an account's status, one row per flag.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from, stored in ``attrs``; its language is that of the meanings.

    Returns
    -------
    pandas.DataFrame
        In the order Deriv sent them:

        See ``dpyauth.columns.account_columns.STATUS_FLAGS``.

    Examples
    --------
    >>> from dpyauth.frames import status_flags
    >>> flags = status_flags({"status": ["authenticated", "withdrawal_locked"]})
    >>> flags.loc[flags["severity"] == "restriction", "meaning"].item()
    'You cannot withdraw; deposits still work.'
    """
    say = meanings(context)
    rows = [_row(name, say) for name in words(payload, "get_account_status", "status")]
    return frame(rows, STATUS_FLAGS, context)


def _row(name: str, say: Words) -> dict[str, Any]:
    if name not in FLAGS:
        return {"flag": name, "known": False, "group": "other"}
    return {"flag": name, "known": True, **FLAGS[name]._asdict(), "meaning": say[f"flag_{name}"]}
