"""Every frame says which currency its money is in, and what a count counts."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import dpyauth.columns
from dpyauth import frames
from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.columns import Column
from dpyauth.frames import Context, generic, ledger
from dpyauth.frames.generic import promised

BITCOIN = Context("some_call", "CR90000002", currency="BTC")


def money_says(name: str, beside: Collection[str] = ()) -> set[str]:
    """Return the columns of which one must be there for a column of money."""
    if name.startswith("approximate_"):
        return {"total_currency"}
    own = {"converted_amount": {"converted_currency"}, "fee": {"currency" if "net" in beside else "fee_currency"}}
    return own.get(name, {"currency", "unit"})


def declared() -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Yield the columns of all hand-written frames."""
    for module in pkgutil.iter_modules(dpyauth.columns.__path__, "dpyauth.columns."):
        for name, held in vars(importlib.import_module(module.name)).items():
            if isinstance(held, tuple) and all(isinstance(item, Column) for item in held):
                yield f"{module.name}.{name}", held


def test_every_column_of_money_has_one_with_its_currency() -> None:
    checked = 0
    for where, columns in declared():
        texts = {column.name for column in columns if column.kind == "text"}
        for column in columns:
            if column.kind == "money":
                checked += 1
                names = {column.name for column in columns}
                assert money_says(column.name, names) & texts, f"{where}: {column.name}"
    assert checked > 25


EMPTY: dict[str, Callable[..., pd.DataFrame]] = {
    "balance": lambda **options: frames.balance(None, **options),
    "account_detail": lambda **options: frames.account_detail(frames.options_status([], **options), [], **options),
    "limits": lambda **options: frames.limits(None, **options),
    "market_limits": lambda **options: frames.market_limits(None, **options),
    "mt5_accounts": lambda **options: frames.mt5_accounts(None, **options),
    "open_contracts": lambda **options: frames.open_contracts(None, **options),
    "profit_table": lambda **options: ledger.profit_table([], BITCOIN, **options),
    "site_currencies": lambda **options: frames.site_currencies(None, **options),
    "statement": lambda **options: ledger.statement([], BITCOIN, **options),
    "markup": lambda **options: frames.markup(None, **options),
    "partner_overview": lambda **options: frames.partner_overview(None, **options),
    "transfer_limits": lambda **options: frames.transfer_limits(None, **options),
    "wallets": lambda **options: frames.wallets(None, totals=True, **options),
    "wallet_transactions": lambda **options: frames.wallet_transactions([], **options),
}
FACTORS = {"multiplier", "growth_rate"}
"""Exact numbers that are not money."""


@pytest.mark.parametrize("name", EMPTY)
def test_empty_frames_have_a_column_for_the_currency(name: str) -> None:
    usual, exact = EMPTY[name](), EMPTY[name](decimal=True)
    money = [str(column) for column in usual if exact[column].dtype == object != usual[column].dtype]
    assert set(money) - FACTORS
    for column in set(money) - FACTORS:
        (says,) = money_says(column, exact.columns) & set(exact.columns)
        for frame in (usual, exact):
            assert frame[says].dtype == "string"


@pytest.mark.parametrize("call", ["balance", "transaction", "proposal_open_contract"])
def test_a_stream_without_updates_has_a_column_for_the_currency(call: str) -> None:
    assert frames.updates(call, [])["currency"].dtype == "string"


