"""Test calls over HTTP with a simulated clock: which are repeated, which never are, and how long each one waits."""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import socket
import ssl
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpyauth.apis.options.rest import MINUTELY, Rest, _overdue
from dpyauth.catalog.calls import load
from dpyauth.catalog.request import build
from dpyauth.credentials import Secret
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    DpyauthError,
    InputRefused,
    InvalidCredential,
    InvalidRequest,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.backoff import Backoff
from dpyauth.net.pending import PendingCall, current_call
from dpyauth.net.rate_limits import MINUTE, PENALTIES

TOKEN = "C4nary-r1ght-t0ken"
DERIV = "https://api.derivws.com"
URL = "wss://api.derivws.com/trading/v1/options/ws/demo?otp=C4nary"
CALLS = load("options")
TRANSFER: dict[str, Any] = {
    "currency": "USD",
    "amount": "5.00",
    "source_wallet_id": "0a1b2c3d-0000-4000-8000-000000000001",
    "destination_wallet_id": "0a1b2c3d-0000-4000-8000-000000000002",
    "request_id": "0a1b2c3d-0000-4000-8000-00000000000a",
}
NEW: dict[str, Any] = {"currency": "USD", "group": "row", "account_type": "demo"}

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def fine(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body or {"data": [], "meta": {}})


def failing(status: int, code: str = "Odd", headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"errors": [{"status": status, "code": code, **more}]}, headers=headers)


class Deriv:
    """Answers the requests one after the other; time passes only while a task sleeps."""

    def __init__(
        self,
        *steps: Step,
        base: str = DERIV,
        token: str | Iterator[str] = TOKEN,
        app_id: str | None = "33Abc",
        handle: Callable[[httpx.Request], Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.now = 1000.0
        self.slept: list[float] = []
        self.rest = Rest(
            base,
            token=lambda: Secret(token if isinstance(token, str) else next(token)),
            app_id=app_id,
            transport=httpx.MockTransport(handle or self.handle),
            rng=random.Random(seed),
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.now)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return (
            httpx.Response(step.status_code, content=step.content, headers=step.headers)
            if isinstance(step, httpx.Response)
            else step(request)
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)  # let other tasks begin to sleep at the same time
        self.now = max(self.now, until)

    def ask(self, name: str = "get_accounts", *, timeout: float = 30.0, exact: bool = False, **fields: Any) -> Any:
        call = CALLS[name]
        return self.run(self.rest.ask(call, build(call, fields), timeout=timeout, exact=exact))

    def otp(self, account: str = "DOT90004580", *, timeout: float = 30.0) -> Secret:
        secret: Secret = self.run(self.rest.otp(account, timeout=timeout))
        return secret

    def run(self, awaitable: Awaitable[Any]) -> Any:
        async def main() -> Any:
            return await awaitable

        return asyncio.run(main())


def test_the_whole_body_comes_back() -> None:
    deriv = Deriv(fine(data=[{"balance": 0.1}], meta={"timing": 222}))
    assert deriv.ask() == {"data": [{"balance": 0.1}], "meta": {"timing": 222}}
    (request,) = deriv.requests
    assert str(request.url) == f"{DERIV}/trading/v1/options/accounts"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Deriv-App-ID"] == "33Abc"
    assert deriv.slept == []


def test_numbers_are_exact_where_asked_for() -> None:
    deriv = Deriv(httpx.Response(200, content=b'{"data": [{"balance": 0.10, "n": 5}]}'))
    (row,) = deriv.ask(exact=True)["data"]
    assert row == {"balance": Decimal("0.10"), "n": 5}
    assert str(row["balance"]) == "0.10"


def test_other_bodies_that_are_fine() -> None:
    assert Deriv(httpx.Response(204)).ask(exact=True) == {}
    assert Deriv(httpx.Response(200, text="OK")).ask("health", exact=True) == {"data": "OK"}
    assert Deriv(fine(status="complete")).ask("legacy_migration_status") == {"status": "complete"}


def test_no_token_is_fetched_for_calls_that_need_none() -> None:
    deriv = Deriv(httpx.Response(200, text="OK"), token="")
    deriv.ask("health")
    assert "Authorization" not in deriv.requests[0].headers


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "ä", "a\x00"])
def test_an_invalid_token_is_not_sent(token: str) -> None:
    deriv = Deriv(fine(), token=token)
    for attempt in (deriv.ask, deriv.otp):
        with pytest.raises(InvalidCredential):
            attempt()
    assert deriv.requests == []


