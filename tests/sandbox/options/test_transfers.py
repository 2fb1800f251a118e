"""Test transfers between a user's own wallets and accounts."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from published import told_by_pages

from dpyauth.sandbox import Sandbox

TRANSFERS = "/wallet/v1/transfers"
MAIN, P2P = "00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-000000000011"
RATE = "/wallet/v1/exchange-rate"


def request_id() -> str:
    return str(uuid.uuid4())


def between(**more: Any) -> dict[str, Any]:
    """Return a transfer between two wallets."""
    wallets = {"source_wallet_id": MAIN, "destination_wallet_id": P2P}
    return {"currency": "USD", "amount": "10", **wallets, "request_id": request_id(), **more}


def converted(one: Any, source: str = "USD", destination: str = "EUR", **more: Any) -> dict[str, Any]:
    """Return an exchange in one wallet, at a rate that was just quoted."""
    told = one.get(RATE, source_currency=source, destination_currency=destination).json()["data"]
    pair = {"source_currency": source, "destination_currency": destination}
    wallets = {"source_wallet_id": MAIN, "destination_wallet_id": MAIN}
    return {**pair, **wallets, **told, "amount": "10.80", "request_id": request_id(), **more}


def account(**more: Any) -> dict[str, Any]:
    """Return a transfer to an options account."""
    there = {"platform_name": "options", "platform_account_id": "ROT900001", "direction": "from_wallet"}
    return {"wallet_id": MAIN, "amount": "25.50", "currency": "USD", **there, "request_id": request_id(), **more}


def quoted_account(one: Any, direction: str, **more: Any) -> dict[str, Any]:
    """Return a transfer between an options account and a wallet in another currency."""
    pair = ("EUR", "USD") if direction == "from_wallet" else ("USD", "EUR")
    told = one.get(RATE, source_currency=pair[0], destination_currency=pair[1]).json()["data"]
    return account(direction=direction, wallet_currency="EUR", **{**told, **more})


def checked(**more: Any) -> dict[str, Any]:
    """Return the fields for checking a transfer before it is made."""
    source = {"source_type": "main", "source_id": MAIN, "source_currency": "USD"}
    destination = {"destination_type": "p2p", "destination_id": P2P, "destination_currency": "USD"}
    return {**source, **destination, "amount": "10", "balance": "10.00", **more}


def held(one: Any, kind: str = "main", currency: str = "USD") -> Decimal:
    [found] = [wallet for wallet in one.get("/wallet/v1/wallets").json()["data"] if wallet["type"] == kind]
    return Decimal(found["balances"][currency]["balance"])


def in_account(one: Any, loginid: str = "ROT900001") -> Decimal:
    rows = one.get("/trading/v1/options/accounts").json()["data"]
    return next(Decimal(str(row["balance"])) for row in rows if row["account_id"] == loginid)


def latest(one: Any, kind: str = "main", **query: Any) -> dict[str, Any]:
    return one.get(f"/wallet/v1/transactions/{kind}", **query).json()["data"]["transactions"][0]


def code(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    [error] = answer.json()["errors"]
    return error["code"]


def test_a_transfer_is_booked_on_both_sides(rest: Any) -> None:
    one, body = rest(), between(amount="12.34", description="for later")
    main, p2p = held(one), held(one, "p2p")
    assert one.post(TRANSFERS, body).json() == {"data": {"request_id": body["request_id"]}}
    assert (held(one), held(one, "p2p")) == (main - Decimal("12.34"), p2p + Decimal("12.34"))
    out, into = latest(one), latest(one, "p2p")
    assert (out["category"], into["category"]) == ("withdrawal", "deposit")
    assert out["request_id"] == into["request_id"] == body["request_id"]
    assert out["metadata"] == into["metadata"]
    assert (out["metadata"]["source_wallet_type"], out["metadata"]["destination_wallet_type"]) == ("main", "p2p")
    assert one.get("/wallet/v1/transactions/main", request_id=body["request_id"]).json()["data"]["transactions"] == [
        out
    ]


@pytest.mark.parametrize("make", [lambda one: between(), converted], ids=["transfers", "exchange"])
def test_a_repeated_transfer_is_made_once(rest: Any, clock: Any, make: Any) -> None:
    with Sandbox(clock=clock) as box:
        one = rest(on=box)
        body = make(one)
        path = f"{TRANSFERS}/exchange" if "rate_token" in body else TRANSFERS
        first, after = one.post(path, body).json(), held(one)
        clock.now += box.options.rate_lifetime  # the first result is returned again although the quote has expired
        assert one.post(path, body).json() == first
        assert code(one.post(path, {**body, "amount": "1"})) == "DuplicateRequestID"
        assert code(one.post(f"{TRANSFERS}/platforms", account(request_id=body["request_id"]))) == "DuplicateRequestID"
        assert held(one) == after
        other = rest("agent", on=box)
        assert code(other.post(path, body)) == "WalletNotFound", "an ID is valid for one user"


def test_a_refused_transfer_can_be_repeated(rest: Any) -> None:
    one, body = rest(), between()
    assert code(one.post(TRANSFERS, {**body, "amount": "1" + "0" * 12})) == "InsufficientBalance"
    assert one.post(TRANSFERS, body).status_code == 200


def test_a_transfer_whose_reply_is_lost_was_made(box: Sandbox, rest: Any) -> None:
    one, body, before = rest(), between(), held(rest())
    for strike, booked in ((box.faults.reset, 0), (box.faults.swallow, 10)):
        strike("wallet_transfer")
        with pytest.raises(httpx.TransportError):
            one.http.post(TRANSFERS, json=body, timeout=0.5)
        assert held(one) == before - booked
        found = one.get("/wallet/v1/transactions/main", request_id=body["request_id"]).json()["data"]["transactions"]
        assert bool(found) == bool(booked)
    assert one.post(TRANSFERS, body).status_code == 200
    assert held(one) == before - 10


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": 10}, "ValidationError"),
        ({"amount": "1e1"}, "ValidationError"),
        ({"amount": "-1"}, "ValidationError"),
        ({"amount": "0"}, "ValidationError"),
        ({"amount": "0.000000000000000001"}, "ValidationError"),
        ({"amount": "1." + "0" * 18}, None),
        ({"amount": "9" * 41}, "ValidationError"),
        ({"amount": "1.00000000000000000000000000000000001"}, "ValidationError"),
        ({"currency": "EUR"}, "CurrencyNotSupported"),
        ({"currency": "usd"}, "ValidationError"),
        ({"destination_wallet_id": MAIN}, "ValidationError"),
        ({"destination_wallet_id": "main"}, "ValidationError"),
        ({"destination_wallet_id": "00000000-0000-4000-8000-000000000410"}, "WalletNotFound"),
        ({"request_id": "mine"}, "ValidationError"),
        ({"note": "x"}, "ValidationError"),
    ],
)
def test_transfers_that_are_refused(rest: Any, change: dict[str, Any], expected: str | None) -> None:
    one, before = rest(), held(rest())
    answer = one.post(TRANSFERS, between(**change))
    assert (code(answer) if expected else answer.status_code) == (expected or 200)
    assert held(one) == before - (0 if expected else 1)


def test_an_exchange(rest: Any) -> None:
    one = rest()
    dollars, euros = held(one), held(one, currency="EUR")
    body = converted(one)
    assert one.post(f"{TRANSFERS}/exchange", body).json() == {"data": {"request_id": body["request_id"]}}
    # A hundredth (rounded up) of 10.80 USD is the fee; 10.69 USD are 9.898… EUR.
    assert (held(one), held(one, currency="EUR")) == (dollars - Decimal("10.80"), euros + Decimal("9.89"))
    out = latest(one, transaction_currency="USD")["metadata"]
    assert (out["transaction_gross_amount"], out["transaction_net_amount"]) == ("10.80", "10.69")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rate_token": "x"}, "InvalidRateToken"),
        ({"exchange_rate": "1"}, "InvalidExchangeRate"),
        ({"exchange_rate": 1}, "ValidationError"),
        ({"destination_currency": "BTC"}, "InvalidRateToken"),
        ({"destination_currency": "USD"}, "ValidationError"),
        ({"destination_wallet_id": P2P}, "CurrencyNotSupported"),
        ({"amount": "0.01"}, "ValidationError"),
        ({"amount": "1" + "0" * 12}, "InsufficientBalance"),
    ],
)
def test_exchanges_that_are_refused(rest: Any, change: dict[str, Any], expected: str) -> None:
    one, before = rest(), held(rest())
    assert code(one.post(f"{TRANSFERS}/exchange", converted(one, **change))) == expected
    assert held(one) == before


def test_a_quote_expires_and_is_valid_for_one_user(rest: Any, clock: Any) -> None:
    with Sandbox(clock=clock) as box:
        one, other = rest(on=box), rest("agent", on=box)
        theirs = other.get(RATE, source_currency="USD", destination_currency="EUR").json()["data"]
        assert code(one.post(f"{TRANSFERS}/exchange", converted(one, **theirs))) == "InvalidRateToken"
        body = converted(one)
        clock.now += box.options.rate_lifetime
        assert code(one.post(f"{TRANSFERS}/exchange", body)) == "RateTokenExpired"


def test_money_goes_into_an_account_and_back(rest: Any, socket: Any) -> None:
    one, path = rest(), f"{TRANSFERS}/platforms"
    wallet, there, stream = held(one), in_account(one), socket("ROT900001")
    stream.ask(balance=1, subscribe=1)
    body = account()
    assert one.post(path, body).json()["data"]["request_id"] == body["request_id"]
    assert (held(one), in_account(one)) == (wallet - Decimal("25.50"), there + Decimal("25.50"))
    assert Decimal(str(stream.receive()["balance"]["balance"])) == there + Decimal("25.50")
    row = socket("ROT900001").ask(statement=1, limit=1)["statement"]["transactions"][0]
    assert (row["action_type"], row["amount"]) == ("deposit", 25.5)
    assert latest(one)["metadata"]["destination_client_id"] == "ROT900001"
    assert one.post(path, account(direction="to_wallet", amount="5.50")).status_code == 200
    assert (held(one), in_account(one)) == (wallet - 20, there + 20)
    assert code(one.post(path, body)) == "DuplicateRequestID"
    assert code(one.post(TRANSFERS, between(request_id=body["request_id"]))) == "DuplicateRequestID"


def test_an_account_in_another_currency_than_the_wallet(rest: Any) -> None:
    one, path = rest(), f"{TRANSFERS}/platforms"
    euros, there = held(one, currency="EUR"), in_account(one)
    assert one.post(path, quoted_account(one, "from_wallet", amount="10.80")).status_code == 200
    assert (held(one, currency="EUR"), in_account(one)) == (euros - 10, there + Decimal("10.69"))
    assert one.post(path, quoted_account(one, "to_wallet", amount="10.80")).status_code == 200
    assert (held(one, currency="EUR"), in_account(one)) == (euros - Decimal("0.11"), there - Decimal("0.11"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"platform_account_id": "DOT900003"}, "ValidationError"),
        ({"platform_account_id": "ROT900031"}, "PlatformAccountNotFound"),
        ({"platform_name": "mt5"}, "PlatformAccountNotFound"),
        ({"platform_name": "paper"}, "ValidationError"),
        ({"currency": "EUR"}, "CurrencyNotSupported"),
        ({"direction": "both"}, "ValidationError"),
        ({"wallet_currency": "EUR"}, "ValidationError"),
        ({"wallet_currency": "EUR", "exchange_rate": "1.08"}, "ValidationError"),
        ({"wallet_currency": "USD", "exchange_rate": "1", "rate_token": "x"}, "ValidationError"),
        ({"wallet_currency": "EUR", "exchange_rate": "1.08", "rate_token": "x"}, "InvalidRateToken"),
        ({"wallet_currency": "ETH", "exchange_rate": "1.08", "rate_token": "x"}, "CurrencyNotSupported"),
        ({"amount": "1" + "0" * 12}, "InsufficientBalance"),
        ({"amount": "1" + "0" * 12, "direction": "to_wallet"}, "InsufficientBalance"),
        ({"wallet_id": P2P[:-1] + "2"}, "WalletNotFound"),
    ],
)
def test_transfers_to_accounts_that_are_refused(rest: Any, change: dict[str, Any], expected: str) -> None:
    one, before, there = rest(), held(rest()), in_account(rest())
    assert code(one.post(f"{TRANSFERS}/platforms", account(**change))) == expected
    assert (held(one), in_account(one)) == (before, there)


def test_an_inactive_account_takes_no_money(box: Sandbox, rest: Any) -> None:
    one = rest()
    next(each for each in box.options.people[0].accounts if each.loginid == "ROT900001").disabled = True
    assert code(one.post(f"{TRANSFERS}/platforms", account())) == "AccountInactive"


def test_checking_a_transfer(rest: Any) -> None:
    one, path, before = rest(), f"{TRANSFERS}/validate", held(rest())
    data = one.post(path, checked()).json()["data"]
    assert data["is_valid"] is True
    assert data["details"]["destination"] == {"amount": "10.00", "currency": "USD"}
    data = one.post(path, checked(destination_currency="EUR", rate="0.5")).json()["data"]
    assert (data["details"]["fee"]["amount"], data["details"]["destination"]["amount"]) == ("0.10", "4.95")
    there = {"destination_type": "platform", "destination_id": "MTR9000041", "destination_platform_name": "mt5"}
    assert one.post(path, checked(**there, amount="0")).json()["data"]["is_valid"] is True
    assert held(one) == before


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "10.01"},
        {"amount": 1},
        {"source_type": "partner"},
        {"source_id": "main"},
        {"rate": "1"},
        {"destination_currency": "EUR"},
        {"destination_type": "platform"},
        {"destination_platform_name": "mt5"},
        {"destination_id": MAIN},
        {"request_id": P2P},
    ],
)
def test_checking_transfers_that_would_be_refused(rest: Any, change: dict[str, Any]) -> None:
    assert code(rest().post(f"{TRANSFERS}/validate", checked(**change))) in ("ValidationError", "InsufficientBalance")


@pytest.mark.parametrize(
    ("call", "path", "make"),
    [
        ("wallet_transfer", TRANSFERS, lambda one: between(description="x")),
        ("wallet_transfer_exchange", f"{TRANSFERS}/exchange", lambda one: converted(one, description="x")),
        ("wallet_transfer_platforms", f"{TRANSFERS}/platforms", lambda one: account(description="x")),
        (
            "wallet_transfer_platforms",
            f"{TRANSFERS}/platforms",
            lambda one: quoted_account(one, "to_wallet", description="x"),
        ),
        ("wallet_transfer_validate", f"{TRANSFERS}/validate", lambda one: checked()),
    ],
)
def test_bodies_and_replies_are_as_documented(rest: Any, call: str, path: str, make: Any) -> None:
    one, facts = rest(), told_by_pages()[call]
    for name in facts["request"]["required"]:
        body = make(one)
        del body[name]
        assert code(one.post(path, body)) == "FieldIsRequired"
    for name in make(one):
        assert code(one.post(path, {**make(one), name: 7})) == "ValidationError"
    assert code(one.post(path, {**make(one), "more": "x"})) == "ValidationError"
    body = make(one)
    Draft202012Validator(facts["request"]).validate(body)
    Draft202012Validator(facts["reply"]).validate(one.post(path, body).json())


def test_transfers_need_the_scope_payment(rest: Any) -> None:
    assert rest("rich, trading").post(TRANSFERS, between()).status_code == 403
