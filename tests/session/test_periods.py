"""Test periods: frames contain nothing from outside, and the user is told where Deriv's data begins."""

from __future__ import annotations

import asyncio
import datetime as dt
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dpyauth import frames
from dpyauth.catalog.calls import load
from dpyauth.errors import BadReply, InvalidRequest
from dpyauth.notes import PeriodWarning
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session
from dpyauth.session.history.periods import days

Open = Callable[..., Session]
YEAR = dt.timedelta(days=365)


@pytest.fixture(params=["v3", "options"])
def either(request: pytest.FixtureRequest, open_session: Open, open_options: Open) -> Session:
    return open_session() if request.param == "v3" else open_options()


def asked(box: Sandbox, call: str) -> int:
    return sum(each.call == call for each in box.received)


def altered(monkeypatch: pytest.MonkeyPatch, call: str, alter: Callable[[Any, Any], Any]) -> None:
    """Let the sandbox answer a call with what `alter` makes of the request and the usual answer."""
    handler = HANDLERS[call]
    monkeypatch.setitem(HANDLERS, call, lambda ask: alter(ask, handler(ask)))


def altered_rows(monkeypatch: pytest.MonkeyPatch, call: str, alter: Callable[[list[Any]], list[Any]]) -> None:
    def listed(ask: Any, reply: Any) -> Any:
        reply.payload = {**reply.payload, "transactions": alter(reply.payload["transactions"])}
        return reply

    altered(monkeypatch, call, listed)


def told(ask: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, str]:
    """Return a frame and the warning that came with it, which is also in its attributes."""
    with pytest.warns(PeriodWarning) as caught:
        frame = ask()
    (said,) = caught
    assert said.filename == __file__  # the user's own line
    assert str(said.message) in frame.attrs["note"]
    return frame, str(said.message)


# Prices


@pytest.mark.parametrize("since", [None, "2021-12-31", "2015-01-01"])
def test_ticks_that_deriv_no_longer_keeps(either: Session, box: Sandbox, since: str | None) -> None:
    frame, said = told(lambda: either.ticks("R_50", since, "2022-01-01 00:13:22"))
    assert len(frame) == 0
    assert frame["quote"].dtype == "float64"
    begins = dt.datetime.now(dt.UTC) - YEAR
    assert said.startswith("Deriv has sent no ticks of R_50 from this period, only later ones, from 20")
    assert f"It keeps prices for about a year, that is, back to about {begins:%Y-%m-%d}" in said
    assert asked(box, "ticks_history") < 10


