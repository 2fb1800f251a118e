"""Prices are the same for every client, whenever and however they are requested."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.sandbox import Sandbox, price_feed
from dpyauth.sandbox.ledgers import DAY, END

names = st.sampled_from(sorted(price_feed.SYMBOLS))
seconds = st.integers(0, 9_999_999_999)


@given(names, seconds)
def test_a_price_is_a_function_of_symbol_and_second(name: str, second: int) -> None:
    symbol = price_feed.SYMBOLS[name]
    price = price_feed.spot(name, second)
    assert price > 0
    assert price == round(price, symbol.digits)
    assert price in price_feed.prices(name, [second, second + 100]).tolist()
    assert price_feed.quote(name, second)["quote"] == price


@given(names, seconds, st.integers(0, 5 * DAY), st.integers(1, 300))
def test_tick_times(name: str, end: int, span: int, count: int) -> None:
    start = max(0, end - span)
    times = price_feed.tick_times(name, start, end, count)
    assert len(times) <= count
    assert times == sorted(set(times))
    assert all(start <= each <= end and price_feed.SYMBOLS[name].is_open(each) for each in times)


@given(names, seconds, st.sampled_from([60, 300, 86400]))
def test_candles_hold_their_ticks(name: str, end: int, granularity: int) -> None:
    starts = price_feed.candle_starts(name, max(0, end - 4 * granularity), end, granularity, 3)
    for candle in price_feed.candles(name, starts, granularity, end):
        assert candle["epoch"] % granularity == 0
        assert candle["low"] <= min(candle["open"], candle["close"])
        assert max(candle["open"], candle["close"]) <= candle["high"]
        assert candle["open"] == price_feed.spot(name, candle["epoch"])
        assert candle["close"] == price_feed.spot(name, min(end, candle["epoch"] + granularity - 1))


def test_a_minute_candle_is_exact() -> None:
    ticks = price_feed.prices("R_100", range(END, END + 60)).tolist()
    candle = price_feed.candles("R_100", [END], 60, END + 59)[0]
    assert (candle["high"], candle["low"]) == (max(ticks), min(ticks))


def test_a_price_moves_like_its_volatility() -> None:
    """Hourly moves over a week of an index with a volatility of 100 % a year are about 1.07 % each."""
    hours = price_feed.prices("R_100", range(END, END + 7 * DAY, 3600))
    moves = hours[1:] / hours[:-1] - 1
    assert 0.004 < float(moves.std()) < 0.03


def test_history_and_live_agree(client: Any) -> None:
    one = client()
    one.send({"ticks_history": "1HZ100V", "end": "latest", "count": 3, "subscribe": 1})
    first = one.receive()
    seen = dict(zip(first["history"]["times"], first["history"]["prices"], strict=True))
    for _ in range(2):
        tick = one.receive()["tick"]
        seen[tick["epoch"]] = tick["quote"]
    assert len(seen) >= 4
    later = one.ask(ticks_history="1HZ100V", end=str(max(seen)), count=10)["history"]
    again = dict(zip(later["times"], later["prices"], strict=True))
    assert seen.items() <= again.items()


@pytest.mark.parametrize(
    ("request_", "count", "last"),
    [
        ({"end": str(END), "count": 5}, 5, END),
        ({"end": str(END), "start": END - 9}, 5, END),
        ({"end": str(END), "start": END - 9, "count": 2}, 2, END),
        ({"end": str(END)}, 1000, END),
        ({"end": str(END), "count": 9000}, 5000, END),
        ({"end": "0"}, 1, 0),
    ],
)
def test_the_length_of_a_history(client: Any, request_: dict[str, Any], count: int, last: int) -> None:
    history = client().ask(ticks_history="R_100", **request_)["history"]
    assert len(history["times"]) == len(history["prices"]) == count
    assert history["times"][-1] == last
    assert history["times"] == sorted(history["times"])


def test_candles_end_with_the_unfinished_one(client: Any) -> None:
    reply = client().ask(ticks_history="R_50", end=str(END + 90), style="candles", granularity=60, count=3)
    assert [candle["epoch"] for candle in reply["candles"]] == [END - 60, END, END + 60]
    assert reply["pip_size"] == 4
    assert len(client().ask(ticks_history="R_50", end="latest", style="candles", count=9999)["candles"]) == 5000


def test_histories_that_are_refused(client: Any) -> None:
    one = client()
    assert one.code(ticks_history="R_50", end="5", start=6) == "InvalidStartEnd"
    assert one.code(ticks_history="NOPE", end="latest") == "InvalidSymbol"


def test_currencies_rest_at_weekends(client: Any) -> None:
    sunday = 1_793_491_200.0
    with Sandbox(clock=lambda: sunday) as box:
        one = client(on=box)
        reply = one.ask(ticks="frxEURUSD")
        assert reply["error"]["code"] == "MarketIsClosed"
        assert reply["msg_type"] == "tick"
        assert one.code(ticks_history="frxEURUSD", end="latest", subscribe=1) == "MarketIsClosed"
        assert one.ask(ticks_history="frxEURUSD", end="latest", count=1)["history"]["times"] == [int(sunday) - DAY - 1]
        is_open = {row["symbol"]: row["exchange_is_open"] for row in one.ask(active_symbols="brief")["active_symbols"]}
        assert (is_open["frxEURUSD"], is_open["R_50"]) == (0, 1)
        assert one.ask(time=1)["time"] == sunday
