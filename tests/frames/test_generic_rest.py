"""Any answer to a call over HTTP becomes a frame, and no value of it is lost."""

from __future__ import annotations

import decimal
import functools
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.frames import Context, generic
from dpyauth.frames.generic import promised
from dpyauth.frames.values import as_microseconds, as_moment, as_number
from dpyauth.sensitive import MASK

CALLS = load("options")
REST = sorted(name for name, call in CALLS.items() if call.rest)
SHAPES = shapes.load("options")

at_length = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

WORDS = st.text(min_size=1, max_size=6)
WHOLE = st.integers(-(10**19), 10**19)
EXACT = st.decimals(-(10**20), 10**20, places=18, allow_nan=False)
MONEY = st.one_of(
    EXACT.map(lambda amount: f"{amount:f}"),
    EXACT.map(lambda amount: f"{amount:e}"),
    EXACT,
    WHOLE,
    st.floats(allow_nan=False, allow_infinity=False),
)
MOMENT = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.integers(0, 4 * 10**12)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "text": WORDS,
    "flag": st.booleans(),
    "count": st.integers(-(2**63), 2**63 - 1),
    "money": MONEY,
    "exact": MONEY,
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "time": st.integers(0, 4 * 10**9),
    "moment": MOMENT,
    "any": WORDS,
}
SCALAR = st.none() | st.booleans() | WHOLE | st.floats() | WORDS | MONEY | MOMENT | st.just("")
NAMES = st.sampled_from(
    ["id", "name", "email", "currency", "count", "status", "data", "errors", "rate_token", "message", "", "{}", "a.b"]
)
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | WORDS, inner, max_size=3),
    max_leaves=6,
)
CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=18)


@st.composite
def held(draw: st.DrawFn, node: Any) -> Any:
    """Draw a value that fits a node, or anything else, at any depth."""
    if draw(st.integers(0, 7)) == 0:
        return draw(ANYTHING)
    if isinstance(node, list):
        return draw(st.sampled_from(node) | WORDS)
    if isinstance(node, str):
        return draw(LEAVES[node.removeprefix("!")])
    if "[]" in node:
        return [draw(held(node["[]"])) for _ in range(draw(st.integers(0, 3)))]
    if "{}" in node:
        return {draw(CODES): draw(held(node["{}"])) for _ in range(draw(st.integers(0, 3)))}
    if "" in node and draw(st.integers(0, 3)) == 0:
        return draw(held(node[""]))
    made = {name: draw(held(child)) for name, child in node.items() if name and draw(st.integers(0, 3))}
    return {**made, **draw(st.dictionaries(NAMES | WORDS, ANYTHING, max_size=2))}


