"""Buy a contract through a session, and check everything that the session then shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import pytest

from dpyauth.errors import ApiError
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

APIS = ("v3", "options")
TERMS: dict[str, Any] = {"contract_type": "CALL", "amount": 10, "basis": "stake", "currency": "USD"}
TERMS |= {"duration": 1, "duration_unit": "m"}


class Clock:
    now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(nothing_left: None, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(limits=None, clock=clock) as box:
        yield box


@pytest.fixture(params=APIS)
def session(request: pytest.FixtureRequest) -> Session:
    opener = {"v3": "open_session", "options": "open_options"}[request.param]
    return cast("Session", request.getfixturevalue(opener)())


def terms(session: Session) -> dict[str, Any]:
    return {**TERMS, "symbol" if session.api == "v3" else "underlying_symbol": "R_100"}


def test_all_frames_agree_about_a_contract(session: Session, clock: Clock) -> None:
    before = session.balance()["balance"][0]
    offer = session.call("proposal", **terms(session))["proposal"]
    bought = session.call("buy", buy=offer["id"], price=offer["ask_price"])["buy"]
    number = bought["contract_id"]
    held = session.portfolio().set_index("contract_id").loc[number]
    assert (held["buy_price"], held["payout"], held["symbol"]) == (10, offer["payout"], "R_100")
    with session.stream("proposal_open_contract", contract_id=number) as stream:
        assert stream.next(10)["proposal_open_contract"]["status"] == "open"
        clock.now += 60
        last = list(stream)[-1]["proposal_open_contract"]
    assert last["status"] in ("won", "lost")
    assert number not in set(session.portfolio()["contract_id"])
    closed = session.profit_table().set_index("contract_id").loc[number]
    assert closed["buy_price"] == 10
    assert closed["sell_price"] == float(last["sell_price"])
    assert closed["profit"] == pytest.approx(float(last["profit"]))
    rows = session.statement().query("contract_id == @number")
    assert rows["action_type"].tolist() == ["buy", "sell"]
    assert rows["amount"].tolist() == [-10, closed["sell_price"]]
    assert rows["balance_after"].iloc[-1] == session.balance()["balance"][0]
    assert session.balance()["balance"][0] == pytest.approx(before - 10 + closed["sell_price"])


def test_a_sale_reaches_the_streams(session: Session, clock: Clock) -> None:
    with session.stream("balance") as balances, session.stream("transaction") as transactions:
        balances.next(10)
        bought = session.call("buy", buy="1", price=10, parameters=terms(session))["buy"]
        assert balances.next(10)["balance"]["balance"] == bought["balance_after"]
        assert transactions.next(10)["transaction"]["contract_id"] == bought["contract_id"]
        clock.now += 2
        sold = session.call("sell", sell=bought["contract_id"], price=0)["sell"]
        assert balances.next(10)["balance"]["balance"] == sold["balance_after"]
        assert transactions.next(10)["transaction"]["amount"] == sold["sold_for"]
    exact = session.statement(decimal=True)["balance_after"].iloc[-1]
    assert exact == Decimal(str(sold["balance_after"]))


def test_a_refusal_keeps_its_details(session: Session) -> None:
    with pytest.raises(ApiError) as refused:
        session.call("buy", buy="1", price=9, parameters=terms(session))
    assert refused.value.code == "PriceMoved"
    assert refused.value.details["ask_price"] == 10
