"""Test whole histories over real sockets, from the sandbox."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dpyauth.catalog.calls import load
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import ApiError, BadReply, DpyauthError, InvalidRequest, MissingScope, NotSignedIn
from dpyauth.net.messages import Reply
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.limits import Limits
from dpyauth.session import Session, histories, price_histories
from dpyauth.session.awaiting import run_async
from dpyauth.session.blocking import run
from dpyauth.session.history import paged
from dpyauth.session.history.periods import period
from dpyauth.session.history.time_walk import Pages
from dpyauth.session.history.transactions import booked, key_of
from dpyauth.session.steps import Batch, Request, Steps

Open = Callable[..., Session]
RICH = {"CR900001": "usd", "CR900002": "btc", "VRTC900003": "demo"}


@pytest.fixture
def everyone(open_session: Open) -> Session:
    """Sign in with Deriv as the rich user with three accounts."""
    made = open_session(None)
    grants = {loginid: Credential(Secret(f"a1-sandbox-rich-{name}"), "a test") for loginid, name in RICH.items()}
    made.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages small, so that there are many (but not so many that Deriv's limits matter)."""
    monkeypatch.setattr(paged, "PAGE", {"statement": 250, "profit_table": 250})
    monkeypatch.setattr(price_histories, "POINTS", 100)


def asked(box: Sandbox, call: str) -> int:
    return sum(each.call == call for each in box.received)


def ledger(box: Sandbox, loginid: str = "CR900001") -> Any:
    return box.world.account(loginid).ledger


# Statement


def test_a_whole_statement(session: Session, box: Sandbox) -> None:
    frame = session.statement()
    rows = ledger(box).rows
    assert frame["transaction_id"].tolist() == [row.transaction_id for row in rows]
    assert (frame["amount"] * 100).round().tolist() == [row.amount for row in rows]
    assert set(frame["currency"]) == {"USD"}
    assert set(frame["loginid"]) == {"CR900001"}
    assert frame["longcode"].notna().all()
    assert frame["transaction_time"].is_monotonic_increasing
    assert frame.attrs["call"] == "statement"
    assert asked(box, "statement") == 4
    # The balance follows from the amounts, so no row is missing.
    assert (frame["amount"].cumsum() - frame["balance_after"]).abs().max() < 0.005


@pytest.mark.usefixtures("small")
def test_in_many_pages(session: Session, box: Sandbox) -> None:
    frame = session.statement()
    assert frame["transaction_id"].tolist() == [row.transaction_id for row in ledger(box).rows]
    assert asked(box, "statement") <= len(frame) / 240 + 8


@pytest.mark.usefixtures("small")
def test_an_awaited_statement(session: Session) -> None:
    pd.testing.assert_frame_equal(asyncio.run(session.aio.statement("2026-01-01")), session.statement("2026-01-01"))


def test_a_statement_of_a_period(session: Session) -> None:
    whole = session.statement()
    part = session.statement("2026-03-01", dt.date(2026, 3, 31))
    month = whole[(whole["transaction_time"] >= "2026-03-01") & (whole["transaction_time"] < "2026-04-01")]
    assert len(month) > 10
    pd.testing.assert_frame_equal(part, month.reset_index(drop=True))
    moment = whole["transaction_time"].iloc[100]
    assert len(session.statement(moment, moment)) >= 1
    assert session.statement(moment.isoformat(), moment.tz_convert("Asia/Tokyo"))["transaction_id"].tolist() == [
        whole["transaction_id"].iloc[100]
    ]


def test_a_statement_of_some_types(session: Session, box: Sandbox) -> None:
    whole = session.statement()

    def expected(*types: str) -> list[int]:
        return whole.loc[whole["action_type"].isin(types), "transaction_id"].tolist()

    before = asked(box, "statement")
    assert session.statement(types="deposit")["transaction_id"].tolist() == expected("deposit")
    assert session.statement(types=("hold",))["transaction_id"].tolist() == expected("hold") != []
    assert session.statement(types="escrow")["transaction_id"].tolist() == expected("hold", "release")
    assert asked(box, "statement") == before + 3
    several = session.statement(types=["deposit", "withdrawal"])
    assert several["transaction_id"].tolist() == expected("deposit", "withdrawal")


