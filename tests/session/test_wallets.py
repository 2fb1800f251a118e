"""Test wallets, their transactions, exchange rates, and the earnings of apps and partners."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import pickle
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.credentials import Credential, Secret, Tokens
from dpyauth.errors import (
    ApiError,
    BadReply,
    InputRefused,
    InvalidRequest,
    MissingScope,
    NotInThisApi,
    NotSignedIn,
    PermissionDenied,
    RateLimited,
)
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.ledgers import END
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session, wallets

Open = Callable[..., Session]
RICH = "ROT900001"

QUESTIONS: dict[str, str] = {
    "wallets": "wallet_list",
    "wallet_transactions": "wallet_transactions",
    "exchange_rates": "wallet_list",
    "nickname": "account_nickname",
    "markup": "markup_statistics",
    "partner_overview": "partners_analytics_overview",
}
"""Questions of the current API, and the first call of each."""


@pytest.fixture
def session(open_options: Open) -> Session:
    return open_options()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the smallest possible pages."""
    monkeypatch.setattr(wallets, "PAGE", 100)


def asked(box: Sandbox, call: str = "wallet_transactions") -> int:
    return sum(each.call == call for each in box.received)


def entries(box: Sandbox, kind: str = "main") -> list[Any]:
    wallet = box.options.person(RICH).wallet(kind)
    assert wallet is not None
    return wallet.entries


def numbers(frame: pd.DataFrame) -> list[int]:
    return [int(number) for number in frame["transaction_id"]]


# Wallets


def test_wallets(session: Session, box: Sandbox) -> None:
    frame = session.wallets()
    assert frame[["type", "currency"]].to_numpy().tolist() == [
        *(["main", currency] for currency in ("USD", "EUR", "BTC")),
        ["p2p", "USD"],
    ]
    assert frame.attrs["call"] == "wallet_list"
    wallet = box.options.person(RICH).wallet("main")
    assert wallet is not None
    exact = session.wallets(decimal=True)
    for row in exact[exact["type"] == "main"].itertuples():
        digits = 8 if row.currency == "BTC" else 2
        assert row.balance == Decimal(wallet.balance(str(row.currency))).scaleb(-digits)
        assert row.paid_in - row.paid_out == row.balance
    assert asyncio.run(session.aio.wallets()).equals(frame)


def test_totals_are_marked_as_approximate(session: Session) -> None:
    plain, frame = session.wallets(), session.wallets("USD")
    assert frame.columns.tolist() == [
        *plain.columns,
        *("total_currency", "approximate_total", "approximate_paid_in", "approximate_paid_out"),
    ]
    assert set(frame["total_currency"]) == {"USD"}
    p2p = frame[frame["type"] == "p2p"].iloc[0]
    assert p2p["approximate_total"] == p2p["balance"]
    assert frame.loc[frame["type"] == "main", "approximate_total"].nunique() == 1
    with pytest.raises((InvalidRequest, InputRefused)):
        session.wallets("dollars")


def test_wallets_of_a_period(session: Session, box: Sandbox) -> None:
    end = dt.datetime.fromtimestamp(END, dt.UTC)
    before, whole = session.wallets(until="2026-01-31"), session.wallets(until=end)
    assert (before["balance"] != whole["balance"]).any()
    assert (session.wallets(since=end - dt.timedelta(days=30), until=end)["paid_in"] < whole["paid_in"]).all()


@pytest.mark.parametrize(
    ("who", "types"),
    [
        ("moved", ["main"]),
        ("partner", ["main", "partner"]),
        ("agent", ["main", "payment_agent"]),
    ],
)
def test_wallets_of_others(open_options: Open, who: str, types: list[str]) -> None:
    assert open_options(who).wallets()["type"].tolist() == types


def test_an_empty_wallet_has_a_row(open_options: Open, box: Sandbox) -> None:
    app_id = box.register_options_app("A test", "http://localhost/back", ("trade", "payment"))
    person = box.run(lambda: box.options.sign_up("new@example.com"))
    holder, _ = box.run(lambda: box.options.issue(app_id, person, ("trade", "payment")))
    session = open_options(Credential(Secret(holder.value), "a test"), app_id=app_id)
    frame = session.wallets("USD")
    assert frame["type"].tolist() == ["main"]
    assert frame[["currency", "balance", "paid_in", "paid_out"]].isna().all(axis=None)
    assert len(session.wallet_transactions()) == 0
    assert len(session.exchange_rates()) == 0


