"""Test checking and masking without sockets, and that every request gets a reply."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from dpyauth.catalog.calls import load
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.encoding import HIDDEN, Refusal, check, find_call, masked, parse

V3 = load("v3")


def refused(request: dict[str, Any]) -> Refusal:
    call = find_call(request)
    assert call is not None
    with pytest.raises(Refusal) as caught:
        check(call, request)
    assert caught.value.code == "InputValidationFailed"
    return caught.value


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        ({"ping": "1"}, {"ping"}),
        ({"ping": True}, {"ping"}),
        ({"ping": 1.0}, {"ping"}),
        ({"ping": 2}, {"ping"}),
        ({"ping": 1, "req_id": "1"}, {"req_id"}),
        ({"ping": 1, "req_id": True}, {"req_id"}),
        ({"ping": 1, "passthrough": 1}, {"passthrough"}),
        ({"ping": 1, "loginid": "CR1"}, {"loginid"}),
        ({"statement": 1, "limit": 1000, "offset": -1}, {"limit", "offset"}),
        ({"statement": 1, "action_type": "hold"}, {"action_type"}),
        ({"balance": 1, "account": "some"}, {"account"}),
        ({"profit_table": 1, "date_from": 1}, {"date_from"}),
        ({"profit_table": 1, "contract_type": ["CALL", "CALLS"]}, {"contract_type"}),
        ({"transaction": 1}, {"subscribe"}),
        ({"exchange_rates": 1}, {"base_currency"}),
        ({"ticks_history": "R_50", "end": "latest", "granularity": "60"}, {"granularity"}),
        ({"authorize": "two words"}, {"authorize"}),
        ({"authorize": "x", "tokens": ["y"] * 26}, {"tokens"}),
        ({"forget_all": "everything"}, {"forget_all"}),
        ({"ticks": ["R_50", 7]}, {"ticks"}),
        ({"balance": 1, "one": 1, "two": 2}, {"one", "two"}),
    ],
)
def test_requests_that_the_schema_forbids(request_: dict[str, Any], fields: set[str]) -> None:
    refusal = refused(request_)
    assert refusal.details is not None
    assert set(refusal.details) == fields
    assert refusal.message == f"Input validation failed: {', '.join(sorted(fields))}"


@pytest.mark.parametrize(
    "request_",
    [
        {"ping": 1},
        {"ping": 1, "req_id": -5, "passthrough": {}},
        {"forget_all": ["ticks", "candles"]},
        {"ticks": ["R_50"]},
        {"active_symbols": "brief", "landing_company": "svg"},
        {"statement": 1, "limit": 0},
    ],
)
def test_requests_that_the_schema_allows(request_: dict[str, Any]) -> None:
    call = find_call(request_)
    assert call is not None
    check(call, request_)


def test_a_field_named_like_a_call_does_not_hide_the_call() -> None:
    for request in ({"landing_company": "svg", "kyc_auth_status": 1}, {"kyc_auth_status": 1, "landing_company": "svg"}):
        found = find_call(request)
        assert found is not None
        assert found.name == "kyc_auth_status"


def test_reasons_do_not_repeat_values() -> None:
    secret = "my secret token"
    refusal = refused({"authorize": secret, "tokens": [secret]})
    assert secret not in json.dumps(refusal.details) + refusal.message


@pytest.mark.parametrize("name", sorted(name for name, call in V3.items() if call.sensitive))
@pytest.mark.parametrize("value", ["s3cret", ["s3cret"], {"in": {"deep": "s3cret"}}], ids=["text", "list", "object"])
def test_sensitive_fields_are_masked_with_any_value(name: str, value: object) -> None:
    fields = dict.fromkeys(V3[name].sensitive, value)
    echo = masked(name, {name: 1, **fields})
    assert "s3cret" not in json.dumps(echo)
    assert {echo[field] for field in fields} == {HIDDEN}


def test_another_calls_secret_is_masked_too() -> None:
    assert masked("balance", {"balance": 1, "authorize": "s3cret"})["authorize"] == HIDDEN
    assert masked("", {"authorize": "s3cret"})["authorize"] == HIDDEN


_keys = st.sampled_from([*V3, "req_id", "passthrough", "subscribe", "loginid", "limit", "tokens", "end"]) | st.text()
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["R_50", "latest", "CR900001", 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | st.builds(json.dumps, _values))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(Refusal):
        assert isinstance(parse(text), dict)


def test_every_request_gets_exactly_one_reply_and_the_connection_lives() -> None:
    with Sandbox(limits=None) as box, connect(f"{box.url}?app_id={box.app_id}") as socket:
        socket.send('{"authorize":"sandbox-rich-all"}')
        socket.recv(timeout=5)

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.dictionaries(_keys, _values, max_size=5).filter(lambda request: "ticks" not in request))
        def any_request(request: dict[str, Any]) -> None:
            socket.send(json.dumps(request))
            reply = json.loads(socket.recv(timeout=5))
            assert reply["msg_type"]
            assert reply.get("error", {}).get("code") != "InternalServerError"
            socket.send('{"ping":1,"req_id":77}')
            assert json.loads(socket.recv(timeout=5)) == {
                "echo_req": {"ping": 1, "req_id": 77},
                "msg_type": "ping",
                "ping": "pong",
                "req_id": 77,
            }

        any_request()
