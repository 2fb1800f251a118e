"""A TCP proxy that spoils what passes through it: what a network can do to a connection, on demand.

It knows nothing of WebSockets or of Deriv, only of bytes; what goes wrong above TCP is the sandbox's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

HOST = "127.0.0.1"
CHUNK = 65_536
LARGEST = 2**20  # bytes that are read ahead from the server
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class Passage:
    """One client on its way through. The public methods are the faults; they run on the proxy's loop."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer
        self._upstream: asyncio.StreamWriter | None = None
        self._deaf = False  # nothing reaches the server any more
        self._mute = False  # nothing reaches the client any more
        self._left: int | None = None  # so many bytes still reach the client; then `_then`
        self._then: Callable[[], None] = lambda: None
        self._bytewise = 0  # so many bytes go one by one
        self._apart = 0.0  # seconds
        self._pause = 0.0
        self._opening: Callable[[], Any] | None = None  # done before the server is asked; True: and nothing else

    # Faults of an open connection

    def reset(self) -> None:
        """RST to both sides."""
        for writer in (self._writer, self._upstream):
            if writer is not None:
                with contextlib.suppress(OSError):  # closed already
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                writer.transport.abort()

    def fin(self) -> None:
        """FIN to both sides, with no goodbye of WebSocket's."""
        self._mute = True
        for writer in (self._writer, self._upstream):
            if writer is not None:
                writer.close()

    def half_open(self) -> None:
        """Swallow everything, both ways, and say nothing."""
        self._deaf = self._mute = True

    def stall(self, after: int = 0) -> None:
        """Let so many more bytes reach the client, then none; its own still reach the server."""
        self._left, self._then = after, lambda: None

    def truncate(self, after: int) -> None:
        """Let so many more bytes reach the client, then FIN."""
        self._left, self._then = after, self.fin

    def garbage(self, data: bytes) -> None:
        """Send bytes to the client that the server never sent."""
        self._writer.write(data)

    def bytewise(self, count: int = 1000, lasting: float = 0.3) -> None:
        """Deliver the next so many bytes one by one, all of them in so many seconds."""
        self._bytewise, self._apart = count, lasting / count

    def delay(self, seconds: float) -> None:
        """Deliver late."""
        self._pause = seconds

    # Faults of a handshake: for connections still to come

    def status(self, code: int, body: bytes = b"") -> None:
        """Answer the handshake with an HTTP status."""

        async def refuse() -> bool:
            await self._reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 {code} No\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            self._writer.write(head.encode() + body)
            return True

        self._opening = refuse

    def plain(self) -> None:
        """Answer in plain text, whatever the client speaks."""

        async def answer() -> bool:
            await self._reader.read(CHUNK)
            self._writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return True

        self._opening = answer

    def slow(self, seconds: float) -> None:
        """Answer the handshake late."""
        self._opening = functools.partial(asyncio.sleep, seconds, False)

    def silent(self) -> None:
        """Never answer the handshake."""

        async def swallow() -> bool:
            while await self._reader.read(CHUNK):
                pass
            return True

        self._opening = swallow

    # Without faults

    async def pass_through(self, port: int) -> None:
        """Carry bytes both ways until one side ends."""
        try:
            if self._opening is not None and await self._opening():
                return
            reader, self._upstream = await asyncio.open_connection(HOST, port, limit=LARGEST)
            ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down(reader))]
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                if self._deaf and ways[0] not in done:
                    await ways[0]  # that the server has gone does not come through either
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
            for way in done:
                way.result()
        except ConnectionError:
            self.reset()  # a reset goes on as a reset
        except asyncio.IncompleteReadError:
            pass  # the client left in the middle of its handshake
        finally:
            for writer in (self._writer, self._upstream):
                if writer is not None:
                    writer.close()
            for writer in (self._writer, self._upstream):
                if writer is not None:
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()

    async def _up(self) -> None:
        assert self._upstream is not None
        while data := await self._reader.read(CHUNK):
            if not self._deaf:
                self._upstream.write(data)
                await self._upstream.drain()

    async def _down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._spoil(data)

    async def _spoil(self, data: bytes) -> None:
        """Do to bytes on their way to the client what the faults say."""
        if self._pause:
            await asyncio.sleep(self._pause)
        if self._left is not None:
            data, rest = data[: self._left], data[self._left :]
            self._left -= len(data)
            if rest:
                await self._deliver(data)
                self._mute = True
                self._left = None
                self._then()
                return
        await self._deliver(data)

    async def _deliver(self, data: bytes) -> None:
        if self._mute:
            return
        single, data = data[: self._bytewise], data[self._bytewise :]
        self._bytewise -= len(single)
        loop = asyncio.get_running_loop()
        due = loop.time()
        for byte in single:
            self._writer.write(bytes([byte]))
            due += self._apart
            await asyncio.sleep(max(due - loop.time(), 0))  # or the bytes would arrive together
        self._writer.write(data)
        await self._writer.drain()