def test_a_user_without_wallets(open_options: Open) -> None:
    session = open_options("new", create_demo=True)
    frame = session.wallets("USD")
    assert len(frame) == 0
    assert frame["balance"].dtype == "float64"
    assert len(session.exchange_rates()) == 0


@pytest.mark.parametrize("money", ["documented", "text", "numbers"])
def test_money_in_any_form(session: Session, box: Sandbox, money: Any) -> None:
    box.options.money = money
    frame = session.wallets(decimal=True)
    assert {type(value) for value in frame["balance"]} == {Decimal}
    pd.testing.assert_frame_equal(session.wallets(), frame.astype(session.wallets().dtypes.to_dict()))


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ([], 0),
        ({}, 0),
        ([5, None, []], 1),
        ([{"type": "main", "balances": None}], 1),
        ([{"wallet_id": 5, "type": ["main"], "balances": {"A_LONG_NAME_18_CHR": 1.5, "USD": "2"}}], 2),
        ({"wallet_id": "w", "type": "main", "balances": {"USD": "1", "EUR": "2"}}, 2),
        ([{"type": "main", "balances": "12.50"}, {"type": "p2p", "balances": [5, None]}], 3),
        ({"wallets": {"items": [{"id": "w", "type": "p2p", "balances": [{"currency": "USD", "balance": "1"}]}]}}, 1),
    ],
)
def test_malformed_wallets(session: Session, box: Sandbox, data: Any, rows: int) -> None:
    expected = session.wallets().dtypes.astype(str).to_dict()
    box.faults.http(200, "wallet_list", body=json.dumps({"data": data}))
    frame = session.wallets()
    assert len(frame) == rows
    assert [*frame.dtypes.astype(str).items()][: len(expected)] == [*expected.items()]
    box.faults.http(200, "wallet_list", body='{"data": "none"}')
    with pytest.raises(BadReply, match="a text instead of a list"):
        session.wallets()
    box.faults.http(200, "wallet_list", body='{"data": null}')
    with pytest.raises(BadReply):
        session.wallets()


# Transactions of a wallet


def test_all_transactions_with_one_call_per_page(session: Session, box: Sandbox) -> None:
    frame = session.wallet_transactions()
    assert numbers(frame) == [entry.number for entry in entries(box)]
    assert asked(box) == 3  # 2,600 of them, a thousand at a time
    assert frame["time"].is_monotonic_increasing
    assert (frame["gross"] - frame["net"] - frame["fee"]).abs().max() < 1e-6
    assert set(frame["category"]) == {"deposit", "withdrawal"}
    assert frame.attrs["call"] == "wallet_transactions"
    assert session.partial is None


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("times", ["iso", "epoch"])
@pytest.mark.parametrize("links", ["urls", "relative", "cursors", "absent"])
def test_links_of_any_form(session: Session, box: Sandbox, links: Any, times: Any) -> None:
    box.options.links, box.options.times = links, times
    frame = session.wallet_transactions("p2p")
    assert numbers(frame) == [entry.number for entry in entries(box, "p2p")]
    assert frame["time"].notna().all()
    assert asked(box) == 2


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "following", [{"href": "?page_cursor=abc"}, 5, "https://api.derivws.com/wallet/v1/transactions/main?cursor=abc"]
)
def test_a_link_of_an_unknown_form_does_not_end_the_reading(session: Session, box: Sandbox, following: Any) -> None:
    def change(reply: dict[str, Any]) -> None:
        if reply["links"]["next"]:
            reply["links"]["next"] = following

    box.faults.edit(change, "wallet_transactions", times=100)
    frame = session.wallet_transactions("p2p")
    assert numbers(frame) == [entry.number for entry in entries(box, "p2p")]


