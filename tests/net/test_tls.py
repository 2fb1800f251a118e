"""Test messages over TLS in records of any size, many of which a client reads at once."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve

from dpyauth.errors import ConnectionFailed, SessionClosed
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall

SIZES = (0, 100, 1_000, 16_000, 16_384, 20_000, 65_536, 300_000, 2_000_000)
"""Size in bytes of the text in a reply."""


class Records(ServerConnection):
    """A server's connection that sends its data in records of a given size."""

    record = 16_384

    def send_data(self) -> None:
        for data in self.protocol.data_to_send():
            if not data:
                self.transport.close()
            for start in range(0, len(data), self.record):
                self.transport.write(data[start : start + self.record])


@contextmanager
def server(context: ssl.SSLContext, record: int, compression: str | None) -> Iterator[str]:
    """Run a server on another thread that answers a call with as much text as it asks for."""
    opened: Future[int] = Future()
    over = threading.Event()

    async def answer(client: ServerConnection) -> None:
        async for message in client:
            asked = json.loads(message)
            text = "".join(chr(97 + place % 26) for place in range(asked["size"]))
            await client.send(json.dumps({"msg_type": "echo", "req_id": asked["req_id"], "echo": text}))

    async def run() -> None:
        kind = type("Sized", (Records,), {"record": record})
        async with serve(
            answer, "127.0.0.1", 0, ssl=context, compression=compression, max_size=None, create_connection=kind
        ) as running:
            opened.set_result(running.sockets[0].getsockname()[1])
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield f"wss://localhost:{opened.result(10)}/"
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server context with a certificate that this machine trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def ask(connection: Connection, size: int) -> Future[str]:
    future: Future[str] = Future()

    def deliver(pending: PendingCall) -> None:
        if pending.reply is None:
            future.set_exception(pending.error or AssertionError())
        else:
            future.set_result(pending.reply["echo"])

    req_id = connection.protocol.new_id()
    text = json.dumps({"size": size, "req_id": req_id})
    pending = PendingCall("echo", req_id, text, time.monotonic() + 30, 30, deliver)
    background.post(connection.submit, pending)
    return future


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("record", [1, 1_369, 16_384, 100_000])
def test_replies_of_any_size_come_whole(
    context: ssl.SSLContext, record: int, compression: str | None, nothing_left: None
) -> None:
    sizes = [size for size in SIZES if record > 1 or size < 20_000]
    with server(context, record, compression) as url:
        connection = Connection(url, None, direct=True)
        connection.start()
        try:
            asked = [(size, ask(connection, size)) for size in sizes * 3]
            for size, future in asked:
                assert future.result(30) == "".join(chr(97 + place % 26) for place in range(size))
        finally:
            connection.close(SessionClosed("the test is over"))


@pytest.mark.parametrize("wrong", [lambda: trustme.CA().issue_cert("localhost"), None])
def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    authority: trustme.CA,
    context: ssl.SSLContext,
    wrong: Callable[[], trustme.LeafCert] | None,
    nothing_left: None,
) -> None:
    pretender = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (wrong() if wrong else authority.issue_cert("example.org")).configure_cert(pretender)
    with server(pretender, 16_384, None) as url:
        connection = Connection(url, None, direct=True)
        connection.start()
        with pytest.raises(ConnectionFailed, match="certificate is not valid"):
            connection.ready.result(15)
        connection.close(SessionClosed("the test is over"))
