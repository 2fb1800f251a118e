"""Test handshakes, idle clients, stopping and starting again."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dpyauth.errors import InvalidArgument, InvalidSetting, UnknownName
from dpyauth.sandbox import Sandbox, shared
from dpyauth.sandbox.__main__ import main


@pytest.mark.parametrize("query", ["", "?app_id=", "?app_id=0", "?app_id=x1", "?l=EN", "?app_id=-5", "?app_id=١"])
def test_a_handshake_without_app_id_is_refused(box: Sandbox, query: str) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(box.url + query):
        pass
    assert caught.value.response.status_code == 401
    assert box.connections_opened == 0


@pytest.mark.parametrize("app_id", [1089, 16303])
def test_known_app_ids(client: Any, app_id: int) -> None:
    assert client(app_id=app_id).ask(ping=1)["ping"] == "pong"


@pytest.mark.parametrize("request_", [{"ping": 1, "req_id": 8}, {"nonsense": 1, "req_id": 8}])
def test_a_client_with_an_unknown_app_id_gets_an_error_and_is_closed(client: Any, request_: dict[str, int]) -> None:
    one = client(app_id=99999999999999999999)
    reply = one.ask(**request_)
    assert reply["error"]["code"] == "InvalidAppID"
    assert reply["req_id"] == 8
    with pytest.raises(ConnectionClosed):
        one.receive()


def test_an_idle_connection_is_closed() -> None:
    with Sandbox(idle_timeout=0.2) as box, connect(f"{box.url}?app_id=1089") as idle:
        with pytest.raises(ConnectionClosed) as caught:
            idle.recv(timeout=5)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1000


def test_a_busy_connection_is_not_closed() -> None:
    with ExitStack() as stack:
        box = stack.enter_context(Sandbox(idle_timeout=120.0))
        busy, idle = (stack.enter_context(connect(f"{box.url}?app_id=1089")) for _ in range(2))
        for each in (busy, idle):
            each.send('{"ping":1}')
            assert "pong" in each.recv(timeout=5)
        for client in tuple(box.sockets):
            box.run(functools.partial(setattr, client, "heard", client.heard - 121))  # two minutes have passed
        busy.send('{"ping":1}')
        assert "pong" in busy.recv(timeout=5)
        for client in tuple(box.sockets):
            box.run(client.watch)
        with pytest.raises(ConnectionClosed):
            idle.recv(timeout=5)
        busy.send('{"ping":1}')
        assert "pong" in busy.recv(timeout=5)


def test_protocol_pings_drop_a_client_that_is_dead() -> None:
    with (
        Sandbox(ping_interval=0.5, idle_timeout=None) as box,
        connect(f"{box.url}?app_id=1089", ping_interval=None) as alive,
    ):
        upgrade = (
            f"GET /websockets/v3?app_id=1089 HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", box.port), timeout=5) as dead:
            dead.sendall(upgrade.encode())
            heard = b""
            while b"ping timed out" not in heard:
                more = dead.recv(4096)
                assert more, "closed without a reason"
                heard += more
        assert box.wait_until(lambda box: box.connections_open == 1)
        alive.send('{"ping":1}')
        assert "pong" in alive.recv(timeout=5)


def test_stopping_closes_every_connection_and_starting_again_takes_the_same_port() -> None:
    box = Sandbox()
    with box:
        port = box.port
        with connect(f"{box.url}?app_id=1089") as one:
            box.stop()
            with pytest.raises(ConnectionClosed) as caught:
                one.recv(timeout=5)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1001
        assert box.connections_open == 0
        assert "not running" in repr(box)
        with pytest.raises(OSError, match="refused"):
            connect(f"{box.url}?app_id=1089").__enter__()
        box.start()
        assert box.start() is box
        assert box.port == port
        with connect(f"{box.url}?app_id=1089") as one:
            one.send('{"ping":1}')
            assert "pong" in one.recv(timeout=5)
    box.stop()


def test_stopping_does_not_wait_for_a_client_that_is_stuck(box: Sandbox) -> None:
    with connect(f"{box.url}?app_id=1089") as one:
        box.faults.stall(pongs=False)
        box.stop()
        with pytest.raises(ConnectionClosed):
            one.recv(timeout=5)


def test_a_port_that_is_taken(box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="in use"):
        Sandbox(port=box.port).start()


@pytest.mark.parametrize("port", [99_999, -1, "80", 80.5, True])
def test_an_invalid_port(port: Any) -> None:
    with pytest.raises(InvalidSetting, match="port") as refused:
        Sandbox(port=port)
    assert refused.value.field == "port"


def test_the_command_explains_an_invalid_port(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    for port, said in ((box.port, "is in use. Choose another, or 0 for a free one."), (99_999, "from 0 to 65535")):
        with pytest.raises(SystemExit) as left:
            main(["--port", str(port)])
        assert left.value.code == 2
        told = capsys.readouterr()
        assert said in told.err
        assert told.err.count("\n") == 1
        assert not told.out


@pytest.mark.parametrize("ask", ["options_token", "side", "pay", "expire", "register_app", "wait_until"])
def test_wrong_arguments_of_a_sandbox(ask: str) -> None:
    for arguments in ((), (object(),), ("a", "b", "c", "d", "e", "f")):
        with pytest.raises(InvalidArgument):
            getattr(Sandbox(), ask)(*arguments)
    with pytest.raises(UnknownName, match=f"Did you mean '{ask}'"):
        getattr(Sandbox(), f"{ask}x")


def test_two_sandboxes_share_nothing(box: Sandbox, client: Any) -> None:
    with Sandbox() as other:
        other.faults.revoke("sandbox-rich-read")
        assert client(on=other).code(authorize="sandbox-rich-read") == "InvalidToken"
        client("sandbox-rich-read")


def test_a_browser_gets_an_explanation(box: Sandbox) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{box.port}/", timeout=5) as page:
        assert box.url in page.read().decode()


def test_logs_are_silent(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = client()
    one.ask(authorize="sandbox-rich-read")
    one.ask(authorize="sandbox-nobody")
    assert not [record for record in caplog.records if "tornado" in record.name or "sandbox" in record.name]


def test_paying_into_an_unknown_account(box: Sandbox) -> None:
    with pytest.raises(InvalidSetting, match="no account"):
        box.pay("CR1", 5)


def test_waiting_times_out() -> None:
    assert not Sandbox().wait_until(lambda box: box.connections_open, timeout=0.01)


def test_there_is_one_shared_sandbox_and_it_runs() -> None:
    box = shared()
    with connect(f"{box.url}?app_id={box.app_id}") as one:
        one.send('{"ping":1}')
        assert "pong" in one.recv(timeout=5)
    box.stop()
    assert shared() is box
    with connect(f"{box.url}?app_id={box.app_id}"):
        pass
    box.stop()


def test_the_shared_sandbox_ends_silently() -> None:
    program = (
        "from dpyauth.sandbox import shared\n"
        "from websockets.sync.client import connect\n"
        "with connect(f'{shared().url}?app_id=1089') as one:\n"
        "    one.send('{\"ping\":1}')\n"
        "    print(one.recv())\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ping"] == "pong"


def test_running_it_as_a_program() -> None:
    # A shell that runs the tests in the background may make them ignore Ctrl+C, and child processes inherit that.
    wake = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        [sys.executable, "-m", "dpyauth.sandbox"], stdout=subprocess.PIPE, text=True, preexec_fn=wake
    ) as program:
        try:
            assert program.stdout is not None
            shown = "".join(itertools.takewhile(lambda line: "Ctrl-C" not in line, program.stdout))
            address, app_id = re.findall(r"(ws://\S+)\s+app ID (\w+)", shown)[0]
            with connect(f"{address}?app_id={app_id}") as one:
                one.send('{"authorize":"sandbox-rich-all"}')
                assert "CR900001" in one.recv(timeout=5)
            assert "sandbox-trouble-read" in shown
            assert shown.index("api='options'") < shown.index("pat_") < shown.index("api='v3'")
            program.send_signal(2)
            assert "stopped" in program.stdout.read()
        finally:
            program.kill()
    assert program.returncode == 0


@pytest.mark.parametrize("path", ["/websockets/v3?app_id=1089", "/trading/v1/options/ws/public"])
def test_no_message_waits_for_the_acknowledgement_of_the_previous_one(box: Sandbox, path: str) -> None:
    with connect(f"ws://127.0.0.1:{box.port}{path}"):
        assert box.wait_until(lambda box: box.connections_open == 1)
        (one,) = box.sockets
        assert one._stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("compress", [False, True])
def test_replies_are_compressed_on_request(compress: bool) -> None:
    with Sandbox(compress=compress) as box, connect(f"{box.url}?app_id={box.app_id}") as one:
        assert [kind.name for kind in one.protocol.extensions] == ["permessage-deflate"] * compress
        one.send('{"authorize": "sandbox-rich-all"}')
        one.recv()
        one.send('{"statement": 1, "limit": 999}')
        assert json.loads(one.recv())["statement"]["count"] == 999
        asked = urllib.request.Request(
            f"{box.oauth_host}/oauth2/authorize?app_id=1", headers={"Accept-Encoding": "gzip"}
        )
        with pytest.raises(urllib.error.HTTPError) as page:  # no such app
            urllib.request.urlopen(asked, timeout=10)
        assert page.value.headers.get("Content-Encoding") == ("gzip" if compress else None)
        page.value.close()
