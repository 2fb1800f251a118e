"""Test single HTTP requests, against real servers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from helpers import free_port
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from dpyauth.apis.options import client as module
from dpyauth.apis.options.client import Client, NoResponse
from dpyauth.apis.options.requests import Request, Response
from dpyauth.credentials import Secret
from dpyauth.errors import ConnectionFailed, InvalidRequest

TOKEN = "C4nary-r1ght-t0ken"
Handle = Callable[[RequestHandler], Any]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
READ = Request("get_accounts", "GET", "/accounts", scopes=("trade",), token=Secret(TOKEN))
CHANGE = Request("create", "POST", "/accounts", content=Secret('{"pin": "C4nary"}'), token=Secret(TOKEN), changes=True)


@contextlib.asynccontextmanager
async def serving(handle: Handle) -> AsyncIterator[str]:
    """Run a server that handles every request with this function."""

    class Any_(RequestHandler):
        async def prepare(self) -> None:
            outcome = handle(self)
            if outcome is not None:
                await outcome
            if not self._finished:
                await self.finish()

    server = HTTPServer(Application([(r".*", Any_)], log_function=lambda handler: None))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server.add_sockets([listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        await server.close_all_connections()


@contextlib.asynccontextmanager
async def serving_raw(behave: Raw) -> AsyncIterator[str]:
    """Run a server that speaks no HTTP of its own; the function writes to the socket."""

    connections: list[tuple[asyncio.StreamWriter, asyncio.Task[None]]] = []

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        finally:
            writer.transport.abort()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append((writer, asyncio.create_task(each(reader, writer))))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer, task in connections:
            writer.transport.abort()  # a task that is cancelled before it begins closes nothing
            task.cancel()
        await asyncio.gather(*(task for _, task in connections), return_exceptions=True)


async def once(base: str, question: Request = READ, *, timeout: float = 5, **options: Any) -> Any:
    options = {"app_id": None, "direct": True, "transport": None, **options}
    client = Client(base, **options)
    try:
        return await client.send(question, timeout)
    finally:
        await client.close()


def unused() -> str:
    return f"http://127.0.0.1:{free_port()}"


def requested(question: Request, **options: Any) -> HTTPServerRequest:
    """Return the request that a server receives."""
    seen: list[HTTPServerRequest] = []

    async def main() -> None:
        async with serving(lambda handler: seen.append(handler.request)) as base:
            await once(base, question, **options)

    asyncio.run(main())
    (request,) = seen
    return request


def test_headers_and_query_of_a_read() -> None:
    question = Request("odd", "GET", "/a%2Fb", params={"limit": 5, "all": True, "kind": ["x y", "z"]}, token=READ.token)
    request = requested(question, app_id="33AbcDef")
    # httpx writes a blank as %20 before 0.28, and as + since then: both are a blank in a query.
    assert (request.method, request.uri.replace("%20", "+")) == ("GET", "/a%2Fb?limit=5&all=true&kind=x+y&kind=z")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Deriv-App-ID"] == "33AbcDef"
    assert request.headers["User-Agent"].startswith("dpyauth/")
    assert "Content-Type" not in request.headers
    assert request.body == b""


def test_headers_and_body_of_a_change() -> None:
    request = requested(CHANGE)
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == b'{"pin": "C4nary"}'
    assert "Deriv-App-ID" not in request.headers


def test_a_post_without_a_body_has_no_content_type() -> None:
    request = requested(Request("otp", "POST", "/otp", token=READ.token))
    assert "Content-Type" not in request.headers
    assert (request.headers["Content-Length"], request.body) == ("0", b"")


def test_no_authorization_header_without_a_token() -> None:
    assert "Authorization" not in requested(Request("health", "GET", "/v1/health")).headers


def answer_to(handle: Handle, question: Request = READ, **options: Any) -> Any:
    async def main() -> Any:
        async with serving(handle) as base:
            return await once(base, question, **options)

    return asyncio.run(main())


def test_an_answer() -> None:
    def handle(handler: RequestHandler) -> None:
        handler.set_status(418)
        handler.set_header("Content-Type", "text/odd")
        handler.set_header("Retry-After", "7")
        handler.write("tea")

    assert answer_to(handle) == Response(418, "text/odd", b"tea", 7.0)


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0),
        ("yesterday", None),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
        ("", None),
    ],
)
def test_the_time_of_the_server(said: str, date: float | None) -> None:
    def handle(handler: RequestHandler) -> None:
        handler.set_header("Date", said)
        handler.write("tea")

    assert answer_to(handle).date == date


def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def handle(handler: RequestHandler) -> None:
        seen.append(handler.request.path)
        handler.redirect("/elsewhere")

    answer = answer_to(handle)
    assert answer.status_code == 302
    assert seen == ["/accounts"]


def test_a_compressed_answer_is_decompressed() -> None:
    def handle(handler: RequestHandler) -> None:
        assert handler.request.headers["Accept-Encoding"] == "gzip"
        handler.set_header("Content-Encoding", "gzip")
        handler.write(gzip.compress(b'{"data": 1}'))

    assert answer_to(handle).reply == {"data": 1}


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_long_is_dropped(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGE", 100_000)
    body = b"[" + b" " * 200_000 + b"]"

    def handle(handler: RequestHandler) -> None:
        if packed:
            handler.set_header("Content-Encoding", "gzip")
        handler.write(gzip.compress(body) if packed else body)

    answer = answer_to(handle)
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_answer_that_is_not_compressed_as_its_header_says() -> None:
    def handle(handler: RequestHandler) -> None:
        handler.set_header("Content-Encoding", "gzip")
        handler.write(b"not gzip at all")

    assert answer_to(handle) == NoResponse("the connection broke (DecodingError)", left=True)


def test_no_answer_in_time() -> None:
    assert answer_to(lambda handler: asyncio.sleep(60), timeout=0.1) == NoResponse("", left=True, late=True)


def test_an_answer_that_trickles_in_is_not_waited_for() -> None:
    async def trickle(handler: RequestHandler) -> None:
        with contextlib.suppress(Exception):
            while True:
                handler.write(b" ")
                await handler.flush()
                await asyncio.sleep(0.01)

    assert answer_to(trickle, timeout=0.2) == NoResponse("", left=True, late=True)


def test_nothing_listens_at_the_address() -> None:
    assert asyncio.run(once(unused())) == NoResponse("nothing answers at that address", left=False, clear=True)


def test_a_server_that_hangs_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def main() -> Any:
        async with serving_raw(hang_up) as base:
            return await once(base, CHANGE)

    broken = asyncio.run(main())
    assert broken.left
    assert broken.reason.startswith("the connection broke (")


def test_a_server_that_speaks_something_else() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        await reader.read()

    async def main(scheme: str) -> Any:
        async with serving_raw(babble) as base:
            return await once(base.replace("http", scheme), CHANGE)

    assert asyncio.run(main("http")) == NoResponse("the connection broke (RemoteProtocolError)", left=True)
    secure = asyncio.run(main("https"))
    assert not secure.left
    assert secure.reason == "no encrypted connection could be made (is a company proxy in between?)"


def test_a_handshake_that_never_ends_means_that_nothing_was_sent() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await asyncio.sleep(60)

    async def main() -> Any:
        async with serving_raw(wait) as base:
            return await once(base.replace("http", "https"), CHANGE, timeout=0.2)

    told = "no answer within 0.1 s; check the internet connection"
    assert asyncio.run(main()) == NoResponse(told, left=False, late=True)


def test_a_name_that_cannot_be_found() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x") from socket.gaierror(-2, "x")

    broken = asyncio.run(once("http://x.example", transport=httpx.MockTransport(lost)))
    assert broken == NoResponse(
        "the server's name could not be found; check the internet connection", left=False, clear=True
    )


def test_the_connection_is_used_again() -> None:
    ports: list[Any] = []

    def handle(handler: RequestHandler) -> None:
        ports.append(handler.request.connection.context.address)  # type: ignore[union-attr]

    async def main() -> None:
        async with serving(handle) as base:
            client = Client(base, None, direct=True, transport=None)
            await client.send(READ, 5)
            await client.send(CHANGE, 5)
            await client.close()

    asyncio.run(main())
    assert len(ports) == 2
    assert ports[0] == ports[1]


def test_closing_ends_what_is_in_flight() -> None:
    async def main() -> Any:
        asked = asyncio.Event()

        async def handle(handler: RequestHandler) -> None:
            asked.set()
            await asyncio.sleep(60)

        async with serving(handle) as base:
            client = Client(base, None, direct=True, transport=None)
            task = asyncio.create_task(client.send(CHANGE, 5))
            await asked.wait()
            await client.close()
            return await task

    broken = asyncio.run(main())
    assert isinstance(broken, NoResponse)
    assert broken.left


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_refuses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forbid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT deriv.example:443")
        writer.write(b"HTTP/1.1 403 C4nary\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def main() -> Any:
        async with serving_raw(forbid) as base:
            monkeypatch.setenv(name, base.replace("//", "//user:C4nary@"))
            return await once("https://deriv.example", CHANGE, direct=False)

    why = "it may block Deriv's servers, or WebSockets"
    told = f"the proxy in this machine's settings refused the connection (HTTP 403): {why}"
    assert asyncio.run(main()) == NoResponse(told, left=False, passing=False)


def test_a_proxy_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking the proxy for a connection to Deriv is not yet asking Deriv."""

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> Any:
        async with serving_raw(keep_silent) as base:
            monkeypatch.setenv("HTTPS_PROXY", base)
            return await once("https://deriv.example", CHANGE, direct=False, timeout=0.5)

    assert asyncio.run(main()) == NoResponse("", left=False, late=True)