def test_each_call_sends_the_current_token() -> None:
    deriv = Deriv(fine(), token=iter(["first", "second"]))
    deriv.ask()
    deriv.ask()
    assert [request.headers["Authorization"] for request in deriv.requests] == ["Bearer first", "Bearer second"]


# Calls that are repeated

BROKEN = [
    failing(500, "InternalServerError"),
    failing(400, "InternalError"),
    failing(200, "WrongResponse"),
    failing(404, "Timeout"),
    failing(504),
    httpx.Response(503, html="<h1>Maintenance</h1>"),
    httpx.Response(502),
    httpx.Response(408),
    httpx.ConnectError("x"),
    httpx.ReadError("x"),
    httpx.RemoteProtocolError("x"),
]


@pytest.mark.parametrize("trouble", BROKEN)
def test_a_read_is_repeated(trouble: Step) -> None:
    deriv = Deriv(trouble, trouble, fine(data=[1]))
    assert deriv.ask() == {"data": [1]}
    assert len(deriv.requests) == 3
    assert all(pause >= 1.0 for pause in deriv.slept)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (failing(500, "InternalServerError", message="Oops"), ApiError),
        (httpx.ConnectError("x"), ConnectionFailed),
        (httpx.ReadError("x"), ConnectionLost),
    ],
)
def test_a_read_is_given_up_within_its_time(trouble: Step, kind: type[DpyauthError]) -> None:
    deriv = Deriv(trouble)
    with pytest.raises(DpyauthError) as failed:
        deriv.ask(timeout=20.0)
    assert type(failed.value) is kind
    assert failed.value.call == "get_accounts"
    assert deriv.now - 1000.0 < 20.0
    assert 3 <= len(deriv.requests) <= 20


NOTHING_THERE = [
    socket.gaierror(-2, "x"),
    ConnectionRefusedError(),
    ssl.SSLError(1, "wrong version number"),
    ssl.SSLCertVerificationError(1, "x"),
]


def no_way(cause: Exception) -> Exception:
    error = httpx.ConnectError("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("cause", NOTHING_THERE)
def test_the_first_call_fails_at_once_if_nothing_listens(cause: Exception) -> None:
    deriv = Deriv(no_way(cause))
    with pytest.raises(ConnectionFailed):
        deriv.ask()
    assert len(deriv.requests) == 1


@pytest.mark.parametrize("cause", NOTHING_THERE[:3])
def test_a_later_call_is_repeated_if_nothing_listens(cause: Exception) -> None:
    deriv = Deriv(fine(), no_way(cause), fine())
    deriv.ask()
    deriv.ask()
    assert len(deriv.requests) == 3


@pytest.mark.parametrize("cause", [ConnectionResetError(), ssl.SSLEOFError(8, "x")])
def test_a_read_that_is_cut_off_is_repeated(cause: Exception) -> None:
    deriv = Deriv(no_way(cause), fine())
    deriv.ask()
    assert len(deriv.requests) == 2


def test_the_pauses_grow_and_are_random() -> None:
    pauses = []
    for seed in range(200):
        deriv = Deriv(httpx.Response(503), seed=seed)
        with pytest.raises(ApiError):
            deriv.ask(timeout=60.0)
        pauses.append(deriv.slept[:3])
    first, second, third = zip(*(each for each in pauses if len(each) == 3), strict=True)
    assert max(first) <= 2.0 < max(second) <= 4.0 < max(third) <= 8.0
    assert len(set(third)) > 50


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failing(401, "Unauthorized"), SignInRefused),
        (failing(403, "AccessDenied"), PermissionDenied),
        (failing(404, "AccountNotFound"), ApiError),
        (failing(409, "MigrationPending"), ApiError),
        (failing(401, "InternalError"), SignInRefused),
        (failing(403, "InternalError"), PermissionDenied),
        (failing(422, "InternalError"), InputRefused),
        (httpx.Response(200, html="<h1>Hello</h1>"), BadReply),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), BadReply),
    ],
)
def test_other_answers_are_final(answer: httpx.Response, kind: type[DpyauthError]) -> None:
    deriv = Deriv(answer)
    with pytest.raises(kind):
        deriv.ask()
    assert len(deriv.requests) == 1
    assert deriv.slept == []


