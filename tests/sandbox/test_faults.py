"""Test all faults that can be injected."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dpyauth.sandbox import Sandbox


def sent(one: Any, *req_ids: int, call: str = "time") -> None:
    for req_id in req_ids:
        one.send({call: 1, "req_id": req_id})


def ids(one: Any, count: int) -> list[int]:
    return [one.receive()["req_id"] for _ in range(count)]


def test_a_swallowed_reply_never_comes(box: Sandbox, client: Any) -> None:
    box.faults.swallow("time", times=2)
    one = client()
    sent(one, 1, 2, 3)
    sent(one, 4, call="ping")
    assert ids(one, 2) == [3, 4]


def test_a_call_with_a_swallowed_reply_is_carried_out(box: Sandbox, client: Any) -> None:
    box.faults.swallow("authorize")
    one = client()
    one.send({"authorize": "sandbox-rich-read"})
    assert "balance" in one.ask(balance=1)


def test_a_duplicate(box: Sandbox, client: Any) -> None:
    box.faults.duplicate("time")
    one = client()
    sent(one, 1, 2)
    assert ids(one, 3) == [1, 1, 2]


def test_replies_out_of_order(box: Sandbox, client: Any) -> None:
    box.faults.reorder(3)
    one = client()
    sent(one, 1, 2, 3, 4)
    assert ids(one, 4) == [3, 2, 1, 4]


def test_a_late_reply_is_overtaken(box: Sandbox, client: Any) -> None:
    box.faults.delay(0.2, "time")
    one = client()
    began = time.monotonic()
    sent(one, 1, 2)
    assert ids(one, 2) == [2, 1]
    assert time.monotonic() - began >= 0.19


def test_a_late_reply_to_a_client_that_left_is_dropped(
    box: Sandbox, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    box.faults.delay(0.1, "time")
    box.faults.delay(0.2, "ping")
    sent(gone := client(), 1)
    assert box.wait_until(lambda box: box.received)
    gone.socket.close()
    assert client().ask(ping=1)["ping"] == "pong", "this one comes after the lost reply was due"
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


@pytest.mark.parametrize("frame", ["{not json", b"\xff\x00"])
def test_garbage(box: Sandbox, client: Any, frame: str | bytes) -> None:
    box.faults.garbage("time", frame=frame)
    one = client()
    sent(one, 1)
    assert one.socket.recv(timeout=5) == frame
    assert one.ask(ping=1)["ping"] == "pong"


def test_an_oversize_reply(box: Sandbox, client: Any) -> None:
    box.faults.oversize(100_000, "time")
    one = client()
    sent(one, 1)
    frame = one.socket.recv(timeout=5)
    assert len(frame) == 100_000
    assert json.loads(frame)["req_id"] == 1


def test_an_error_on_demand_does_nothing(box: Sandbox, client: Any) -> None:
    one = client()
    box.faults.error("WrongResponse", "authorize", times=2)
    assert [one.code(authorize="sandbox-rich-read") for _ in range(2)] == ["WrongResponse"] * 2
    assert one.code(balance=1) == "AuthorizationRequired"
    box.faults.rate_limit("balance")
    one.ask(authorize="sandbox-rich-read")
    assert one.code(balance=1) == "RateLimit"
    assert "balance" in one.ask(balance=1)


def test_dropping_at_once_and_on_a_call(box: Sandbox, client: Any) -> None:
    one = client()
    box.faults.drop(code=1012, reason="restart")
    with pytest.raises(ConnectionClosed) as caught:
        one.receive()
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1012, "restart")
    two = client()
    box.faults.drop("time")
    assert two.ask(ping=1)["ping"] == "pong"
    sent(two, 1)
    with pytest.raises(ConnectionClosed):
        two.receive()


@pytest.mark.parametrize("call", [None, "time"])
def test_resetting(box: Sandbox, client: Any, call: str | None) -> None:
    one = client()
    box.faults.reset(call)
    with pytest.raises(ConnectionClosed) as caught:
        one.ask(time=1)
    assert caught.value.rcvd is None, "not a word was said"
    assert box.wait_until(lambda box: box.connections_open == 0)


@pytest.mark.parametrize("call", [None, "time"])
def test_stalling(box: Sandbox, client: Any, call: str | None) -> None:
    one = client()
    box.faults.stall(call)
    sent(one, 1)
    assert box.wait_until(lambda box: len(box.received) == 1 or call is None)
    with pytest.raises(TimeoutError):
        one.receive(timeout=0.1)
    assert one.socket.ping().wait(5), "protocol pongs still arrive"
    assert box.connections_open == 1
    box.faults.clear()
    assert one.ask(ping=1)["ping"] == "pong"


def test_stalling_without_pongs(box: Sandbox, client: Any) -> None:
    one = client()
    box.faults.stall(pongs=False)
    assert not one.socket.ping().wait(0.2)
    assert box.connections_open == 1
    box.faults.reset()
    assert box.wait_until(lambda box: box.connections_open == 0)


def test_refused_handshakes(box: Sandbox, client: Any) -> None:
    box.faults.refuse(429, times=2)
    for _ in range(2):
        with pytest.raises(InvalidStatus) as caught, connect(f"{box.url}?app_id=1089"):
            pass
        assert caught.value.response.status_code == 429
    assert client().ask(ping=1)["ping"] == "pong"


def test_maintenance_refuses_handshakes(box: Sandbox, client: Any) -> None:
    open_before = client()
    box.faults.maintenance()
    with pytest.raises(InvalidStatus) as caught, connect(f"{box.url}?app_id=1089"):
        pass
    assert caught.value.response.status_code == 503
    assert open_before.ask(website_status=1)["website_status"]["site_status"] == "down"
    box.faults.maintenance("up")
    assert client().ask(website_status=1)["website_status"]["site_status"] == "up"


def test_maintenance_that_only_announces(box: Sandbox, client: Any) -> None:
    box.faults.maintenance("updating", refuse=False)
    assert client().ask(website_status=1)["website_status"]["site_status"] == "updating"


def test_a_revoked_token(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-read")
    box.faults.revoke("sandbox-rich-read")
    assert one.ask(ping=1)["ping"] == "pong"
    assert one.code(balance=1) == "InvalidToken"
    assert one.code(balance=1) == "AuthorizationRequired"
    assert one.code(authorize="sandbox-rich-read") == "InvalidToken"


def test_clearing(box: Sandbox, client: Any) -> None:
    one = client()
    box.faults.swallow()
    box.faults.refuse(500)
    box.faults.clear()
    assert one.ask(ping=1)["ping"] == "pong"
    assert client().ask(ping=1)["ping"] == "pong"


def test_faults_can_be_set_while_the_sandbox_is_stopped() -> None:
    box = Sandbox()
    box.faults.maintenance()
    box.faults.revoke("sandbox-rich-read")
    with box, pytest.raises(InvalidStatus), connect(f"{box.url}?app_id=1089"):
        pass
