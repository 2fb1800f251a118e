"""Test the arithmetic of the sample money."""

from __future__ import annotations

from typing import Any

import pytest

from dpyauth.sandbox import price_feed
from dpyauth.sandbox.ledgers import END
from dpyauth.sandbox.residents import users
from dpyauth.sandbox.users import Account

ACCOUNTS = [account for user in users() for account in user.accounts]
accounts = pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.loginid)


@accounts
def test_every_balance_follows_from_the_one_before(account: Account) -> None:
    balance = 0
    for row in account.ledger.rows:
        balance += row.amount
        assert row.balance_after == balance
        assert balance >= 0
    assert account.ledger.balance == balance


@accounts
def test_rows_are_in_order_and_ids_are_unique(account: Account) -> None:
    rows = account.ledger.rows
    assert [row.when for row in rows] == sorted(row.when for row in rows)
    ids = [row.transaction_id for row in rows]
    assert ids == sorted(set(ids))
    contracts = [contract.contract_id for contract in account.ledger.contracts]
    assert len(contracts) == len(set(contracts))
    assert all(row.when < END for row in rows)


@accounts
def test_contracts_and_rows_agree(account: Account) -> None:
    rows = {row.transaction_id: row for row in account.ledger.rows}
    for contract in account.ledger.contracts:
        bought = rows.pop(contract.buy_id)
        assert (bought.action, bought.amount, bought.when) == ("buy", -contract.stake, contract.bought)
        if contract.sold is not None:
            assert contract.sell_id is not None
            sold = rows.pop(contract.sell_id)
            assert (sold.action, sold.amount, sold.when) == ("sell", contract.sell_price, contract.sold)
            assert contract.bought < contract.sold
    assert not {row.action for row in rows.values()} & {"buy", "sell"}


def test_the_outcome_follows_from_the_market() -> None:
    for contract in ACCOUNTS[0].ledger.closed:
        if contract.kind == "CALL":
            rose = price_feed.spot(contract.symbol, contract.expiry) > price_feed.spot(
                contract.symbol, contract.bought + 1
            )
            assert contract.sell_price == (contract.payout if rose else 0)


def test_the_rich_user_has_many_rows() -> None:
    account = ACCOUNTS[0]
    assert len(account.ledger.rows) > 3000
    assert {row.action for row in account.ledger.rows} == {
        *("deposit", "withdrawal", "buy", "sell", "transfer", "hold", "release", "adjustment")
    }
    assert len(account.ledger.open) == 6
    assert all(contract.expiry > END for contract in account.ledger.open)


def test_the_ledger_is_the_same_every_time(client: Any) -> None:
    assert users()[0].accounts[0].ledger == ACCOUNTS[0].ledger
    last = client("sandbox-rich-read").ask(statement=1, limit=1)["statement"]["transactions"][0]
    assert last["balance_after"] == 9363.47
