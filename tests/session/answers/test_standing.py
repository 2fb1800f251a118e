"""Test the detailed status of accounts: it is the same on both APIs, and missing values have a reason."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.errors import ApiError, ConnectionFailed, SignInRefused
from dpyauth.sandbox import Sandbox, encoding
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.ledgers import Row
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.sandbox.v3.money_calls import _closed_row
from dpyauth.session import Session
from dpyauth.session.accounts import Accounts
from dpyauth.session.history import periods

Open = Callable[..., Session]
REAL, DEMO, OLD = "ROT900001", "DOT900003", "CR900001"
NOW = dt.datetime(2026, 10, 31, 20, tzinfo=dt.UTC)
MONTH, TODAY = "2026-10-01", "2026-10-31"
MONEY = ["at_stake", "may_pay", "profit_today", "profit_month", "last_amount"]


@pytest.fixture(autouse=True)
def last_day_of_october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's history ends here."""
    monkeypatch.setattr(periods, "now", lambda: NOW)


@pytest.fixture(params=["options", "v3"])
def session(request: pytest.FixtureRequest) -> Session:
    """Sign in to the real account of the rich user."""
    if request.param == "v3":
        v3: Session = request.getfixturevalue("open_session")("a1-sandbox-rich-usd")
        return v3
    current: Session = request.getfixturevalue("open_options")()
    current.use(REAL)
    return current


def asked(box: Sandbox, *calls: str) -> list[int]:
    return [sum(each.call == call for each in box.received) for call in calls]


def ledger(box: Sandbox, session: Session) -> Any:
    return box.world.account(str(session.loginid)).ledger


def test_stakes_and_profits(session: Session, box: Sandbox) -> None:
    row = session.account_status(detail=True, decimal=True).iloc[0]
    plain = session.account_status().iloc[0]
    shared = ["loginid", "kind", "currency", "status"]
    assert row[shared].tolist() == plain[shared].tolist()
    held = session.portfolio(decimal=True)
    assert row["open_contracts"] == len(held) > 0
    assert row["at_stake"] == sum(held["buy_price"])
    assert row["may_pay"] == sum(held["payout"])
    profits = session.profit_table(since="2026-08-01", decimal=True)
    for name, since in (("profit_month", MONTH), ("profit_today", TODAY)):
        assert row[name] == sum(profits.loc[profits["sell_time"] >= since, "profit"], Decimal(0))
    last = session.statement(since=MONTH, decimal=True).iloc[-1]
    assert row[["last_transaction", "last_action", "last_amount"]].tolist() == [
        last["transaction_time"],
        last["action_type"],
        last["amount"],
    ]
    assert pd.isna(row["remark"])


def by_sale(ask: Any) -> Reply:
    """Answer with a profit table of the contracts that were sold between two dates."""
    first, last = int(ask.get("date_from") or 0), int(ask.get("date_to") or 1 << 40)
    rows = [_closed_row(ask.account, each, 0) for each in ask.account.ledger.closed if first <= each.sold <= last]
    page = rows[::-1][ask.get("offset", 0) :][: int(ask.get("limit"))]
    return Reply("profit_table", {"count": len(page), "transactions": page})


def test_common_columns_are_the_same_on_both_apis(open_session: Open, open_options: Open) -> None:
    told = [made.account_status(detail=True) for made in (open_session(), open_options())]
    both = [frame.drop(columns=own) for frame, own in zip(told, ("created", "group"), strict=True)]
    assert both[0].dtypes.astype(str).to_dict() == both[1].dtypes.astype(str).to_dict()
    for made in both:
        assert made.columns.tolist() == [
            *("loginid", "kind", "currency", "balance", "status"),
            *("last_transaction", "last_action", "last_amount", "open_contracts", "may_pay", "at_stake"),
            *("profit_today", "profit_month", "remark"),
        ]
    for made, call in zip(told, ("get_account_status", "get_accounts"), strict=True):
        assert made.attrs["call"] == call
    empty = frames.account_detail(frames.options_status([], frames.Context("get_accounts")), [])
    assert empty.dtypes.astype(str).to_dict() == told[1].dtypes.astype(str).to_dict()


def test_the_status_takes_few_calls(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "now", lambda: dt.datetime(2026, 11, 2, tzinfo=dt.UTC))
    before = len(box.received)
    assert session.account_status(detail=True)["profit_month"].item() == 0.0
    made = sorted(each.call for each in box.received[before:])
    status = ["get_accounts"] if "get_accounts" in made else ["balance", "get_account_status"]
    assert made == sorted([*status, "portfolio", "statement"])


def test_the_awaited_status(session: Session) -> None:
    frame = asyncio.run(session.aio.account_status(detail=True))
    pd.testing.assert_frame_equal(frame, session.account_status(detail=True))