def test_no_answer_in_time() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        await asyncio.sleep(60)
        raise AssertionError

    async def stuck(request: httpx.Request) -> httpx.Response:
        await request.extensions["trace"]("connection.connect_tcp.started", {})
        await asyncio.sleep(60)
        raise AssertionError

    def told(name: str, handle: Any, **fields: Any) -> DpyauthError:
        deriv = Deriv(handle=handle)
        with pytest.raises(DpyauthError, match=r"within 0\.05 s") as failed:
            deriv.ask(name, timeout=0.05, **fields)
        return failed.value

    assert type(told("get_accounts", hang)) is CallTimeout
    assert type(told("create_account", hang, **NEW)) is OutcomeUnknown
    assert type(told("get_accounts", stuck)) is ConnectionFailed
    assert type(told("create_account", stuck, **NEW)) is ConnectionFailed


@pytest.mark.parametrize("late", [TimeoutError(), httpx.ConnectTimeout("x")])
def test_a_last_attempt_without_time_does_not_hide_what_deriv_answered(late: Exception) -> None:
    deriv = Deriv(failing(500, "InternalServerError", message="Oops"), late)
    with pytest.raises(ApiError, match="Oops") as failed:
        deriv.ask(timeout=4.0)
    assert failed.value.code == "InternalServerError"
    assert len(deriv.requests) > 1


@pytest.mark.parametrize(
    ("trouble", "kind"), [(failing(429), RateLimited), (failing(503, headers={"Retry-After": "5"}), ApiError)]
)
def test_no_attempt_is_made_without_time_for_an_answer(trouble: Step, kind: type[DpyauthError]) -> None:
    deriv = Deriv(trouble)
    with pytest.raises(kind):
        deriv.ask(timeout=5.05)
    assert len(deriv.requests) == 1
    assert deriv.slept == []


def test_the_limit_is_not_waited_for_without_time_for_an_answer() -> None:
    deriv = Deriv(fine())
    for _ in range(MINUTELY):
        deriv.ask()
    with pytest.raises(RateLimited, match="used up for about 60 s"):
        deriv.ask(timeout=60.05)
    assert deriv.slept == []


def test_an_address_is_missed_for_the_reason_that_deriv_gave() -> None:
    with pytest.raises(ConnectionFailed, match="Oops"):
        Deriv(failing(500, "InternalServerError", message="Oops"), TimeoutError()).otp(timeout=4.0)


def test_an_attempt_with_all_the_time_to_connect_says_what_is_wrong_now() -> None:
    deriv = Deriv(failing(500), httpx.ConnectTimeout("x"))
    with pytest.raises(ConnectionFailed, match="no answer within 10 s"):
        deriv.ask(timeout=22.0)


@pytest.mark.parametrize(
    ("left", "said"), [(0.999998, "1"), (0.3, "0.3"), (14.9987, "15"), (99.99, "100"), (3600.0, "3,600")]
)
def test_a_timeout_error_names_the_timeout_of_the_call(left: float, said: str) -> None:
    assert f"within {said} s." in str(_overdue("time", left).error)


# Calls that are never repeated


@pytest.mark.parametrize("trouble", [*BROKEN, httpx.Response(200), httpx.Response(200, html="x"), httpx.Response(303)])
def test_a_change_is_never_repeated(trouble: Step) -> None:
    deriv = Deriv(trouble, fine())
    left = not isinstance(trouble, httpx.ConnectError)
    with pytest.raises(OutcomeUnknown if left else ConnectionFailed) as failed:
        deriv.ask("create_account", **NEW)
    assert type(failed.value) is (OutcomeUnknown if left else ConnectionFailed)
    assert failed.value.call == "create_account"
    assert len(deriv.requests) == 1
    assert deriv.slept == []


