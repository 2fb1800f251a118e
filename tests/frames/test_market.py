from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.frames import Context, candles, exchange_rates, ticks, trading_times

CONTEXT = Context("some_call", loginid="CR90000001", fetched=datetime(2026, 11, 24, 23, 59, tzinfo=UTC))


def hours(*sessions: tuple[str, str], **more: Any) -> dict[str, Any]:
    times = {"open": [o for o, _ in sessions], "close": [c for _, c in sessions], "settlement": "23:59:59"}
    symbol = {"symbol": "frxEURUSD", "name": "EUR/USD", "times": times, **more}
    return {"markets": [{"name": "Forex", "submarkets": [{"name": "Major Pairs", "symbols": [symbol]}]}]}


def test_ticks_are_indexed_by_time() -> None:
    frame = ticks({"times": [0, 2], "prices": [10.5, 11]}, CONTEXT)
    assert frame.index.tolist() == [pd.Timestamp(0, tz="UTC"), pd.Timestamp(2, unit="s", tz="UTC")]
    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame.index.name == "time"
    assert frame["quote"].tolist() == [10.5, 11.0]
    assert frame.attrs["loginid"] == "CR90000001"


def test_prices_as_texts_and_lists_of_unequal_length() -> None:
    frame = ticks({"times": [0, 2], "prices": ["10.5"]})
    assert frame["quote"].tolist()[0] == 10.5
    assert frame["quote"].isna().tolist() == [False, True]
    assert ticks({"times": [0], "prices": [1, 2]}).index.isna().tolist() == [False, True]


@pytest.mark.parametrize("nothing", [None, {}, {"times": None}, []])
def test_no_ticks(nothing: Any) -> None:
    frame = ticks(nothing)
    assert len(frame) == 0
    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame["quote"].dtype == "float64"


def test_candles_are_indexed_by_their_start() -> None:
    row = {"epoch": 60, "open": 1, "high": 3.5, "low": "0.5", "close": 2}
    frame = candles([row, {"epoch": 120}], CONTEXT)
    assert frame.columns.tolist() == ["open", "high", "low", "close"]
    assert frame.iloc[0].tolist() == [1.0, 3.5, 0.5, 2.0]
    assert frame.iloc[1].isna().all()
    assert frame.index[1] == pd.Timestamp(120, unit="s", tz="UTC")


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_no_candles(nothing: Any) -> None:
    frame = candles(nothing)
    assert (frame.dtypes == "float64").all()
    assert str(frame.index.dtype) == "datetime64[us, UTC]"


def test_exact_prices() -> None:
    assert str(ticks({"times": [0], "prices": [Decimal("1.10")]}, decimal=True)["quote"].iloc[0]) == "1.10"
    assert str(candles([{"open": Decimal("1.10")}], decimal=True)["open"].iloc[0]) == "1.10"


@given(st.lists(st.tuples(st.integers(0, 4 * 10**9), st.floats(allow_nan=False, allow_infinity=False))))
def test_no_tick_is_lost_or_changed(pairs: list[tuple[int, float]]) -> None:
    frame = ticks({"times": [when for when, _ in pairs], "prices": [price for _, price in pairs]})
    assert [int(when.timestamp()) for when in frame.index] == [when for when, _ in pairs]
    assert frame["quote"].tolist() == [price for _, price in pairs]


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-10-01", "2026-10-01"), (date(2026, 10, 1), "2026-10-01"), ("today", "2026-11-24"), (None, "2026-11-24")],
)
def test_hours_belong_to_the_day_asked_for(day: Any, expected: str) -> None:
    row = trading_times(hours(("08:00:00", "16:30")), CONTEXT, day=day).iloc[0]
    assert row["open"] == pd.Timestamp(f"{expected}T08:00:00Z")
    assert row["close"] == pd.Timestamp(f"{expected}T16:30:00Z")
    assert row["settlement"] == pd.Timestamp(f"{expected}T23:59:59Z")
    assert (row["market"], row["submarket"], row["symbol"]) == ("Forex", "Major Pairs", "frxEURUSD")


def test_a_day_with_a_break() -> None:
    row = trading_times(hours(("08:00:00", "12:00:00"), ("13:00:00", "17:00:00")), day="2026-10-01").iloc[0]
    assert row["open"] == pd.Timestamp("2026-10-01T08:00:00Z")
    assert row["close"] == pd.Timestamp("2026-10-01T17:00:00Z")
    assert row["sessions"] == [("08:00:00", "12:00:00"), ("13:00:00", "17:00:00")]


def test_a_day_it_stays_closed() -> None:
    row = trading_times(hours(("--", "--")), day="2026-10-01").iloc[0]
    assert pd.isna(row["open"])
    assert pd.isna(row["close"])
    assert row["sessions"] == []


@pytest.mark.parametrize("day", [None, "today", "someday"])
def test_hours_of_no_day(day: str | None) -> None:
    row = trading_times(hours(("08:00:00", "12:00:00")), day=day).iloc[0]
    assert pd.isna(row["open"])
    assert row["sessions"] == [("08:00:00", "12:00:00")]


@given(st.text(max_size=8) | st.integers() | st.none())
def test_any_time_of_day_is_accepted(text: Any) -> None:
    assert len(trading_times(hours((text, text)), day="2026-10-01")) == 1


def test_the_options_api_has_another_name_for_the_symbol() -> None:
    listed = hours(("08:00:00", "12:00:00"))
    symbol = listed["markets"][0]["submarkets"][0]["symbols"][0]
    symbol["underlying_symbol"] = symbol.pop("symbol")
    assert trading_times(listed)["symbol"].tolist() == ["frxEURUSD"]


def test_exchange_rates_with_and_without_a_spread() -> None:
    rates = {"EUR": 0.9, "BTC": {"spot_rate": 2, "bid_rate": 1.5, "ask_rate": 2.5}}
    frame = exchange_rates({"base_currency": "USD", "date": 0, "rates": rates}, CONTEXT, spread=True)
    assert frame["currency"].tolist() == ["EUR", "BTC"]
    assert frame["rate"].tolist() == [0.9, 2.0]
    assert frame["bid"].isna().tolist() == [True, False]
    assert frame["ask"].tolist()[1] == 2.5
    assert frame["base_currency"].tolist() == ["USD", "USD"]
    assert frame["date"].tolist() == [pd.Timestamp(0, tz="UTC")] * 2
    assert exchange_rates(None, spread=True).dtypes.to_dict() == frame.dtypes.to_dict()
    assert exchange_rates(None).columns.tolist() == ["base_currency", "currency", "rate", "date"]