@pytest.mark.parametrize("kept_by", ["purchase", "sale"])
def test_a_contract_of_last_month_that_is_sold_today(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, kept_by: str
) -> None:
    before = session.account_status(detail=True, decimal=True).iloc[0]
    if kept_by == "sale":  # it is not documented which date a profit table goes by
        monkeypatch.setitem(HANDLERS, "profit_table", by_sale)
    contract = next(each for each in ledger(box, session).closed if each.bought < dt.datetime(2026, 9, 15).timestamp())
    sold = replace(contract, contract_id=contract.contract_id + 1, sold=int(NOW.timestamp()) - 60, sell_price=12_345)

    def sell() -> None:
        own = ledger(box, session)
        own.contracts.append(sold)
        own.post(Row(int(NOW.timestamp()) + 10_000, "sell", sold.sell_price, sold))

    box.run(sell)
    after = session.account_status(detail=True, decimal=True).iloc[0]
    profit = Decimal(sold.sell_price - sold.stake) / 100
    assert after["profit_today"] - before["profit_today"] == profit
    assert after["profit_month"] - before["profit_month"] == profit


def test_a_missing_price(session: Session, box: Sandbox) -> None:
    contract = ledger(box, session).closed[0]
    lost = replace(contract, contract_id=1, sold=int(NOW.timestamp()) - 60)
    box.run(lambda: ledger(box, session).post(Row(int(NOW.timestamp()) + 10_000, "sell", 500, lost)))
    row = session.account_status(detail=True).iloc[0]
    assert row[["profit_today", "profit_month"]].isna().all()
    assert "what some of the contracts cost" in row["remark"]
    assert row["last_amount"] == 5.0
    assert row["open_contracts"] > 0


@pytest.mark.parametrize(
    ("call", "missing", "there"),
    [
        ("portfolio", ["open_contracts", "at_stake", "may_pay"], ["profit_today", "profit_month", "last_amount"]),
        ("statement", ["profit_today", "profit_month", "last_amount"], ["open_contracts", "at_stake", "may_pay"]),
    ],
)
def test_missing_scopes(session: Session, box: Sandbox, call: str, missing: list[str], there: list[str]) -> None:
    box.faults.error("PermissionDenied", call)
    row = session.account_status(detail=True).iloc[0]
    assert row[missing].isna().all()
    assert row[["balance", *there]].notna().all()
    assert call in row["remark"]
    assert "scope" in row["remark"]


def test_an_error_of_the_first_call_is_raised(session: Session, box: Sandbox) -> None:
    call = str(session.account_status(detail=True).attrs["call"])
    box.faults.error("NotToday", call, times=20)
    with pytest.raises(ApiError, match=call):
        session.account_status(detail=True)


