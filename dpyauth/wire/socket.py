"""A client WebSocket that hands messages over as they arrive, without a coroutine for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State


class Socket(ClientConnection):
    """websockets' own client connection, with the two paths that every call takes made short.

    Opening, proxies, TLS, closing, pings and the rules of the protocol stay with websockets. Measured against its
    ``recv()`` and ``send()``, a round trip costs about half.
    """

    on_message: Callable[[bytes, bool], None] | None = None
    """Called with every message that came in, and whether it is text."""

    on_batch: Callable[[], None] | None = None
    """Called when all messages that came in together have been handed over."""

    on_part: Callable[[], None] | None = None
    """Called when what came in was only a part of a message."""

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._parts: list[bytes] = []
        self._is_whole = True
        self._is_text = True

    def process_event(self, event: Any) -> None:
        """Take in one event of the protocol."""
        self._is_whole = True
        if self.response is None or not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._is_text = event.opcode is Opcode.TEXT
        self._parts.append(bytes(event.data))
        if event.fin:
            message = b"".join(self._parts) if len(self._parts) > 1 else self._parts[0]
            self._parts.clear()
            if self.on_message is not None:
                self.on_message(message, self._is_text)

    def data_received(self, data: bytes) -> None:
        """Take in bytes."""
        self._is_whole = False
        super().data_received(data)
        if self.on_part is not None and (self._parts or not self._is_whole):
            self.on_part()
        if self.on_batch is not None:
            self.on_batch()

    @property
    def takes_messages(self) -> bool:
        """Whether it is open."""
        return self.protocol.state is State.OPEN

    def post(self, text: str) -> None:
        """Send a message with the next `flush`."""
        self.protocol.send_text(text.encode())

    def flush(self) -> None:
        """Send what was posted, in one piece."""
        data = self.protocol.data_to_send()
        if data:
            self.transport.write(b"".join(data))


_DATA = {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}
