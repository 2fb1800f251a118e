"""Test exchanging a code for tokens and renewing them, with every answer that could come and with none."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import socket
import ssl
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dpyauth
from dpyauth.credentials import Secret, Tokens
from dpyauth.errors import (
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    InvalidSetting,
    RateLimited,
    SignInRefused,
)
from dpyauth.oauth import tokens as module
from dpyauth.oauth.pkce import HOST, Code
from dpyauth.oauth.tokens import exchange, http_client, refresh

CODE = "ory_ac_c4nary/c0de+=&"
VERIFIER = "c4nary-ver1fier" * 4
RENEWAL = "ory_rt_c4nary+renewal"
ACCESS = "ory_at_c4nary.access"
BACK = "https://notebooks.example/back?x=1"
GOOD = {"access_token": ACCESS, "token_type": "bearer", "expires_in": 3600, "scope": "trade"}

Handler = Callable[[httpx.Request], httpx.Response]


def a_code(host: str = HOST) -> Code:
    return Code(Secret(CODE), Secret(VERIFIER), "SampleApp", BACK, host)


async def exchanged(http: httpx.AsyncClient) -> Tokens:
    return await exchange(a_code(), http)


async def renewed(http: httpx.AsyncClient) -> Tokens:
    return await refresh("SampleApp", Secret(RENEWAL), http)


Do = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Tokens]]


def ask(handler: Handler, do: Do = exchanged) -> Tokens:
    """Make the request to a server that answers like this."""

    async def main() -> Tokens:
        transport = httpx.MockTransport(handler)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=True) as http:
            return await do(http)

    return asyncio.run(main())


def answer(said: object, status: int = 200, do: Do = exchanged) -> Tokens:
    return ask(lambda _: httpx.Response(status, json=said), do)


def failure(handler: Handler, kind: type[DpyauthError], do: Do = exchanged) -> Any:
    with pytest.raises(kind) as failed:
        ask(handler, do)
    assert type(failed.value) is kind
    assert failed.value.call == "oauth2/token"
    return failed.value


def no(kind: type[DpyauthError], status: int, said: dict[str, Any], do: Do = exchanged) -> Any:
    return failure(lambda _: httpx.Response(status, json=said), kind, do)


# Requests


def test_the_request_for_a_code() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=GOOD)

    ask(handler)
    [request] = seen
    assert (request.method, str(request.url)) == ("POST", "https://auth.deriv.com/oauth2/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert parse_qs(request.content.decode(), strict_parsing=True) == {
        "grant_type": ["authorization_code"],
        "client_id": ["SampleApp"],
        "code": [CODE],
        "code_verifier": [VERIFIER],
        "redirect_uri": [BACK],
    }


def test_the_request_for_new_tokens() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=GOOD)

    ask(handler, lambda http: refresh("SampleApp", Secret(RENEWAL), http, "http://127.0.0.1:5"))
    [request] = seen
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:5/oauth2/token")
    assert parse_qs(request.content.decode(), strict_parsing=True) == {
        "grant_type": ["refresh_token"],
        "client_id": ["SampleApp"],
        "refresh_token": [RENEWAL],
    }


@pytest.mark.parametrize("host", ["http://auth.deriv.com", "http://127.0.0.1.example", "https://auth.deriv.com/x", ""])
def test_nothing_is_sent_in_plain_text(host: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("the request was sent")

    for do in (lambda http: exchange(a_code(host), http), lambda http: refresh("App", Secret(RENEWAL), http, host)):
        with pytest.raises(InvalidSetting):
            ask(handler, do)


# Answers with tokens


def test_an_answer_with_all_fields() -> None:
    before = time.time()
    got = answer({**GOOD, "refresh_token": RENEWAL, "scope": "trade account_manage", "id_token": 5})
    assert (got.access.reveal(), got.scopes) == (ACCESS, ("trade", "account_manage"))
    assert got.refresh == Secret(RENEWAL)
    assert got.expires_at is not None
    assert before + 3600 <= got.expires_at <= time.time() + 3600


def test_an_answer_with_required_fields_only() -> None:
    got = answer({"access_token": ACCESS, "token_type": "BEARER"})
    assert got == Tokens(Secret(ACCESS), None, None, None)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        (2591999, 2591999),
        ("3600", 3600),
        (0.5, 0.5),
        ("1e3", 1000),
        (None, None),
        (0, None),
        (-5, None),
        (True, None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (1e300, None),
        ([3600], None),
        ({}, None),
    ],
)
def test_lifetimes(lifetime: object, seconds: float | None) -> None:
    said = json.dumps({**GOOD, "expires_in": lifetime})
    got = ask(lambda _: httpx.Response(200, content=said))
    assert got.life == seconds
    if seconds is None:
        assert got.expires_at is None
    else:
        assert got.expires_at == pytest.approx(time.time() + seconds, abs=20)


@pytest.mark.parametrize("scope", [None, "", "  ", 5, ["trade"], {}])
def test_an_answer_without_scopes(scope: object) -> None:
    assert answer({**GOOD, "scope": scope}).scopes is None


@pytest.mark.parametrize("renewal", [None, "", 5, "a b", "ü", [], {}, "a\nb", "x" * 5000])
def test_an_invalid_refresh_token_is_ignored(renewal: object) -> None:
    said = {**GOOD, "refresh_token": renewal}
    assert answer(said).refresh is None
    assert answer(said, do=renewed).refresh == Secret(RENEWAL)


def test_renewing_with_and_without_a_new_refresh_token() -> None:
    assert answer({**GOOD, "refresh_token": "new"}, do=renewed).refresh == Secret("new")
    got = answer(GOOD, do=renewed)
    assert (got.refresh, got.access) == (Secret(RENEWAL), Secret(ACCESS))


@pytest.mark.parametrize(
    "change",
    [
        {"token_type": "mac"},
        {"token_type": ""},
        {"token_type": None},
        {"token_type": 5},
        {"token_type": "bearer "},
        {"token_type": "DPoP"},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": [ACCESS]},
        {"access_token": f"{ACCESS} x"},
        {"access_token": f"{ACCESS}\r\nX: y"},
        {"access_token": f"{ACCESS}é"},
        {"access_token": "x" * 5000},
    ],
)
def test_tokens_that_cannot_be_used(change: dict[str, object]) -> None:
    no(BadReply, 200, {**GOOD, **change})
    said = {name: value for name, value in GOOD.items() if name not in change}
    no(BadReply, 200, said)


# Refusals


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("invalid_grant", 400, "used before, has expired"),
        ("invalid_grant", 400, "redirect URL with the registered one, character by character"),
        ("invalid_client", 401, "does not know the app ID"),
        ("invalid_scope", 400, "app's registration"),
        ("unauthorized_client", 403, "app's registration"),
        ("INVALID_GRANT", 400, "used before"),
        ("invalid_grant", 200, "used before"),
    ],
)
@pytest.mark.parametrize("do", [exchanged, renewed])
def test_refusals(code: str, status: int, words: str, do: Do) -> None:
    error = no(SignInRefused, status, {"error": code, "error_description": "It is so."}, do)
    assert error.code == code.lower()
    assert words in str(error)
    assert "Deriv says: It is so. Start the sign-in again." in str(error)


@pytest.mark.parametrize("code", ["", "a b", "<b>", ACCESS, "x" * 41, 5, [], {"code": "x"}, False])
def test_refusals_without_a_message(code: object) -> None:
    error = no(SignInRefused, 400, {"error": code, "error_description": ["x"]})
    assert error.code == "unknown_error"
    assert "Deriv says" not in str(error)


@pytest.mark.parametrize("code", ["temporarily_unavailable", "server_error", "Server_Error"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_trouble_of_the_server_is_not_a_refusal(code: str, status: int) -> None:
    assert "an internal problem" in str(no(ConnectionFailed, status, {"error": code}))


def test_no_error_beside_the_tokens() -> None:
    assert answer({**GOOD, "error": None}).access == Secret(ACCESS)
    assert no(SignInRefused, 200, {**GOOD, "error": "invalid_scope"}).code == "invalid_scope"


def test_an_endless_answer_is_given_up() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 2**16

    error = failure(lambda _: httpx.Response(200, content=endless()), BadReply)
    assert "HTTP 200" in str(error)


def test_messages_of_the_server_are_cleaned() -> None:
    said = f"<b>{CODE}</b> {VERIFIER} \x1b[31m or {ACCESS}"
    text = str(no(SignInRefused, 400, {"error": "invalid_grant", "error_description": said}))
    assert "b secret b secret 31m or …" in text.replace("  ", " ")
    assert "c4nary" not in text
    assert text.isprintable()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", ["", "<html>", '{"error": "server_error"}', '{"error": 5}', "[]"])
def test_temporary_problems_at_deriv(status: int, body: str) -> None:
    error = failure(lambda _: httpx.Response(status, text=body), ConnectionFailed)
    assert f"HTTP {status}" in str(error)
    assert ("server_error" in str(error)) == ("server_error" in body)


@pytest.mark.parametrize(("body", "code"), [("slow down", "sign_ins_limited"), ('{"error": "slow_down"}', "slow_down")])
def test_too_many_requests(body: str, code: str) -> None:
    assert failure(lambda _: httpx.Response(429, text=body), RateLimited).code == code


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 403, 404])
@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><title>Blocked</title>", b"[]", b"5", b'"x"', b"{", b"\xff", b"[" * 100_000]
)
def test_unusable_answers(status: int, body: bytes) -> None:
    error = failure(lambda _: httpx.Response(status, content=body), BadReply)
    assert "Blocked" not in str(error)


def test_tokens_come_with_200_only() -> None:
    for status in (201, 202, 400, 404):
        no(BadReply, status, GOOD)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(status, headers={"Location": "https://elsewhere.example/"}, json=GOOD)

    failure(handler, BadReply)
    assert seen == ["https://auth.deriv.com/oauth2/token"]


# No answer


def raising(error: Exception, seen: list[httpx.Request]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(error, httpx.RequestError):
            error.request = request
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError(CODE), ConnectionFailed),
        (httpx.ConnectTimeout(CODE), ConnectionFailed),
        (httpx.PoolTimeout(CODE), ConnectionFailed),
        (httpx.ProxyError(CODE), ConnectionFailed),
        (httpx.ReadTimeout(CODE), CallTimeout),
        (httpx.WriteTimeout(CODE), CallTimeout),
        (TimeoutError(CODE), CallTimeout),
        (httpx.ReadError(CODE), ConnectionLost),
        (httpx.WriteError(CODE), ConnectionLost),
        (httpx.RemoteProtocolError(CODE), ConnectionLost),
        (httpx.DecodingError(CODE), ConnectionLost),
        (httpx.InvalidURL(CODE), ConnectionLost),
        (ssl.SSLError(CODE), ConnectionLost),
        (RuntimeError(CODE), ConnectionLost),
    ],
)
@pytest.mark.parametrize("do", [exchanged, renewed])
def test_one_attempt_whatever_happens(error: Exception, kind: type[DpyauthError], do: Do) -> None:
    seen: list[httpx.Request] = []
    failed = failure(raising(error, seen), kind, do)
    assert len(seen) == 1
    assert "Start the sign-in again." in str(failed)
    assert "certificate" not in str(failed)
    check_told(failed)


def test_a_certificate_that_is_not_valid() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        try:
            raise ssl.SSLCertVerificationError("self-signed")
        except ssl.SSLError as error:
            raise httpx.ConnectError("no") from error

    assert "certificate" in str(failure(handler, ConnectionFailed))


def test_an_answer_that_takes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    class Endless(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        async with httpx.AsyncClient(transport=Endless(), trust_env=False) as http:
            await exchanged(http)

    with pytest.raises(CallTimeout) as failed:
        asyncio.run(main())
    check_told(failed.value)


def test_cancelling_the_request() -> None:
    async def main() -> None:
        asked = asyncio.Event()

        class Endless(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                asked.set()
                await asyncio.Event().wait()
                raise AssertionError

        async with httpx.AsyncClient(transport=Endless(), trust_env=False) as http:
            task = asyncio.create_task(exchanged(http))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_nothing_listens() -> None:
    async def main(host: str) -> None:
        async with http_client(host) as http:
            await exchange(a_code(host), http)

    with socket.socket() as taken:  # a port that is taken, but where nothing listens
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFailed, match="cannot be reached: nothing answers at that address") as failed:
            asyncio.run(main(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    check_told(failed.value)


# The client


def mounted(host: str) -> int:
    """Return the number of proxies that a client for a host knows."""
    http = http_client(host)
    assert http.headers["User-Agent"] == f"dpyauth/{dpyauth.__version__}"
    assert not http.follow_redirects
    assert None not in http.timeout.as_dict().values()
    asyncio.run(http.aclose())
    return len(http._mounts)


def test_proxies_are_only_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert mounted(HOST) > 0
    for host in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:9"):
        assert mounted(host) == 0


@pytest.mark.parametrize("proxy", ["gopher://user:c4nary@proxy.example", "http://user:c4nary@[::1", "socks9://c4nary"])
def test_a_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConnectionFailed, match="network settings of this machine") as failed:
        http_client()
    check_told(failed.value)


def test_a_proxy_that_needs_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:c4nary@proxy.example")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConnectionFailed, match="socksio") as failed:
        http_client()
    check_told(failed.value)


# Arbitrary answers

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from([ACCESS, "bearer"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
answers = st.dictionaries(
    st.sampled_from(
        ["access_token", "token_type", "expires_in", "refresh_token", "scope", "error", "error_description"]
    ),
    json_values,
)


@given(st.integers(200, 599), st.binary(max_size=200) | answers.map(lambda said: json.dumps(said).encode()))
@example(200, json.dumps({**GOOD, "error_description": CODE}).encode())
@example(400, json.dumps({"error": "x", "error_description": CODE + VERIFIER}).encode())
@example(400, json.dumps({"error": CODE, "error_description": CODE}).encode())
@settings(max_examples=200, deadline=None)
def test_any_answer_is_handled_without_disclosing_a_secret(status: int, body: bytes) -> None:
    try:
        got = ask(lambda _: httpx.Response(status, content=body))
    except DpyauthError as error:
        check_told(error)
        return
    assert status == 200
    assert got.access.reveal().isprintable()
    assert "c4nary" not in repr(got)


# Secrets


def check_told(error: DpyauthError) -> None:
    """Check that a traceback with variables shows no part of a secret, without the frames of this file."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [f"{frame.locals} {frame.line}" for frame in told.stack if frame.filename != __file__]
    text = "".join(frames) + repr(error) + str(vars(error)) + str(pickle.loads(pickle.dumps(error)))
    assert error.__context__ is None or error.__suppress_context__
    assert error.__cause__ is None
    assert "c4nary" not in text
    assert not getattr(error, "__notes__", None)


@pytest.mark.parametrize("do", [exchanged, renewed])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {"error": "invalid_grant", "error_description": f"{CODE} {VERIFIER} {RENEWAL}"}),
        (400, {"error": CODE, "error_description": RENEWAL}),
        (200, {**GOOD, "token_type": ACCESS}),
        (200, {**GOOD, "access_token": f"{ACCESS} "}),
        (503, {"error": ACCESS}),
        (404, GOOD),
        (302, GOOD),
        (429, {"error": CODE}),
    ],
)
def test_no_error_holds_a_secret(do: Do, status: int, said: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    for name in ("httpx", "httpcore", "oauthlib", "asyncio"):
        caplog.set_level(1, logger=name)
    with pytest.raises(DpyauthError) as failed:
        answer(said, status, do)
    told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "<secret>" in "".join(str(frame.locals) for frame in told.stack)  # the traceback does show variables
    check_told(failed.value)
    assert "c4nary" not in caplog.text
    assert logging.getLogger("httpx").level == 1


def test_tokens_do_not_show_themselves() -> None:
    got = answer({**GOOD, "refresh_token": RENEWAL})
    assert "c4nary" not in f"{got!r} {got}"
    with pytest.raises(TypeError):
        pickle.dumps(got)
