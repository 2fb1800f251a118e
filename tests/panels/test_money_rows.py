"""Test the rows about an account's stakes, profits and wallets."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth import frames
from dpyauth.errors import ApiError, DpyauthError
from dpyauth.panels.money_rows import MANY, money_rows, moved_row, wallets_row
from dpyauth.texts import texts

WORDS = texts("card", language="en")
TOLD: dict[str, Any] = {
    "open_contracts": 1,
    "at_stake": Decimal("5.5"),
    "may_pay": Decimal("10.725"),
    "profit_today": Decimal("-0.5"),
    "profit_month": Decimal("1234.56"),
    "last_transaction": 1,
    "remark": None,
}


def rows(*payouts: Any, actions: tuple[str, ...] = ("sell",), **told: Any) -> dict[str, dict[str, Any]]:
    came = {
        "portfolio": {"portfolio": {"contracts": [{"payout": payout} for payout in payouts or (1,)]}},
        "statement": {"statement": {"transactions": [{"action_type": action} for action in actions]}},
    }
    return {row["name"]: row for row in money_rows({**TOLD, **told}, came, "USD", WORDS, str)}


def amounts(row: dict[str, Any]) -> list[str]:
    return [f"{one['tone'] or '-'} {one['name']}: {one['value']}" for one in row["amounts"]]


def test_one_contract() -> None:
    made = rows()
    assert amounts(made["At stake"]) == ["- In 1 open contract: 5.50 USD", "- Possible payout: 10.725 USD"]
    assert amounts(made["Profit"]) == ["bad Today (UTC): −0.50 USD", "good This month: +1,234.56 USD"]


def test_profit_is_exact_in_any_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert amounts(rows()["Profit"])[1] == "good This month: +1,234.56 USD"


def test_contracts_without_a_fixed_payout() -> None:
    made = rows(1, None, "0", open_contracts=3)["At stake"]
    assert made["lines"] == ["The possible payout leaves out 2 contracts without a fixed payout, such as multipliers."]
    made = rows(None, 0, open_contracts=2)["At stake"]
    assert amounts(made) == ["- In 2 open contracts: 5.50 USD"]
    assert made["lines"] == ["The possible payout leaves out 2 contracts without a fixed payout, such as multipliers."]


def test_missing_values() -> None:
    made = rows(at_stake=None, profit_month=None, profit_today=None)
    assert amounts(made["At stake"])[0] == "- In 1 open contract: not known"
    assert "does not report" in made["Profit"]["lines"][0]


def test_nothing_traded() -> None:
    made = rows(open_contracts=0, actions=("deposit",))
    assert [light["text"] for light in made["At stake"]["lights"]] == ["nothing; no contract is open"]
    assert [light["text"] for light in made["Profit"]["lights"]] == ["no trades yet"]


def test_an_error_takes_the_place_of_its_part() -> None:
    error = ApiError("No.", call="portfolio", code="Odd")
    came: dict[str, Any] = {"portfolio": error, "statement": {}}
    made = money_rows({"remark": "open contracts: No. It is odd."}, came, "USD", WORDS, lambda one: f"why {one}")
    assert [row["lines"] for row in made] == [
        ["why No."],
        ["Not available right now: open contracts: No. It is odd."],
    ]
    assert isinstance(error, DpyauthError)


def wallets(balances: Any) -> dict[str, Any]:
    return wallets_row(frames.wallets([{"wallet_id": "secret", "type": "main", "balances": balances}]), WORDS)


@pytest.mark.parametrize(
    ("balances", "said"),
    [
        ({"USD": {"balance": "12.50"}}, ["- Main: 12.50 USD"]),
        ({"USD": 3, "LONGCOIN_18": {"balance": "0.1"}}, ["- Main: 3.00 USD", "- Main: 0.10 LONGCOIN_18"]),
        ({"USD": {"odd": 1}}, ["- Main: not known USD"]),
        ({"USD": None}, ["- Main: not known USD"]),
        ({}, ["- Main: nothing in it yet"]),
        (None, ["- Main: nothing in it yet"]),
    ],
)
def test_wallets(balances: Any, said: list[str]) -> None:
    assert amounts(wallets(balances)) == said
    assert "secret" not in str(wallets(balances))


@pytest.mark.parametrize(
    ("kind", "said"), [("p2p", "P2P"), ("a_new_one", "a_new_one"), (None, "Wallet"), ("", "Wallet")]
)
def test_types_of_wallets(kind: str | None, said: str) -> None:
    made = wallets_row(frames.wallets([{"type": kind, "balances": {"USD": "1"}}]), WORDS)
    assert amounts(made) == [f"- {said}: 1.00 USD"]


def test_many_currencies() -> None:
    made = wallets({f"C{number:02}": "1" for number in range(MANY + 3)})
    assert len(made["amounts"]) == MANY
    assert made["lines"] == ["3 more: session.wallets() lists them all."]


@given(st.lists(st.fixed_dictionaries({}, optional={"type": st.text() | st.none(), "balances": st.dictionaries(
    st.text(), st.none() | st.integers() | st.text() | st.dictionaries(st.just("balance"), st.text()))})))  # fmt: skip
def test_any_contents_of_wallets_are_shown(payload: list[dict[str, Any]]) -> None:
    made = wallets_row(frames.wallets(payload), WORDS)
    assert made["lights"] or made["amounts"]
    for one in made["amounts"]:
        one["name"].encode()
        assert one["name"]
        assert one["value"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("complete", "good moved"),
        ("pending", "wait being moved; it cannot be read until that is done"),
        ("failed", "bad could not be moved: ask Deriv's support"),
        ("not applicable", "off nothing to move"),
        ("not started", "off not moved yet"),
        ("not begun", "off not moved yet"),
        ("a new\u202e word", "off a new word"),
    ],
)
def test_a_transaction_of_a_wallet(status: str, said: str) -> None:
    (light,) = moved_row(status, WORDS)["lights"]
    assert f"{light['tone']} {light['text']}" == said
