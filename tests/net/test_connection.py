"""Test the driver against real sockets."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidProxyMessage, InvalidProxyStatus
from websockets.http11 import Response
from websockets.sync.server import Server, ServerConnection, serve

from dpyauth.errors import ConnectionFailed, DpyauthError, SessionClosed, SignInRefused
from dpyauth.net.backoff import Backoff
from dpyauth.net.connect_errors import explain
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.state import Handshake, State
from dpyauth.net.transport import HandshakeRefused
from dpyauth.sandbox import Sandbox

CLOSED = SessionClosed("closed by the test")
Make = Callable[..., Connection]
Tune = Callable[[str, object], None]


@pytest.fixture
def connect(nothing_left: None) -> Iterator[Make]:
    made: list[Connection] = []

    def connect(url: str, greeting: Handshake | None = None, **more: Any) -> Connection:
        made.append(Connection(url, greeting, direct=True, **more))
        made[-1].start()
        return made[-1]

    yield connect
    for connection in made:
        connection.close(CLOSED)


def address(box: Sandbox) -> str:
    return f"{box.url}?app_id={box.app_id}"


def ask(connection: Connection, call: str = "ping", *, timeout: float = 10.0, **more: Any) -> Future[Any]:
    future: Future[Any] = Future()

    def deliver(pending: PendingCall) -> None:
        future.set_exception(pending.error) if pending.error else future.set_result(pending.reply)

    req_id = connection.protocol.new_id()
    text = json.dumps({call: 1, "req_id": req_id, **more})
    pending = PendingCall(call, req_id, text, time.monotonic() + timeout, timeout, deliver)
    background.post(connection.submit, pending)
    return future


Behave = Callable[[ServerConnection], None]


@pytest.fixture
def behaving() -> Iterator[Callable[[Behave], str]]:
    """Run a server that treats each client as a test says; return its address."""
    servers: list[tuple[Server, threading.Thread]] = []

    def start(behave: Behave) -> str:
        server = serve(behave, "127.0.0.1", 0, compression=None)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return "ws://127.0.0.1:%d" % server.socket.getsockname()[1]  # noqa: UP031

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join(5)


def test_a_call_and_its_reply(box: Sandbox, connect: Make) -> None:
    seen: list[State] = []
    connection = connect(address(box), on_change=lambda connection, state: seen.append(state))
    assert connection.ready.result(5) is None
    assert ask(connection).result(5)["ping"] == "pong"
    assert connection.state is State.OPEN
    assert seen == [State.OPEN]
    assert connection.failure is None


def test_a_call_made_before_the_connection_is_open_is_sent_later(box: Sandbox, connect: Make) -> None:
    assert ask(connect(address(box))).result(5)["ping"] == "pong"


def test_nothing_listens(connect: Make) -> None:
    connection = connect("ws://127.0.0.1:9/websockets/v3")
    error = connection.ready.exception(5)
    assert type(error) is ConnectionFailed
    assert "nothing answers at that address" in str(error)
    assert connection.state is State.CLOSED
    assert type(ask(connection).exception(5)) is ConnectionFailed


@pytest.mark.parametrize("attempt", range(20))
def test_a_listener_gets_its_own_connection(connect: Make, attempt: int) -> None:
    heard: list[Connection] = []
    connection = connect("ws://127.0.0.1:9/", on_change=lambda connection, state: heard.append(connection))
    connection.ready.exception(5)
    assert heard == [connection]


def test_closing_at_once_takes_no_time(box: Sandbox, connect: Make, tune: Tune) -> None:
    tune("connector.CLOSE_TIMEOUT", 30.0)  # must not be waited for
    begin = time.monotonic()
    connection = connect(address(box))
    connection.close(CLOSED)
    assert time.monotonic() - begin < 15
    assert connection.ready.exception(0) in {None, CLOSED}  # the attempt may have been quicker
    assert connection.state is State.CLOSED


def test_closing_twice_and_calling_afterwards(box: Sandbox, connect: Make) -> None:
    connection = connect(address(box))
    connection.ready.result(5)
    connection.close(CLOSED)
    connection.close(CLOSED)
    for _ in range(3):
        assert type(ask(connection).exception(5)) is SessionClosed


def test_closing_a_connection_that_is_being_opened(connect: Make, tune: Tune) -> None:
    tune("connector.CLOSE_TIMEOUT", 30.0)  # must not be waited for
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = connect("ws://127.0.0.1:%d/" % silent.getsockname()[1])  # noqa: UP031
        accepted, _ = silent.accept()
        begin = time.monotonic()
        connection.close(CLOSED)
        assert time.monotonic() - begin < 15
        accepted.close()
    assert connection.ready.exception(0) in {None, CLOSED}  # the attempt may have been quicker


def test_no_answer_to_the_handshake(connect: Make, tune: Tune) -> None:
    tune("connector.OPEN_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = connect("ws://127.0.0.1:%d/" % silent.getsockname()[1])  # noqa: UP031
        assert "no answer within 0.1 s" in str(connection.ready.exception(5))


@pytest.mark.parametrize(("status", "said"), [(401, "app ID"), (403, "app ID")])
def test_a_handshake_that_is_refused_for_good(box: Sandbox, connect: Make, status: int, said: str) -> None:
    box.faults.refuse(status)
    error = connect(address(box)).ready.exception(5)
    assert type(error) is SignInRefused
    assert error.code == "InvalidAppID"
    assert said in str(error)


@pytest.mark.parametrize(("status", "said"), [(503, "maintenance"), (429, "too many connections"), (500, "500")])
def test_a_handshake_that_is_refused_for_now(box: Sandbox, connect: Make, status: int, said: str) -> None:
    box.faults.refuse(status)
    error = connect(address(box)).ready.exception(5)
    assert type(error) is ConnectionFailed
    assert said in str(error)


def test_an_invalid_proxy_setting_is_named(monkeypatch: pytest.MonkeyPatch, nothing_left: None) -> None:
    monkeypatch.setenv("wss_proxy", "nonsense")
    monkeypatch.setenv("https_proxy", "nonsense")
    connection = Connection("wss://nowhere.invalid/", None)
    connection.start()
    error = connection.ready.exception(5)
    connection.close(CLOSED)
    assert type(error) is ConnectionFailed
    assert "proxy" in str(error)


@pytest.mark.parametrize("frame", ["nonsense", b'{"ping": "pong"}', "[]"])
def test_garbage_costs_the_connection_but_not_the_read(
    box: Sandbox, connect: Make, at_once: None, frame: str | bytes
) -> None:
    connection = connect(address(box))
    connection.ready.result(5)
    box.faults.garbage("ping", frame=frame)
    assert ask(connection).result(5)["ping"] == "pong"
    assert connection.protocol.reconnects == 1


def test_an_oversized_reply_is_not_read(box: Sandbox, connect: Make, at_once: None, tune: Tune) -> None:
    tune("connector.MAX_MESSAGE", 100_000)
    connection = connect(address(box))
    connection.ready.result(5)
    box.faults.oversize(200_000, "ping", times=2)
    assert ask(connection).result(5)["ping"] == "pong"
    assert connection.protocol.reconnects == 2


def test_a_large_reply_is_read(box: Sandbox, connect: Make) -> None:
    connection = connect(address(box))
    box.faults.oversize(1_000_000, "ping")
    assert ask(connection).result(5)["ping"] == "pong"


@pytest.mark.parametrize("trouble", ["drop", "reset"])
def test_a_read_under_way_is_sent_again(box: Sandbox, connect: Make, at_once: None, trouble: str) -> None:
    connection = connect(address(box))
    connection.ready.result(5)
    getattr(box.faults, trouble)("ping", times=2)
    assert ask(connection).result(5)["ping"] == "pong"
    assert [received.call for received in box.received] == ["ping"] * 3
    assert len({received.connection for received in box.received}) == 3


def test_the_reason_of_a_loss_is_known(box: Sandbox, connect: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    lost = threading.Event()

    def listen(connection: Connection, state: State) -> None:
        if state is State.RECONNECTING:
            reasons.append(connection.reason)
            lost.set()

    connection = connect(address(box), on_change=listen)
    connection.ready.result(5)
    box.faults.drop(code=1012)
    assert lost.wait(5)
    assert reasons == ["the server closed the connection (code 1012)"]


def test_a_call_that_waits_shortens_the_pause(
    box: Sandbox, connect: Make, monkeypatch: pytest.MonkeyPatch, tune: Tune
) -> None:
    pausing = threading.Event()

    delays = iter([0.0])

    def next_delay(self: Backoff, now: float) -> float:
        delay = next(delays, 1000.0)
        if delay:
            pausing.set()
        return delay

    monkeypatch.setattr(Backoff, "next_delay", next_delay)
    tune("connection.PATIENT", 0.01)
    connection = connect(address(box))
    connection.ready.result(5)
    box.faults.drop()
    assert pausing.wait(5)
    assert ask(connection).result(5)["ping"] == "pong"


def test_a_stall_is_noticed(box: Sandbox, connect: Make, at_once: None, tune: Tune) -> None:
    tune("keepalive.PING_EVERY", 0.1)
    tune("keepalive.PING_TIMEOUT", 0.1)
    connection = connect(address(box))
    connection.ready.result(5)
    box.faults.stall("time")
    assert "time" in ask(connection, "time").result(10)
    assert connection.protocol.reconnects >= 1


def test_a_stalled_greeting_is_noticed(box: Sandbox, connect: Make, tune: Tune) -> None:
    tune("protocol.HANDSHAKE_TIMEOUT", 0.1)
    box.faults.swallow("authorize")
    greeting = Handshake("authorize", lambda: {"authorize": "sandbox-rich-all"}, lambda reply: None)
    error = connect(address(box), greeting).ready.exception(5)
    assert type(error) is ConnectionFailed
    assert "sign-in" in str(error)


def test_a_failing_listener_ends_nothing(box: Sandbox, connect: Make, caplog: pytest.LogCaptureFixture) -> None:
    def fail(connection: Connection, state: State) -> None:
        raise RuntimeError("with a secret")

    connection = connect(address(box), on_change=fail)
    assert ask(connection).result(5)["ping"] == "pong"
    assert "RuntimeError" in caplog.text
    assert "with a secret" not in caplog.text


def test_a_bug_leaves_no_caller_waiting(box: Sandbox, connect: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("websockets.asyncio.client.connect", fail)
    connection = connect(address(box))
    assert "RuntimeError" in str(connection.ready.exception(5))
    assert isinstance(ask(connection).exception(5), DpyauthError)


def test_fragments_and_pings_in_between(connect: Make, behaving: Callable[[Behave], str]) -> None:
    def behave(client: ServerConnection) -> None:
        req_id = json.loads(client.recv())["req_id"]
        whole = json.dumps({"req_id": req_id, "text": "äöü" * 50}, ensure_ascii=False)
        client.ping()
        client.send([whole[:20], whole[20:21], whole[21:]])
        client.recv()

    connection = connect(behaving(behave))
    assert ask(connection).result(5)["text"] == "äöü" * 50
    connection.close(CLOSED)


def test_debug_messages_of_websockets_are_not_logged(
    box: Sandbox, connect: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("dpyauth.net.websocket").setLevel(logging.DEBUG)
    try:
        connection = connect(address(box))
        assert ask(connection, passthrough={"a": "C4nary"}).result(5)
        connection.close(CLOSED)
    finally:
        logging.getLogger("dpyauth.net.websocket").setLevel(logging.INFO)
    assert "C4nary" not in caplog.text


def test_a_thousand_calls_from_many_threads(box: Sandbox, connect: Make) -> None:
    budget = RateLimits()
    endless = {"minutely": 10**9, "hourly": 10**9}
    budget.learn({"api_call_limits": {"max_requestes_general": endless}})
    connection = connect(address(box), rate_limits=budget)
    wrong: list[Any] = []

    def work(number: int) -> None:
        futures = [(count, ask(connection, passthrough={"n": [number, count]})) for count in range(50)]
        wrong.extend(
            count for count, future in futures if future.result(10)["echo_req"]["passthrough"]["n"][1] != count
        )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert connection.protocol.unmatched == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HandshakeRefused(502), "HTTP 502"),
        (InvalidMessage("x"), "was cut"),
        (TimeoutError(), "no answer"),
        (ssl.SSLCertVerificationError(), "certificate"),
        (ssl.SSLError(), "encrypted"),
        (ConnectionRefusedError(), "nothing answers"),
        (socket.gaierror(), "name could not be found"),
        (ConnectionResetError(), "was cut"),
        (OSError(), "could not be opened (OSError)"),
        (ConnectionClosedError(None, None), "broke"),
        (InvalidProxyStatus(Response(407, "", {})), "a user name and a password"),  # type: ignore[arg-type]
        (InvalidProxyStatus(Response(403, "", {})), "HTTP 403): it may block"),  # type: ignore[arg-type]
        (InvalidProxyStatus(Response(502, "", {})), "HTTP 502): it cannot reach Deriv"),  # type: ignore[arg-type]
        (InvalidProxyMessage("x"), "does not answer like a proxy"),
        (ImportError("connecting through a SOCKS proxy requires python-socks"), "python-socks"),
    ],
)
def test_why_no_connection_could_be_opened(error: Exception, said: str) -> None:
    reason = explain(error)
    assert said in reason.text
    assert reason.error is None


@pytest.mark.parametrize(
    "error",
    [*map(HandshakeRefused, (200, 301, 302, 307, 404, 410, 520, 521, 522, 526, 530)), socket.gaierror()],
)
def test_errors_that_look_like_a_server_that_was_switched_off(error: Exception) -> None:
    assert explain(error).off


@pytest.mark.parametrize(
    "error",
    [*map(HandshakeRefused, (400, 401, 403, 407, 429, 500, 502, 503, 504)), TimeoutError(), ConnectionRefusedError()],
)
def test_errors_that_do_not_look_like_a_server_that_was_switched_off(error: Exception) -> None:
    assert not explain(error).off


def test_a_handshake_refused_as_by_a_server_that_was_switched_off(box: Sandbox, connect: Make) -> None:
    box.faults.refuse(520)
    connection = connect(address(box), when_off=lambda reason: SessionClosed(f"told: {reason}"))
    error = connection.ready.exception(5)
    assert type(error) is SessionClosed
    assert "told: the server answered with HTTP 520" in str(error)
    assert connection.state is State.CLOSED


def test_a_call_fails_within_seconds_if_the_server_looks_switched_off(
    box: Sandbox, connect: Make, at_once: None, eventually: Any
) -> None:
    connection = connect(address(box), when_off=lambda reason: SessionClosed(f"told: {reason}"))
    connection.ready.result(5)
    box.faults.refuse(520, times=100_000)
    box.faults.reset()
    eventually(lambda: connection.protocol.server_off)
    error = ask(connection, timeout=60).exception(30)
    assert type(error) is SessionClosed
    assert connection.state is State.RECONNECTING
    box.faults.clear()
    eventually(lambda: connection.state is State.OPEN)
    assert ask(connection).result(10)["ping"] == "pong"
