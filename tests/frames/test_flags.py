from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dpyauth.columns.account_columns import GROUPS, SEVERITIES
from dpyauth.frames import status_flags
from dpyauth.frames.flags import FLAGS

DOCUMENTED = [
    "address_verified",
    "allow_document_upload",
    "age_verification",
    "authenticated",
    "cashier_locked",
    "crs_tin_information",
    "deposit_locked",
    "disabled",
    "document_expired",
    "document_expiring_soon",
    "dxtrade_password_not_set",
    "financial_assessment_not_complete",
    "financial_information_not_complete",
    "financial_risk_approval",
    "max_turnover_limit_not_set",
    "mt5_password_not_set",
    "mt5_withdrawal_locked",
    "needs_affiliate_coc_approval",
    "no_trading",
    "no_withdrawal_or_trading",
    "p2p_blocked_for_pa",
    "pa_withdrawal_explicitly_allowed",
    "password_reset_required",
    "professional",
    "professional_requested",
    "professional_rejected",
    "social_signup",
    "trading_experience_not_complete",
    "ukgc_funds_protection",
    "unwelcome",
    "withdrawal_locked",
    "deposit_attempt",
    "poi_name_mismatch",
    "allow_poa_resubmission",
    "allow_poi_resubmission",
    "shared_payment_method",
    "personal_details_locked",
    "transfers_blocked",
    "df_deposit_requires_poi",
    "authenticated_with_idv_photoid",
    "idv_revoked",
    "mt5_additional_kyc_required",
    "poi_expiring_soon",
    "poa_authenticated_with_idv",
    "poa_expiring_soon",
    "tin_manually_approved",
]

BESIDE = [
    "allow_poinc_resubmission",
    "document_needs_action",
    "document_under_review",
    "financial_assessment_notification",
    "idv_disallowed",
    "poa_address_mismatch",
    "poa_authenticated_with_idv_photo",
    "poa_expired",
    "poi_dob_mismatch",
    "skip_idv",
    "trading_hub",
]
"""Undocumented flags that Deriv sends; its own website reads these."""


def test_the_table_has_every_flag_that_is_known_and_no_other() -> None:
    assert sorted(FLAGS) == sorted(DOCUMENTED + BESIDE)
    assert (len(DOCUMENTED), len(BESIDE)) == (46, 11)


@pytest.mark.parametrize("name", DOCUMENTED + BESIDE)
def test_every_flag_is_explained_in_a_sentence_that_fits_a_cell(name: str) -> None:
    (flag,) = status_flags({"status": [name]}).to_dict("records")
    assert flag["group"] in GROUPS
    assert flag["group"] != "other"
    assert flag["severity"] in SEVERITIES
    assert 10 < len(flag["meaning"]) <= 80
    assert flag["meaning"][0].isupper()
    assert flag["meaning"].endswith(".")


def test_meanings_are_distinct() -> None:
    assert status_flags({"status": DOCUMENTED + BESIDE})["meaning"].is_unique


def test_one_row_per_flag_in_the_order_sent() -> None:
    flags = status_flags({"status": DOCUMENTED + BESIDE})
    assert flags["flag"].tolist() == DOCUMENTED + BESIDE
    assert flags["known"].all()
    assert flags.notna().all(axis=None)


def test_an_unknown_flag_is_kept_and_never_explained(status_payload: dict[str, Any]) -> None:
    flags = status_flags(status_payload).set_index("flag")
    assert flags.index.tolist() == status_payload["status"]
    unknown = flags.loc["flag_of_tomorrow"]
    assert not unknown["known"]
    assert unknown["group"] == "other"
    assert unknown[["severity", "meaning"]].isna().all()


def test_severity_can_be_compared() -> None:
    flags = status_flags({"status": ["withdrawal_locked", "authenticated", "document_expired", "who_knows"]})
    assert flags.loc[flags["severity"] >= "action", "flag"].tolist() == [
        "withdrawal_locked",
        "document_expired",
    ]
    assert isinstance(flags["severity"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize("name", [n for n in DOCUMENTED if n.endswith("_locked") and n != "personal_details_locked"])
def test_a_lock_on_money_is_a_restriction(name: str) -> None:
    assert FLAGS[name] == ("cashier", "restriction")


def test_a_flag_sent_twice_or_without_a_name() -> None:
    assert status_flags({"status": ["disabled", None, "", "disabled"]})["flag"].tolist() == ["disabled"]
