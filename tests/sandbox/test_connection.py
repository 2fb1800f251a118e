"""Test which calls a connection may make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dpyauth.catalog.calls import load
from dpyauth.catalog.schemas import expression
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import SAMPLES, SCOPES
from dpyauth.sandbox.v3.handlers import HANDLERS


def test_req_id_and_passthrough_come_back(client: Any) -> None:
    reply = client().ask(ping=1, req_id=41, passthrough={"deep": [{"er": None}]})
    assert reply == {
        "echo_req": {"ping": 1, "req_id": 41, "passthrough": {"deep": [{"er": None}]}},
        "msg_type": "ping",
        "ping": "pong",
        "req_id": 41,
    }


def test_no_req_id_when_none_was_sent(client: Any) -> None:
    assert "req_id" not in client().ask(time=1)


def test_a_private_call_needs_a_sign_in(client: Any) -> None:
    reply = client().ask(balance=1, req_id=3)
    assert reply["error"] == {"code": "AuthorizationRequired", "message": "Please log in."}
    assert reply["msg_type"] == "balance"
    assert reply["req_id"] == 3


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.token)
def test_a_sample_token_does_what_its_label_says(client: Any, sample: Any) -> None:
    reply = client().ask(authorize=sample.token)
    if sample.label.startswith("refused"):
        expected = "AccountDisabled" if "disabled" in sample.label else "InvalidToken"
        assert reply["error"]["code"] == expected
    else:
        assert reply["authorize"]["loginid"] == sample.loginid
        assert tuple(reply["authorize"]["scopes"]) == sample.scopes
    assert sample.token not in json.dumps(reply)


def test_an_unknown_token(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert one.code(authorize="sandbox-nobody") == "InvalidToken"
    assert one.ask(balance=1)["balance"]["loginid"] == "CR900001", "a failed authorize changes nothing"


def test_a_browser_token_is_bound_to_its_app(client: Any) -> None:
    other = client(app_id=1089)
    assert other.ask(authorize="a1-sandbox-rich-usd")["error"] == {
        "code": "InvalidToken",
        "message": "Token is not valid for current app ID.",
    }
    assert "authorize" in other.ask(authorize="sandbox-rich-read"), "an API token works with any app"


def test_scopes(client: Any) -> None:
    money = client("sandbox-rich-money")
    assert "balance" in money.ask(balance=1)
    refused = money.ask(get_settings=1)["error"]
    assert refused["code"] == "PermissionDenied"
    assert "read" in refused["message"]
    assert client("sandbox-rich-read").code(api_token=1) == "PermissionDenied"


def test_every_private_call_asks_for_its_scopes(box: Sandbox, client: Any) -> None:
    one = client()
    for name, call in load("v3").items():
        if not call.scopes:
            continue
        request = example(name)
        assert one.code(**request) == "AuthorizationRequired", name
        without = tuple(scope for scope in SCOPES if scope not in call.scopes)
        one.ask(authorize=box.world.create_token("CR900011", "without", without, "").value)
        assert one.code(**request) == "PermissionDenied", name
        for scope in call.scopes:
            one.ask(authorize=box.world.create_token("CR900011", "with", (scope,), "").value)
            code = one.ask(**request).get("error", {}).get("code")
            assert code == "NotSimulated" if name not in HANDLERS else code != "PermissionDenied", name
        one.ask(logout=1)


def example(name: str) -> dict[str, Any]:
    """Return a request of this call with its required fields filled in."""
    return {field: value(load("v3")[name].fields[field]) for field in load("v3")[name].required}


def value(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "oneOf" in schema or "anyOf" in schema:
        return value((schema.get("oneOf") or schema["anyOf"])[0])
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [value(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
    if kind == "object":
        return {field: value(schema["properties"][field]) for field in schema.get("required", ())}
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    return text(schema.get("pattern", ""))


def text(pattern: str) -> str:
    """Return a text that matches one of the patterns of required fields."""
    candidates = (
        "x1",
        "CR900001",
        "MTR900001",
        "id",
        "USD",
        "a@example.com",
        "2026-01-01",
        "A1bcdefgh!",
        "0" * 32,
        "1",
    )
    candidates += ("abcdef", "Sandbox One", "http://a", "12.5", "123456", "en", "R_50", "A", "today", "MTR1000", "sha")
    return next(each for each in candidates if expression(pattern).search(each))


def test_loginid_must_be_an_account_signed_in_here(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert one.ask(balance=1, loginid="CR900001")["balance"]["loginid"] == "CR900001"
    assert one.code(balance=1, loginid="CR900002") == "AuthorizationRequired"
    assert one.code(payout_currencies=1, loginid="CR900002") == "AuthorizationRequired"
    assert client().code(balance=1, loginid="CR900001") == "AuthorizationRequired"


@pytest.mark.parametrize("main", ["MULTI", "a1-sandbox-rich-usd"])
def test_several_tokens_of_one_user(client: Any, main: str) -> None:
    one = client()
    tokens = ["a1-sandbox-rich-usd", "a1-sandbox-rich-btc"]
    reply = one.ask(authorize=main, tokens=tokens)
    assert reply["echo_req"]["tokens"] == "<not shown>"
    assert one.ask(balance=1)["balance"]["currency"] == "USD"
    assert one.ask(balance=1, loginid="CR900002")["balance"]["currency"] == "BTC"
    one.ask(logout=1, loginid="CR900001")
    assert one.ask(balance=1)["balance"]["currency"] == "BTC"


def test_tokens_of_two_users_do_not_mix(client: Any) -> None:
    assert client().code(authorize="sandbox-rich-read", tokens=["sandbox-trouble-read"]) == "InvalidToken"


def test_signing_in_again_replaces_the_account(client: Any) -> None:
    one = client("sandbox-rich-read")
    one.ask(authorize="sandbox-trouble-read")
    assert one.ask(balance=1)["balance"]["loginid"] == "CR900011"


def test_logging_out(client: Any) -> None:
    one = client("sandbox-rich-read")
    assert one.ask(logout=1)["logout"] == 1
    assert one.code(balance=1) == "AuthorizationRequired"
    assert "authorize" in one.ask(authorize="sandbox-rich-read"), "an API token stays valid after a logout"
    one.ask(authorize="a1-sandbox-rich-usd")
    one.ask(logout=1)
    assert one.code(authorize="a1-sandbox-rich-usd") == "InvalidToken", "a browser session does not"
    assert one.ask(logout=1)["logout"] == 1
    assert one.ask(logout=1, loginid="CR900001")["logout"] == 1


def test_unknown_calls(client: Any) -> None:
    reply = client().ask(fetch_everything=1, req_id=2)
    assert reply["error"]["code"] == "UnrecognisedRequest"
    assert reply["msg_type"] == "error"
    assert reply["req_id"] == 2
    assert client().ask()["error"]["code"] == "UnrecognisedRequest"


def test_a_call_that_is_not_simulated_says_so(client: Any) -> None:
    error = client().ask(trading_platform_status=1)["error"]
    assert error["code"] == "NotSimulated"
    assert "sandbox" in error["message"]


@pytest.mark.parametrize(
    "frame", ["", "{", "nonsense", "[1]", "1", '"ping"', "null", '{"a":NaN}', '{"a":1e999}', b"\x00"]
)
def test_malformed_frames(client: Any, frame: str | bytes) -> None:
    one = client()
    one.send(frame)
    reply = one.receive()
    assert reply["error"]["code"] == "MalformedRequest"
    assert reply["msg_type"] == "error"
    assert reply["echo_req"] == {}
    assert one.ask(ping=1)["ping"] == "pong"


def test_deeply_nested_requests(client: Any) -> None:
    one = client()
    for depth in (50, 500, *range(900, 1_000), 20_000, 100_000):
        one.send('{"ping":1,"passthrough":' + '{"a":' * depth + "1" + "}" * depth + "}")
        reply = one.socket.recv(timeout=5)
        assert '"ping":"pong"' in reply or '"MalformedRequest"' in reply
        assert one.ask(ping=1)["ping"] == "pong"


def test_a_bug_of_the_sandbox_is_answered_too(
    client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(HANDLERS, "time", lambda ask: 1 / 0)
    assert client().code(time=1) == "InternalServerError"
    assert "failed to answer time" in caplog.text


def test_the_record_of_calls_has_no_values(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-read")
    one.ask(ping=1, req_id=5)
    one.ask(nonsense=1)
    assert [tuple(each) for each in box.received] == [("authorize", None, 1), ("ping", 5, 1), ("?", None, 1)]