def test_exact_money(session: Session) -> None:
    frame = session.statement(since="2026-10-01", decimal=True)
    assert {type(value) for value in frame["amount"]} == {Decimal}
    assert frame["amount"].astype(float).tolist() == session.statement(since="2026-10-01")["amount"].tolist()


def test_an_account_without_history(open_session: Open) -> None:
    frame = open_session("sandbox-new-read").statement()
    assert len(frame) == 0
    assert frame["amount"].dtype == "float64"


# Profit table


def test_a_whole_profit_table(session: Session, box: Sandbox) -> None:
    frame = session.profit_table()
    closed = ledger(box).closed
    assert sorted(frame["contract_id"]) == sorted(contract.contract_id for contract in closed)
    assert frame["profit"].sum() == pytest.approx(sum(each.sell_price - each.stake for each in closed) / 100)
    assert asked(box, "profit_table") == 4
    assert set(frame["currency"]) == {"USD"}
    exact = session.profit_table(decimal=True)
    assert sum(exact["profit"]) == Decimal(sum(each.sell_price - each.stake for each in closed)) / 100


def test_profit_of_a_period_and_of_some_types(session: Session, box: Sandbox) -> None:
    frame = session.profit_table("2026-09-01", "2026-09-30", types=["CALL", "PUT"])
    assert len(frame) > 10
    assert set(frame["contract_type"]) == {"CALL", "PUT"}
    assert frame["purchase_time"].min() >= pd.Timestamp("2026-09-01", tz="UTC")
    assert frame["purchase_time"].max() < pd.Timestamp("2026-10-01", tz="UTC")
    assert set(session.profit_table(since="2026-09-01", types="MULTUP")["contract_type"]) == {"MULTUP"}


@pytest.mark.usefixtures("small")
def test_profit_in_many_pages(session: Session, box: Sandbox) -> None:
    assert len(session.profit_table()) == len(ledger(box).closed)


# Sign-ins


def test_sign_ins(session: Session, box: Sandbox) -> None:
    frame = session.login_history()
    assert len(frame) == 45
    assert frame["time"].is_monotonic_increasing
    assert frame["ip"].unique().tolist() == ["•••"]
    assert frame["loginid"].unique().tolist() == ["CR900001"]
    assert session.login_history(reveal=True)["ip"].str.startswith("203.0.113.").all()


# Prices


def test_ticks_of_a_day(session: Session, box: Sandbox) -> None:
    frame = session.ticks("R_100", "2026-11-01", "2026-11-01")
    assert frame.index.equals(pd.date_range("2026-11-01", periods=43_200, freq="2s", tz="UTC", unit="us", name="time"))
    assert frame["quote"].dtype == "float64"
    assert asked(box, "ticks_history") == 9


def test_ticks_over_a_weekend(open_session: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_histories, "POINTS", 1000)
    frame = open_session(None).ticks("frxEURUSD", "2026-11-20 23:00", "2026-11-23 00:59:59")
    friday, monday = dt.datetime(2026, 11, 20, 23), dt.datetime(2026, 11, 23)
    hours = [pd.date_range(hour, periods=3600, freq="s", tz="UTC", unit="us") for hour in (friday, monday)]
    assert frame.index.tolist() == hours[0].append(hours[1]).tolist()


def test_without_since_the_latest_ones(session: Session, box: Sandbox) -> None:
    frame = session.ticks("R_100")
    assert len(frame) == 5000
    assert pd.Timestamp.now("UTC") - frame.index[-1] < pd.Timedelta("1min")
    before = session.ticks("R_100", until="2026-10-01 12:00")
    assert before.index[-1] == pd.Timestamp("2026-10-01 12:00", tz="UTC")
    assert len(session.candles("R_100", "1h")) == 5000
    assert asked(box, "ticks_history") == 3