def test_derivs_own_error_about_a_change_is_raised() -> None:
    deriv = Deriv(failing(500, "TransferFailed", message="Oops"))
    with pytest.raises(OutcomeUnknown, match=r"TransferFailed \(HTTP 500\): Oops"):
        deriv.ask("create_account", **NEW)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failing(400, "AgentInactive"), ApiError),
        (failing(429, "RateLimit"), RateLimited),
        (httpx.Response(200, json={"data": {}, "errors": [{"status": 400, "code": "Odd"}]}), ApiError),
    ],
)
def test_a_change_that_was_refused_is_known_not_to_have_happened(
    answer: httpx.Response, kind: type[DpyauthError]
) -> None:
    deriv = Deriv(answer, fine())
    with pytest.raises(kind):
        deriv.ask("create_account", **NEW)
    assert len(deriv.requests) == 1


# Limits


@pytest.mark.parametrize(("header", "pause"), [(None, PENALTIES[0]), ("7", 7.0), ("0", 1.0)])
def test_a_rate_limited_read_waits(header: str | None, pause: float) -> None:
    deriv = Deriv(failing(429, "RateLimit", headers={"Retry-After": header} if header else None), fine(data=[1]))
    assert deriv.ask() == {"data": [1]}
    assert deriv.slept == [pause]


def test_refusals_in_a_row_make_longer_pauses() -> None:
    deriv = Deriv(failing(429), failing(429), failing(429), fine())
    deriv.ask(timeout=120)
    assert deriv.slept == [5.0, 15.0, 30.0]
    deriv.steps = [failing(429), fine()]
    deriv.ask()
    assert deriv.slept[-1] == 5.0


@pytest.mark.parametrize("header", [None, "3600"])
def test_a_rate_limited_read_keeps_to_its_timeout(header: str | None) -> None:
    deriv = Deriv(failing(429, "RateLimit", headers={"Retry-After": header} if header else None))
    with pytest.raises(RateLimited) as refused:
        deriv.ask(timeout=4.0)
    assert refused.value.code == "RateLimit"
    assert deriv.slept == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("86400", "24 hours"),
        ("604800", "7 days"),
        ("999999999999", "1,000,000 days"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "days"),
        ("601", "10 minutes"),
    ],
)
def test_an_unreasonable_pause_is_reported_and_not_obeyed(header: str, words: str) -> None:
    deriv = Deriv(failing(429, "RateLimit", headers={"Retry-After": header}), fine())
    with pytest.raises(RateLimited, match=f"asks for a pause of .*{words}. No limit"):
        deriv.ask(timeout=10_000.0)
    assert deriv.slept == []
    with pytest.raises(RateLimited, match="used up for about 60 s"):
        deriv.ask(timeout=4.0)
    deriv.now += 60
    assert deriv.ask(timeout=4.0) == fine().json()


@pytest.mark.parametrize(("header", "words"), [("300", "5 minutes"), ("600", "10 minutes"), ("90", "90 s")])
def test_a_pause_longer_than_the_timeout_is_reported(header: str, words: str) -> None:
    deriv = Deriv(failing(429, "RateLimit", headers={"Retry-After": header}), fine())
    with pytest.raises(RateLimited, match=f"asks for a pause of {words}: run the cell again after that"):
        deriv.ask(timeout=30.0)
    assert deriv.ask(timeout=900.0) == fine().json()
    assert deriv.slept == [float(header)]


