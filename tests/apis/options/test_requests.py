"""Test how calls become HTTP requests, and how the address of a WebSocket is read from a response."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.apis.options.requests import Request, Response, as_request, otp_request, socket_address
from dpyauth.catalog.calls import Call, Rest, load
from dpyauth.catalog.request import build
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest

TOKEN = Secret("C4nary-r1ght-t0ken")
DERIV = "https://api.derivws.com"
HERE = "http://127.0.0.1:8123"


def ask(name: str, **fields: Any) -> Request:
    call = load("options")[name]
    return as_request(call, build(call, fields), TOKEN, "33Abc")


def test_a_call_without_fields() -> None:
    request = ask("get_accounts")
    assert (request.method, request.path) == ("GET", "/trading/v1/options/accounts")
    assert (request.params, request.content, request.changes) == ({}, None, False)
    assert (request.scopes, request.token, request.app_id) == (("trade",), TOKEN, "33Abc")


def test_fields_of_a_read_go_into_the_query() -> None:
    request = ask("legacy_statement", loginid="CR12345", limit=10)
    assert request.params == {"loginid": "CR12345", "limit": 10}
    assert request.content is None


def test_fields_of_a_change_go_into_the_body() -> None:
    request = ask("create_account", currency="USD", group="row", account_type="demo")
    assert request.changes
    assert request.params == {}
    assert request.content is not None
    assert json.loads(request.content.reveal()) == {"currency": "USD", "group": "row", "account_type": "demo"}


def test_a_field_in_the_path_is_not_repeated() -> None:
    request = ask("reset_demo_balance", account_id="DOT90004580")
    assert request.path == "/trading/v1/options/accounts/DOT90004580/reset-demo-balance"
    assert (request.params, request.content, request.changes) == ({}, None, True)


def test_no_token_is_sent_with_calls_that_need_none() -> None:
    assert ask("health").token is None


def test_secrets_are_remembered_and_not_shown() -> None:
    call = Call("odd", "", {"pin": {}, "sum": {}}, (), ("payment",), rest=Rest("POST", "/odd"))
    fields = {"pin": Secret("C4nary"), "sum": Decimal("0.10")}
    request = as_request(call, fields, TOKEN, None)
    assert request.content is not None
    assert json.loads(request.content.reveal()) == {"pin": "C4nary", "sum": "0.10"}
    assert request.secrets == (Secret("C4nary"),)
    assert "C4nary" not in repr(request)
    asked = Call("odd", "", {"pin": {}, "day": {}}, (), rest=Rest("GET", "/odd"))
    request = as_request(asked, {"pin": [Secret("C4nary")], "day": Decimal(5)}, TOKEN, None)
    assert request.params == {"pin": ["C4nary"], "day": "5"}
    assert request.secrets == (Secret("C4nary"),)
    assert "C4nary" not in repr(request)


@pytest.mark.parametrize("account", ["", "DOT 1", "../x", "DOT1/otp", "D" * 33, "DÖT1", "DOT1\n", "%2e", None, "."])
def test_an_account_id_is_checked(account: Any) -> None:
    with pytest.raises(InvalidRequest, match="account_id") as refused:
        otp_request(account, TOKEN, None)
    assert refused.value.field == "account_id"


PART = Call("part", "", {"id": {}}, ("id",), ("payment",), rest=Rest("GET", "/agents/{id}"))


@given(st.text(max_size=140) | st.integers() | st.sampled_from(["..", ".", "a/../b", "a?b=c", "ä", "\ud800", "a b"]))
def test_a_value_in_a_path_stays_one_segment(value: Any) -> None:
    try:
        path = as_request(PART, {"id": value}, TOKEN, None).path
    except InvalidRequest:
        assert not str(value).strip(".") or len(str(value)) > 128 or not str(value).isprintable()
        return
    assert urlsplit(DERIV + path).path == path
    _, agents, part = path.split("/")
    assert agents == "agents"
    assert part.isascii()
    assert unquote(part) == str(value)
    assert part.strip(".")


def test_the_request_for_an_address_has_no_body() -> None:
    request = otp_request("DOT90004580", TOKEN, None)
    assert (request.method, request.path) == ("POST", "/trading/v1/options/accounts/DOT90004580/otp")
    assert (request.content, request.changes, request.scopes) == (None, False, ("trade",))


def found(url: Any, base: str = DERIV) -> Secret | None:
    return socket_address(Response(200, "application/json", json.dumps({"data": {"url": url}}).encode()), base)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (DERIV, "wss://api.derivws.com/trading/v1/options/ws/demo?otp=C4nary"),
        (DERIV, "wss://ws7.eu.derivws.com:443/x?otp=C4nary"),
        (DERIV, "wss://API.DERIVWS.COM/x?otp=C4nary"),
        (HERE, "ws://127.0.0.1:8123/x?otp=C4nary"),
        (HERE, "ws://localhost:8123/x?otp=C4nary"),
        (HERE, "wss://127.0.0.1:8123/x?otp=C4nary"),
    ],
)
def test_an_address_on_derivs_domain(base: str, url: str) -> None:
    secret = found(url, base)
    assert secret is not None
    assert secret.reveal() == url


@pytest.mark.parametrize(
    ("base", "url"),
    [
        *((DERIV, url) for url in (None, 5, "", [], {"url": "x"}, "x", "wss://", "wss:///x", "wss://[::1/x")),
        (DERIV, "ws://api.derivws.com/x"),
        (DERIV, "https://api.derivws.com/x"),
        (DERIV, "wss://derivws.com.evil.example/x"),
        (DERIV, "wss://evil-derivws.com/x"),
        (DERIV, "wss://derivws.com/x"),
        (DERIV, "wss://user:word@api.derivws.com/x"),
        (DERIV, "wss://evil.example@api.derivws.com/x"),
        (DERIV, "wss://api.derivws.com@evil.example/x"),
        (DERIV, "wss://evil.example\\.derivws.com/x"),
        (DERIV, "wss://evil.example#.derivws.com"),
        (DERIV, "wss://api.derivws.com/x#y"),
        (DERIV, "wss://api.derivws.com:8443/x"),
        (DERIV, "wss://api.derivws.com:port/x"),
        (DERIV, "wss://api.derivws.com/a b"),
        (DERIV, "wss://api.derivws.com/\nx"),
        (DERIV, " wss://api.derivws.com/x"),
        (DERIV, "wss://api.dérivws.com/x"),
        (DERIV, "wss://api.derivws.com/" + "x" * 5000),
        (DERIV, "ws://127.0.0.1:8123/x"),
        (HERE, "ws://127.0.0.1:8124/x"),
        (HERE, "ws://127.0.0.1/x"),
        (HERE, "ws://api.derivws.com:8123/x"),
        (HERE, "wss://api.derivws.com/x"),
        (HERE, "ws://me@127.0.0.1:8123/x"),
        (HERE, "http://127.0.0.1:8123/x"),
    ],
)
def test_any_other_address(base: str, url: Any) -> None:
    assert found(url, base) is None


@given(st.text() | st.text(alphabet=":/@.#?\\[]derivws.comx1 ").map("wss://".__add__), st.sampled_from([DERIV, HERE]))
def test_no_text_leads_to_another_host(url: str, base: str) -> None:
    secret = found(url, base)
    if secret is not None:
        host = urlsplit(secret.reveal()).hostname or ""
        assert host.endswith(".derivws.com") if base == DERIV else host in {"127.0.0.1", "localhost"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": null}', b'{"data": []}', b'{"data": {}}'])
def test_a_response_without_an_address(body: bytes) -> None:
    assert socket_address(Response(200, "application/json", body), DERIV) is None


def test_an_answer_does_not_show_its_body() -> None:
    response = Response(200, "application/json", b'{"data": {"url": "C4nary"}}')
    assert response.reply is not None
    assert "C4nary" not in repr(response)
    assert "C4nary" not in repr(found("wss://api.derivws.com/x?otp=C4nary"))