def test_ticks_until_now(session: Session) -> None:
    frame = session.ticks("R_100", since=dt.timedelta(hours=4), until=dt.timedelta())
    assert len(frame) == pytest.approx(7200, abs=5)
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique


@pytest.mark.parametrize(
    ("granularity", "seconds"),
    [(60, 60), ("1min", 60), ("1h", 3600), (dt.timedelta(hours=4), 14_400), ("1D", 86_400), (np.int64(300), 300)],
)
def test_candles(session: Session, granularity: Any, seconds: int) -> None:
    until = dt.datetime(2026, 11, 20)
    since = until - dt.timedelta(seconds=seconds * 10)
    frame = session.candles("R_100", granularity, since, until)
    begins = pd.date_range(since, until, freq=f"{seconds}s", tz="UTC", unit="us", name="time")
    assert frame.index.tolist() == begins.tolist()
    assert frame.columns.tolist() == ["open", "high", "low", "close"]
    assert (frame["high"] >= frame["low"]).all()


@pytest.mark.usefixtures("small")
def test_many_candles(session: Session, box: Sandbox) -> None:
    frame = session.candles("R_50", 60, "2026-11-01", "2026-11-02")
    assert frame.index.tolist() == pd.date_range("2026-11-01", periods=2880, freq="min", tz="UTC").tolist()
    assert asked(box, "ticks_history") <= 35


def test_candles_of_years(session: Session) -> None:
    """Deriv keeps about one year: older candles are requested separately, so that they cannot spoil the rest."""
    frame = session.candles("R_100", "1D", since="2020-01-01", until="2026-11-20")
    assert frame.index.tolist() == pd.date_range("2020-01-01", "2026-11-20", freq="D", tz="UTC").tolist()


@pytest.mark.parametrize("granularity", [61, "1 fortnight", "1w", None, True, "", 60.5, [60]])
def test_unknown_candles(session: Session, box: Sandbox, granularity: Any) -> None:
    with pytest.raises(InvalidRequest, match="granularity takes the length of a candle: one of 60, 120") as refused:
        session.candles("R_100", granularity)
    assert refused.value.field == "granularity"
    assert asked(box, "ticks_history") == 0


def test_an_unknown_symbol(session: Session) -> None:
    with pytest.raises(ApiError) as refused:
        session.ticks("R_101", since="2026-11-01")
    assert refused.value.code == "InvalidSymbol"


# Arguments since and until


NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
CALL = load("v3")["statement"]


def epoch(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp())  # type: ignore[misc]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.session.history.periods.now", lambda: NOW)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2026-01-31", epoch(2026, 1, 31), epoch(2026, 1, 31, 23, 59, 59)),
        (" 20260131 ", epoch(2026, 1, 31), epoch(2026, 1, 31, 23, 59, 59)),
        (dt.date(2026, 1, 31), epoch(2026, 1, 31), epoch(2026, 1, 31, 23, 59, 59)),
        ("2026-01-31 14:30", epoch(2026, 1, 31, 14, 30), None),
        ("2026-01-31T14:30:00Z", epoch(2026, 1, 31, 14, 30), None),
        ("2026-01-31T14:30+05:30", epoch(2026, 1, 31, 9), None),
        (dt.datetime(2026, 1, 31, 14, 30), epoch(2026, 1, 31, 14, 30), None),
        (dt.datetime(2026, 1, 31), epoch(2026, 1, 31), None),
        (pd.Timestamp("2026-01-31 14:30", tz="Europe/Paris"), epoch(2026, 1, 31, 13, 30), None),
        (pd.Timestamp("2026-01-31 14:30:00.000000001"), epoch(2026, 1, 31, 14, 30), None),
        (np.datetime64("2026-01-31T14:30"), epoch(2026, 1, 31, 14, 30), None),
        (np.datetime64("2026-01-31T14:30", "ns"), epoch(2026, 1, 31, 14, 30), None),
        (np.datetime64("2026-01-31"), epoch(2026, 1, 31), epoch(2026, 2, 1) - 1),
        (dt.timedelta(days=1), epoch(2026, 11, 19, 12), None),
        (pd.Timedelta("36h"), epoch(2026, 11, 19), None),
        (np.timedelta64(2, "h"), epoch(2026, 11, 20, 10), None),
        (dt.date(1, 1, 1), 0, 0),
    ],
)
def test_how_times_may_be_written(value: Any, first: int, last: int | None) -> None:
    assert period(CALL, value, None) == (first, None)
    assert period(CALL, None, value) == (None, first if last is None else last)