@pytest.mark.parametrize(
    ("spent", "header", "what", "seconds"),
    [(0, "7", "the pause that Deriv asks for", 7), (MINUTELY, None, "Deriv's limit on calls per minute", 60)],
)
def test_a_waiting_call_says_what_it_waits_for(
    spent: int, header: str | None, what: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    deriv, seen = Deriv(failing(429, headers={"Retry-After": header}) if header else fine(), fine()), []
    pending = PendingCall("get_accounts", 1, "", 30.0, 30.0)

    async def sleep(pause: float) -> None:
        assert pending.waiting_for is not None
        seen.append(pending.waiting_for())
        deriv.now += pause

    for _ in range(spent):
        deriv.ask()
    monkeypatch.setattr(deriv.rest, "_sleep", sleep)
    token = current_call.set(pending)
    deriv.ask(timeout=120.0)
    current_call.reset(token)
    (held,) = seen
    assert held is not None
    assert held.what == what
    assert held.until - time.monotonic() == pytest.approx(seconds, abs=1)
    assert pending.waiting_for is None


@pytest.mark.parametrize("header", ["-5", "nan", "1e400", "inf", "٣", "soon", "", " ", "0x10", "1_000", "1.5", "-0"])
@pytest.mark.parametrize("status", [429, 503])
def test_without_a_valid_pause_the_client_chooses_one(status: int, header: str) -> None:
    headers = {"Retry-After": header.encode()}
    deriv = Deriv(failing(status, "RateLimit", headers=headers), fine())  # type: ignore[arg-type]
    assert deriv.ask() == fine().json()
    assert all(0 < slept <= PENALTIES[0] for slept in deriv.slept)


@pytest.mark.parametrize("header", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_pause_of_zero_makes_no_busy_loop(header: str) -> None:
    deriv = Deriv(failing(503, headers={"Retry-After": header}))
    with pytest.raises(ApiError):
        deriv.ask(timeout=30.0)
    assert len(deriv.requests) < 15


def test_an_unreasonable_pause_of_a_failing_server() -> None:
    deriv = Deriv(failing(503, headers={"Retry-After": "86400"}), fine())
    with pytest.raises(ApiError, match="asks for a pause of 24 hours"):
        deriv.ask(timeout=30.0)
    assert deriv.ask(timeout=4.0) == fine().json()


def test_after_a_rate_limit_reads_wait_and_changes_fail() -> None:
    deriv = Deriv(failing(429), fine())
    with pytest.raises(RateLimited):
        deriv.ask(timeout=4.0)
    with pytest.raises(RateLimited, match="not sent"):
        deriv.ask("create_account", **NEW)
    with pytest.raises(RateLimited, match="not sent"):
        deriv.ask(timeout=4.0)
    assert len(deriv.requests) == 1
    deriv.ask()
    assert deriv.slept == [5.0]


def test_a_limit_of_one_call_does_not_delay_others() -> None:
    data = {"agent_id": 7, "amount": "5.00", "currency": "USD"}
    deriv = Deriv(failing(400, "OtpRateLimitExceeded", detail={"next_request_at": 9_999_999_999}), fine())
    with pytest.raises(RateLimited) as refused:
        deriv.ask("payment_agent_withdraw_verification", data=data)
    assert refused.value.details == {"next_request_at": 9_999_999_999}
    deriv.ask("payment_agent_withdraw_verification", data=data)
    assert deriv.slept == []


@pytest.mark.parametrize(
    "reply",
    [
        {"data": {"nickname": "n"}, "errors": [], "metadata": {"endpoint": "/", "method": "GET", "timing": 0.014}},
        {"data": {"nickname": "n"}},
        {"data": [{"wallet_id": "w", "type": "main", "balances": {}}], "links": {"next": None}},
        {"period": {}, "currency": "USD", "activity": {}},
        {"status": "complete"},
    ],
)
def test_a_successful_reply_is_returned_unchanged(reply: dict[str, Any]) -> None:
    assert Deriv(fine(**reply)).ask() == reply


@pytest.mark.parametrize("status", [200, 400, 404, 500, 502, 504])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[1]", b'"text"', b"{", b"no healthy upstream"])
def test_after_an_answer_of_a_gateway_a_transfer_is_never_sent_again(status: int, body: bytes) -> None:
    deriv = Deriv(httpx.Response(status, content=body, headers={"Content-Type": "text/html"}))
    with pytest.raises(OutcomeUnknown, match=r'session\.frame\("wallet_transactions", .*request_id="'):
        deriv.ask("wallet_transfer", **TRANSFER)
    assert len(deriv.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json={"message": "Forbidden"}),
        httpx.Response(404, json={"message": "no Route matched with those values"}),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(499, json={"error": "client closed request"}),
        httpx.Response(200, json={"error": "busy"}),
        httpx.Response(200, json={"error": {"message": "busy"}, "data": None}),
        httpx.Response(200, json={"errors": "busy"}),
        httpx.Response(200, json={"data": {"request_id": "1"}, "errors": [{"status": 400, "code": "Odd"}]}),
    ],
)
def test_the_outcome_of_a_transfer_is_unknown_after_an_error_of_a_gateway(answer: httpx.Response) -> None:
    with pytest.raises(OutcomeUnknown):
        Deriv(answer).ask("wallet_transfer", **TRANSFER)


@pytest.mark.parametrize("body", [{"error": "busy"}, {"errors": "busy"}, {"error": {"code": "WrongResponse"}}])
def test_an_error_inside_a_successful_answer_counts_as_an_error(body: dict[str, Any]) -> None:
    busy = httpx.Response(200, json=body)
    assert Deriv(busy, fine()).ask("get_accounts") == fine().json()
    with pytest.raises(OutcomeUnknown):
        Deriv(busy).ask("create_account", **NEW)


@pytest.mark.parametrize(
    ("name", "fields", "body"),
    [
        ("payment_agent_transfer_status", {"request_id": "a1"}, {"data": {"status": "complete", "request_id": "b2"}}),
        ("payment_agent_get", {"id": "41"}, {"data": {"id": 42}}),
        ("legacy_statement", {"loginid": "CR1"}, {"transactions": [{"loginid": "CR2"}], "count": 1}),
    ],
)
def test_a_read_is_repeated_after_an_answer_about_something_else(name: str, fields: Any, body: Any) -> None:
    with pytest.raises(BadReply, match="names another"):
        Deriv(fine(**body)).ask(name, **fields)
    text = json.dumps(body)
    for one, other in (("b2", "A1"), ("42", "41"), ("CR2", "CR1")):
        text = text.replace(one, other)
    right = json.loads(text)
    deriv = Deriv(fine(**body), fine(**right))
    assert deriv.ask(name, **fields) == right
    assert len(deriv.requests) == 2


@pytest.mark.parametrize(
    ("name", "fields", "body"),
    [
        ("payment_agent_get", {"id": "me"}, {"data": {"id": 42}}),
        ("legacy_statement", {"loginid": "CR1"}, {"transactions": [], "count": 0}),
        ("legacy_statement", {"loginid": "CR1"}, {"transactions": [{"loginid": None}, 5, {"loginid": "cr1"}]}),
        ("payment_agent_transfer_status", {"request_id": "a1"}, {"data": {"status": "complete"}}),
        ("payment_agent_transfer_status", {"request_id": "a1"}, {"data": {"request_id": ["b2"]}}),
    ],
)
def test_an_answer_that_names_no_subject_counts(name: str, fields: Any, body: Any) -> None:
    assert Deriv(fine(**body)).ask(name, **fields) == body


@pytest.mark.parametrize(
    ("name", "fields", "data"),
    [
        ("wallet_transfer", TRANSFER, {"request_id": "0a1b2c3d-0000-4000-8000-00000000000b"}),
        ("reset_demo_balance", {"account_id": "DOT1"}, {"account_id": "DOT2", "balance": 10_000}),
    ],
)
def test_a_change_may_have_happened_after_an_answer_about_something_else(name: str, fields: Any, data: Any) -> None:
    deriv = Deriv(fine(data=data))
    with pytest.raises(OutcomeUnknown, match="the reply names another"):
        deriv.ask(name, **fields)
    assert len(deriv.requests) == 1


def test_rate_limits_of_concurrent_calls_count_once() -> None:
    together, refusals = asyncio.Barrier(3), iter([failing(429)] * 3)

    async def refuse(request: httpx.Request) -> httpx.Response:
        refusal = next(refusals, None)
        if refusal is None:
            return fine()
        await together.wait()
        return refusal

    deriv = Deriv(handle=refuse)

    async def main() -> None:
        await asyncio.gather(*(deriv.rest.ask(CALLS["get_accounts"], {}, timeout=30) for _ in range(3)))

    asyncio.run(main())
    assert deriv.slept[0] == 5.0
    assert deriv.now == 1005.0


def test_a_pause_that_a_failing_server_asks_for() -> None:
    deriv = Deriv(httpx.Response(503, headers={"Retry-After": "9"}), fine())
    deriv.ask()
    assert deriv.slept == [9.0]


def test_calls_keep_to_the_limit_per_minute() -> None:
    deriv = Deriv(fine())

    async def main() -> None:
        for _ in range(3 * MINUTELY):
            await deriv.rest.ask(CALLS["get_accounts"], {}, timeout=61)
            deriv.now += 0.1

    asyncio.run(main())
    assert all(
        later - earlier > MINUTE - 1e-6 for earlier, later in zip(deriv.times, deriv.times[MINUTELY:], strict=False)
    )
    assert deriv.times[-1] - deriv.times[0] < 2 * MINUTE + 10


def test_calls_at_once_keep_within_the_limit() -> None:
    deriv = Deriv(fine())

    async def main() -> None:
        await asyncio.gather(
            *(deriv.rest.ask(CALLS["get_accounts"], {}, timeout=61) for _ in range(MINUTELY + 20)),
        )

    asyncio.run(main())
    assert sum(at < 1000.0 + MINUTE for at in deriv.times) == MINUTELY


def test_a_wait_for_the_limit_longer_than_the_timeout() -> None:
    deriv = Deriv(fine())
    for _ in range(MINUTELY):
        deriv.ask()
    with pytest.raises(RateLimited, match="used up for about 60 s"):
        deriv.ask(timeout=59)
    with pytest.raises(RateLimited, match="not sent"):
        deriv.ask("create_account", timeout=600, **NEW)
    assert len(deriv.requests) == MINUTELY


# The address of a WebSocket


def test_an_address() -> None:
    deriv = Deriv(fine(data={"url": URL}))
    secret = deriv.otp()
    assert secret.reveal() == URL
    (request,) = deriv.requests
    assert (request.method, request.url.path) == ("POST", "/trading/v1/options/accounts/DOT90004580/otp")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.content == b""
    assert "Content-Type" not in request.headers


def test_an_address_is_requested_again_after_a_break() -> None:
    deriv = Deriv(httpx.ReadError("x"), failing(500), failing(429), fine(data={"url": URL}))
    assert deriv.otp().reveal() == URL


@pytest.mark.parametrize("url", ["wss://evil.example/?otp=C4nary", "ws://api.derivws.com/?otp=C4nary", None])
def test_an_address_elsewhere(url: str | None) -> None:
    deriv = Deriv(fine(data={"url": url}))
    with pytest.raises(BadReply) as refused:
        deriv.otp()
    clean(told(refused.value))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failing(401, "Unauthorized"), SignInRefused),
        (failing(403, "AccessDenied"), PermissionDenied),
        (failing(404, "AccountNotFound"), ApiError),
        (failing(429, "RateLimit"), RateLimited),
        (failing(500, "InternalServerError"), ConnectionFailed),
        (httpx.Response(503, html="<h1>x</h1>"), ConnectionFailed),
        (httpx.Response(403, html="<h1>x</h1>"), BadReply),
        (httpx.ConnectError("x"), ConnectionFailed),
    ],
)
def test_errors_instead_of_an_address(answer: Step, kind: type[DpyauthError]) -> None:
    """A passing failure must not look final to the connection that wants the address."""
    with pytest.raises(DpyauthError) as refused:
        Deriv(answer).otp(timeout=4)
    assert type(refused.value) is kind


