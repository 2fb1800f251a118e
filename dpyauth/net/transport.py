"""Client WebSocket: websockets' own, which hands messages over as they arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from dpyauth.net.messages import error_code, parse

_DATA = {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}


class HandshakeRefused(Exception):
    """Refusal of a WebSocket's opening handshake with an HTTP status.

    websockets follows redirects, and the token would go with it; it does so only for its own error, not for this one.
    This one keeps no header and no body, which may hold a secret.
    """

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        reply = parse(body)
        self.code = (error_code(reply) or "") if reply is not None else ""
        """Error code in the reply, if it is JSON: Deriv's, or that of whatever answers in between."""
        self.foreign = reply is None and bool(body.strip())
        """True if the reply is a page or a text: a proxy or a firewall sends such, Deriv's API does not."""


class Socket(ClientConnection):
    """websockets' client connection, with a callback for each message instead of a coroutine that waits for it.

    Opening, proxies, TLS, framing, compression, pings and closing are the library's.
    """

    on_message: Callable[[bytes, bool], None] | None = None
    """Called with every message, and whether it is text."""

    on_batch: Callable[[], None] | None = None
    """Called when all messages of one read have been handed over."""

    on_part: Callable[[], None] | None = None
    """Called when a read ends in the middle of a message."""

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._parts: list[bytes] = []
        self._is_text = True
        self._events = 0

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        """Open the WebSocket at the address given, and at no other."""
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as error:
            status, body = error.response.status_code, bytes(error.response.body or b"")
        else:
            return
        raise HandshakeRefused(status, body)  # outside of the handler: the other error holds the headers

    def forget_address(self) -> None:
        """Forget the address, which may hold a secret: an open connection does not need it."""
        self.request = None
        self.protocol.uri = replace(self.protocol.uri, path="", query="")

    @property
    def takes_messages(self) -> bool:
        """Return whether it is open."""
        return self.protocol.state is State.OPEN

    def post(self, text: str) -> None:
        """Send a message with the next `flush`."""
        self.protocol.send_text(text.encode())

    def flush(self) -> None:
        """Send what was posted, in one write."""
        data = b"".join(self.protocol.data_to_send())
        if data:
            self.transport.write(data)

    # What asyncio and websockets call

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end; without a transport, TLS through a proxy failed before there was a beginning."""
        if hasattr(self, "transport"):
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take the bytes of one read."""
        self._events = 0
        super().data_received(data)
        if self.on_part is not None and (self._parts or not self._events):
            self.on_part()
        if self.on_batch is not None:
            self.on_batch()

    def process_event(self, event: Any) -> None:
        """Take one event of the protocol; messages leave here, all else is the library's."""
        self._events += 1
        if self.response is None or not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._is_text = event.opcode is Opcode.TEXT
        data, event.data = bytes(event.data), b""  # the library holds on to its latest frame: it may repeat a secret
        if not event.fin:
            self._parts.append(data)
            return
        if self._parts:
            data = b"".join([*self._parts, data])
            self._parts.clear()
        if self.on_message is not None:
            self.on_message(data, self._is_text)