@pytest.mark.parametrize("payload", ["5", "[]", "{}", '{"contracts": 5}', '{"contracts": [5, {}, {"buy_price": "x"}]}'])
def test_malformed_contracts(session: Session, box: Sandbox, payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = encoding.encode

    def odd(reply: Any, echo: Any) -> str:
        text = encode(reply, echo)
        if reply.msg_type != "portfolio":
            return text
        return '{"msg_type": "portfolio", "portfolio": %s, "req_id": %d}' % (payload, echo["req_id"])  # noqa: UP031

    monkeypatch.setattr(encoding, "encode", odd)
    row = session.account_status(detail=True).iloc[0]
    assert pd.isna(row["at_stake"])
    assert pd.notna(row["profit_month"])
    assert pd.notna(row["remark"])  # a row that is not a contract is ignored


# Several accounts


def test_all_accounts(open_options: Open) -> None:
    session = open_options()
    frame = session.account_status("all", detail=True)
    assert frame["loginid"].tolist() == [REAL, DEMO]
    assert frame[["open_contracts", *MONEY]].notna().all(axis=None)
    assert frame[["remark", "error"]].isna().all(axis=None)
    one = session.account_status(REAL, detail=True)
    pd.testing.assert_frame_equal(frame.head(1).drop(columns="error"), one, check_categorical=False)
    assert frame.attrs["loginid"] == f"{REAL}, {DEMO}"


def test_an_account_that_cannot_be_reached(open_options: Open) -> None:
    session = open_options("trouble")
    frame = session.account_status("all", detail=True).set_index("loginid")
    assert frame.loc["ROT900011", "status"] == "inactive"
    assert frame.loc["ROT900011", ["open_contracts", *MONEY]].isna().all()
    assert "inactive" in frame.loc["ROT900011", "remark"]
    assert frame.loc["DOT900012", ["open_contracts", *MONEY]].notna().all()
    assert "inactive" in session.account_status("ROT900011", detail=True)["remark"].item()


def test_never_more_connections_than_deriv_allows(
    open_options: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = box.options.person(REAL)
    for _ in range(6):
        box.run(lambda: box.options.open_account(person, "real"))
    session = open_options()
    seen = []
    reached = Accounts._reached

    async def watched(self: Any, loginid: str) -> None:
        await reached(self, loginid)
        seen.append(1 + len(self.other_connections))

    monkeypatch.setattr(Accounts, "_reached", watched)
    for _ in range(2):
        frame = session.account_status("all", detail=True)
        assert len(frame) == 8
        assert frame["remark"].isna().all()
        assert frame["open_contracts"].notna().all()
    assert max(seen) == 5
    assert session.loginid == DEMO
    assert session.state == "signed in"
    assert session.portfolio("all")["error"].isna().all()


def test_a_crowd_of_connections_is_a_remark(open_options: Open, box: Sandbox) -> None:
    session = open_options()
    box.options.most_sockets = 1
    session.balance()
    row = session.account_status("all", detail=True).set_index("loginid").loc[REAL]
    assert "five connections" in row["remark"]
    assert row["balance"] > 0


def test_a_token_that_deriv_no_longer_takes_is_an_error(open_options: Open, box: Sandbox) -> None:
    session = open_options()
    session.balance()
    box.faults.revoke(box.options_token("rich").token)
    with pytest.raises((SignInRefused, ConnectionFailed)):
        session.account_status("all", detail=True)


def test_all_accounts_on_v3(open_session: Open) -> None:
    frame = open_session("sandbox-rich-all").account_status("all", detail=True)
    assert frame["loginid"].tolist() == [OLD]
    assert frame[["open_contracts", *MONEY]].notna().all(axis=None)
    assert frame.columns[-1] == "error"


def test_an_account_that_did_nothing(open_session: Open) -> None:
    row = open_session("sandbox-new-read").account_status(detail=True).iloc[0]
    assert row[["open_contracts", "at_stake", "profit_month"]].tolist() == [0, 0.0, 0.0]
    assert row[["last_transaction", "last_action", "last_amount"]].isna().all()


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda second: second + 0.5,
        lambda second: second * 1000,
        lambda second: dt.datetime.fromtimestamp(second, dt.UTC).isoformat(),
    ],
)
def test_times_in_any_form(session: Session, box: Sandbox, form: Callable[[int], Any]) -> None:
    expected = session.account_status(detail=True).iloc[0]
    assert expected["profit_month"] != 0

    def change(reply: dict[str, Any]) -> None:
        for row in reply["statement"]["transactions"]:
            row["transaction_time"] = form(row["transaction_time"])

    box.faults.edit(change, "statement", times=100)
    row = session.account_status(detail=True).iloc[0]
    assert row[["profit_today", "profit_month"]].tolist() == expected[["profit_today", "profit_month"]].tolist()
    assert row["last_transaction"].floor("s") == expected["last_transaction"]


def test_no_profit_without_times(session: Session, box: Sandbox) -> None:
    def change(reply: dict[str, Any]) -> None:
        for row in reply["statement"]["transactions"]:
            row["transaction_time"] = "yesterday"

    box.faults.edit(change, "statement", times=100)
    row = session.account_status(detail=True).iloc[0]
    assert row[["profit_today", "profit_month"]].isna().all()
    assert "when some of the contracts were closed" in row["remark"]


@pytest.mark.parametrize("contract", [str, lambda number: [number]])
def test_repeated_rows_count_once(session: Session, box: Sandbox, contract: Callable[[int], Any]) -> None:
    def answer(times: int) -> Any:
        def change(reply: dict[str, Any]) -> None:
            rows = [row for row in reply["statement"]["transactions"] if row["contract_id"]][:40]
            told = [{**row, "contract_id": contract(row["contract_id"])} for row in rows]
            reply["statement"]["transactions"] = [row for row in told for _ in range(times)]

        box.faults.edit(change, "statement")
        return session.account_status(detail=True)["profit_month"].item()

    once = answer(1)
    assert once != 0
    assert answer(2) == once


def test_enormous_prices(session: Session, box: Sandbox) -> None:
    def change(reply: dict[str, Any]) -> None:
        for row in reply["portfolio"]["contracts"]:
            row.update(buy_price="1e9999999", payout="1e999999999999999999")

    box.faults.edit(change, "portfolio", times=100)
    row = session.account_status(detail=True, decimal=True).iloc[0]
    assert row["at_stake"] >= Decimal("1e9999999")


def test_a_price_of_an_open_contract_that_is_missing_is_remarked(session: Session, box: Sandbox) -> None:
    box.faults.edit(lambda reply: reply["portfolio"]["contracts"][0].pop("buy_price"), "portfolio")
    row = session.account_status(detail=True).iloc[0]
    assert pd.isna(row["at_stake"])
    assert row["remark"].startswith("at stake: ")


def test_an_account_that_is_newer_than_the_sign_in(open_options: Open, box: Sandbox) -> None:
    session = open_options()
    box.faults.edit(
        lambda reply: reply["data"].append({**reply["data"][0], "account_id": "DOT777"}), "get_accounts", times=1
    )
    frame = session.account_status("all", detail=True).set_index("loginid")
    assert "DOT777" in frame.loc["DOT777", "remark"]
    assert frame.drop(index="DOT777")["open_contracts"].notna().any()
