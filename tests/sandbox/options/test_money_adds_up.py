"""Whatever is moved, repeated or cut off, no money appears from nowhere and none is lost."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth.sandbox import Sandbox

MAIN, P2P = "00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-000000000011"
AMOUNTS = ("0.01", "1", "7.77", "250.50", "0.00000001", "0.0015", "1000000000", "0.1234567890123456", "0")
CURRENCIES = ("USD", "EUR", "BTC")
IDS = [str(uuid.UUID(int=n, version=4)) for n in range(12)]


class Bank:
    """A client and an agent who move money."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0
        self.box = box = Sandbox(limits=None, clock=lambda: self.now).start()
        clients = [httpx.Client(base_url=box.rest, trust_env=False, timeout=5) for _ in range(2)]
        for client, label in zip(clients, ("rich", "agent"), strict=True):
            token = box.options_token(label).token
            client.headers.update({"Authorization": f"Bearer {token}", "Deriv-App-ID": box.options_app_id})
        self.rich, self.agent = clients

    def close(self) -> None:
        self.rich.close()
        self.agent.close()
        self.box.stop()

    def total(self) -> Counter[str]:
        """Return all money in the sandbox, in the smallest units."""
        options = self.box.options
        payments = options.payments
        total = Counter(payments.fees) + Counter()
        total.update(payments.exchanged)
        wallets = [wallet for person in options.people for wallet in person.wallets]
        for wallet in {*wallets, *(agent.wallet for agent in payments.agents)}:
            total.update({currency: wallet.balance(currency) for currency in wallet.currencies})
        for person in options.people:
            for account in person.accounts:
                total[account.currency] += account.ledger.balance
        return total

    def least(self) -> int:
        """Return the lowest of all balances."""
        options = self.box.options
        wallets = [wallet for person in options.people for wallet in person.wallets]
        return min(wallet.balance(currency) for wallet in wallets for currency in wallet.currencies)

    def quote(self, source: str, destination: str) -> dict[str, str]:
        answer = self.rich.get(
            "/wallet/v1/exchange-rate", params={"source_currency": source, "destination_currency": destination}
        ).json()
        return answer.get("data", {"exchange_rate": "1", "rate_token": "none"})

    def transfer(self, amount: str, request_id: str, currency: str, other: str, back: bool) -> tuple[str, Any]:
        wallets = (P2P, MAIN) if back else (MAIN, P2P)
        about = dict(zip(("source_wallet_id", "destination_wallet_id"), wallets, strict=True))
        return "/wallet/v1/transfers", {"currency": currency, "amount": amount, "request_id": request_id, **about}

    def exchange(self, amount: str, request_id: str, currency: str, other: str, back: bool) -> tuple[str, Any]:
        pair = {"source_currency": currency, "destination_currency": other}
        about = {"source_wallet_id": P2P if back else MAIN, "destination_wallet_id": MAIN, **pair}
        return "/wallet/v1/transfers/exchange", {
            **about,
            **self.quote(currency, other),
            "amount": amount,
            "request_id": request_id,
        }

    def account(self, amount: str, request_id: str, currency: str, other: str, back: bool) -> tuple[str, Any]:
        body = {
            "wallet_id": MAIN,
            "amount": amount,
            "currency": "USD",
            "direction": "to_wallet" if back else "from_wallet",
        }
        body |= {"platform_name": "options", "platform_account_id": "ROT900001", "request_id": request_id}
        if currency != "USD":
            pair = ("USD", currency) if back else (currency, "USD")
            body |= {"wallet_currency": currency, **self.quote(*pair)}
        return "/wallet/v1/transfers/platforms", body

    def pay(self, amount: str, request_id: str, currency: str, other: str, back: bool) -> tuple[str, Any]:
        data = {"to_nickname": "sandbox_rich", "amount": amount, "currency": "USD", "request_id": request_id}
        return "/payment-agents/v1/transfer", {"data": {**data, "dry_run": back}}

    def withdraw(self, amount: str, request_id: str, currency: str, other: str, back: bool) -> tuple[str, Any]:
        terms = {"agent_id": 43, "amount": "10" if back else amount, "currency": "USD"}
        self.now += 61  # a code can be requested once a minute
        self.rich.post("/payment-agents/v1/withdraw/verification_code", json={"data": terms})
        mails = self.box.options.mails("ROT900001")
        code = re.findall(r"\d{6}", mails[-1])[0] if mails else "000000"
        data = {**terms, "verification_code": code, "request_id": request_id}
        return "/payment-agents/v1/withdraw", {"data": data}


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    made = Bank()
    yield made
    made.close()


MOVES: tuple[Callable[..., tuple[str, Any]], ...] = (
    Bank.transfer,
    Bank.exchange,
    Bank.account,
    Bank.pay,
    Bank.withdraw,
)
move = st.tuples(
    st.sampled_from(MOVES),
    st.sampled_from(AMOUNTS),
    st.sampled_from(IDS),
    st.sampled_from(CURRENCIES),
    st.sampled_from(CURRENCIES),
    st.booleans(),
    st.sampled_from(["", "", "again", "reset", "garbage"]),
)


@settings(max_examples=80, deadline=None)
@given(moves=st.lists(move, min_size=1, max_size=8))
def test_the_total_stays_what_it_is(bank: Bank, moves: list[Any]) -> None:
    before = bank.total()
    for make, amount, request_id, currency, other, back, fault in moves:
        path, body = make(bank, amount, request_id, currency, other, back)
        client = bank.agent if make is Bank.pay else bank.rich
        if fault == "again":
            first, second = client.post(path, json=body), client.post(path, json=body)
            again = first.status_code == 200 and path in ("/wallet/v1/transfers", "/wallet/v1/transfers/exchange")
            assert not again or second.json() == first.json()
        elif fault:
            getattr(bank.box.faults, fault)("*")
            try:
                client.post(path, json=body)
            except httpx.TransportError:
                pass
        else:
            assert client.post(path, json=body).status_code in (200, 400)
        assert bank.total() == before
        assert bank.least() >= 0


def test_each_kind_of_move_is_tested_here(bank: Bank) -> None:
    for make in MOVES:
        path, body = make(bank, "25.00", str(uuid.uuid4()), "EUR" if make is Bank.exchange else "USD", "USD", False)
        client = bank.agent if make is Bank.pay else bank.rich
        assert client.post(path, json=body).status_code == 200, path
