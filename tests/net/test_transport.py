"""Test messages as they arrive, from servers that use the WebSocket protocol in all its forms."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from dpyauth.net.transport import Socket

Behave = Callable[[ServerConnection], Awaitable[None]]


class Ears:
    """Records what a socket delivers."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []
        self.batches: list[int] = []

    def listen(self, socket: Socket) -> None:
        socket.on_message = lambda message, is_text: self.messages.append((message, is_text))
        socket.on_batch = lambda: self.batches.append(len(self.messages))


@asynccontextmanager
async def talking(behave: Behave, ears: Ears | None = None, **options: Any) -> AsyncIterator[Socket]:
    compression = options.pop("compression", None)
    async with serve(behave, "127.0.0.1", 0, compression=compression) as server:
        port = server.sockets[0].getsockname()[1]
        options = {"create_connection": Socket, "proxy": None, "ping_interval": None, **options}
        async with connect(f"ws://127.0.0.1:{port}/", compression=compression, **options) as socket:
            assert isinstance(socket, Socket)
            if ears is not None:
                ears.listen(socket)
            yield socket


async def echo(client: ServerConnection) -> None:
    async for message in client:
        await client.send(message)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_are_sent_and_received_in_order(compression: str | None) -> None:
    async def main() -> None:
        ears = Ears()
        async with talking(echo, ears, compression=compression) as socket:
            sent = [json.dumps({"n": n, "text": "äöü" * n}, ensure_ascii=False) for n in range(200)]
            for text in sent:
                socket.post(text)
            socket.flush()
            socket.flush()  # flushing nothing is allowed
            await until(lambda: len(ears.messages) == 200)
            assert ears.messages == [(text.encode(), True) for text in sent]
            assert ears.batches[-1] == 200
            assert len(ears.batches) <= 201

    asyncio.run(main())


def test_messages_that_arrive_together_are_one_batch() -> None:
    async def burst(client: ServerConnection) -> None:
        for frame in ("one", "two", "three"):
            client.protocol.send_text(frame.encode())
        client.send_data()
        await client.wait_closed()

    async def main() -> None:
        ears = Ears()
        go = asyncio.Event()

        async def behave(client: ServerConnection) -> None:
            await go.wait()
            await burst(client)

        async with talking(behave, ears):
            go.set()
            await until(lambda: len(ears.messages) == 3)
            assert 3 in ears.batches
            assert not {1, 2} & set(ears.batches)

    asyncio.run(main())


def test_fragments_make_one_message_with_pings_in_between() -> None:
    async def behave(client: ServerConnection) -> None:
        await client.recv()

        async def parts() -> AsyncIterator[str]:
            yield "be"
            await client.ping()
            yield "gin"
            yield "ning"

        await client.send(parts())
        await client.send([b"\x00", b"\x01"])
        await client.send("after")
        await client.wait_closed()

    async def main() -> None:
        ears = Ears()
        async with talking(behave, ears) as socket:
            socket.post("go")
            socket.flush()
            await until(lambda: len(ears.messages) == 3)
            assert ears.messages == [(b"beginning", True), (b"\x00\x01", False), (b"after", True)]

    asyncio.run(main())


def test_a_ping_of_the_server_is_answered() -> None:
    async def behave(client: ServerConnection) -> None:
        await asyncio.wait_for(await client.ping(), 5)
        await client.send("alive")
        await client.wait_closed()

    async def main() -> None:
        ears = Ears()
        async with talking(behave, ears):
            await until(lambda: ears.messages)

    asyncio.run(main())


@pytest.mark.parametrize("parts", [["x" * 200_000], ["x" * 60_000, "x" * 60_000]])
def test_a_message_that_is_too_large_ends_the_connection(parts: list[str]) -> None:
    async def behave(client: ServerConnection) -> None:
        await client.recv()
        await client.send(parts if len(parts) > 1 else parts[0])
        await client.wait_closed()

    async def main() -> None:
        ears = Ears()
        async with talking(behave, ears, max_size=100_000) as socket:
            socket.post("go")
            socket.flush()
            await asyncio.wait_for(socket.wait_closed(), 5)
            assert ears.messages == []
            assert not socket.takes_messages
            assert socket.protocol.close_sent is not None
            assert socket.protocol.close_sent.code == 1009

    asyncio.run(main())