def test_a_server_on_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", unused())
    assert isinstance(answer_to(lambda handler: None), Response)


@pytest.mark.parametrize("proxy", ["odd://user:C4nary@x.example", "http://x:C4nary:9/"])
def test_a_proxy_setting_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConnectionFailed, match="proxy") as failed:
        Client("https://deriv.example", None, direct=False, transport=None)
    assert failed.value.__context__ is None
    assert "C4nary" not in str(failed.value)


def test_a_socks_proxy_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://x.example:1080")
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(ConnectionFailed, match="package socksio") as failed:
        Client("https://deriv.example", None, direct=False, transport=None)
    assert failed.value.__context__ is None


@pytest.mark.parametrize("value", ["x" * 70_000, "\ud800"])
def test_a_value_that_no_url_can_contain(value: str) -> None:
    refused = asyncio.run(once("http://x.example", Request("odd", "GET", "/odd", params={"loginid": value})))
    assert isinstance(refused, InvalidRequest)
    assert refused.__context__ is None


def pause_after(said: str) -> Any:
    """Return the pause that this ``Retry-After`` asks for."""
    headers = [(b"Retry-After", said.encode())]
    transport = httpx.MockTransport(lambda request: httpx.Response(503, headers=headers))
    return asyncio.run(once("http://x.example", transport=transport)).retry_after


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 30, None),
        ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(said: str, seconds: float | None) -> None:
    assert pause_after(said) == seconds


def test_a_server_may_name_the_time_until_which_it_wants_to_be_left_alone() -> None:
    seconds = pause_after(format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True))
    assert seconds is not None
    assert 110 < seconds <= 120


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    importlib.import_module("httpcore")  # importing it creates its loggers
    loggers = [name for name in logging.root.manager.loggerDict if name.startswith(("httpx", "httpcore"))]
    assert "httpcore.http11" in loggers
    for name in loggers:
        caplog.set_level(1, logger=name)
    assert isinstance(answer_to(lambda handler: handler.write('{"data": {"url": "C4nary"}}'), CHANGE), Response)
    assert caplog.records
    assert "C4nary" not in caplog.text + str([vars(record) for record in caplog.records])