@pytest.mark.usefixtures("now")
def test_parts_of_seconds() -> None:
    """A span holds only whole seconds: those between its ends."""
    moment = dt.datetime(2026, 1, 31, 14, 30, 0, 500_000)
    assert period(CALL, moment, moment + dt.timedelta(seconds=2)) == (
        epoch(2026, 1, 31, 14, 30, 1),
        epoch(2026, 1, 31, 14, 30, 2),
    )


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("until", [NOW, NOW + dt.timedelta(days=3), "2026-11-20", dt.date(9999, 12, 31)])
def test_an_end_in_the_future_is_open(until: Any) -> None:
    assert period(CALL, None, until) == (None, None)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    "value",
    [
        *(
            "yesterday",
            "now",
            "",
            "2026",
            "01/02/2026",
            "2026-02-30",
            "x" * 100,
            1_790_000_000,
            5.5,
            True,
            [],
            object(),
        ),
        *(pd.NaT, np.datetime64("NaT"), dt.timedelta(seconds=-1), dt.timedelta.max),
    ],
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_invalid_times(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"^{name} takes a date or time, such as '2026-01-31'") as refused:
        period(CALL, **{"since": None, "until": None, name: value})
    assert (refused.value.call, refused.value.field) == ("statement", name)
    assert len(str(refused.value)) < 250


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("since", "until", "end"),
    [("2026-02-01", "2026-01-31", "until"), ("2026-11-21", None, "now"), ("2026-11-21", "2027-01-01", "now")],
)
def test_a_span_that_ends_before_it_begins(since: str, until: str | None, end: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"since \(2026-\d\d-\d\d 00:00:00 UTC\) is after {end} \(") as refused:
        period(CALL, since, until)
    assert refused.value.field == "since"


@pytest.mark.parametrize("types", ["deposits", [], ["deposit", "x"], [5], ("buy", None), ""])
def test_unknown_types(session: Session, box: Sandbox, types: Any) -> None:
    with pytest.raises(InvalidRequest, match="types takes one or more of buy, sell, deposit") as refused:
        session.statement(types=types)
    assert (refused.value.call, refused.value.field) == ("statement", "types")
    with pytest.raises(InvalidRequest, match="ACCU"):
        session.profit_table(types=types)
    assert asked(box, "statement") == asked(box, "profit_table") == 0


# Requests to each API


@pytest.mark.parametrize("api", ["v3", "options"])
def test_each_api_gets_dates_in_its_own_form(api: str) -> None:
    from dpyauth.catalog.request import build
    from dpyauth.session.history.periods import dates

    fields = {
        name: build(load(api)[name], {**dates(load(api)[name], "2026-01-01", "2026-01-02"), "limit": 500})
        for name in ("statement", "profit_table")
    }
    assert fields["statement"]["date_from"] == epoch(2026, 1, 1)
    assert fields["profit_table"]["date_from"] == str(epoch(2026, 1, 1))
    assert fields["profit_table"]["date_to"] == str(epoch(2026, 1, 2, 23, 59, 59))
    ticks = build(load(api)["ticks_history"], {"ticks_history": "R_100", "start": 5, "end": 7, "count": 5000})
    assert (ticks["start"], ticks["end"]) == (5, "7")


@pytest.mark.parametrize("api", ["v3", "options"])
def test_pages_have_the_maximum_size(api: str) -> None:
    for call, size in paged.PAGE.items():
        assert load(api)[call].fields["limit"]["maximum"] == size
    if api == "v3":
        assert load(api)["login_history"].fields["limit"]["maximum"] == histories.LOGINS