def test_a_socket_without_a_listener() -> None:
    handed_over = asyncio.Queue[None]()

    async def behave(client: ServerConnection) -> None:
        async for message in client:
            await client.send(message)
            await (await client.ping())  # its answer proves that the previous message was received
            handed_over.put_nowait(None)

    async def main() -> None:
        ears = Ears()
        async with talking(behave) as socket:
            for text, listening in (("one", False), ("two", True), ("three", False)):
                if listening:
                    ears.listen(socket)
                else:
                    socket.on_message = socket.on_batch = None
                socket.post(text)
                socket.flush()
                await asyncio.wait_for(handed_over.get(), 5)
        assert ears.messages == [(b"two", True)]

    asyncio.run(main())


def test_a_socket_takes_messages_while_it_is_open() -> None:
    async def main() -> None:
        async with talking(echo) as socket:
            assert socket.takes_messages
            await socket.close()
            assert not socket.takes_messages
            socket.flush()

    asyncio.run(main())


# Without a network: incoming bytes in any pieces


class Line(asyncio.Transport):
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()

    def write(self, data: Any) -> None:
        self.sent += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None: ...


class Wired:
    """A socket that is being opened, and the server at its other end."""

    def __init__(self) -> None:
        self.ears, self.line, self.server = Ears(), Line(), ServerProtocol()
        self.parts = 0
        self.socket = Socket(ClientProtocol(parse_uri("ws://deriv.invalid/"), max_size=100_000))
        self.socket.connection_made(self.line)
        self.ears.listen(self.socket)
        self.socket.on_part = self.count
        self.socket.protocol.send_request(self.socket.protocol.connect())
        self.server.receive_data(b"".join(self.socket.protocol.data_to_send()))
        (request,) = self.server.events_received()
        assert isinstance(request, Request)
        self.server.send_response(self.server.accept(request))

    def count(self) -> None:
        self.parts += 1

    def feed(self, data: bytes, cuts: list[int] | None = None) -> None:
        """Feed bytes to the socket, cut into pieces."""
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
        for start, end in itertools.pairwise(edges):
            self.socket.data_received(data[start:end])

    def say(self) -> bytes:
        """Return what the server sends."""
        return b"".join(self.server.data_to_send())

    def hear(self) -> list[Frame]:
        """Return what the server receives."""
        self.server.receive_data(bytes(self.line.sent))
        self.line.sent.clear()
        return [event for event in self.server.events_received() if isinstance(event, Frame)]


def wired(test: Callable[[Wired], None]) -> None:
    async def main() -> None:
        test(Wired())

    asyncio.run(main())


PAYLOADS = st.binary(max_size=300) | st.sampled_from([125, 126, 127, 65_535, 65_536, 70_000]).map(bytes)
SAID = st.one_of(
    st.tuples(st.just("text"), PAYLOADS),
    st.tuples(st.just("binary"), PAYLOADS),
    st.tuples(st.just("ping"), st.binary(max_size=125)),
    st.tuples(st.just("fragments"), st.lists(st.binary(max_size=200), min_size=2, max_size=4)),
    st.tuples(st.just("fragments around a ping"), st.lists(st.binary(max_size=200), min_size=2, max_size=4)),
)