# The client itself


@pytest.mark.parametrize("account", ["", "a/b", "../x"])
def test_an_invalid_request_is_not_sent(account: str) -> None:
    deriv = Deriv(fine())
    with pytest.raises(InvalidRequest):
        deriv.otp(account)
    with pytest.raises(InvalidRequest):
        deriv.ask("legacy_statement", loginid="x" * 70_000)
    assert deriv.requests == []


def test_a_closed_client_sends_nothing() -> None:
    deriv = Deriv(fine())

    async def main() -> None:
        await deriv.rest.ask(CALLS["get_accounts"], {}, timeout=5)
        await deriv.rest.close()
        await deriv.rest.close()
        with pytest.raises(SessionClosed):
            await deriv.rest.ask(CALLS["get_accounts"], {}, timeout=5)

    asyncio.run(main())
    assert len(deriv.requests) == 1


def test_closing_an_unused_client() -> None:
    deriv = Deriv(fine())
    asyncio.run(deriv.rest.close())
    assert deriv.requests == []


def test_httpx_is_not_imported_before_it_is_needed() -> None:
    program = "import sys, dpyauth.apis.options.rest; assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# Secrets


def clean(what: str) -> None:
    """Check that a text contains no token, and no part of one."""
    assert "C4nary" not in what
    assert "t0ken" not in what


