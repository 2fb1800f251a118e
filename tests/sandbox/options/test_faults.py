"""Test all faults that can be injected over HTTP and on WebSockets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dpyauth.sandbox import Sandbox

ACCOUNTS = "/trading/v1/options/accounts"


@pytest.mark.parametrize(
    ("code", "status"),
    [("RateLimit", 429), ("InternalServerError", 500), ("AccessDenied", 403), ("MigrationPending", 409), ("New", 400)],
)
def test_errors_on_demand(box: Sandbox, rest: Any, code: str, status: int) -> None:
    box.faults.error(code, "get_accounts")
    answer = rest().get(ACCOUNTS)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert rest().get(ACCOUNTS).status_code == 200


@pytest.mark.parametrize("status", [302, 422, 429, 500, 502, 503, 504, 520])
def test_any_status_on_demand(box: Sandbox, rest: Any, status: int) -> None:
    box.faults.http(status, "get_accounts", headers={"Retry-After": "3", "Location": "https://example.com/"})
    answer = rest().get(ACCOUNTS)
    assert (answer.status_code, answer.headers["Content-Type"], answer.headers["Retry-After"]) == (
        status,
        "text/html",
        "3",
    )
    assert answer.text.startswith("<!doctype html>")


def test_any_body_on_demand(box: Sandbox, rest: Any) -> None:
    box.faults.http(200, "get_accounts", body='{"data": null}')
    assert rest().get(ACCOUNTS).json() == {"data": None}
    box.faults.http(200, "get_accounts", body="")
    assert rest().get(ACCOUNTS).content == b""
    box.faults.garbage("get_accounts", frame=b"\xff\x00")
    assert rest().get(ACCOUNTS).content == b"\xff\x00"
    box.faults.oversize(100_000, "get_accounts")
    answer = rest().get(ACCOUNTS)
    assert len(answer.content) == 100_000
    assert len(answer.json()["data"]) == 2


def test_errors_of_the_token_endpoint(box: Sandbox) -> None:
    box.faults.error("invalid_grant", "token", message="So it was asked.")
    answer = httpx.post(f"{box.auth_host}/oauth2/token", data={}, trust_env=False)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "So it was asked."},
    )
    box.faults.http(503, "token")
    assert httpx.post(f"{box.auth_host}/oauth2/token", data={}, trust_env=False).status_code == 503


@pytest.mark.parametrize("kind", ["reset", "drop"])
def test_a_connection_that_is_cut(box: Sandbox, rest: Any, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    getattr(box.faults, kind)("get_accounts")
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        rest().get(ACCOUNTS)
    assert rest().get(ACCOUNTS).status_code == 200
    assert not [record for record in caplog.records if record.levelno > 10 and not record.name.startswith("http")]


@pytest.mark.parametrize(("kind", "done"), [("stall", False), ("swallow", True)])
def test_an_answer_that_never_comes(box: Sandbox, rest: Any, kind: str, done: bool) -> None:
    getattr(box.faults, kind)("create_account")
    one = rest("new")
    with pytest.raises(httpx.ReadTimeout):
        one.http.post(ACCOUNTS, json={"currency": "USD", "group": "row", "account_type": "demo"}, timeout=0.1)
    assert bool(one.get(ACCOUNTS).json()["data"]) == done


def test_a_sandbox_stops_while_a_client_waits(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(limits=None) as box, ThreadPoolExecutor(1) as thread:
        box.faults.stall("health")
        waiting = thread.submit(httpx.get, f"{box.rest}/v1/health", timeout=20, trust_env=False)
        assert box.wait_until(lambda box: box.received)
        box.stop()
        with pytest.raises(httpx.HTTPError):
            waiting.result(timeout=10)
    assert not [record for record in caplog.records if record.levelno > 10 and not record.name.startswith("http")]


def test_a_late_answer_is_overtaken(box: Sandbox, rest: Any) -> None:
    box.faults.delay(0.2, "get_accounts")
    order: list[str] = []
    one, two = rest(), rest()

    def late() -> None:
        one.get(ACCOUNTS)
        order.append("late")

    thread = threading.Thread(target=late)
    thread.start()
    assert box.wait_until(lambda box: box.received)
    two.get(ACCOUNTS)
    order.append("early")
    thread.join(10)
    assert order == ["early", "late"]


def test_a_bug_of_the_sandbox_is_reported(
    box: Sandbox, rest: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(box.options, "let_in", lambda token, app_id: 1 / 0)
    one = rest()
    answer = one.get(ACCOUNTS)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, "InternalServerError")
    assert "failed to answer get_accounts" in caplog.text
    assert one.token not in caplog.text


def test_a_zombie(box: Sandbox, socket: Any) -> None:
    box.faults.zombie()
    assert "tick" in socket().ask(ticks="R_50"), "public sockets are not affected"
    one = socket("DOT900003")
    assert one.ask(ping=1)["ping"] == "pong"
    assert one.ask(balance=1, req_id=2) == {
        "echo_req": {"balance": 1, "req_id": 2},
        "msg_type": "balance",
        "balance": {},
        "req_id": 2,
    }
    assert one.ask(portfolio=1)["portfolio"] == {}
    assert "balance" in socket("DOT900003").ask(balance=1)["balance"]


def test_a_socket_that_closes_at_once(box: Sandbox, socket: Any) -> None:
    box.faults.hang_up(code=1012)
    with pytest.raises(ConnectionClosed) as caught:
        socket("DOT900003").receive()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012
    assert "balance" in socket("DOT900003").ask(balance=1)


def test_the_faults_of_v3_work_here_too(box: Sandbox, socket: Any) -> None:
    one = socket("DOT900003")
    box.faults.error("WrongResponse", "balance")
    assert one.code(balance=1) == "WrongResponse"
    box.faults.duplicate("time")
    one.send(time=1)
    assert [one.receive()["msg_type"] for _ in range(2)] == ["time", "time"]
    box.faults.swallow("time")
    one.send(time=1)
    assert one.ask(ping=1)["ping"] == "pong"
    box.faults.reset()
    with pytest.raises(ConnectionClosed):
        one.receive()
    two = socket("DOT900003")
    box.faults.drop("balance")
    two.send(balance=1)
    with pytest.raises(ConnectionClosed):
        two.receive()


def test_refused_handshakes(box: Sandbox, rest: Any) -> None:
    box.faults.refuse(502)
    url = rest().otp("DOT900003")
    with pytest.raises(InvalidStatus) as caught, connect(url):
        pass
    assert caught.value.response.status_code == 502
    with connect(url) as opened:
        assert opened.ping().wait(5), "the password was not used up"


def test_maintenance(box: Sandbox, rest: Any) -> None:
    url = rest().otp("DOT900003")
    box.faults.maintenance()
    assert rest().get(ACCOUNTS).status_code == 503
    assert rest().get("/v1/health").status_code == 503
    with pytest.raises(InvalidStatus), connect(url):
        pass
    box.faults.clear()
    assert rest().get("/v1/health").text == "OK"


def test_clearing(box: Sandbox, socket: Any) -> None:
    box.faults.zombie()
    box.faults.hang_up()
    box.faults.http(500, "otp")
    box.faults.clear()
    assert "balance" in socket("DOT900003").ask(balance=1)["balance"]