@pytest.mark.usefixtures("small")
def test_pages_that_are_out_of_order(session: Session, box: Sandbox) -> None:
    expected = session.wallet_transactions(since="2026-08-01")
    box.faults.edit(lambda reply: reply["data"]["transactions"].reverse(), "wallet_transactions", times=100)
    frame = session.wallet_transactions(since="2026-08-01")
    assert frame["time"].is_monotonic_increasing
    assert sorted(numbers(frame)) == sorted(numbers(expected))


def test_no_transactions_as_null(session: Session, box: Sandbox) -> None:
    box.faults.http(200, "wallet_transactions", body='{"data": {"transactions": null}, "links": {"next": null}}')
    assert len(session.wallet_transactions()) == 0


def test_amounts_of_any_size() -> None:
    row = {"metadata": {"transaction_gross_amount": "1e9999999", "transaction_net_amount": "1e-9999999"}}
    frame = frames.wallet_transactions([row], decimal=True)
    assert frame["gross"].item() == Decimal("1e9999999")
    assert len(frames.wallet_transactions([row])) == 1


@pytest.mark.usefixtures("small")
def test_expired_cursors(session: Session, box: Sandbox) -> None:
    box.options.cursor_lifetime = 0.0
    frame = session.wallet_transactions(since="2026-05-01")
    whole = [entry for entry in entries(box) if entry.when >= pd.Timestamp("2026-05-01", tz="UTC").timestamp()]
    assert numbers(frame) == [entry.number for entry in whole]
    assert len(frame) > 1000


def test_transactions_of_a_period(session: Session) -> None:
    whole = session.wallet_transactions()
    part = session.wallet_transactions(since="2026-03-01", until=dt.date(2026, 3, 31))
    month = whole[(whole["time"] >= "2026-03-01") & (whole["time"] < "2026-04-01")]
    assert len(month) > 10
    assert numbers(part) == numbers(month)
    moment = whole["time"].iloc[100]
    assert numbers(session.wallet_transactions(since=moment, until=moment)) == numbers(whole.iloc[[100]])


@pytest.mark.parametrize("currency", ["BTC", "eur", "tUSDT"])
def test_transactions_in_one_currency(session: Session, box: Sandbox, currency: str) -> None:
    frame = session.wallet_transactions(currency=currency)
    assert numbers(frame) == [entry.number for entry in entries(box) if entry.currency == currency.upper()]


