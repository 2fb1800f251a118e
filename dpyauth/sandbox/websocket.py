"""WebSocket of the sandbox: the handshake, frames, time limits, and faults."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from asyncio import Future
from typing import TYPE_CHECKING, Any, Final

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from dpyauth.sandbox import encoding
from dpyauth.sandbox.context import Context
from dpyauth.sandbox.encoding import Refusal
from dpyauth.sandbox.v3.answering import Connection

if TYPE_CHECKING:
    from dpyauth.sandbox.faults import Fault

_GONE: Final = (WebSocketClosedError, StreamClosedError)
_ABORT: Final = struct.pack("ii", 1, 0)


class Socket(WebSocketHandler):
    """A client's WebSocket."""

    find_call = staticmethod(encoding.find_call)
    """Function that returns the call of a request."""

    def initialize(self, sandbox: Context) -> None:
        """Begin a connection."""
        self.sandbox = sandbox
        self._stalled = False
        self._held: list[list[str]] = []
        self._idle: asyncio.TimerHandle | None = None
        self.heard = 0.0

    def check_origin(self, origin: str) -> bool:
        """Allow every origin, because `guard` has checked it."""
        return True

    def get_compression_options(self) -> dict[str, Any] | None:
        """Offer permessage-deflate, if the sandbox compresses."""
        return {} if self.sandbox.compress else None

    def prepare(self) -> None:
        """Refuse the handshake if Deriv would."""
        app_id = self.get_query_argument("app_id", "")
        status = self.sandbox.faults.handshake()
        if status is None and (not app_id.isascii() or not app_id.isdigit() or int(app_id[:18]) == 0):
            status = 401
        if status is not None:
            self.set_status(status)
            self.finish()
            return
        self._app_id = int(app_id[:18])

    def open(self, *args: str, **kwargs: str) -> None:
        """Start to serve a client."""
        sandbox = self.sandbox
        sandbox.connections_opened += 1
        self._begin(Connection(sandbox.connections_opened, self._app_id, sandbox.world, sandbox.meter, sandbox.clock))

    def _begin(self, connection: Connection) -> None:
        self.connection = connection
        self.set_nodelay(True)  # otherwise a second message would wait until the client has acknowledged the first
        assert self.ws_connection is not None
        assert self.ws_connection.stream is not None
        self._stream = self.ws_connection.stream
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()
        self.sandbox.sockets.add(self)
        self.watch()
        self.sandbox.note()

    def on_close(self) -> None:
        """Forget the client."""
        if self._idle:
            self._idle.cancel()
        self.sandbox.sockets.discard(self)
        self.sandbox.note()

    def on_message(self, message: str | bytes) -> None:
        """Answer one frame."""
        self.heard = self._loop.time()
        if self._stalled:
            return
        try:
            request = encoding.parse(message)
        except Refusal as refusal:
            self.sandbox.note("?", None, self.connection.number)
            self._write([encoding.encode_refusal(refusal, "error", {})])
            return
        call = self.find_call(request)
        name = call.name if call else "?"
        req_id = request.get("req_id")
        self.sandbox.note(name, req_id if type(req_id) is int else None, self.connection.number)
        fault = self.sandbox.faults.take(name)
        if fault is None:
            self._write(self.connection.answer(call, request))
        elif fault.kind in ("drop", "reset", "stall"):
            self.strike(fault)
        else:
            self._spoil(self.connection.answer(call, request, fault), fault)
        if not self.connection.is_known_app:
            self.end(1000)

    def publish(self, topic: str, event: Any) -> None:
        """Send an event to the streams."""
        if not self._stalled:
            self._write(self.connection.publish(topic, event))

    def end(self, code: int, reason: str = "") -> None:
        """Close with a closing handshake."""
        self.close(code, reason or None)

    def abort(self) -> None:
        """Cut the connection without a closing handshake: the client's next read or write fails."""
        if not self._stream.closed():
            self._stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            self._stream.close()

    def strike(self, fault: Fault) -> None:
        """Apply a fault to the whole connection."""
        match fault.kind:
            case "drop":
                self.end(*fault.args)
            case "reset":
                self.abort()
            case "resume":
                self._stalled = False
            case "stall":
                self._stalled = True
                if not fault.args[0]:  # no pongs: stop reading for good
                    # Not during a read: tornado would watch the socket again at the end of it.
                    loop = self._stream.io_loop
                    loop.add_callback(loop.remove_handler, self._stream.fileno())

    def _spoil(self, frames: list[str], fault: Fault) -> None:
        """Send an answer with a fault."""
        match fault.kind:
            case "swallow":
                return
            case "duplicate":
                self._write(frames * 2)
            case "delay":
                self._loop.call_later(fault.args[0], self._write, frames)
            case "garbage":
                self._write([fault.args[0]])
            case "edit":
                replies = list(map(json.loads, frames))
                for reply in replies:
                    fault.args[0](reply)
                self._write(list(map(json.dumps, replies)))
            case "oversize":
                self._write([frame[:-1] + " " * max(0, fault.args[0] - len(frame)) + frame[-1] for frame in frames])
            case "reorder":
                self._held.append(frames)
                if len(self._held) >= fault.args[0]:
                    held, self._held = self._held[::-1], []
                    self._write([frame for batch in held for frame in batch])
            case _:
                self._write(frames)

    def _write(self, frames: list[str] | list[bytes]) -> None:
        if self._stalled:
            return
        for frame in frames:
            try:
                self.write_message(frame, binary=isinstance(frame, bytes)).add_done_callback(_settle)
            except _GONE:
                return

    def watch(self) -> None:
        """Close the connection if no request has come for too long."""
        limit = self.sandbox.idle_timeout
        if limit is None:
            return
        left = self.heard + limit - self._loop.time()
        if left <= 0 and not self._stalled:
            self.end(1000)
        else:
            self._idle = self._loop.call_later(max(left, 0.05), self.watch)


def _settle(written: Future[None]) -> None:
    """Retrieve the error of a write to a client that has gone, so that asyncio does not log it."""
    if not written.cancelled():
        written.exception()