def told(error: BaseException) -> str:
    """Return everything that a traceback with variables shows of an error, without the frames of this file."""
    assert error.__context__ is None
    assert error.__cause__ is None
    parts = [repr(error), str(error), repr(error.args), str(vars(error)), str(vars(pickle.loads(pickle.dumps(error))))]
    seen = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts += [str(frame.locals) + str(frame.line) for frame in seen.stack if frame.filename != __file__]
    return "\n".join(parts)


ECHOES: list[Step] = [
    failing(400, TOKEN, message=f"no {TOKEN}", field=TOKEN, detail={TOKEN: TOKEN}),
    failing(401, "Unauthorized", message=f"no {TOKEN}"),
    failing(403, message=f"no {TOKEN}"),
    failing(500, message=f"no {TOKEN}"),
    httpx.Response(404, text=f"no {TOKEN}"),
    httpx.Response(200, text=f"no {TOKEN}"),
    httpx.Response(200, json={"data": {"url": f"wss://evil.example/{TOKEN}"}, "errors": [TOKEN]}),
    httpx.Response(302, headers={"Location": f"/{TOKEN}"}),
    httpx.Response(429, headers={"Retry-After": TOKEN}),
    httpx.ConnectError(TOKEN),
    httpx.ReadError(TOKEN),
    httpx.LocalProtocolError(TOKEN),
    httpx.InvalidURL(TOKEN),
    RuntimeError(TOKEN),
    OSError(TOKEN),
]


