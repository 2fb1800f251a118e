from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dpyauth.frames import Context, account_status, currencies, options_status, verification

CONTEXT = Context("get_account_status", loginid="CR90000001", api="v3")

OPTIONS = Context("get_accounts", api="options")


def test_account_status_in_one_row(status_payload: dict[str, Any]) -> None:
    known = {"kind": "demo", "currency": "USD", "balance": 10.5, "created": 0}
    frame = account_status(status_payload, CONTEXT, account=known)
    assert frame.to_dict("records") == [
        {
            "loginid": "CR90000001",
            "kind": "demo",
            "status": "active",
            "currency": "USD",
            "balance": 10.5,
            "created": pd.Timestamp(0, tz="UTC"),
            "risk": "standard",
            "flags": ["authenticated", "withdrawal_locked", "flag_of_tomorrow"],
            "prompt_client_to_authenticate": True,
            "needs_verification": ["document", "income"],
            "identity": "verified",
            "document": "expired",
            "income": "locked",
            "ownership": "pending",
            "cashier_validation": ["no_residence"],
            "cashier_missing_fields": ["citizen", "phone"],
            "p2p_status": "temp_ban",
            "p2p_poa_required": False,
            "social_provider": "apple",
        }
    ]


def test_account_status_dtypes(status_payload: dict[str, Any]) -> None:
    frame = account_status(status_payload)
    assert frame["loginid"].dtype == "string"
    assert frame["prompt_client_to_authenticate"].dtype == frame["p2p_poa_required"].dtype == "boolean"
    assert frame["risk"].cat.categories.tolist() == ["low", "standard", "high"]
    assert frame["p2p_status"].cat.categories.tolist() == ["none", "active", "temp_ban", "perm_ban"]
    assert frame["income"].cat.categories.tolist() == ["none", "pending", "rejected", "verified", "locked"]


def test_a_partial_status_is_still_a_row() -> None:
    frame = account_status({"status": []}, CONTEXT)
    assert frame["loginid"].tolist() == ["CR90000001"]
    assert frame[["flags", "cashier_validation", "needs_verification"]].iloc[0].tolist() == [[], [], []]
    assert frame[["risk", "identity", "p2p_status", "p2p_poa_required"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("flags", "status"), [(["disabled"], "inactive"), (["authenticated"], "active"), ([], "active"), (None, None)]
)
def test_the_flags_say_whether_an_account_is_active(flags: Any, status: str | None) -> None:
    told = account_status({"status": flags, "risk_classification": "low"})["status"]
    assert told.astype(object).where(told.notna(), None).tolist() == [status]


@pytest.mark.parametrize(
    "moment", [1_700_000_000, 1_700_000_000_000, "1700000000", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20"]
)
def test_undocumented_times_in_any_form(moment: Any) -> None:
    row = options_status([{"account_id": "DOT1", "created_at": moment, "last_access_at": moment}]).iloc[0]
    assert row["created"] == row["last_used"] == pd.Timestamp("2023-11-14 22:13:20", tz="UTC")


@pytest.mark.parametrize("moment", [None, "", "yesterday", [], {}, True, 10**30, "9999-12-31T23:59:59-14:00"])
def test_unreadable_times(moment: Any) -> None:
    frame = options_status([{"account_id": "DOT1", "created_at": moment}])
    assert frame["created"].isna().all()
    assert frame["created"].dtype == "datetime64[us, UTC]"


def test_each_api_has_the_columns_that_it_fills(status_payload: dict[str, Any]) -> None:
    old, new = account_status(status_payload, CONTEXT), options_status([{"account_id": "DOT1"}], OPTIONS)
    assert [*new.columns] == ["loginid", "kind", "currency", "balance", "status", "group"]
    assert [*old.columns[:5]] == [*new.columns[:5]]
    assert {"created", "risk", "flags"} < {*old.columns}
    assert not {"group", "last_used"} & {*old.columns}


def test_undocumented_fields_get_a_column_only_if_sent() -> None:
    told = options_status([{"account_id": "DOT1", "created_at": 0, "flags": ["a"]}, {"account_id": "DOT2"}], OPTIONS)
    assert told["created"].tolist() == [pd.Timestamp(0, tz="UTC"), pd.NaT]
    assert told["flags"].tolist() == [["a"], []]
    assert "last_used" not in told


def test_a_status_deriv_adds_later_is_kept(status_payload: dict[str, Any]) -> None:
    assert account_status({**status_payload, "p2p_status": "paused"})["p2p_status"].tolist() == ["paused"]


def test_status_of_several_accounts_concatenates_without_losing_dtypes(
    status_payload: dict[str, Any],
) -> None:
    one = account_status(status_payload, CONTEXT)
    other = account_status({"status": ["disabled"]}, Context("get_account_status", loginid="CR90000002", api="v3"))
    both = pd.concat([one, other], ignore_index=True)
    assert both["loginid"].tolist() == ["CR90000001", "CR90000002"]
    assert [*both.dtypes] == [*one.dtypes]


def test_verification_row_by_row(status_payload: dict[str, Any]) -> None:
    frame = verification(status_payload).set_index("check")
    assert frame["status"].to_dict() == {
        "identity": "verified",
        "idv": "rejected",
        "onfido": "suspected",
        "manual": "none",
        "document": "expired",
        "income": "locked",
        "ownership": "pending",
    }
    assert frame.index[frame["needed"]].tolist() == ["document", "income"]
    assert frame["expires"].dropna().to_dict() == {
        "identity": pd.Timestamp("2030-01-01"),
        "idv": pd.Timestamp("2030-03-17"),
        "document": pd.Timestamp("2021-01-01"),
    }
    assert frame["attempts_left"].dropna().to_dict() == {"idv": 2, "onfido": 0}
    refused = frame["last_rejected"]
    assert refused[refused.map(bool)].to_dict() == {
        "idv": ["NAME_MISMATCH"],
        "onfido": ["BLURRED", "EXPIRED"],
        "document": ["too old"],
    }


@pytest.mark.parametrize("payload", [{}, {"authentication": {"identity": None}}, {"authentication": {}}])
def test_verification_always_has_its_seven_rows(payload: dict[str, Any]) -> None:
    frame = verification(payload)
    checks = ["identity", "idv", "onfido", "manual", "document", "income", "ownership"]
    assert frame["check"].tolist() == checks
    assert frame[["status", "needed", "expires", "attempts_left"]].isna().all(axis=None)


def test_no_verification_needed_differs_from_unknown() -> None:
    assert not verification({"authentication": {"needs_verification": []}})["needed"].any(skipna=False)
    assert verification({"authentication": {"needs_verification": None}})["needed"].isna().all()


def test_verification_dtypes() -> None:
    frame = verification({})
    assert str(frame["expires"].dtype) == "datetime64[us]"
    assert frame["attempts_left"].dtype == "Int64"
    assert {"suspected", "locked"} < {*frame["status"].cat.categories}


def test_currencies(status_payload: dict[str, Any]) -> None:
    frame = currencies(status_payload)
    assert frame.to_dict("list") == {
        "currency": ["USD", "BTC"],
        "deposit_suspended": [False, True],
        "withdrawal_suspended": [True, False],
    }
    assert frame["deposit_suspended"].dtype == "boolean"


def test_a_currency_deriv_says_nothing_about_is_still_listed() -> None:
    frame = currencies({"currency_config": {"USD": None}})
    assert frame["currency"].tolist() == ["USD"]
    assert frame["deposit_suspended"].isna().all()
