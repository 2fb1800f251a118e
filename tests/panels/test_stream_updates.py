"""Test converting any updates to points and rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth.panels.stream_updates import LONGEST, WIDEST, Chart, Table
from dpyauth.texts import texts

WORDS = texts("stream", language="en")
GAP = {"since": 1, "until": 2, "reason": "gone", "filled": False}


def describe(gap: Mapping[str, Any], filled: bool) -> str:
    return f"{gap.get('reason')}, {'filled' if filled else 'missing'}"


def received(*replies: Mapping[str, Any]) -> list[tuple[float, Mapping[str, Any]]]:
    return [(1_780_000_000.0 + i, reply) for i, reply in enumerate(replies)]


def tick(epoch: Any, quote: Any, **more: Any) -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"symbol": "R_100", "epoch": epoch, "quote": quote}, **more}


def candle(start: int, close: float) -> dict[str, Any]:
    return {"epoch": start, "open": 1.0, "high": 9.0, "low": 0.5, "close": close}


def candles(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"msg_type": "candles", "candles": list(rows), "pip_size": 3, **more}


def ohlc(start: int, close: str) -> dict[str, Any]:
    sides = {"open": "1.000", "high": "9.000", "low": "0.500", "close": close}
    return {"msg_type": "ohlc", "ohlc": {"open_time": start, "epoch": start + 5, "pip_size": 3, **sides}}


# Points


def test_ticks_are_points_in_their_order_each_once() -> None:
    chart = Chart(describe)
    assert chart.add(received(tick(1, 10.5), tick(2, 10.25))) == [{"t": 1, "p": [10.5]}, {"t": 2, "p": [10.25]}]
    assert chart.digits == 2
    assert chart.add(received(tick(1, 99), tick(2, 10.75), tick(3, 11))) == [
        {"t": 2, "p": [10.75]},
        {"t": 3, "p": [11]},
    ]


def test_a_history_of_ticks_comes_first() -> None:
    history = {"msg_type": "history", "history": {"times": [1, 2], "prices": [5, "6.5"]}, "pip_size": 1}
    chart = Chart(describe)
    assert [point["p"] for point in chart.add(received(history, tick(3, 7.123)))] == [[5], [6.5], [7.123]]
    assert chart.digits == 1  # according to Deriv


def test_a_candle_grows_until_the_next_one_opens() -> None:
    chart = Chart(describe)
    points = chart.add(received(candles(candle(0, 2.0), candle(60, 3.0)), ohlc(60, "3.500"), ohlc(120, "4.000")))
    assert [(point["t"], point["p"][-1]) for point in points] == [(0, 2.0), (60, 3.5), (120, 4.0)]
    assert chart.add(received(ohlc(120, "4.250"))) == [{"t": 120, "p": [1, 9, 0.5, 4.25]}]
    assert chart.digits == 3


def test_a_gap_is_marked_at_the_next_point_and_fetched_ticks_are_marked() -> None:
    chart = Chart(describe)
    points = chart.add(received(tick(1, 1), tick(9, 2, gap=GAP), tick(10, 3)))
    assert points[1] == {"t": 9, "p": [2], "gap": {"filled": False, "text": "gone, missing"}}
    points = chart.add(
        received(tick(11, 1, backfilled=True, gap={**GAP, "filled": True}), tick(12, 1, backfilled=True))
    )
    assert points[0]["gap"] == {"filled": True, "text": "gone, filled"}
    assert [point["late"] for point in points] == [True, True]
    assert "late" not in chart.add(received(tick(13, 1)))[0]


def test_candles_repeated_after_a_break_close_the_gap_if_they_reach_back_far_enough() -> None:
    chart = Chart(describe)
    chart.add(received(candles(candle(0, 1.0), candle(60, 1.0))))
    points = chart.add(received(candles(candle(60, 2.0), candle(120, 2.0), candle(180, 2.0), gap=GAP)))
    assert [point.get("late", False) for point in points] == [False, True, True]
    assert points[1]["gap"]["filled"]
    points = chart.add(received(candles(candle(600, 2.0), candle(660, 2.0), gap=GAP)))
    assert [point.get("late", False) for point in points] == [False, False]
    assert points[0]["gap"] == {"filled": False, "text": "gone, missing"}


SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("1e999")
ODD = SINGLE | st.lists(SINGLE, max_size=3) | st.dictionaries(st.text(max_size=3), SINGLE, max_size=2)
PAYLOAD = st.fixed_dictionaries(
    {},
    optional={
        name: ODD
        for name in ("epoch", "quote", "pip_size", "open_time", "open", "high", "low", "close", "times", "prices")
    },
)
REPLY = st.builds(
    lambda kind, payload, gap: {"msg_type": kind, str(kind): payload, "gap": gap},
    st.sampled_from(["tick", "ohlc", "history", "candles", "odd", 7]),
    PAYLOAD | st.lists(PAYLOAD, max_size=3) | ODD,
    ODD | st.just(GAP),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(REPLY, max_size=4))
def test_only_valid_points_are_sent_to_the_browser(replies: list[dict[str, Any]]) -> None:
    chart = Chart(describe)
    points = chart.add(received(*replies))
    json.dumps(points, allow_nan=False)
    times = [point["t"] for point in points]
    assert times == sorted(set(times))
    assert all(0 <= t < 253_402_300_800 for t in times)
    assert all(len(point["p"]) in (1, 4) and all(map(math.isfinite, point["p"])) for point in points)
    assert 0 <= chart.digits <= 8


# Rows


def balance(amount: float, loginid: str = "CR1", **more: Any) -> dict[str, Any]:
    return {"msg_type": "balance", "balance": {"loginid": loginid, "currency": "USD", "balance": amount}, **more}


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [row["cells"][1:] for row in rows]


def test_an_unchanged_balance_adds_no_row_except_after_a_gap() -> None:
    table = Table("balance", describe, WORDS)
    rows = table.add(received(balance(1234.5), balance(1234.5), balance(7, "CR2"), balance(1234.5)))
    assert cells(rows) == [["1,234.50", "USD", "CR1"], ["7.00", "USD", "CR2"]]
    assert rows[0]["cells"][0] == "2026-05-28 20:26:40"
    rows = table.add(received(balance(1234.5, gap=GAP)))
    assert rows[0]["gap"] == "gone, missing"
    assert [column["label"] for column in table.columns()] == ["Received (UTC)", "Balance", "Currency", "Login ID"]
    assert [column["number"] for column in table.columns()] == [False, True, False, False]


def test_headings_are_known_before_the_first_update() -> None:
    table = Table("transaction", describe, WORDS)
    assert table.add([]) == []
    assert [column["label"] for column in table.columns() if column["number"]] == [
        *("Amount", "Balance", "Contract", "Transaction")
    ]


def test_a_stream_without_chosen_columns_shows_its_single_values() -> None:
    table = Table("odd", describe, WORDS)
    table.add(received({"msg_type": "odd", "odd": {"a": 1, "deep": {"b": 2}, "many": [1]}}))
    assert table.names == ["received", "a"]
    rows = table.add(received({"msg_type": "odd", "odd": {"late": True, "a": None}}))
    assert table.names == ["received", "a", "late"]
    assert cells(rows) == [["", "yes"]]
    table.add(received({"msg_type": "odd", "odd": {f"n{i}": i for i in range(100)}}))
    assert len(table.names) == WIDEST


def test_long_texts_are_cut() -> None:
    table = Table("odd", describe, WORDS)
    rows = table.add(received({"msg_type": "odd", "odd": {"x" * 10_000: "y" * 10_000, "n": 1e300}}))
    assert max(map(len, rows[0]["cells"])) == LONGEST + 1
    assert max(len(column["label"]) for column in table.columns()) == LONGEST + 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.builds(lambda payload: {"msg_type": "transaction", "transaction": payload}, PAYLOAD | ODD), max_size=4)
)
def test_any_update_gives_rows_of_short_texts(replies: list[dict[str, Any]]) -> None:
    table = Table("transaction", describe, WORDS)
    for row in table.add(received(*replies)):
        assert len(row["cells"]) == len(table.names)
        assert all(isinstance(cell, str) and len(cell) <= LONGEST + 1 for cell in row["cells"])
