"""Test whether a reply answers a request, judging by its contents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import published

from dpyauth.catalog.calls import load
from dpyauth.net.matching import KINDS, belongs
from dpyauth.secret import Secret

CALLS = frozenset(load("v3")) | frozenset(load("options"))
BY_SOCKET = [(api, name) for api in ("v3", "options") for name, call in load(api).items() if call.rest is None]


def fits(reply: dict[str, Any], call: str = "statement", **fields: Any) -> bool:
    return belongs(reply, call, 7, {call: 1, **fields}, CALLS)


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_published_kind_of_reply_fits(api: str) -> None:
    facts = published(api)
    for name in (name for where, name in BY_SOCKET if where == api):
        kinds = facts[name]["reply"]["properties"]["msg_type"].get("enum", [name]) if name in facts else [name]
        for kind in kinds:
            echo = {name: 1, "req_id": 7}
            assert fits({"msg_type": kind, kind: {}, "echo_req": echo, "req_id": 7}, name), (name, kind)
            assert fits({"msg_type": kind, kind: {}}, name), (name, kind)
        for kind in ("error", name, *kinds, "a kind of tomorrow", None, 5, {}):
            assert fits({"msg_type": kind, "error": {"code": "Odd"}, "echo_req": {name: 1}}, name), (name, kind)
        assert fits({}, name)
        assert fits({name: {}}, name)


def test_replies_of_other_calls_do_not_fit() -> None:
    for _, name in BY_SOCKET:
        for other in CALLS - {name} - KINDS.get(name, frozenset()):
            assert not fits({"msg_type": other, other: {}}, name)
            assert not fits({"msg_type": other, "error": {"code": "Odd"}}, name)
            assert not fits({other: {}}, name)
            assert not fits({"msg_type": name, "echo_req": {other: 1}}, name)
    assert not fits({"msg_type": "tick", "tick": {}}, "balance")
    assert not fits({"msg_type": "ohlc", "ohlc": {}}, "ticks")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (100, 100),
        (100, "100"),
        ("100", 100),
        (1, True),
        (10.0, 10),
        (Decimal("10.50"), 10.5),
        (Decimal("0.1"), "0.10"),
        ("+0.1", "0.10"),
        ("cr1", "CR1"),
        ("e\u0301", "\u00e9"),
        ("A & B", "A &amp; B"),
        (" R_100", "R_100"),
        ("latest", 1_790_000_000),
        ("2026-02-01", 1_769_904_000),
        (Decimal("0.123456789012345678901"), 0.12345678901234568),
        (0.12345678901234567, 0.123456789012346),
        (float("nan"), None),
        ("1e999999999", "1e999999999"),
        (float("nan"), float("nan")),
        ("R_100", "<not shown>"),
        (Secret("token"), "anything"),
        (["R_50", "R_100"], ["R_50", "R_100"]),
        (["R_50"], "R_50"),
        ({"a": 1, "b": 2}, {"a": "1"}),
        ("R_100", None),
        ("R_100", {}),
        (10**400, 10**400),
    ],
)
def test_a_field_that_comes_back_in_another_form(sent: Any, told: Any) -> None:
    assert fits({"msg_type": "statement", "echo_req": {"statement": 1, "field": told, "req_id": 7}}, field=sent)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (100, 200),
        ("R_100", "R_50"),
        (1, 0),
        (Decimal("10.5"), 10.25),
        (["R_50", "R_100"], ["R_50"]),
        (["R_50", "R_100"], ["R_50", "R_75"]),
        ({"a": 1}, {"a": 2}),
        ("100", "100.5"),
        (1_790_000_000, 1_790_000_001),
        (10**15, "1000000000000001"),
        ("0.1", "0.2"),
        ("2026-02-01", "2026-02-02"),
        ("nan", "inf"),
    ],
)
def test_a_field_of_another_request(sent: Any, told: Any) -> None:
    assert not fits({"msg_type": "statement", "echo_req": {"statement": 1, "field": told}}, field=sent)


def test_passthrough_is_not_compared() -> None:
    echo = {"statement": 1, "passthrough": {"mine": "otherwise"}}
    assert fits({"msg_type": "statement", "echo_req": echo}, passthrough={"mine": "one way"})


@pytest.mark.parametrize("told", [8, "8", 7.5])
def test_the_number_of_another_request(told: Any) -> None:
    assert not fits({"msg_type": "statement", "echo_req": {"statement": 1, "req_id": told}})


@pytest.mark.parametrize("told", [7, "7", 7.0, None, [], {}, "x"])
def test_the_number_of_this_one(told: Any) -> None:
    assert fits({"msg_type": "statement", "echo_req": {"statement": 1, "req_id": told}})


@pytest.mark.parametrize("echo", [None, "text", [], 5, {}, {"passthrough": {}}, {"statement": 1}, {"of": "tomorrow"}])
def test_missing_fields_do_not_matter(echo: Any) -> None:
    assert fits({"msg_type": "statement", "echo_req": echo})


@pytest.mark.parametrize(
    ("call", "fields", "payload", "right"),
    [
        ("ticks", {"ticks": "R_100"}, {"tick": {"symbol": "R_100"}}, True),
        ("ticks", {"ticks": "R_100"}, {"tick": {"symbol": "R_50"}}, False),
        ("ticks", {"ticks": ["R_50", "R_100"]}, {"tick": {"symbol": "R_100"}}, True),
        ("ticks", {"ticks": ["R_50", "R_100"]}, {"tick": {"symbol": "R_75"}}, False),
        ("proposal_open_contract", {"contract_id": 5}, {"proposal_open_contract": {"contract_id": "5"}}, True),
        ("proposal_open_contract", {"contract_id": 5}, {"proposal_open_contract": {"contract_id": 6}}, False),
        ("proposal_open_contract", {}, {"proposal_open_contract": {"contract_id": 6}}, True),
        ("proposal_open_contract", {"contract_id": 5}, {"proposal_open_contract": {}}, True),
        ("balance", {"loginid": "CR1"}, {"balance": {"loginid": "CR1"}}, True),
        ("balance", {"loginid": "CR1"}, {"balance": {"loginid": "CR2"}}, False),
        ("balance", {}, {"balance": {"loginid": "CR2"}}, True),
    ],
)
def test_a_payload_that_names_its_subject(call: str, fields: Any, payload: Any, right: bool) -> None:
    (kind,) = payload
    assert belongs({"msg_type": kind, **payload}, call, 7, fields, CALLS) is right


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(["msg_type", "echo_req", "error", "ticks", "tick", "balance"]), JSON),
    st.dictionaries(st.sampled_from(["ticks", "loginid", "count"]), JSON),
)
def test_any_reply_can_be_compared(reply: dict[str, Any], fields: dict[str, Any]) -> None:
    belongs(reply, "ticks", 7, fields, CALLS)
    belongs({"msg_type": "tick", "echo_req": fields, "tick": fields}, "ticks", 7, {**fields, "ticks": []}, CALLS)
    # The echo of any request fits it.
    assert belongs({"msg_type": "ticks", "echo_req": {**fields, "ticks": 1}}, "ticks", 7, {**fields, "ticks": 1}, CALLS)
