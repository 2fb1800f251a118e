"""Test wallets and their transactions, in every form of Deriv's replies that has been seen."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.frames import Context

CONTEXT = Context("wallet_transactions", loginid="DOT90000001")


def test_a_row_per_wallet_and_currency(wallets_payload: list[Any]) -> None:
    frame = frames.wallets(wallets_payload, decimal=True)
    assert frame["type"].tolist() == ["main", "main", "p2p"]
    assert frame["currency"].tolist()[:2] == ["USD", "BTC"]
    assert frame["balance"].tolist() == [Decimal("12.50"), Decimal("0.123456789012345678"), np.nan]
    assert frame["paid_in"].tolist() == [Decimal("20.00"), Decimal("1E-18"), np.nan]
    assert frame["paid_out"].tolist() == [Decimal("7.50"), Decimal(0), np.nan]
    assert pd.isna(frame["currency"].iloc[2])


def test_totals_are_repeated_under_names_of_their_own(wallets_payload: list[Any]) -> None:
    frame = frames.wallets(wallets_payload, totals=True)
    assert frame["approximate_total"].tolist()[:2] == [7.0, 7.0]
    assert frame["total_currency"].tolist()[:2] == ["EUR", "EUR"]
    assert frame.iloc[2, 6:].isna().all()


@pytest.mark.parametrize(
    "balances",
    [
        {"USD": "12.5"},
        {"USD": 12.5},
        {"USD": {"balance": 12.5}},
        {"USD": {"balance": "12.5", "unknown": {"deep": [1]}}},
        [{"currency": "USD", "balance": "12.5"}],
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        lambda wallet: [wallet],
        lambda wallet: {"wallets": {"items": [wallet]}},
        lambda wallet: {"items": [wallet]},
        lambda wallet: {"wallets": [wallet]},
    ],
)
@pytest.mark.parametrize("key", ["wallet_id", "id"])
def test_forms_of_wallets(balances: Any, form: Any, key: str) -> None:
    frame = frames.wallets(form({key: "w", "type": "p2p", "balances": balances}))
    assert frame[["wallet_id", "type", "currency", "balance"]].to_numpy().tolist() == [["w", "p2p", "USD", 12.5]]


def test_new_types_are_kept() -> None:
    assert frames.wallets([{"type": "vault"}])["type"].item() == "vault"


@pytest.mark.parametrize("currency", ["TUSDT", "A_LONG_NAME_18_CHR", "usd"])
def test_names_of_currencies_are_kept(currency: str) -> None:
    assert frames.wallets([{"balances": {currency: "1"}}])["currency"].item() == currency


@pytest.mark.parametrize(
    ("amount", "exact"),
    [("1e3", "1000"), ("1E-18", "1E-18"), ("0.123456789012345678", "0.123456789012345678"), (7, "7"), (0.1, "0.1")],
)
def test_amounts_in_any_form_are_exact(amount: Any, exact: str) -> None:
    assert frames.wallets([{"balances": {"X": amount}}], decimal=True)["balance"].item() == Decimal(exact)
    metadata = {"transaction_gross_amount": amount, "transaction_net_amount": 0}
    with localcontext() as context:
        context.prec = 3  # the user's decimal context does not matter
        fee = frames.wallet_transactions([{"metadata": metadata}], CONTEXT, decimal=True)["fee"].item()
    assert fee == Decimal(exact)


def test_a_transaction(wallet_transactions_payload: list[Any]) -> None:
    row = frames.wallet_transactions(wallet_transactions_payload, CONTEXT, decimal=True).iloc[0]
    assert row["time"] == pd.Timestamp("2026-10-31 12:30:00.25", tz="UTC")
    assert row[["gross", "net", "fee"]].tolist() == [Decimal("100.10"), Decimal("99.099"), Decimal("1.001")]
    assert row[["transaction_id", "category", "status", "currency"]].tolist() == [
        *("600010000001", "deposit", "complete", "USD"),
    ]
    assert row[["from_wallet", "to_wallet", "from_client", "to_client"]].tolist() == [
        *("payment_agent", "main", "•••", "•••"),
    ]
    shown = frames.wallet_transactions(wallet_transactions_payload, reveal=True).iloc[0]
    assert shown[["from_client", "to_client"]].tolist() == ["CR1", "CR2"]


@pytest.mark.parametrize(
    "time", ["1761913800", 1761913800, 1761913800000, "2025-10-31T12:30:00", "2025-10-31T14:30:00+02:00"]
)
def test_times_in_any_form(time: Any) -> None:
    frame = frames.wallet_transactions([{"timestamp": time}], CONTEXT)
    assert frame["time"].item() == pd.Timestamp("2025-10-31 12:30", tz="UTC")


def test_no_markup_and_markup_of_no_app() -> None:
    assert len(frames.markup({"total_app_markup_usd": 0, "total_contract_count": 0, "breakdown": []})) == 0
    total = frames.markup({"total_app_markup_usd": 2.5, "total_contract_count": 4, "breakdown": []})
    assert total[["markup", "contracts"]].to_numpy().tolist() == [[2.5, 4]]
    assert total["app_id"].isna().all()


def test_details_beside_the_status() -> None:
    status = frames.options_status([{"account_id": name, "currency": "USD"} for name in ("A", "B")])
    status.attrs["call"] = "get_accounts"
    told = {"open_contracts": 2, "at_stake": Decimal("1.10"), "last_action": "action_of_tomorrow"}
    frame = frames.account_detail(status, [told, None], decimal=True)
    assert frame["at_stake"].tolist() == [Decimal("1.10"), np.nan]
    assert frame["open_contracts"].isna().tolist() == [False, True]
    assert frame["last_action"].iloc[0] == "action_of_tomorrow"
    assert frame.attrs == {"call": "get_accounts"}


def test_a_list_in_place_of_a_value_is_kept() -> None:
    markups: Any = [{"app_id": "33abc", "app_markup_usd": 1.5}]
    assert frames.markup(markups)["app_id"].tolist() == ["33abc"]
    overviews: Any = [{"currency": "USD", "activity": {"paid": 12.5}}, {}]
    assert frames.partner_overview(overviews)["paid"].tolist() == [12.5]
