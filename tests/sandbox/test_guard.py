"""Web pages from elsewhere cannot talk to the sandbox, whatever host name they use."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dpyauth.sandbox import Sandbox

PATHS = (
    "/",
    "/oauth2/authorize?app_id=1",
    "/oauth2/auth",
    "/oauth2/token",
    "/v1/health",
    "/trading/v1/options/accounts",
    "/websockets/v3?app_id=1089",
    "/trading/v1/options/ws/public",
    "/nothing",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
SOCKETS = ("/websockets/v3?app_id=1089", "/trading/v1/options/ws/public")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(limits=None, hosts=["Deriv.example.org"]) as running:
        yield running


def ask(box: Sandbox, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    line = http.client.HTTPConnection("127.0.0.1", box.port, timeout=5)
    line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"127.0.0.1:{box.port}", **headers}.items():
        line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:8888",
        "file://",
        "http://127.0.0.1:{port}.example.com",
        "http://127.0.0.1:{port}/",
        "http://user@127.0.0.1:{port}",
        "http://localhost:{port} http://127.0.0.1:{port}",
    ],
)
def test_pages_from_elsewhere(box: Sandbox, origin: str) -> None:
    origin = origin.format(port=box.port)
    for path in PATHS:
        answer = ask(box, path, Origin=origin)
        assert answer.status == 403, path
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    for path in SOCKETS:
        with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{box.port}{path}", origin=origin):  # type: ignore[arg-type]
            pass
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize("method", METHODS)
def test_pages_from_elsewhere_are_refused_with_every_method(box: Sandbox, method: str) -> None:
    assert {ask(box, path, method, Origin="https://example.com").status for path in PATHS} == {403}
    assert {ask(box, path, method, Host="example.com").status for path in PATHS} == {421}


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com:{port}",
        "127.0.0.1.example.com:{port}",
        "localhost.example.com",
        "127.0.0.1@example.com",
        "example.com@127.0.0.1",
        "127.0.0.1:{port}/x",
        "127.0.0.1#example.com",
        "[::1",
        "127.0.0.1:x",
        "127.0.0.1, example.com",
        "0.0.0.0:{port}",
        "10.0.0.1:{port}",
        "",
    ],
)
def test_other_host_names(box: Sandbox, host: str) -> None:
    host = host.format(port=box.port)
    assert ask(box, "/v1/health", Host=host).status in (400, 421)
    assert ask(box, "/v1/health", Host=host, Origin=f"http://{host}").status in (400, 421)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}", "localhost:9", "deriv.example.org"],
)
def test_own_host_names_and_pages(box: Sandbox, host: str) -> None:
    host = host.format(port=box.port)
    assert ask(box, "/", Host=host).status == 200
    for scheme in ("http", "https"):
        assert ask(box, "/", Host=host, Origin=f"{scheme}://{host}").status == 200


def test_its_own_page_and_clients_other_than_pages_connect(box: Sandbox) -> None:
    for origin in (None, f"http://127.0.0.1:{box.port}"):
        with connect(f"{box.url}?app_id=1089", origin=origin) as one:  # type: ignore[arg-type]
            one.send('{"ping":1}')
            assert "pong" in one.recv(timeout=5)
