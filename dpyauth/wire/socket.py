"""A client WebSocket that hands messages over as they arrive, without a coroutine for each."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

BUFFER = 64 * 2**10
"""How much is taken in at once, in bytes. A message that fits in there is never too large."""


class Socket(ClientConnection, asyncio.BufferedProtocol):
    """websockets' own client connection, with the way that every reply takes made short.

    Opening, proxies, TLS, sending, closing, pings and the rules of the protocol stay with websockets, and so does every
    frame that is not simply a whole text message. Bytes come into a buffer of our own: the one that asyncio makes for
    every read is so large that the system has to map it, and to unmap it again.
    """

    on_message: Callable[[bytes, bool], None] | None = None
    """Called with every message that came in, and whether it is text."""

    on_batch: Callable[[], None] | None = None
    """Called when all messages that came in together have been handed over."""

    on_part: Callable[[], None] | None = None
    """Called when what came in ends in the middle of a message."""

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._owed = 0  # bytes still to come of a frame that websockets reads
        self._rest = b""  # the beginning of a frame's header
        self._parts: list[bytes] = []
        self._is_text = True
        self._posted: list[bytes] = []
        self._masks = _masks()

    def forget_address(self) -> None:
        """Once it is open, the address has served; it may have been a secret."""
        self.request = None
        self.protocol.uri = replace(self.protocol.uri, path="", query="")

    @property
    def takes_messages(self) -> bool:
        """Whether it is open."""
        return self.protocol.state is State.OPEN

    def post(self, text: str) -> None:
        """Send a message with the next `flush`."""
        data = text.encode()
        size = len(data)
        if size < 126:
            header = bytes((_WHOLE_TEXT, 0x80 | size))
        else:
            header = struct.pack("!BBH" if size < 2**16 else "!BBQ", _WHOLE_TEXT, 0xFE + (size >= 2**16), size)
        mask = next(self._masks)
        self._posted += (header, mask, apply_mask(data, mask))

    def flush(self) -> None:
        """Send what was posted, in one piece."""
        if self._posted:
            self.transport.write(b"".join(self._posted))
            self._posted.clear()

    # What asyncio and websockets call

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to put what comes in."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in bytes."""
        self._take(self._rest + self._view[:nbytes])
        if self.on_part is not None and (self._owed or self._rest or self._parts):
            self.on_part()
        if self.on_batch is not None:
            self.on_batch()

    def process_event(self, event: Any) -> None:
        """Take in one event of the protocol."""
        if self.response is None or not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._is_text = event.opcode is Opcode.TEXT
        self._parts.append(bytes(event.data))
        if event.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            if self.on_message is not None:
                self.on_message(message, self._is_text)

    def _take(self, data: bytes) -> None:
        """Go through what has come in, frame by frame."""
        self._rest = b""
        start, size = 0, len(data)
        while start < size:
            if self._owed:
                end = min(start + self._owed, size)
                self._owed -= end - start
            elif self.response is None:  # line by line: the first frames may come with the end of the handshake
                end = data.find(b"\n", start) + 1 or size
            elif self.protocol.state is not State.OPEN:
                end = size
            else:
                lengths = _lengths(data, start)
                if lengths is None:
                    self._rest = data[start:]
                    return
                body = start + lengths[0]
                end = body + lengths[1]
                if end <= size and data[start] == _WHOLE_TEXT and not self._parts:
                    if self.on_message is not None:
                        self.on_message(data[body:end], True)
                    start = end
                    continue
                self._owed = max(end - size, 0)
                end = min(end, size)
            self.data_received(data[start:end])
            start = end


def _masks() -> Iterator[bytes]:
    """Random masks. Many at once: asking the system for each would let go of the interpreter's lock each time."""
    while True:
        block = os.urandom(4096)
        for start in range(0, 4096, 4):
            yield block[start : start + 4]


def _lengths(data: bytes, start: int) -> tuple[int, int] | None:
    """How long a frame's header and payload are; None where not all of the header is there."""
    size = len(data) - start
    if size < 2:
        return None
    length = data[start + 1]
    if length < 126:
        return 2, length
    if length > 127:  # masked, which a server's never is: it all goes to websockets, which knows what to say
        return 2, _ENDLESS
    header = 4 if length == 126 else 10
    return (header, int.from_bytes(data[start + 2 : start + header])) if size >= header else None


_DATA = {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}
_WHOLE_TEXT = 0x81
_ENDLESS = 2**63