@pytest.mark.parametrize("echo", ECHOES)
def test_a_server_that_repeats_the_token(echo: Step) -> None:
    for attempt in (
        lambda deriv: deriv.ask(timeout=4),
        lambda deriv: deriv.ask("create_account", **NEW),
        lambda deriv: deriv.otp(timeout=4),
    ):
        with pytest.raises(DpyauthError) as failed:
            attempt(Deriv(echo))
        clean(told(failed.value))


def test_the_client_shows_no_secret() -> None:
    deriv = Deriv(fine())
    deriv.ask()
    attributes = {name: getattr(deriv.rest, name) for name in dir(deriv.rest) if not name.startswith("__")}
    clean(f"{deriv.rest!r} {attributes} {vars(deriv.rest)}")
    assert repr(deriv.rest) == "<dpyauth REST client of api.derivws.com>"


def test_a_cancelled_call_shows_no_secret() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    deriv = Deriv(handle=hang)

    async def main() -> None:
        task = asyncio.create_task(deriv.rest.ask(CALLS["get_accounts"], {}, timeout=60))
        await asyncio.sleep(0.01)
        clean(repr(task) + str(task.get_stack()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await task
        seen = traceback.TracebackException.from_exception(stopped.value, capture_locals=True)
        clean("".join(str(frame.locals) for frame in seen.stack if frame.filename != __file__))

    asyncio.run(main())


ANSWERS = st.builds(
    lambda status, body, kind, headers: httpx.Response(status, content=body, headers={"Content-Type": kind, **headers}),
    st.integers(200, 599),
    st.binary(max_size=100)
    | st.sampled_from([b"{}", b"[]", b"", TOKEN.encode(), b'{"errors": [{"code": "x"}]}'])
    | st.text(max_size=50).map(lambda said: json.dumps({"errors": [{"code": said, "message": said + TOKEN}]}).encode()),
    st.sampled_from(["application/json", "text/plain", "text/html", "x"]),
    st.fixed_dictionaries({}, optional={"Retry-After": st.sampled_from(["1", "x", "-1", "99999999999", TOKEN])}),
)


@settings(deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=4), st.sampled_from(["get_accounts", "create_account", "otp"]))
def test_any_response_is_an_answer_or_an_error_of_the_package(steps: list[httpx.Response], name: str) -> None:
    deriv, failed = Deriv(*steps), None
    try:
        outcome = deriv.otp() if name == "otp" else deriv.ask(name, **(NEW if name == "create_account" else {}))
        assert isinstance(outcome, dict | Secret)
    except DpyauthError as error:
        failed = error
    assert failed is None or TOKEN not in told(failed)
    assert deriv.now - 1000.0 <= 30.0
    assert name != "create_account" or len(deriv.requests) == 1


def test_the_first_pause_is_that_of_every_reconnection() -> None:
    """The pauses come from `Backoff`, so that tests of whole sessions can remove them all at once."""
    backoff = Backoff(random.Random(0))
    backoff.next_delay(1000.0)
    deriv = Deriv(httpx.Response(503), fine())
    deriv.ask()
    assert deriv.slept == [backoff.next_delay(1000.0)]