@st.composite
def replies(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw a whole reply: as documented, nearly so, or of another kind."""
    reply = draw(held(SHAPES[name].reply))
    if not isinstance(reply, Mapping):
        reply = {draw(NAMES): reply}
    envelopes: list[dict[str, Any]] = [{}, {"errors": []}, {"links": {"next": None}}, {"meta": {"timing": 1}}]
    return {**reply, **draw(st.sampled_from(envelopes))}


def leaves(value: Any) -> Iterator[Any]:
    """Yield the single values in a value, except empty ones."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    elif value is not pd.NA and value is not None and value != "" and value == value:
        yield value


class Contents:
    """The values that can be found in a frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        cells = [cell for name in range(frame.shape[1]) for cell in frame.iloc[:, name].astype(object)]
        beside = json.loads(frame.attrs.get("beside", "{}"), parse_float=Decimal)
        found = list(leaves([cells, beside]))
        self.moments = {as_moment(cell.isoformat()) for cell in found if isinstance(cell, datetime)}
        plain = [cell for cell in found if not isinstance(cell, datetime)]
        self.texts = {str(cell) for cell in plain}
        self.numbers = {as_number(int(cell) if isinstance(cell, bool) else cell) for cell in plain}
        self.floats = {cell for cell in plain if isinstance(cell, float)}

    def __contains__(self, leaf: Any) -> bool:
        number = as_number(leaf)
        return (
            str(leaf) in self.texts
            or (number is not None and (number in self.numbers or float(number) in self.floats))
            or bool({as_moment(leaf), as_microseconds(leaf)} & self.moments)
        )


def check(name: str, reply: dict[str, Any], **options: Any) -> None:
    """Check that no value is lost, and that the documented columns are there as promised."""
    shown = generic(CALLS[name], reply, Context(name), **options)
    whole = generic(CALLS[name], reply, Context(name), decimal=True, reveal=True, **options)
    assert shown.columns.is_unique
    assert shown.columns.tolist() == whole.columns.tolist()
    assert len(shown) == len(whole)
    revealed, masked = Contents(whole), Contents(shown)
    for leaf in leaves({key: value for key, value in reply.items() if key not in shapes.ENVELOPE}):
        assert leaf in revealed or leaf == len(shown), leaf  # the number of rows needs no column
        assert leaf in masked or MASK in masked or leaf == len(shown), leaf
    if not options:
        assert any(dtypes(shown)[: len(form)] == form for form in forms(name))


def dtypes(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(name, "category" if dtype == "category" else str(dtype)) for name, dtype in frame.dtypes.items()]


@functools.cache
def forms(name: str) -> list[list[tuple[str, str]]]:
    return [dtypes(form) for form in promised(CALLS[name], "options")]


def test_every_call_over_http_is_tested() -> None:
    assert len(REST) == 28  # Deriv's pages have 27 operations, and legacy_* in addition


@pytest.mark.parametrize("name", REST)
@settings(at_length, max_examples=15)
@given(st.data())
def test_no_value_of_an_answer_is_lost(name: str, data: st.DataObject) -> None:
    check(name, data.draw(replies(name)))


@at_length
@given(st.dictionaries(NAMES | st.just("transactions") | WORDS, ANYTHING, max_size=4), st.sampled_from(REST))
def test_no_value_of_any_json_is_lost(reply: dict[str, Any], name: str) -> None:
    check(name, reply)


@at_length
@given(replies("wallet_list"))
def test_no_value_is_lost_if_balances_are_spread(reply: dict[str, Any]) -> None:
    check("wallet_list", reply, explode="balances")


@pytest.mark.parametrize(
    ("call", "column"),
    [
        ("payment_agent_get", "currencies"),
        ("payment_agent_list", "phone_numbers"),
        ("markup_statistics", "breakdown"),
        ("wallet_transfer_validate", "details.fee"),
        ("wallet_transfer_platforms", "status"),
    ],
)
@settings(at_length, max_examples=15)
@given(st.data())
def test_no_value_is_lost_if_other_columns_are_spread(call: str, column: str, data: st.DataObject) -> None:
    check(call, data.draw(replies(call)), explode=column)


# Wallets as they have been seen, and as they are documented

P2P = {
    "wallets": {
        "items": [
            {"id": "w1", "type": "main", "balances": [{"currency": "USD", "balance": "12.50"}], "total_balance": "13"},
            {"id": "w2", "type": "p2p", "balances": [], "total_balance": 0},
        ]
    }
}


@pytest.mark.parametrize(
    "reply",
    [
        P2P,
        {"data": P2P},
        {"data": P2P["wallets"]},
        {"data": {"wallet_id": "w1", "type": "main", "balances": {"USD": {"balance": "1"}}}},
        {"data": [{"wallet_id": "w1", "type": "main", "balances": {"USD": "12.5", "EUR": 3, "BTC": 1e-8}}]},
        {"data": [{"wallet_id": "w1", "type": "main", "balances": {"A" * 18: {"balance": 1, "held": {"by": "x"}}}}]},
        {"data": [{"wallet_id": "w1", "balances": [{"currency": "USD", "balance": "12.50"}]}]},
        {"data": [{"wallet_id": 7, "type": None, "balances": None, "total_balance": "5"}, 12, "text", None]},
        {"data": [{"wallet_id": ["w"], "type": {"is": "main"}, "balances": 5}]},
        {"data": {"w1": {"type": "main"}}},
        {"data": "nothing"},
        {"data": 0},
        {"wallets": []},
    ],
)
def test_wallets_in_any_form(reply: dict[str, Any]) -> None:
    check("wallet_list", reply)
    check("wallet_list", reply, explode="balances")


def test_balances_by_currency_with_entries_of_any_kind() -> None:
    entries = {"USD": {"balance": "12.50", "input": "20", "output": 7.5}, "eUSDT": "3.25", "BTC": 1, "EUR": None}
    wallet = {"wallet_id": "w1", "type": "main", "balances": entries}
    frame = generic(CALLS["wallet_list"], {"data": [wallet]}, explode="balances", decimal=True)
    assert frame["balances.key"].tolist() == ["USD", "eUSDT", "BTC", "EUR"]
    assert frame["balances.balance"].tolist() == [Decimal("12.50"), np.nan, np.nan, np.nan]
    assert frame["balances"].tolist() == [np.nan, Decimal("3.25"), Decimal(1), np.nan]


TRANSACTION = {
    "request_id": "r",
    "transaction_id": 8,
    "timestamp": "2026-11-29T10:00:00.123456Z",
    "category": "deposit",
    "channel": "cashier",
    "metadata": {"transaction_net_amount": "1.5", "transaction_currency": "USD", "source_client_id": "C4nary"},
}


@pytest.mark.parametrize(
    "data", [{"transactions": [TRANSACTION]}, {"transactions": TRANSACTION}, [TRANSACTION], TRANSACTION]
)
def test_the_place_of_transactions(data: Any) -> None:
    whole = data if isinstance(data, Mapping) and "transactions" not in data else {"data": data}
    frame = generic(CALLS["wallet_transactions"], {"data": data, "links": {"next": "https://x"}})
    assert not [column for column in frame if column.startswith("links")]
    check("wallet_transactions", whole)
    if data is not TRANSACTION:
        assert frame["transaction_id"].tolist() == ["8"]
        assert frame["timestamp"].tolist() == [pd.Timestamp(TRANSACTION["timestamp"])]
        assert frame["metadata.source_client_id"].tolist() == [MASK]


@pytest.mark.parametrize("none", [[], None])
def test_fields_beside_an_empty_list_are_in_the_attributes(none: Any) -> None:
    data = {"start_date_time": "2026-01-01T00:00:00Z", "transactions": none, "owner_name": "C4nary"}
    frame = generic(CALLS["wallet_transactions"], {"data": data})
    assert len(frame) == 0
    assert json.loads(frame.attrs["beside"]) == {
        "data.start_date_time": "2026-01-01T00:00:00Z",
        "data.owner_name": MASK,
    }
    revealed = generic(CALLS["wallet_transactions"], {"data": data}, reveal=True)
    assert json.loads(revealed.attrs["beside"])["data.owner_name"] == "C4nary"
    assert "beside" not in generic(CALLS["wallet_transactions"], {"data": {"transactions": [TRANSACTION]}}).attrs
    assert "beside" not in generic(CALLS["wallet_transactions"], {}).attrs


def test_a_value_of_another_kind_gets_a_column_of_its_own() -> None:
    data = {"status": {"token": "C4nary", "code": 5}, "transaction_id": "T-17"}
    frame = generic(CALLS["payment_agent_transfer_status"], {"data": data})
    assert frame["status"].isna().all()
    assert str(frame["transaction_id"].dtype) == "Int64"
    assert frame["transaction_id_"].tolist() == ["T-17"]
    assert frame["status_"].tolist() == [{"token": MASK, "code": 5}]


@pytest.mark.parametrize("digits", [1, 28])
@pytest.mark.parametrize(
    "amount", ["0.123456789012345678", "12345678901234.000000000000000001", "1E-18", "1.5e3", Decimal("1E+2"), 7]
)
def test_money_keeps_every_digit(digits: int, amount: Any) -> None:
    with decimal.localcontext(decimal.Context(prec=digits)):
        reply = {"data": [{"balances": {"BTC": {"balance": amount}}}]}
        frame = generic(CALLS["wallet_list"], reply, explode="balances", decimal=True)
        assert str(frame["balances.balance"][0]) == str(Decimal(amount))


@pytest.mark.parametrize("created", ["1e999999999", 10**40, "0001-01-01T00:00:00+14:00", True, {"at": 5}, "soon"])
def test_an_unreadable_time_is_kept(created: Any) -> None:
    frame = generic(CALLS["payment_agent_list"], {"data": [{"id": 1, "created_at": created}]})
    assert frame["created_at"].isna().all()
    assert "created_at_" in frame or "created_at_.at" in frame


@pytest.mark.parametrize("created", [1790000000123, "1790000000123", 1790000000.123, "2026-09-21T14:13:20.123Z"])
def test_a_time_is_read_in_any_form(created: Any) -> None:
    frame = generic(CALLS["payment_agent_list"], {"data": [{"id": 1, "created_at": created}]})
    assert frame["created_at"][0] == pd.Timestamp("2026-09-21T14:13:20.123Z")