def test_exact_money_of_transactions(session: Session, box: Sandbox) -> None:
    frame = session.wallet_transactions(since="2026-09-01", currency="BTC", decimal=True)
    known = {entry.number: entry for entry in entries(box)}
    for row in frame.itertuples():
        entry = known[int(str(row.transaction_id))]
        assert (row.gross, row.fee) == (
            Decimal(entry.gross).scaleb(-8),
            Decimal(entry.gross - entry.net).scaleb(-8),
        )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"wallet": "mian"}, "wallet"),
        ({"wallet": None}, "wallet"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "since"),
    ],
)
def test_invalid_questions(session: Session, box: Sandbox, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as wrong:
        session.wallet_transactions(**fields)
    assert wrong.value.field == field
    assert asked(box) == 0


def test_a_wallet_that_the_user_does_not_have(session: Session) -> None:
    with pytest.raises(ApiError, match="wallet_transactions"):
        session.wallet_transactions("partner")


# Interruptions


def after(monkeypatch: pytest.MonkeyPatch, pages: int, then: Callable[[], object]) -> None:
    """Do something once this many pages have arrived."""
    page_of, came = wallets.page_of, []

    def counted(rows: Any, links: Any) -> Any:
        came.append(len(rows))
        if len(came) == pages:
            then()
        return page_of(rows, links)

    monkeypatch.setattr(wallets, "page_of", counted)


DENIED = json.dumps({"errors": [{"status": 403, "code": "AccessDenied", "message": "No."}]})


@pytest.mark.usefixtures("small")
def test_an_error_loses_nothing(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    after(monkeypatch, 7, lambda: box.faults.http(403, "wallet_transactions", body=DENIED))
    with pytest.raises(PermissionDenied) as failed:
        session.wallet_transactions()
    kept = session.partial
    assert kept is not None
    assert numbers(kept) == [entry.number for entry in entries(box)][-700:]
    notes = " ".join(failed.value.__notes__)
    assert "session.partial: 700 rows, back to 20" in notes
    assert "to continue from there" in notes
    before = asked(box)
    frame = session.wallet_transactions()
    assert numbers(frame) == [entry.number for entry in entries(box)]
    assert asked(box) - before == 26 - 7 + 1  # the first page again, for new rows
    assert asked(box) - before < asked(box)


@pytest.mark.usefixtures("small")
def test_transactions_added_meanwhile_are_included(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.options.cursor_lifetime = 0.0  # and the cursor has expired too
    after(monkeypatch, 3, lambda: box.faults.http(403, "wallet_transactions", body=DENIED, times=1))
    with pytest.raises(PermissionDenied):
        session.wallet_transactions(since="2026-08-01")
    box.run(lambda: box.options.grow_wallet(RICH, "main", 230, "USD"))
    frame = session.wallet_transactions(since="2026-08-01")
    since = pd.Timestamp("2026-08-01", tz="UTC").timestamp()
    assert numbers(frame) == [entry.number for entry in entries(box) if entry.when >= since]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("other", [{"wallet": "p2p"}, {"since": "2026-01-01"}, {"decimal": True}, {"currency": "USD"}])
def test_another_question_starts_again(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    expected = numbers(session.wallet_transactions(**other))
    after(monkeypatch, 2, lambda: box.faults.http(403, "wallet_transactions", body=DENIED))
    with pytest.raises(PermissionDenied):
        session.wallet_transactions()
    assert numbers(session.wallet_transactions(**other)) == expected


@pytest.mark.usefixtures("small")
def test_after_a_while_reading_starts_again(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    after(monkeypatch, 10, lambda: box.faults.http(403, "wallet_transactions", body=DENIED))
    with pytest.raises(PermissionDenied):
        session.wallet_transactions()
    monkeypatch.setattr(wallets, "RESUMABLE", -1.0)
    before = asked(box)
    assert len(session.wallet_transactions()) == 2600
    assert asked(box) - before == 26


@pytest.mark.usefixtures("small")
def test_an_interrupt_loses_nothing(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[None] = []

    def interrupted(notice: Any, pending: Any) -> None:
        waits.append(None)
        raise KeyboardInterrupt

    monkeypatch.setattr("dpyauth.session.blocking.STEP", 0.1)

    def silent() -> None:
        box.faults.swallow("wallet_transactions")
        monkeypatch.setattr("dpyauth.progress.Notice.about", interrupted)

    after(monkeypatch, 5, silent)
    with pytest.raises(KeyboardInterrupt) as stopped:
        session.wallet_transactions()
    assert waits
    assert session.partial is not None
    assert len(session.partial) == 500
    assert "500 rows" in " ".join(stopped.value.__notes__)
    monkeypatch.setattr("dpyauth.progress.Notice.about", lambda notice, pending: None)
    assert numbers(session.wallet_transactions()) == [entry.number for entry in entries(box)]


@pytest.mark.usefixtures("small")
def test_a_cancelled_await_loses_nothing(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    after(monkeypatch, 4, lambda: box.faults.swallow("wallet_transactions"))

    async def main() -> None:
        task = asyncio.ensure_future(session.aio.wallet_transactions())
        await asyncio.to_thread(box.wait_until, lambda box: asked(box) >= 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.partial is not None
        assert len(session.partial) == 400
        assert len(await session.aio.wallet_transactions()) == 2600

    asyncio.run(main())


@pytest.mark.usefixtures("small")
def test_a_rate_limit(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallets, "PAUSE", 0.01)
    limited = RateLimited("Too many.", call="wallet_transactions", code="RateLimit")
    rest = session.core.sign_in.rest  # type: ignore[union-attr]
    ask, left = rest.ask, [3]

    async def limiting(call: Any, *args: Any, **more: Any) -> Any:
        if call.name == "wallet_transactions" and asked(box) >= 4 and left[0]:
            left[0] -= 1
            raise limited.copy()
        return await ask(call, *args, **more)

    monkeypatch.setattr(rest, "ask", limiting)
    assert len(session.wallet_transactions()) == 2600
    assert left == [0]
    left[0] = 1000
    with pytest.raises(RateLimited):
        session.wallet_transactions(currency="USD")
    assert left[0] == 1000 - wallets.PAUSES - 1


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '{"data": null}',
        '{"data": 5}',
        '{"data": {}}',
        '{"data": {"transactions": 5}}',
        '{"data": {"transactions": [5]}}',
    ],
)
def test_malformed_answers(session: Session, box: Sandbox, body: str) -> None:
    box.faults.http(200, "wallet_transactions", body=body)
    with pytest.raises(BadReply):
        session.wallet_transactions()


@pytest.mark.parametrize(
    ("rows", "links"),
    [
        ([], None),
        ([{}], None),
        ([{"transaction_id": [1], "timestamp": {}, "metadata": 5}], {}),
        ([{"transaction_id": "7", "timestamp": "2026-11-01T00:00:00", "metadata": {"transaction_gross_amount": 1}}], 5),
        ([{"transaction_id": 7, "timestamp": 1793491200, "metadata": {"transaction_currency": ["USD"]}}], {"next": ""}),
        ([{"transaction_id": 1, "metadata": None}, {"transaction_id": "1", "metadata": None}], {"next": None}),
    ],
)
def test_malformed_transactions(session: Session, box: Sandbox, rows: list[Any], links: Any) -> None:
    box.faults.http(200, "wallet_transactions", body=json.dumps({"data": {"transactions": rows}, "links": links}))
    frame = session.wallet_transactions()
    promised = session.wallet_transactions("p2p").dtypes.astype(str)
    assert frame.dtypes.astype(str)[: len(promised)].to_dict() == promised.to_dict()
    assert len(frame) == min(len(rows), 1)  # the last one appears twice


def test_only_the_cursor_of_a_foreign_link_is_used(session: Session, box: Sandbox) -> None:
    rows = [{"transaction_id": 1, "timestamp": "2026-10-31T23:59:59Z"}]
    links = {"next": "http://elsewhere.example/steal?page_cursor=foreign"}
    box.faults.http(200, "wallet_transactions", body=json.dumps({"data": {"transactions": rows}, "links": links}))
    frame = session.wallet_transactions(since="2026-10-30", until="2026-10-31")
    assert frame["transaction_id"].iloc[-1] == "1"  # and Deriv's refusal of that cursor is not final
    assert len(frame) == len(session.wallet_transactions(since="2026-10-30", until="2026-10-31")) + 1


# Rates


def test_rates_of_the_currencies_in_the_wallets(session: Session, box: Sandbox) -> None:
    frame = session.exchange_rates()
    assert frame[["base_currency", "currency"]].to_numpy().tolist() == [["USD", "EUR"], ["USD", "BTC"]]
    assert frame["rate"].between(0, 1).all()
    assert "date" not in frame  # missing from Deriv's reply
    one = session.exchange_rates("EUR", "USD", decimal=True)
    assert {type(rate) for rate in one["rate"]} == {Decimal}
    assert session.exchange_rates("EUR", ["USD", "BTC"])["currency"].tolist() == ["USD", "BTC"]
    assert len(session.exchange_rates("USD", [])) == 0
    assert asked(box, "wallet_list") == 1
    awaited = asyncio.run(session.aio.exchange_rates("EUR", "USD"))
    assert awaited["rate"].tolist() == one["rate"].astype(float).tolist()


def test_no_spread_on_the_current_api(session: Session) -> None:
    with pytest.raises(InvalidRequest, match="no bid and ask") as wrong:
        session.exchange_rates("EUR", "USD", spread=True)
    assert wrong.value.field == "spread"


@pytest.mark.parametrize(
    ("data", "rate"),
    [
        ({}, None),
        ({"rate_token": "tok-secret-4711"}, None),
        ({"exchange_rate": None}, None),
        ({"exchange_rate": "1.5e-7"}, 1.5e-7),
        ({"exchange_rate": 2}, 2.0),
        ({"rate": "2.5"}, 2.5),
        ("2.5", 2.5),
        ([], None),
    ],
)
def test_malformed_quotes(session: Session, box: Sandbox, data: Any, rate: float | None) -> None:
    box.faults.http(200, "wallet_exchange_rate", body=json.dumps({"data": data}))
    frame = session.exchange_rates("USD", "EUR")
    assert frame["rate"].isna().item() if rate is None else frame["rate"].item() == rate
    assert "4711" not in frame.to_string() + str(frame.attrs)


def test_a_pair_without_a_rate(session: Session) -> None:
    with pytest.raises(ApiError, match="wallet_exchange_rate"):
        session.exchange_rates("USD", "XYZ")


# The nickname, markups, partners


def test_nickname(open_options: Open, box: Sandbox) -> None:
    session = open_options()
    assert session.nickname() == "sandbox_rich"
    assert asyncio.run(session.aio.nickname()) == "sandbox_rich"
    assert open_options("new", create_demo=True).nickname() is None
    body = json.dumps({"data": {}, "errors": [{"status": 404, "code": "IdentityNotFound"}], "metadata": {}})
    box.faults.http(404, "account_nickname", body=body)
    assert session.nickname() is None
    box.faults.http(404, "account_nickname", body=body.replace("Identity", "Brand"))
    with pytest.raises(ApiError, match="BrandNotFound"):
        session.nickname()
    box.faults.http(200, "account_nickname", body='{"data": {"nickname": ""}, "errors": []}')
    assert session.nickname() is None
    for odd in ("[]", '{"account": {"nickname": "x"}}', '"x"'):
        box.faults.http(200, "account_nickname", body=f'{{"data": {odd}}}')
        with pytest.raises(BadReply):
            session.nickname()


def test_markup(open_options: Open, box: Sandbox) -> None:
    session = open_options("partner")
    frame = session.markup()
    assert len(frame) == 2
    assert set(frame["currency"]) == {"USD"}
    assert frame["markup"].gt(0).all()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", frame.attrs["asked"])
    assert frame.attrs["told"] is None
    assert "last hour" in frame.attrs["note"]
    assert "six months" in frame.attrs["note"]
    box.options.tells_range = True
    told = session.markup(since="2020-01-01", until="2026-10-31")
    assert told.attrs["asked"] == "2020-01-01/2026-10-31"
    assert told.attrs["told"]
    assert told.attrs["told"] > "2026-"  # and not from 2020 on
    assert asyncio.run(session.aio.markup(decimal=True))["markup"].map(type).eq(Decimal).all()


def test_markup_of_a_user_without_apps(open_options: Open) -> None:
    frame = open_options("agent").markup()
    assert len(frame) == 0
    assert frame["contracts"].dtype == "Int64"


def test_markup_on_v3(open_session: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []

    def handler(ask: Any) -> Any:
        requests.append(ask.request)
        row = {"app_id": 16303, "app_markup_usd": 1.25, "app_markup_value": 1.25, "dev_currcode": "USD"}
        told = {"breakdown": [{**row, "transactions_count": 3}], "total_app_markup_usd": 1.25}
        return Reply("app_markup_statistics", told)

    monkeypatch.setitem(HANDLERS, "app_markup_statistics", handler)
    session = open_session()
    frame = session.markup("2026-10-01", "2026-10-31")
    assert frame[["app_id", "currency", "markup", "contracts"]].to_numpy().tolist() == [["16303", "USD", 1.25, 3]]
    assert "volume" not in frame
    assert (requests[0]["date_from"], requests[0]["date_to"]) == ("1790812800", "1793491199")
    session.markup()
    assert requests[1]["date_from"] == "0"


def test_partner_overview(open_options: Open) -> None:
    session = open_options("partner")
    frame = session.partner_overview("2026-10-01", "2026-10-31", decimal=True)
    assert frame.loc[0, ["first_day", "last_day"]].tolist() == [
        pd.Timestamp("2026-10-01"),
        pd.Timestamp("2026-10-31"),
    ]
    assert frame["currency"].item() == "USD"
    assert type(frame["paid"].item()) is Decimal
    assert len(session.partner_overview()) == 1
    with pytest.raises(InvalidRequest, match="730 days") as wrong:
        session.partner_overview("2020-01-01")
    assert wrong.value.field == "since"
    with pytest.raises(ApiError, match="PartnerNotFound"):
        open_options("rich").partner_overview()


# Scopes


@pytest.mark.parametrize("name", QUESTIONS)
def test_deriv_refuses_without_the_scope(open_options: Open, name: str) -> None:
    session = open_options("rich, trading")
    with pytest.raises(PermissionDenied) as denied:
        getattr(session, name)()
    needed = session.needs(QUESTIONS[name])
    assert f"'{needed[0]}'" in str(denied.value)
    assert session.can(QUESTIONS[name]) is False


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_is_sent_if_a_scope_is_known_to_be_missing(open_options: Open, box: Sandbox, name: str) -> None:
    app_id = box.register_options_app("A test", "http://localhost/back", ("trade",))
    person = box.options.person(RICH)
    holder, _ = box.run(lambda: box.options.issue(app_id, person, ("trade",)))
    tokens = Tokens(Secret(holder.value), None, None, ("trade",))
    session = open_options(Credential(tokens.access, "a test", tokens), app_id=app_id)
    with pytest.raises(MissingScope) as missing:
        getattr(session, name)()
    assert missing.value.scopes == session.needs(QUESTIONS[name])
    assert asked(box, QUESTIONS[name]) == 0


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in {"exchange_rates", "markup"}])
def test_methods_missing_on_v3(open_session: Open, box: Sandbox, name: str) -> None:
    session = open_session()
    before = len(box.received)
    for face, ask in (("session", getattr(session, name)), ("session.aio", getattr(session.aio, name))):
        with pytest.raises(NotInThisApi) as refused:
            asyncio.run(ask()) if face == "session.aio" else ask()
        text = str(refused.value)
        assert text.startswith(f"{face}.{name}(): Deriv's older API (v3) does not report ")
        assert f"The closest equivalent is {face}." in text
    assert len(box.received) == before


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_a_sign_in(open_options: Open, name: str) -> None:
    with pytest.raises(NotSignedIn):
        getattr(open_options(None), name)()


# Secret and personal data


def test_clients_are_hidden(session: Session, box: Sandbox) -> None:
    secret = {"source_client_id": "client-canary-1", "destination_client_id": "client-canary-2"}
    more = {"description": "note-canary-3", "payout_method": "bank-canary-4", "source_wallet_type": "main"}
    rows = [{"transaction_id": 7, "timestamp": "2026-10-31T00:00:00Z", "metadata": {**secret, **more}}]
    body = json.dumps({"data": {"transactions": rows}})
    box.faults.http(200, "wallet_transactions", body=body)
    frame = session.wallet_transactions()
    assert frame.loc[0, ["from_client", "to_client", "from_wallet"]].tolist() == ["•••", "•••", "main"]
    seen = frame.to_string() + str(frame.attrs) + repr(session) + session.events().to_string()
    assert "canary" not in seen
    assert b"canary" not in pickle.dumps(frame)
    box.faults.http(200, "wallet_transactions", body=body)
    shown = session.wallet_transactions(reveal=True)
    assert shown.loc[0, ["from_client", "to_client"]].tolist() == ["client-canary-1", "client-canary-2"]


def test_the_token_of_a_quote_is_not_shown(session: Session, box: Sandbox) -> None:
    body = json.dumps({"data": {"exchange_rate": "1.1", "rate_token": "canary-4711"}})
    box.faults.http(200, "wallet_exchange_rate", body=body)
    frame = session.exchange_rates("USD", "EUR")
    assert "canary" not in frame.to_string() + str(frame.attrs) + session.events().to_string()
    assert b"canary" not in pickle.dumps(frame)


def test_quotes_for_currency_codes_of_any_form(session: Session, box: Sandbox) -> None:
    odd = {"eur": "1", "USD": "1", "A name with blanks": "1", "N" * 19: "1"}
    body = json.dumps({"data": [{"type": "main", "balances": odd}]})
    box.faults.http(200, "wallet_list", body=body)
    assert session.exchange_rates()["currency"].tolist() == ["EUR"]


@pytest.mark.parametrize("target", [5, [["EUR"]], ["EUR", None], b"EUR"])
def test_targets_that_are_not_currencies(session: Session, box: Sandbox, target: Any) -> None:
    with pytest.raises(InvalidRequest) as wrong:
        session.exchange_rates("USD", target)
    assert wrong.value.field == "target"
    assert asked(box, "wallet_exchange_rate") == 0