class Proxy:
    """Between clients and a server on this machine, on a thread of its own. May be used from any thread.

    Faults go by the names of the methods of `Passage`. A stalled or silent connection stays so until its client leaves.

    Examples
    --------
    >>> with Sandbox() as box, Proxy(box.port) as proxy:
    ...     proxy.now("stall", after=5)  # every connection there is
    ...     proxy.now("reset", only=proxy.passages[0])
    ...     proxy.next("status", 503, times=2)  # the connections that come next
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.accepted = 0
        self.port = 0
        self._open: dict[Passage, asyncio.Task[Any] | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False
        self._next: deque[tuple[str, tuple[Any, ...], dict[str, Any]]] = deque()
        self._listener: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Where the sandbox seems to be."""
        return f"ws://{HOST}:{self.port}/websockets/v3"

    @property
    def passages(self) -> list[Passage]:
        """The connections there are, the oldest first."""
        return list(self._open)

    def now(self, fault: str, *args: Any, only: Passage | None = None, **more: Any) -> int:
        """Strike every open connection, or only one; returns how many."""

        async def strike() -> int:
            struck = [passage for passage in self._open if only in (None, passage)]
            for passage in struck:
                getattr(passage, fault)(*args, **more)
            return len(struck)

        count: int = self._do(strike())
        return count

    def next(self, fault: str, *args: Any, times: int = 1, **more: Any) -> None:
        """Strike connections still to come, from their first byte on."""
        self._next.extend([(fault, args, more)] * times)

    def refuse(self) -> None:
        """Take no more connections: nobody listens at the port."""
        self._do(self._deafen())

    def accept(self) -> None:
        """Take connections, after a `refuse` at the same port again."""
        self._do(self._listen())

    def clear(self) -> None:
        """Forget what has not struck yet, and take connections again. What is broken stays broken."""
        self._next.clear()
        self.accept()

    # On the loop

    async def _listen(self) -> None:
        # Not asyncio's own server: closed while it is taking a connection, it leaves that one open for ever.
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port), backlog=100)
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            self._loop.add_reader(self._listener, self._take)

    async def _deafen(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.remove_reader(listener)
            listener.close()

    def _take(self) -> None:
        assert self._listener is not None
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it left before it was taken
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted += 1
        task = self._loop.create_task(self._carry(self.accepted, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, number: int, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        if self._over:
            writer.transport.abort()
            return
        passage = self._passage(number, reader, writer)
        self._open[passage] = asyncio.current_task()
        try:
            with contextlib.suppress(IndexError):
                fault, args, more = self._next.popleft()
                getattr(passage, fault)(*args, **more)
            await passage.pass_through(self.target)
        finally:
            writer.close()  # however it ended: even before there was anything to pass through
            del self._open[passage]

    def _passage(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Passage:
        return Passage(number, reader, writer)

    async def _stop(self) -> None:
        self._over = True
        await self._deafen()
        for task in self._open.values():  # the others have not begun, and will see that it is over
            if task is not None:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what has been closed is let go

    # Inside

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _do(self, work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(10)
