"""Explain the flags of an account's status to the trader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from dpyauth.columns import with_columns
from dpyauth.columns.account_columns import STATUS_FLAGS
from dpyauth.frames.build import Context, frame, words


class _Flag(NamedTuple):
    group: str
    severity: str
    meaning: str


_TABLE = {
    ("verification", "info"): {
        "address_verified": "An outside service has confirmed your address.",
        "age_verification": "Your age has been confirmed.",
        "allow_document_upload": "You can send documents for verification.",
        "authenticated": "Your identity and address are fully verified.",
        "authenticated_with_idv_photoid": "An electronic check (IDV) with photo ID has fully verified you.",
        "document_under_review": "Deriv is reviewing documents that you sent; wait for the result.",
        "idv_disallowed": "The electronic check (IDV) is not available to you; send documents instead.",
        "poa_authenticated_with_idv": "An electronic check (IDV) has confirmed your address.",
        "poa_authenticated_with_idv_photo": "An electronic check (IDV) with a photo has confirmed your address.",
        "skip_idv": "The electronic check (IDV) is skipped for you.",
    },
    ("verification", "action"): {
        "allow_poa_resubmission": "You may send your proof of address again.",
        "allow_poi_resubmission": "You may send your proof of identity again.",
        "allow_poinc_resubmission": "You may send your proof of income again.",
        "document_expired": "The identity document that you sent has expired; send a valid one.",
        "document_expiring_soon": "Your identity document expires within a month; have a new one ready.",
        "document_needs_action": "A document that you sent was not accepted; see Deriv's e-mail to you.",
        "idv_revoked": "Your verification by electronic check (IDV) is no longer valid; verify again.",
        "mt5_additional_kyc_required": "MT5 needs your tax details, place of birth and reason for the account.",
        "poa_address_mismatch": "The address on your proof of address does not match your profile.",
        "poa_expired": "Your proof of address is too old; send a newer one.",
        "poa_expiring_soon": "Your proof of address will soon be too old; send a newer one.",
        "poi_dob_mismatch": "The date of birth on your identity document does not match your profile.",
        "poi_expiring_soon": "Your proof of identity expires soon; send a newer one.",
        "poi_name_mismatch": "The name on your identity document does not match your profile.",
    },
    ("cashier", "info"): {
        "pa_withdrawal_explicitly_allowed": "You may withdraw through a payment agent.",
    },
    ("cashier", "action"): {
        "shared_payment_method": "One of your payment methods is shared with another person; use only your own.",
    },
    ("cashier", "restriction"): {
        "cashier_locked": "The cashier is closed: you can neither deposit nor withdraw.",
        "deposit_locked": "You cannot deposit.",
        "df_deposit_requires_poi": "Deposits by card or e-wallet wait until your age is confirmed.",
        "mt5_withdrawal_locked": "You can move money into MT5 but not out of it.",
        "transfers_blocked": "You cannot move money from one account to another.",
        "withdrawal_locked": "You cannot withdraw; deposits still work.",
    },
    ("trading", "action"): {
        "max_turnover_limit_not_set": "Set a turnover limit; clients in the UK and Malta need one.",
    },
    ("trading", "restriction"): {
        "no_trading": "You cannot trade.",
        "no_withdrawal_or_trading": "You can deposit, but you can neither trade nor withdraw.",
        "unwelcome": "You cannot deposit or buy contracts; you can still sell and withdraw.",
    },
    ("account", "info"): {
        "crs_tin_information": "Your tax details are on file.",
        "deposit_attempt": "You have tried to deposit, so the account's currency can no longer be changed.",
        "dxtrade_password_not_set": "You have no Deriv X password yet; you need one only to trade there.",
        "financial_risk_approval": "You have accepted the notice about the risks of trading.",
        "mt5_password_not_set": "You have no MT5 password yet; you need one only to trade there.",
        "personal_details_locked": "You cannot edit your personal details.",
        "professional": "You are a professional client, at your own request.",
        "professional_rejected": "Your application to become a professional client was rejected.",
        "professional_requested": "You have applied to become a professional client.",
        "social_signup": "You signed up with a Google, Facebook or Apple account.",
        "tin_manually_approved": "Deriv has accepted that you have no tax number.",
        "trading_hub": "You use Deriv's Trader's Hub.",
        "ukgc_funds_protection": "You have confirmed the UK notice about how your funds are protected.",
    },
    ("account", "action"): {
        "financial_assessment_not_complete": "Finish the financial assessment in your account settings.",
        "financial_assessment_notification": "Deriv asks you to complete or renew your financial assessment.",
        "financial_information_not_complete": "Answer the open questions about your income and finances.",
        "needs_affiliate_coc_approval": "Accept the code of conduct for affiliates.",
        "password_reset_required": "Choose a new password.",
        "trading_experience_not_complete": "Answer the questions about your trading experience.",
    },
    ("account", "restriction"): {
        "disabled": "The account is disabled.",
    },
    ("p2p", "restriction"): {
        "p2p_blocked_for_pa": "As a payment agent you cannot use Deriv P2P.",
    },
}
FLAGS = {
    name: _Flag(group, severity, meaning)
    for (group, severity), meanings in _TABLE.items()
    for name, meaning in meanings.items()
}


@with_columns
def status_flags(payload: Mapping[str, Any] | None, context: Context | None = None) -> pd.DataFrame:
    """Explain the flags of an account's status, one row per flag.

    Parameters
    ----------
    payload : mapping
        The ``get_account_status`` object of a ``get_account_status`` reply.
    context : Context, optional
        Where the payload came from; stored in ``attrs``.

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
    return frame([_row(name) for name in words(payload, "get_account_status", "status")], STATUS_FLAGS, context)


def _row(name: str) -> dict[str, Any]:
    if name not in FLAGS:
        return {"flag": name, "known": False, "group": "other"}
    return {"flag": name, "known": True, **FLAGS[name]._asdict()}
