"""The short way for messages, against servers that speak the protocol in every manner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from dpyauth.wire.socket import Socket

Behave = Callable[[ServerConnection], Awaitable[None]]


class Ears:
    """What a socket handed over."""

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
def test_messages_come_and_go_in_order(compression: str | None) -> None:
    async def main() -> None:
        ears = Ears()
        async with talking(echo, ears, compression=compression) as socket:
            sent = [json.dumps({"n": n, "text": "äöü" * n}, ensure_ascii=False) for n in range(200)]
            for text in sent:
                socket.post(text)
            socket.flush()
            socket.flush()  # nothing left is fine
            await until(lambda: len(ears.messages) == 200)
            assert ears.messages == [(text.encode(), True) for text in sent]
            assert ears.batches[-1] == 200
            assert len(ears.batches) <= 201

    asyncio.run(main())


def test_what_arrives_together_is_one_batch() -> None:
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


@pytest.mark.parametrize("parts", [["x" * 2000], ["x" * 600, "x" * 600]])
def test_a_message_that_is_too_large_ends_the_connection(parts: list[str]) -> None:
    async def behave(client: ServerConnection) -> None:
        await client.recv()
        await client.send(parts if len(parts) > 1 else parts[0])
        await client.wait_closed()

    async def main() -> None:
        ears = Ears()
        async with talking(behave, ears, max_size=1000) as socket:
            socket.post("go")
            socket.flush()
            await asyncio.wait_for(socket.wait_closed(), 5)
            assert ears.messages == []
            assert not socket.takes_messages
            assert socket.protocol.close_sent is not None
            assert socket.protocol.close_sent.code == 1009

    asyncio.run(main())


def test_nobody_need_listen_and_whoever_stops_hears_no_more() -> None:
    handed_over = asyncio.Queue[None]()

    async def behave(client: ServerConnection) -> None:
        async for message in client:
            await client.send(message)
            await (await client.ping())  # its answer proves that the message before it was taken in
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


def test_it_takes_messages_while_it_is_open() -> None:
    async def main() -> None:
        async with talking(echo) as socket:
            assert socket.takes_messages
            await socket.close()
            assert not socket.takes_messages
            socket.flush()

    asyncio.run(main())
