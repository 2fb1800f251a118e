"""Client WebSocket of the library websockets, with callbacks for messages.

The library's ``recv`` wakes a coroutine for every message. Here a callback runs in the loop's own step instead, so all
messages of one read are handled, and everything they cause is sent, in one go.
"""

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

    websockets follows redirects, and would send a token in the address to another server. It does so only when it
    catches its own exception, so replacing that with this one prevents it. This exception keeps neither headers nor
    body, which may contain a secret.
    """

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        reply = parse(body)
        self.code = (error_code(reply) or "") if reply is not None else ""
        """Error code in the reply, if it is JSON; from Deriv, or from a proxy in between."""
        self.foreign = reply is None and bool(body.strip())
        """True if the reply is a page or plain text, as proxies and firewalls send it, and Deriv's API does not."""


class Socket(ClientConnection):
    """Client connection of websockets that calls a function for each message.

    The library does everything else: opening, proxies, TLS, framing, compression, pings and closing.
    """

    on_message: Callable[[bytes, bool], None] | None = None
    """Called with every message, and True if it is text."""

    on_batch: Callable[[], None] | None = None
    """Called after all messages of one read."""

    on_part: Callable[[], None] | None = None
    """Called when a read ends in the middle of a message."""

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._parts: list[bytes] = []
        self._is_text = True
        self._events = 0

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        """Open the WebSocket at the given address, and never at another one."""
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as error:
            status, body = error.response.status_code, bytes(error.response.body or b"")
        else:
            return
        # Raised outside of the handler, so that InvalidStatus, which holds the headers, is not kept as its context.
        raise HandshakeRefused(status, body)

    def forget_address(self) -> None:
        """Forget the address, which may contain a secret. An open connection does not need it."""
        self.request = None
        self.protocol.uri = replace(self.protocol.uri, path="", query="")

    @property
    def takes_messages(self) -> bool:
        """Return whether it is open."""
        return self.protocol.state is State.OPEN

    def post(self, text: str) -> None:
        """Queue a message, which the next `flush` sends."""
        self.protocol.send_text(text.encode())

    def flush(self) -> None:
        """Send all queued messages in one write."""
        data = b"".join(self.protocol.data_to_send())
        if data:
            self.transport.write(data)

    # What asyncio and websockets call

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection has ended."""
        # If TLS through a proxy fails, asyncio calls this without having called connection_made, which sets
        # `transport`; websockets' own method would then fail with an AttributeError.
        if hasattr(self, "transport"):
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take the bytes of one read."""
        self._events = 0
        super().data_received(data)
        # The read has ended within a message of several frames, or within a frame.
        if self.on_part is not None and (self._parts or not self._events):
            self.on_part()
        if self.on_batch is not None:
            self.on_batch()

    def process_event(self, event: Any) -> None:
        """Pass messages to `on_message`, and all other events of the protocol to the library."""
        self._events += 1
        # Until `response` is set, events belong to the opening handshake.
        if self.response is None or not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._is_text = event.opcode is Opcode.TEXT
        data, event.data = bytes(event.data), b""  # the library keeps its latest frame, which may repeat a secret
        if not event.fin:
            self._parts.append(data)
            return
        if self._parts:
            data = b"".join([*self._parts, data])
            self._parts.clear()
        if self.on_message is not None:
            self.on_message(data, self._is_text)
