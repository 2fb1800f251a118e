"""Test the explanations of why the cashier is closed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dpyauth.columns.account_columns import STOPS
from dpyauth.frames import cashier_problems
from dpyauth.frames.cashier import REASONS


def test_reasons_and_details(status_payload: dict[str, Any]) -> None:
    problems = cashier_problems(status_payload)
    assert problems["problem"].tolist() == ["no_residence", "citizen", "phone"]
    assert problems["kind"].tolist() == ["reason", "detail", "detail"]
    assert problems["known"].all()
    assert problems["stops"].tolist() == ["both"] * 3
    assert problems["meaning"][2] == "Fill in this field in your personal details at Deriv: phone number."


@pytest.mark.parametrize(
    ("code", "stops"),
    [
        ("withdrawal_locked_status", "withdrawals"),
        ("SelfExclusion", "deposits"),
        ("ASK_TIN_INFORMATION", "both"),
        ("transfer_blocked", "transfers"),
        ("PACommisionWithdrawalLimit", "withdrawals"),
    ],
)
def test_what_a_reason_blocks(code: str, stops: str) -> None:
    (problem,) = cashier_problems({"cashier_validation": [code]}).to_dict("records")
    assert (problem["problem"], problem["stops"]) == (code, stops)
    assert problem["known"] is True


def test_an_unknown_code_is_kept() -> None:
    (problem,) = cashier_problems({"cashier_validation": ["CodeOfTomorrow"]}).to_dict("records")
    assert problem["problem"] == "CodeOfTomorrow"
    assert problem["known"] is False
    assert pd.isna(problem["stops"])
    assert pd.isna(problem["meaning"])


def test_reasons_are_listed_once_and_empty_codes_are_ignored() -> None:
    given = {"cashier_validation": ["ASK_CURRENCY", "ASK_CURRENCY", None, ""], "cashier_missing_fields": ["", "phone"]}
    assert cashier_problems(given)["problem"].tolist() == ["ASK_CURRENCY", "phone"]


def test_every_meaning_is_a_short_sentence() -> None:
    assert tuple(REASONS) == STOPS
    codes = [code for codes in REASONS.values() for code in codes]
    assert len(set(codes)) == len(codes)
    for meaning in cashier_problems({"cashier_validation": codes})["meaning"]:
        assert meaning[0].isupper()
        assert meaning.endswith(".")
        assert len(meaning) <= 80