# Rate limits


def test_pages_keep_to_the_rate_limit(nothing_left: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speculative requests never have to wait: 13 pages are needed, and 14 calls a minute are allowed."""
    from dpyauth.credentials import api_token
    from dpyauth.settings import settings

    monkeypatch.setattr(paged, "PAGE", {"statement": 260})
    with Sandbox(limits=Limits(outcome=(14, 1000))) as box, Session(settings(app_id=1089, server=box.url)) as session:
        session.core.sign_in_and_wait(api_token("sandbox-rich-read", "a test"))
        session.call("website_status")
        assert len(session.statement()) == len(ledger(box).rows)
        assert asked(box, "statement") <= 14
        assert "rate limit" not in session.events()["what"].tolist()


# Several accounts


def test_a_history_of_all_accounts(everyone: Session, box: Sandbox) -> None:
    frame = everyone.statement(account="all")
    assert frame["loginid"].unique().tolist() == list(RICH)
    for loginid, block in frame.groupby("loginid"):
        assert block["transaction_id"].tolist() == [row.transaction_id for row in ledger(box, str(loginid)).rows]
    currencies = frame.groupby("loginid")["currency"].unique()
    assert [list(currencies[loginid]) for loginid in RICH] == [["USD"], ["BTC"], ["USD"]]
    assert frame["error"].isna().all()


def test_a_history_of_another_account(everyone: Session, box: Sandbox) -> None:
    frame = everyone.profit_table(account="cr900002")
    assert set(frame["loginid"]) == {"CR900002"}
    assert set(frame["currency"]) == {"BTC"}
    assert len(frame) == len(ledger(box, "CR900002").closed)
    with pytest.raises(InvalidRequest, match="only to: CR900001"):
        everyone.statement(account="CR1")


@pytest.mark.parametrize("name", ["statement", "profit_table", "login_history"])
def test_an_account_that_cannot_be_read_is_a_row(everyone: Session, box: Sandbox, name: str) -> None:
    box.faults.revoke("a1-sandbox-rich-btc")
    frame = getattr(everyone, name)(account="all")
    assert frame["loginid"].unique().tolist() == list(RICH)
    failed = frame[frame["error"].notna()]
    assert failed["loginid"].tolist() == ["CR900002"]
    assert "InvalidToken" in failed["error"].item()
    kept = getattr(everyone, name)()
    assert frame.drop(columns="error").dtypes.astype(str).to_dict() == kept.dtypes.astype(str).to_dict()


def test_a_history_without_a_sign_in(open_session: Open) -> None:
    session = open_session(None)
    for name in ("statement", "profit_table", "login_history"):
        for account in ("current", "all", "CR900001"):
            with pytest.raises(NotSignedIn):
                getattr(session, name)(account=account)
    assert session.partial is None


def test_a_history_without_the_scope(open_session: Open) -> None:
    session = open_session("sandbox-rich-money")
    assert len(session.statement(since="2026-10-01")) > 10
    with pytest.raises(MissingScope):
        session.login_history()


# Interruptions


SILENT: list[str] = []
"""The requests that were left unanswered."""


def cut(box: Sandbox, monkeypatch: pytest.MonkeyPatch, call: str, after: int, what: str) -> list[dict[str, Any]]:
    """Let the sandbox answer this many requests of a call and then fail."""
    from dpyauth.sandbox.encoding import Refusal
    from dpyauth.sandbox.v3.handlers import HANDLERS

    served: list[dict[str, Any]] = []
    handler = HANDLERS[call]

    def answer(ask: Any) -> Any:
        if len(served) >= after:
            if what == "error":
                raise Refusal("NotToday", "Sorry.")
            SILENT.append(call)
            return []  # never answered
        served.append(dict(ask.request))
        return handler(ask)

    monkeypatch.setitem(HANDLERS, call, answer)
    return served


@pytest.mark.usefixtures("small")
def test_an_error_keeps_what_had_arrived(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = session.statement()
    cut(box, monkeypatch, "statement", 4, "error")
    assert session.partial is None
    with pytest.raises(ApiError, match="NotToday") as failed:
        session.statement()
    kept = session.partial
    assert kept is not None
    assert len(kept) == 250 + 3 * 240
    pd.testing.assert_frame_equal(kept, whole.tail(len(kept)).reset_index(drop=True))
    (note,) = failed.value.__notes__
    oldest = kept["transaction_time"].iloc[0]
    assert note == (
        f"What had arrived is in session.partial: 970 rows, back to {oldest:%Y-%m-%d %H:%M:%S} UTC. "
        "Older rows are missing: run the cell again to get all."
    )


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt as a kernel does, once only a call that is never answered has been waited for, for a second."""
    SILENT.clear()
    waits: list[None] = []

    def interrupted(notice: Any, pending: Any) -> None:
        waits.extend([None] * bool(SILENT))
        if len(waits) >= 10:
            raise KeyboardInterrupt

    monkeypatch.setattr("dpyauth.session.blocking.STEP", 0.1)
    monkeypatch.setattr("dpyauth.progress.Notice.about", interrupted)


@pytest.mark.usefixtures("small", "interrupt")
def test_an_interrupt_keeps_what_had_arrived(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    served = cut(box, monkeypatch, "statement", 2, "silence")
    with pytest.raises(KeyboardInterrupt) as stopped:
        session.statement()
    assert len(served) == 2
    assert session.partial is not None
    assert len(session.partial) == 490
    assert ["490 rows" in note for note in stopped.value.__notes__] == [True]
    assert session.call("ping")["ping"] == "pong"


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread")
@pytest.mark.usefixtures("small")
def test_a_real_interrupt_frees_the_cell_at_once(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpyauth.session.blocking.STEP", 60.0)  # it must not wait for the next step
    served = cut(box, monkeypatch, "statement", 2, "silence")

    def kill() -> None:
        assert box.wait_until(lambda box: len(served) == 2 and asked(box, "statement") >= 4)
        session.call("ping")  # answered later than those before it
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # type: ignore[arg-type]

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.statement()
    killer.join()
    assert time.monotonic() - began < 30
    assert session.partial is not None
    assert len(session.partial) == 490


@pytest.mark.usefixtures("small", "interrupt")
def test_an_interrupt_of_ticks(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(box, monkeypatch, "ticks_history", 3, "silence")
    with pytest.raises(KeyboardInterrupt):
        session.ticks("R_100", "2026-11-01", "2026-11-01")
    kept = session.partial
    assert kept is not None
    assert kept.index[-1] == pd.Timestamp("2026-11-01 23:59:58", tz="UTC")
    assert kept.index.equals(pd.date_range(end=kept.index[-1], periods=len(kept), freq="2s", unit="us", name="time"))
    assert len(kept) > 250


@pytest.mark.usefixtures("small", "interrupt")
@pytest.mark.parametrize("account", ["current", "all"])
@pytest.mark.parametrize(
    ("question", "how"), [("statement", {}), ("profit_table", {"since": "2026-01-01", "by": "sale"})]
)
def test_an_interrupt_before_anything_arrived(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, question: str, how: dict[str, Any], account: str
) -> None:
    cut(box, monkeypatch, "statement", 0, "silence")
    with pytest.raises(KeyboardInterrupt) as stopped:
        getattr(session, question)(account=account, **how)
    assert stopped.value.__notes__ == ["Nothing had arrived yet. Run the cell again if you still want it."]
    assert session.partial is None


@pytest.mark.usefixtures("interrupt")
def test_an_interrupt_of_all_accounts_keeps_the_first(
    everyone: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = everyone.statement()
    cut(box, monkeypatch, "statement", 4, "silence")
    with pytest.raises(KeyboardInterrupt) as stopped:
        everyone.statement(account="all")
    assert f"The accounts before {list(everyone.core.grants)[1]} are in session.partial, too: {everyone.loginid}." in (
        stopped.value.__notes__
    )
    kept = everyone.partial
    assert kept is not None
    kept = kept.drop(columns="error")
    pd.testing.assert_frame_equal(kept, first, check_categorical=False, check_like=True)


@pytest.mark.usefixtures("small")
def test_a_cancelled_await_keeps_what_had_arrived(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = cut(box, monkeypatch, "statement", 2, "silence")

    async def main() -> None:
        task = asyncio.ensure_future(session.aio.statement())
        await asyncio.to_thread(box.wait_until, lambda box: len(served) == 2 and asked(box, "statement") >= 4)
        await session.aio.call("ping")  # answered later than those before it
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert session.partial is not None
    assert len(session.partial) == 490


@pytest.mark.parametrize(
    "answer",
    [
        '"statement": 1',
        '"statement": {"count": 0}',
        '"statement": {"transactions": [5]}',
        '"history": 5',
        '"history": {"times": ["x"], "prices": [1]}',
        '"history": {"times": [1]}',
        '"candles": [3]',
        '"candles": [{"open": 3}]',
    ],
)
def test_malformed_histories(session: Session, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(
        "dpyauth.sandbox.encoding.encode",
        lambda reply, echo: '{"msg_type": "x", %s, "req_id": %d}' % (answer, echo["req_id"]),  # noqa: UP031
    )
    for ask in (
        session.statement,
        lambda: session.ticks("R_100", "2026-11-01"),
        lambda: session.candles("R_100"),
    ):
        with pytest.raises(BadReply, match="does not have the documented content"):
            ask()


def test_a_reply_without_its_sign_ins(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dpyauth.sandbox.encoding.encode",
        lambda reply, echo: json.dumps({"msg_type": "x", "req_id": echo["req_id"]}),
    )
    with pytest.raises(BadReply):
        session.login_history()


def test_rows_without_an_id_are_compared_by_their_contents() -> None:
    pages: Pages[Any] = Pages(3, key_of, booked)
    rows = [{"amount": 1}, {"amount": 2}, {"transaction_id": 3}, {"transaction_id": 4}]
    while asked := pages.ask(1):
        for offset in asked:
            pages.add(offset, rows[offset : offset + 3])
    assert pages.rows() == rows


# Several requests at once


def together(calls: list[str], landed: Callable[[int, Reply], None]) -> Steps[str]:
    yield Batch([Request(call) for call in calls], landed)
    return "done"


@pytest.mark.parametrize("awaited", [False, True])
def test_a_batch(session: Session, awaited: bool) -> None:
    replies: dict[int, Any] = {}
    threads: set[int] = set()

    def landed(number: int, reply: Reply) -> None:
        replies[number] = reply["msg_type"]
        threads.add(threading.get_ident())

    plan = together(["ping", "time", "balance"], landed)
    assert (asyncio.run(run_async(session.core, plan)) if awaited else run(session.core, plan)) == "done"
    assert replies == {0: "ping", 1: "time", 2: "balance"}
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("awaited", [False, True])
def test_a_batch_with_a_failing_request(session: Session, box: Sandbox, awaited: bool) -> None:
    box.faults.swallow("balance")
    box.faults.error("Oops", "time")
    plan = together(["balance", "time"], lambda number, reply: None)
    with pytest.raises(ApiError, match="Oops"):
        asyncio.run(run_async(session.core, plan)) if awaited else run(session.core, plan)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_batch_with_a_request_that_cannot_be_sent(session: Session, awaited: bool) -> None:
    plan = together(["ping", "nonsense"], lambda number, reply: None)
    with pytest.raises(InvalidRequest):
        asyncio.run(run_async(session.core, plan)) if awaited else run(session.core, plan)


def test_a_batch_when_the_session_ends(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for call in ("balance", "time"):
        box.faults.swallow(call)
    closing = threading.Timer(0.05, session.close)
    closing.start()
    with pytest.raises(DpyauthError, match="closed"):
        run(session.core, together(["balance", "time"], lambda number, reply: None))
    closing.join()