@given(st.lists(SAID, max_size=8), st.lists(st.integers(0, 2**20), max_size=12))
def test_messages_are_the_same_in_any_pieces(said: list[tuple[str, Any]], cuts: list[int]) -> None:
    def test(wired: Wired) -> None:
        expected: list[tuple[bytes, bool]] = []
        pings: list[bytes] = []
        for kind, payload in said:
            if kind == "ping":
                wired.server.send_ping(payload)
                pings.append(payload)
            elif kind in {"text", "binary"}:
                (wired.server.send_text if kind == "text" else wired.server.send_binary)(payload)
                expected.append((payload, kind == "text"))
            else:
                first, *more = payload
                wired.server.send_text(first, fin=False)
                for number, part in enumerate(more):
                    if "ping" in kind:
                        wired.server.send_ping(b"in between")
                        pings.append(b"in between")
                    wired.server.send_continuation(part, fin=number == len(more) - 1)
                expected.append((b"".join(payload), True))
        wired.feed(wired.say(), cuts)
        assert wired.socket.response is not None
        assert wired.ears.messages == expected
        assert [frame.data for frame in wired.hear() if frame.opcode is Opcode.PONG] == pings

    wired(test)


@given(st.binary(min_size=1, max_size=100), st.lists(st.integers(0, 2**20), max_size=5))
def test_any_bytes_are_handled(nonsense: bytes, cuts: list[int]) -> None:
    def test(wired: Wired) -> None:
        wired.feed(wired.say())
        wired.feed(nonsense, cuts)
        wired.feed(b"\x81\x02ok" * 3, cuts)

    wired(test)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x82\0\0\0\0{}", 1002),  # masked
        (b"\x81\xfe\0\x7e", 1002),
        (b"\xc1\x02{}", 1002),  # compressed, which was not negotiated
        (b"\x83\x02{}", 1002),  # an unknown opcode
        (b"\x80\x02{}", 1002),  # the end of a message that never began
        (b"\x01\x01{\x81\x01}", 1002),  # a message inside another
        (b"\x81\x7f\0\0\0\0\xff\xff\xff\xff", 1009),
        (b"\x88\x02\x03\xe8", 1000),
    ],
)
def test_what_ends_the_connection(frame: bytes, code: int) -> None:
    def test(wired: Wired) -> None:
        wired.feed(wired.say() + b"\x81\x05first")
        wired.feed(frame)
        assert not wired.socket.takes_messages
        wired.feed(b"\x81\x04last")
        assert wired.ears.messages == [(b"first", True)]
        (goodbye,) = wired.hear()
        assert goodbye.opcode is Opcode.CLOSE
        assert Close.parse(bytes(goodbye.data)).code == code

    wired(test)


def test_an_incomplete_message_is_noticed() -> None:
    def test(wired: Wired) -> None:
        wired.feed(wired.say())
        seen = [wired.parts]
        for piece in (b"\x81", b"\x03", b"ab", b"c", b"\x01\x01d", b"\x80\x01e", b"\x81\x01f"):
            wired.feed(piece)
            seen.append(wired.parts)
        assert seen == [0, 1, 2, 3, 3, 4, 4, 4]
        assert wired.ears.messages == [(b"abc", True), (b"de", True), (b"f", True)]

    wired(test)


@given(st.lists(st.text(max_size=200) | st.sampled_from([125, 126, 65_535, 65_536, 70_000]).map("x".__mul__)))
def test_posted_messages_arrive(texts: list[str]) -> None:
    def test(wired: Wired) -> None:
        wired.feed(wired.say())
        for text in texts:
            wired.socket.post(text)
        assert not wired.line.sent
        wired.socket.flush()
        heard = wired.hear()
        assert [frame.data for frame in heard] == [text.encode() for text in texts]
        assert all(frame.opcode is Opcode.TEXT and frame.fin for frame in heard)

    wired(test)


def test_every_message_has_a_mask_of_its_own() -> None:
    def test(wired: Wired) -> None:
        wired.feed(wired.say())
        for _ in range(3000):
            wired.socket.post("")
        wired.socket.flush()
        masks = {bytes(wired.line.sent[at : at + 4]) for at in range(2, 18_000, 6)}
        assert len(masks) > 2990

    wired(test)