@pytest.mark.parametrize("until", ["2022-01-01 00:13:22", "2026-06-01"])
def test_a_server_that_answers_every_period_with_the_same_ticks(
    either: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    def alter(ask: Any, reply: Any) -> Any:
        reply.payload = {"times": [1_793_527_200, 1_793_527_202], "prices": [1.0, 2.0]}
        return reply

    altered(monkeypatch, "ticks_history", alter)
    frame, said = told(lambda: either.ticks("R_50", until=until))
    assert len(frame) == 0
    assert "no ticks of R_50 from this period, only later ones, from 2026-11-01 10:00:00 UTC on." in said
    assert ("about a year" in said) == until.startswith("2022")
    assert asked(box, "ticks_history") < 10


def test_awaited_ticks_that_deriv_no_longer_keeps(either: Session) -> None:
    frame, _ = told(lambda: asyncio.run(_awaited(either)))
    assert len(frame) == 0


async def _awaited(session: Session) -> pd.DataFrame:
    return await session.aio.ticks("R_50", until="2022-01-01 00:13:22")


def test_ticks_around_the_moment_at_which_deriv_begins(either: Session) -> None:
    now = pd.Timestamp.now("UTC").floor("s")
    until = now - YEAR + dt.timedelta(hours=1)
    frame, said = told(lambda: either.ticks("R_50", now - 2 * YEAR, until))
    assert until - dt.timedelta(hours=1) <= frame.index[0] <= until - dt.timedelta(minutes=58)
    assert (until - frame.index[-1]) < dt.timedelta(seconds=2)
    assert frame.index.is_monotonic_increasing
    assert f"Deriv's ticks of R_50 begin at {frame.index[0]:%Y-%m-%d %H:%M:%S} UTC" in said


def test_the_latest_ticks_until_a_moment_that_is_kept_are_5000(either: Session, box: Sandbox) -> None:
    until = pd.Timestamp.now("UTC").floor("s") - dt.timedelta(days=200)
    frame = either.ticks("R_50", until=until)
    assert len(frame) == 5000
    assert until - frame.index[-1] < dt.timedelta(seconds=2)
    assert "note" not in frame.attrs
    assert asked(box, "ticks_history") == 1


def test_daily_candles_end_after_a_year_on_options(open_options: Open) -> None:
    session = open_options()
    for since in (None, "2020-01-01"):
        frame, said = told(lambda since=since: session.candles("R_100", "1D", since))  # type: ignore[misc]
        assert len(frame) == 365
        assert f"Deriv's candles of R_100 begin at {frame.index[0]:%Y-%m-%d} 00:00:00 UTC" in said
    frame, said = told(lambda: session.candles("R_100", "1D", until="2020-01-01"))
    assert len(frame) == 0
    assert "no candles" in said


def test_daily_candles_of_many_years_where_deriv_has_them(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.session.price_histories.POINTS", 800)
    frame = session.candles("R_100", "1D")
    assert len(frame) == 800
    assert frame.index.is_unique
    assert frame.index.is_monotonic_increasing


def _shuffled(ask: Any, reply: Any) -> Any:
    history = reply.payload
    order = [*range(1, len(history["times"]), 2), *range(0, len(history["times"]), 2), 0, 1]
    history["times"], history["prices"] = ([history[name][n] for n in order] for name in ("times", "prices"))
    return reply


def _later(ask: Any, reply: Any) -> Any:
    times, prices = reply.payload["times"], reply.payload["prices"]
    times += [times[-1] + 10, times[-1] + 86_400]
    prices += [1.0, 2.0]
    return reply


def _earlier(ask: Any, reply: Any) -> Any:
    times, prices = reply.payload["times"], reply.payload["prices"]
    times[:0] = [5, times[0] - 3600]
    prices[:0] = [1.0, 2.0]
    return reply


def _other_times(form: Callable[[int], Any]) -> Callable[[Any, Any], Any]:
    def alter(ask: Any, reply: Any) -> Any:
        reply.payload["times"] = [form(time) for time in reply.payload["times"]]
        return reply

    return alter


@pytest.mark.parametrize(
    ("alter", "outside"),
    [
        (_shuffled, 0),
        (_later, 2),
        (_earlier, 2),
        (_other_times(str), 0),
        (_other_times(float), 0),
        (_other_times(lambda time: time * 1000), 0),
        (_other_times(lambda time: f"{dt.datetime.fromtimestamp(time, dt.UTC):%Y-%m-%d %H:%M:%S}"), 0),
    ],
)
def test_only_points_of_the_period_are_kept_and_only_once(
    either: Session, monkeypatch: pytest.MonkeyPatch, alter: Any, outside: int
) -> None:
    since, until = "2026-11-01 10:00", "2026-11-01 10:10"
    expected = either.ticks("R_50", since, until)
    assert len(expected) == 301
    altered(monkeypatch, "ticks_history", alter)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = either.ticks("R_50", since, until)
    pd.testing.assert_frame_equal(frame, expected)
    assert len(caught) == bool(outside)
    if outside:
        assert f"Deriv also sent {outside} rows from outside the period" in frame.attrs["note"]


def test_repeated_candles_count_once(either: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = either.candles("R_50", 60, "2026-11-01", "2026-11-01 01:00")

    def alter(ask: Any, reply: Any) -> Any:
        reply.payload = [*reply.payload[30:], *reply.payload]
        return reply

    altered(monkeypatch, "ticks_history", alter)
    pd.testing.assert_frame_equal(either.candles("R_50", 60, "2026-11-01", "2026-11-01 01:00"), expected)


@pytest.mark.parametrize("form", [lambda time: "now", lambda time: None, lambda time: [time]])
def test_prices_whose_time_cannot_be_read_are_an_error(
    session: Session, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    altered(monkeypatch, "ticks_history", _other_times(form))
    with pytest.raises(BadReply, match="does not have the documented content"):
        session.ticks("R_50")


def test_prices_without_matching_times_are_an_error(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def alter(ask: Any, reply: Any) -> Any:
        reply.payload["prices"].pop(0)
        return reply

    altered(monkeypatch, "ticks_history", alter)
    with pytest.raises(BadReply, match="does not have the documented content"):
        session.ticks("R_50")


# Statement and profit table


NAMES = ["statement", "profit_table"]


def _autumn(session: Session, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = getattr(session, name)("2026-08-05", "2026-09-30")
    return frame


@pytest.mark.parametrize("name", NAMES)
def test_rows_outside_the_period_are_left_out(either: Session, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    expected = _autumn(either, name)
    assert len(expected) > 5
    handler = HANDLERS[name]

    def answer(ask: Any) -> Any:
        ask.request = {name: value for name, value in ask.request.items() if not name.startswith("date_")}
        return handler(ask)

    monkeypatch.setitem(HANDLERS, name, answer)
    frame, said = told(lambda: _autumn(either, name))
    pd.testing.assert_frame_equal(frame, expected)
    assert "rows from outside the period asked for; they were left out" in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("alter", [lambda rows: rows[::-1], lambda rows: [*rows[:5], *rows]])
def test_rows_in_another_order_and_repeated(
    either: Session, monkeypatch: pytest.MonkeyPatch, name: str, alter: Any
) -> None:
    expected = _autumn(either, name)
    altered_rows(monkeypatch, name, alter)
    frame = _autumn(either, name)
    assert sorted(frame["transaction_id"]) == sorted(expected["transaction_id"])
    time = "transaction_time" if name == "statement" else "purchase_time"
    assert frame[time].is_monotonic_increasing


def test_a_statement_whose_pages_never_change_is_an_error(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.session.history.paged.PAGE", {"statement": 20, "profit_table": 20})
    first: list[Any] = []

    def alter(ask: Any, payload: Any) -> Any:
        first.append(payload)
        return first[0]

    altered(monkeypatch, "statement", alter)
    with pytest.raises(BadReply, match="do not fit together"):
        session.statement()
    assert len(first) < 30


# Closed contracts by the time of their sale


def _sold(session: Session, since: str | None, until: str | None) -> pd.DataFrame:
    whole = session.profit_table()
    first = pd.Timestamp(since or "1970-01-01", tz="UTC")
    last = pd.Timestamp(until or "2100-01-01", tz="UTC") + dt.timedelta(days=1)
    return whole[(whole["sell_time"] >= first) & (whole["sell_time"] < last)]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-09-10", "2026-09-20"),
        ("2026-10-05", None),
        (None, "2026-03-31"),
        (None, None),
        ("2026-03-07", "2026-03-07"),
    ],
)
def test_contracts_by_sale(either: Session, since: str | None, until: str | None) -> None:
    frame = either.profit_table(since, until, by="sale")
    assert set(frame["contract_id"]) == set(_sold(either, since, until)["contract_id"]) != set()
    assert frame["sell_time"].is_monotonic_increasing
    assert frame["contract_id"].is_unique
    assert frame.attrs["by"] == "sale"
    awaited = asyncio.run(_awaited_sales(either, since, until))
    pd.testing.assert_frame_equal(awaited, frame)


async def _awaited_sales(session: Session, since: str | None, until: str | None) -> pd.DataFrame:
    return await session.aio.profit_table(since, until, by="sale", account="current")


def test_a_contract_that_was_bought_before_the_period_is_there_by_sale(either: Session, box: Sandbox) -> None:
    whole = either.profit_table()
    late = whole[whole["sell_time"] - whole["purchase_time"] > dt.timedelta(hours=2)].iloc[-1]
    since, until = late["sell_time"] - dt.timedelta(minutes=1), late["sell_time"]
    assert late["contract_id"] not in either.profit_table(since, until)["contract_id"].tolist()
    before = asked(box, "profit_table"), asked(box, "statement")
    frame = either.profit_table(since, until, by="sale")
    assert late["contract_id"] in frame["contract_id"].tolist()
    assert (asked(box, "profit_table"), asked(box, "statement")) == (before[0] + 1, before[1] + 1)


def test_by_sale_and_some_types(either: Session) -> None:
    frame = either.profit_table("2026-09-01", by="sale", types=["CALL", "PUT"])
    sold = _sold(either, "2026-09-01", None)
    assert frame["contract_id"].tolist() == sorted(
        sold[sold["contract_type"].isin(["CALL", "PUT"])]["contract_id"],
        key=frame["contract_id"].tolist().index,
    )


def test_by_sale_of_all_accounts(open_options: Open) -> None:
    session = open_options()
    frame = session.profit_table("2026-09-10", by="sale", account="all")
    assert frame["error"].isna().all()
    one = session.profit_table("2026-09-10", by="sale")
    assert frame[frame["loginid"] == session.loginid]["contract_id"].tolist() == one["contract_id"].tolist()


def test_by_sale_without_the_time_of_a_purchase(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = session.profit_table("2026-10-01", by="sale")

    altered_rows(monkeypatch, "statement", lambda rows: [{**row, "purchase_time": None} for row in rows])
    pd.testing.assert_frame_equal(session.profit_table("2026-10-01", by="sale"), expected)


def test_by_sale_with_a_contract_missing_from_the_profit_table(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = session.profit_table("2026-10-01", by="sale")
    lost = whole["contract_id"].iloc[3]

    altered_rows(monkeypatch, "profit_table", lambda rows: [row for row in rows if row["contract_id"] != lost])
    frame, said = told(lambda: session.profit_table("2026-10-01", by="sale"))
    assert len(frame) == len(whole) - 1
    assert "profit table lacks 1 contract that" in said


def test_the_frame_says_which_time_its_period_refers_to(session: Session) -> None:
    frame = session.profit_table("2026-10-01")
    assert frame.attrs["by"] == "purchase"
    assert "by='sale'" in frame.attrs["note"]
    assert "note" not in session.profit_table().attrs


@pytest.mark.parametrize("by", ["sold", "Sale", None, 1, "", ["sale"]])
def test_other_values_of_by_are_refused(session: Session, box: Sandbox, by: Any) -> None:
    with pytest.raises(InvalidRequest, match="by") as refused:
        session.profit_table("2026-10-01", by=by)
    assert refused.value.field == "by"
    assert asked(box, "profit_table") == asked(box, "statement") == 0


def test_an_interrupted_history_by_sale_is_kept(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpyauth.session.history.paged.PAGE", {"statement": 999, "profit_table": 50})
    expected = session.profit_table("2026-06-01", by="sale")
    handler, served = HANDLERS["profit_table"], []

    def answer(ask: Any) -> Any:
        from dpyauth.sandbox.encoding import Refusal

        if len(served) >= 2:
            raise Refusal("Oops", "Sorry.")
        served.append(ask)
        return handler(ask)

    monkeypatch.setitem(HANDLERS, "profit_table", answer)
    with pytest.raises(Exception, match="Oops"):
        session.profit_table("2026-06-01", by="sale")
    partial = session.partial
    assert partial is not None
    assert 0 < len(partial) < len(expected)
    assert set(partial["contract_id"]) < set(expected["contract_id"])


# Wallets


def _without_a_period(place: Any, size: int, since: int | None, currency: str | None) -> dict[str, Any]:
    return {"page_cursor": place.cursor, "per_page": size}


def test_transactions_of_a_wallet_outside_the_period(
    open_options: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_options()
    whole = session.wallet_transactions("main")
    since = whole["time"].iloc[len(whole) // 2]
    expected = whole[whole["time"] >= since].reset_index(drop=True)
    monkeypatch.setattr("dpyauth.session.history.wallet.fields", _without_a_period)
    frame, said = told(lambda: session.wallet_transactions("main", since))
    assert frame["transaction_id"].tolist() == expected["transaction_id"].tolist()
    assert "rows from outside the period asked for" in said


# Any call as a frame


START, END = 1_793_527_200, 1_793_527_800  # 2026-11-01, ten minutes


def test_ticks_history_as_a_frame(either: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> pd.DataFrame:
        return either.frame("ticks_history", ticks_history="R_50", start=START, end=str(END), count=5000)

    expected = ask()
    assert len(expected) == 301
    altered(monkeypatch, "ticks_history", _later)
    frame, said = told(ask)
    pd.testing.assert_frame_equal(frame, expected)
    assert "2 rows from outside" in said


def test_an_old_ticks_history_as_a_frame(either: Session) -> None:
    old = {"ticks_history": "R_50", "start": 1_600_000_000, "end": "1600000600", "count": 50}
    frame, said = told(lambda: either.frame("ticks_history", **old))
    assert len(frame) == 0
    assert frame["times"].dtype == "datetime64[us, UTC]"
    assert "50 rows" in said
    assert "They begin at 20" in said
    assert len(either.call("ticks_history", **old)["history"]["times"]) == 50  # a reply is not changed


def test_the_candle_that_a_period_begins_in_belongs_to_it(either: Session) -> None:
    asked = {"ticks_history": "R_50", "style": "candles", "granularity": 300}
    frame = either.frame("ticks_history", start=START, end=str(END), **asked)
    assert len(frame) == 3
    reply = {"echo_req": {**asked, "start": START + 60, "end": str(END)}}
    rows = [{"epoch": second, "close": 1.0} for second in range(START - 300, END + 600, 300)]
    call = either.core.catalog.find("ticks_history")
    kept, _ = told(lambda: frames.generic(call, {**reply, "candles": rows}, frames.Context(call.name)))
    assert len(kept) == 3


@pytest.mark.parametrize("name", NAMES)
def test_statements_as_frames(either: Session, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def ask() -> pd.DataFrame:
        return either.frame(name, date_from=dt.date(2026, 8, 5), date_to=dt.datetime(2026, 9, 30), description=1)

    expected = ask()
    assert len(expected) > 5
    row = {"transaction_id": 1, "transaction_time": 1_700_000_000, "purchase_time": 1_700_000_000}
    altered_rows(monkeypatch, name, lambda rows: [row, *rows, row])
    frame, said = told(ask)
    assert frame["transaction_id"].tolist() == expected["transaction_id"].tolist()
    assert "2 rows" in said


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"date_from": "2026-01-02", "date_to": "2026-01-02"}, ["2026-01-02 00:00:00", "2026-01-02 23:59:59", None]),
        (
            {"date_from": "1767312000", "date_to": "253402300799"},
            ["2026-01-02 00:00:00", "2026-01-02 23:59:59", "2026-01-03 00:00:00", None],
        ),
        ({"date_to": "2026-01-01 23:59:59"}, ["2026-01-01 23:59:59", None]),
    ],
)
def test_details_of_markup(asked: dict[str, str], kept: list[Any]) -> None:
    moments = ["2026-01-01 23:59:59", "2026-01-02 00:00:00", "2026-01-02 23:59:59", "2026-01-03 00:00:00", None]
    rows = [{"transaction_time": moment} for moment in moments]
    call = load("v3")["app_markup_details"]
    reply = {"echo_req": asked, "app_markup_details": {"transactions": rows}}
    with pytest.warns(PeriodWarning, match="from outside the period"):
        frame = frames.generic(call, reply, frames.Context(call.name, api="v3"))
    shown = frame["transaction_time"].dt.strftime("%Y-%m-%d %H:%M:%S")
    assert [None if pd.isna(text) else text for text in shown] == kept


@pytest.mark.parametrize("day", ["2026-01-02", "2026-1-2"])
def test_orders_of_a_day_in_derivs_sense(day: str) -> None:
    call = load("v3")["p2p_order_list"]
    rows = [{"id": name, "created_time": second} for name, second in (("a", 1_767_312_000), ("b", 1_767_398_400))]
    reply = {"echo_req": {"date_from": day, "date_to": day}, "p2p_order_list": {"list": rows}}
    with pytest.warns(PeriodWarning, match="1 row from outside the period"):
        frame = frames.generic(call, reply, frames.Context(call.name, api="v3"))
    assert frame["id"].tolist() == ["a"]


@pytest.mark.parametrize("until", ["2030-01-01", dt.date(9999, 12, 31), None])
def test_days_up_to_the_future_end_today(until: Any) -> None:
    today = dt.datetime.now(dt.UTC).date()
    first, last = days(load("options")["markup_statistics"], None, until, 180)
    assert dt.date.fromisoformat(last) - today in (dt.timedelta(0), dt.timedelta(days=1))  # midnight may pass
    assert dt.date.fromisoformat(last) - dt.date.fromisoformat(first) == dt.timedelta(days=180)


def test_days_up_to_the_first_possible_day() -> None:
    assert days(load("options")["markup_statistics"], None, "0001-01-02", 180)[0].endswith("1-01-01")
