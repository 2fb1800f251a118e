"""Test the frames of events, connection health and streams."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth.frames import events, health, updates

UTC_MICROSECONDS = "datetime64[us, UTC]"


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


EVENTS = [(0.0, "connected", "", None), (1.5, "connection lost", "reset", None), (2.0, "reconnected", "", 0.5)]


@pytest.mark.parametrize("rows", [EVENTS, []])
def test_events(rows: list[Any]) -> None:
    frame = events(rows)
    assert list(frame) == ["time", "took", "why", "what"]
    assert str(frame["time"].dtype) == UTC_MICROSECONDS
    assert pd.api.types.is_string_dtype(frame["what"])
    assert pd.api.types.is_string_dtype(frame["why"])
    assert str(frame["took"].dtype) == "float64"
    assert frame["what"].tolist() == [what for _, what, _, _ in rows]
    if rows:
        assert frame["time"].iloc[1] == pd.Timestamp("1970-01-01 00:00:01.500", tz="UTC")
        assert frame["took"].isna().tolist() == [True, True, False]


def figures(**more: Any) -> dict[str, Any]:
    return {
        "state": "signed in",
        "uptime": 5.0,
        "expires": datetime(2026, 11, 3, 14, 5, tzinfo=UTC),
        "round_trips": [0.1, 0.2, 0.3],
        "reconnects": 1,
        "stray_replies": 2,
        "streams": 3,
        "left": {"general": 180, "outcome": 25, "pricing": 80},
        **more,
    }


def test_health() -> None:
    series = health(**figures())
    assert series.to_dict() == {
        "state": "signed in",
        "uptime": 5.0,
        "expires": pd.Timestamp("2026-11-03 14:05", tz="UTC"),
        "reconnects": 1,
        "last_round_trip": 0.3,
        "p50": 0.2,
        "p99": pytest.approx(0.298),
        "stray_replies": 2,
        "streams": 3,
        "left_general": 180,
        "left_outcome": 25,
        "left_pricing": 80,
    }


def test_the_health_before_the_first_connection() -> None:
    series = health(**figures(uptime=None, expires=None, round_trips=[]))
    assert series[["uptime", "expires", "last_round_trip", "p50", "p99"]].isna().all()
    assert series["streams"] == 3


TICK = {"symbol": "R_100", "epoch": 10, "quote": 1.5, "bid": 1.4, "ask": 1.6, "id": "x", "pip_size": 2}
KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "ticks": ("tick", TICK, {"symbol": "R_100", "quote": 1.5, "bid": 1.4, "ask": 1.6}),
    "balance": ("balance", {"loginid": "CR1", "currency": "USD", "balance": 5}, {"loginid": "CR1", "balance": 5.0}),
    "transaction": (
        "transaction",
        {"action": "buy", "amount": -5, "balance": 95, "transaction_id": 2**53 + 1, "transaction_time": 10},
        {"action": "buy", "amount": -5.0, "transaction_id": 2**53 + 1},
    ),
    "proposal_open_contract": (
        "proposal_open_contract",
        {"contract_id": 7, "is_sold": 0, "profit": "-1.25", "status": "open", "purchase_time": 10},
        {"contract_id": 7, "is_sold": False, "profit": -1.25, "status": "open"},
    ),
    "ticks_history": (
        "ohlc",
        {"symbol": "R_100", "epoch": 65, "open_time": 60, "open": "1.1", "close": "1.2", "granularity": 60},
        {"symbol": "R_100", "open": 1.1, "close": 1.2, "granularity": 60},
    ),
}


@pytest.mark.parametrize("call", KINDS)
def test_updates_have_typed_columns(call: str) -> None:
    kind, payload, expected = KINDS[call]
    frame = updates(call, [(100.0, {"msg_type": kind, kind: payload}), (101.0, {"msg_type": kind, kind: {}})])
    assert list(frame)[:2] == ["received", "gap"]
    assert dtypes(frame)["received"] == UTC_MICROSECONDS
    assert dtypes(frame)["gap"] == "boolean"
    assert {name: frame[name].iloc[0] for name in expected} == expected
    assert len(frame) == 2
    assert frame["received"].dt.second.tolist() == [40, 41]
    assert frame.attrs["call"] == call


@pytest.mark.parametrize("call", [*KINDS, "website_status"])
def test_without_updates_the_frame_is_empty(call: str) -> None:
    frame = updates(call, [])
    assert len(frame) == 0
    assert list(frame)[:2] == ["received", "gap"]
    kind = KINDS.get("balance" if call == "balance" else call, ("", {}, {}))[0]
    if kind != "ohlc":
        assert list(frame) == list(updates(call, [(0.0, {"msg_type": kind, kind: {}})])) or call == "website_status"


@pytest.mark.parametrize(
    ("gap", "shown"),
    [({"filled": False}, True), ({"filled": True}, False), (None, False), ("nonsense", False), ({}, False)],
)
def test_a_gap_is_marked(gap: Any, shown: bool) -> None:
    frame = updates("ticks", [(0.0, {"msg_type": "tick", "tick": TICK, "gap": gap})])
    assert frame["gap"].tolist() == [shown]


def test_ticks_that_were_fetched_afterwards_are_marked() -> None:
    tick = {"msg_type": "tick", "tick": TICK}
    frame = updates("ticks", [(0.0, tick), (1.0, {**tick, "backfilled": True}), (2.0, tick)])
    assert frame["backfilled"].tolist() == [False, True, False]
    assert dtypes(frame)["backfilled"] == "boolean"


def test_a_history_becomes_rows() -> None:
    history = {
        "msg_type": "history",
        "echo_req": {"ticks_history": "R_100"},
        "history": {"times": [8, 9], "prices": [1.0, 2.0]},
    }
    frame = updates("ticks_history", [(0.0, history), (1.0, {"msg_type": "tick", "tick": TICK})])
    assert frame["quote"].tolist() == [1.0, 2.0, 1.5]
    assert frame["symbol"].tolist() == ["R_100"] * 3
    assert frame["epoch"].dt.second.tolist() == [8, 9, 10]


def test_candles_become_rows() -> None:
    candles = {
        "msg_type": "candles",
        "echo_req": {"ticks_history": "R_100", "granularity": 60},
        "candles": [{"epoch": 0, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5}, {"epoch": 60, "close": 1.25}],
    }
    frame = updates("ticks_history", [(0.0, candles), (1.0, {"msg_type": "ohlc", "ohlc": KINDS["ticks_history"][1]})])
    assert frame["close"].tolist() == [1.5, 1.25, 1.2]
    assert frame["open_time"].dt.minute.tolist() == [0, 1, 1]
    assert frame["granularity"].tolist() == [60, 60, 60]


def test_an_error_of_one_contract_is_a_row() -> None:
    failed = {"msg_type": "proposal_open_contract", "error": {"code": "X", "message": "Gone."}}
    frame = updates("proposal_open_contract", [(0.0, failed)])
    assert frame["error"].tolist() == ["Gone."]
    assert frame["contract_id"].isna().all()


def test_any_other_stream_is_flattened() -> None:
    status = {"msg_type": "website_status", "website_status": {"site_status": "up", "limits": {"max": 5}}}
    frame = updates("website_status", [(0.0, status), (1.0, {**status, "gap": {"filled": False}})])
    assert frame["site_status"].tolist() == ["up", "up"]
    assert frame["limits.max"].tolist() == [5, 5]
    assert frame["gap"].tolist() == [False, True]
    assert not {"msg_type"} & set(frame)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["tick", "ohlc", "history", "candles", "transaction", "proposal_open_contract", "other"])
FIELDS = ["tick", "ohlc", "history", "candles", "transaction", "proposal_open_contract", "other", "gap", "error"]
REPLIES = st.builds(
    lambda kind, rest: {"msg_type": kind, **rest},
    NAMES,
    st.dictionaries(st.sampled_from([*FIELDS, "echo_req"]), JSON, max_size=4),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*KINDS, "other"]), st.lists(REPLIES, max_size=4))
def test_any_update_becomes_a_frame(call: str, replies: list[dict[str, Any]]) -> None:
    frame = updates(call, [(float(count), reply) for count, reply in enumerate(replies)])
    assert dtypes(frame)["received"] == UTC_MICROSECONDS
    assert dtypes(frame)["gap"] == "boolean"
    assert isinstance(repr(frame), str)