def sums(node: Any, name: str = "") -> Iterator[str]:
    """Yield the names of the fields that hold money and do not name its currency themselves."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from sums(child, name if key in ("", "[]", "{}", "()", "||") else key)
    elif node == "money" and not name.endswith("_usd"):
        yield name


@pytest.mark.parametrize("api", ["v3", "options"])
def test_the_frame_of_every_call_with_money_has_a_column_for_the_currency(api: str) -> None:
    with_money = 0
    for name, call in load(api).items():
        reply = shapes.load(api)[name].reply
        if not list(sums(reply)):
            assert shapes.load(api)[name].currency is None, name
            continue
        with_money += 1
        told = re.findall(r"'(\w*(?:currenc(?:y|ies)|currcode|converted_to)\w*)':", str(reply))
        for form in promised(call, api):
            assert "currency" in form or told, name
            if "currency" in form:
                assert form["currency"].dtype == "string", name
    assert with_money > 20


# Limits: in the account's currency, in US dollars, or a count


def test_limits_have_units() -> None:
    told = {"account_balance": 5, "open_positions": 100, "num_of_days": 30, "remainder": 0.15, "limit_of_tomorrow": 7}
    units = frames.limits({**told, "payout_per_symbol": {"atm": 1}}, BITCOIN).set_index("limit")["unit"]
    assert units["open_positions"] == "contracts"
    assert units["num_of_days"] == "days"
    assert pd.isna(units["limit_of_tomorrow"])  # the unit of an unknown limit is unknown
    others = units.drop(["open_positions", "num_of_days", "limit_of_tomorrow"])
    assert set(others) == {"BTC"}
    unknown = frames.limits(told).set_index("limit")["unit"]
    assert unknown.dropna().to_dict() == {"open_positions": "contracts", "num_of_days": "days"}


def test_limits_of_markets_are_in_the_accounts_currency() -> None:
    payload = {"market_specific": {"forex": [{"payout_limit": 5}], "indices": [{}]}}
    assert frames.market_limits(payload, BITCOIN)["currency"].tolist() == ["BTC", "BTC"]
    assert frames.market_limits(payload)["currency"].isna().all()


def transfers(**groups: Any) -> list[list[Any]]:
    frame = frames.transfer_limits(groups, BITCOIN)
    assert frame["counted"].dtype == "category"
    assert frame["unit"].dtype == "string"
    return [[None if pd.isna(v) else v for v in row] for row in frame[["transfer", "counted", "unit"]].values.tolist()]


def test_daily_amounts_are_in_dollars_and_lifetime_amounts_in_the_accounts_currency() -> None:
    limit = {"allowed": "10000.00", "available": "9900.00"}
    assert transfers(
        lifetime_transfers={"crypto_to_fiat": limit},
        daily_transfers={"internal": {"allowed": 10, "available": 9}},
        daily_cumulative_amount_transfers={"enabled": 1, "internal": limit, "deriv_accounts": limit},
    ) == [
        ["crypto_to_fiat", "amount", "BTC"],
        ["internal", "transfers", "transfers"],
        ["internal", "amount", "USD"],
        ["deriv_accounts", "amount", "USD"],
    ]


@pytest.mark.parametrize("group", ["daily_transfers", "daily_cumulative_amount_transfers", "lifetime_transfers"])
@pytest.mark.parametrize(
    ("said", "counted"),
    [("count", "transfers"), ("amount", "amount"), ("volume", "volume"), (["amount"], "['amount']")],
)
def test_a_limit_counts_what_it_says(group: str, said: Any, counted: str) -> None:
    money = "BTC" if group == "lifetime_transfers" else "USD"
    unit = {"transfers": "transfers", "amount": money}.get(counted)
    limit = {"allowed": 10, "available": 9, "limit_type": said}
    assert transfers(**{group: {"ctrader": limit}}) == [["ctrader", counted, unit]]
    assert transfers(**{group: limit}) == [[None, counted, unit]]  # for all together


@pytest.mark.parametrize("said", [{}, {"limit_type": None}, {"limit_type": ""}])
def test_a_limit_without_a_type_counts_what_its_group_counts(said: dict[str, Any]) -> None:
    limit = {"allowed": 10, "available": 9, **said}
    assert transfers(daily_transfers={"mt5": limit}) == [["mt5", "transfers", "transfers"]]
    assert transfers(daily_cumulative_amount_transfers={"mt5": limit}) == [["mt5", "amount", "USD"]]


def test_fields_of_a_limit_do_not_replace_our_columns() -> None:
    limit = {"allowed": 1, "available": 1, "unit": "EUR", "counted": "x", "period": "y", "transfer": "z"}
    assert transfers(daily_transfers={"mt5": limit}) == [["mt5", "transfers", "transfers"]]


# The currency in a row wins over that of the account


def test_the_currency_in_a_row_wins_over_that_of_the_account() -> None:
    for payload in ({"loginid": "CR1", "balance": 5, "currency": "EUR"}, {"accounts": {"CR1": {"currency": "EUR"}}}):
        assert frames.balance(payload, BITCOIN)["currency"].tolist() == ["EUR"]
    assert frames.balance({"balance": 5}, BITCOIN)["currency"].tolist() == ["BTC"]
    assert frames.balance({"accounts": {"CR1": {"balance": 5}}}, BITCOIN)["currency"].isna().all()  # another account
    rows = [{"buy_price": 5, "currency": "EUR"}, {"buy_price": 5}]
    assert frames.open_contracts(rows, BITCOIN)["currency"].tolist() == ["EUR", "BTC"]
    assert ledger.statement([{"amount": 5}], BITCOIN)["currency"].tolist() == ["BTC"]
    assert ledger.profit_table([{"buy_price": 5}], BITCOIN, currency="EUR")["currency"].tolist() == ["EUR"]


def ask(name: str, reply: Any, api: str = "v3", **options: Any) -> pd.DataFrame:
    return generic(load(api)[name], reply, Context(name, "CR1", api=api, currency="BTC"), **options)


@pytest.mark.parametrize("decimal", [False, True])
def test_money_of_any_call_is_in_the_accounts_currency_if_known(decimal: bool) -> None:
    amount = Decimal("0.5")
    frame = ask("statement", {"statement": {"transactions": [{"amount": amount}, {}]}}, decimal=decimal)
    assert frame["currency"].tolist() == ["BTC", "BTC"]
    assert ask("get_self_exclusion", {"get_self_exclusion": {"max_balance": amount}})["currency"].tolist() == ["BTC"]
    assert ask("buy", {"buy": {"buy_price": amount}}, "options")["currency"].tolist() == ["BTC"]
    assert ask("p2p_advertiser_info", {"p2p_advertiser_info": {"daily_buy": "5"}})["currency"].isna().all()
    assert generic(load("v3")["buy"], {"buy": {"buy_price": 5}})["currency"].isna().all()  # without an account


def test_money_may_be_in_the_currency_of_the_request() -> None:
    proposal = {"proposal": {"ask_price": 5}, "echo_req": {"currency": "EUR"}}
    assert ask("proposal", proposal)["currency"].tolist() == ["EUR"]
    available = {"contracts_for": {"available": [{"min_stake": 5}]}}
    assert ask("contracts_for", available)["currency"].tolist() == ["USD"]  # if a request names none
    assert ask("contracts_for", available, "options")["currency"].isna().all()
    (update,) = [{"msg_type": "proposal", **proposal}]
    assert frames.updates("proposal", [(0.0, update)])["currency"].tolist() == ["EUR"]


def test_money_may_be_in_the_currency_of_the_rows_key_or_in_dollars() -> None:
    fees = {"BTC": {"withdrawal_fee": {"value": 0.1}}, "ETH": {"withdrawal_fee": {"value": 0.2}}}
    assert ask("crypto_estimations", {"crypto_estimations": fees})["currency"].tolist() == ["BTC", "ETH"]
    assert ask("p2p_settings", {"p2p_settings": {"maximum_order_amount": 5}})["currency"].tolist() == ["USD"]


def test_a_currency_that_deriv_names_is_not_replaced() -> None:
    assert ask("portfolio", {"portfolio": {"contracts": [{"currency": "EUR"}, {}]}})["currency"].tolist() == [
        "EUR",
        pd.NA,
    ]
    told = ask("statement", {"statement": {"transactions": [{"amount": 5, "currency": "EUR"}, {"amount": 6}]}})
    assert told["currency"].tolist() == ["EUR", "BTC"]
    assert "currency_" not in told
    odd = ask("statement", {"statement": {"transactions": [{"amount": 5, "currency": {"token": "s3cret-value"}}]}})
    assert odd["currency"].tolist() == ["BTC"]
    assert "s3cret-value" not in str(odd.to_dict("list"))


def test_undocumented_money_is_in_an_unknown_currency() -> None:
    daily = {"daily_cumulative_amount_transfers": {"mt5": {"allowed": 10_000}}}
    market = {"market_specific": {"forex": [{"payout_limit": 5}]}}
    assert ask("get_limits", {"get_limits": daily})["currency"].tolist() == ["BTC"]
    spread = ask("get_limits", {"get_limits": daily}, explode="daily_cumulative_amount_transfers")
    assert spread["currency"].isna().all()  # they are in dollars
    spread = ask("get_limits", {"get_limits": market}, explode=("market_specific", "market_specific.value"))
    assert spread["currency"].tolist() == ["BTC"]


def test_prices_and_rates_have_no_currency() -> None:
    for frame in (frames.ticks(None), frames.candles(None), frames.updates("ticks", [])):
        assert "currency" not in frame
    for name in ("ticks", "ticks_history", "exchange_rates", "active_symbols"):
        assert all("currency" not in form for form in promised(load("v3")[name], "v3"))
