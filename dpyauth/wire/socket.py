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

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._parts: list[bytes] = []
        self._is_text = True

    def process_event(self, event: Any) -> None:
        """Take in one event of the protocol."""
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

    def post(self, text: str) -> bool:
        """Send a message at once; False when the connection no longer takes any."""
        if self.protocol.state is not State.OPEN:
            return False
        self.protocol.send_text(text.encode())
        self.send_data()
        return True


_DATA = {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}
