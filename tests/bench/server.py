"""Run the fastest possible server in Deriv's form, for measuring clients: it answers at once and checks nothing.

    python tests/bench/server.py [PORT [CERTIFICATE]]

It uses TLS if a certificate is given, and prints its port. ``ping``, ``time``, ``balance``, ``authorize`` and
``website_status`` are answered; ``ticks`` with ``subscribe`` starts a stream of as many messages as
``passthrough.messages`` says.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import struct
import sys
from typing import Any

from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

PAYLOADS: dict[str, Any] = {
    "ping": "pong",
    "time": 1_790_000_000,
    "balance": {"balance": 10_000.5, "currency": "USD", "loginid": "CR900001"},
    "authorize": {"loginid": "CR900001", "currency": "USD", "is_virtual": 0, "scopes": ["read"], "account_list": []},
    "website_status": {
        "api_call_limits": {
            key: {"minutely": 10**9, "hourly": 10**9}
            for key in ("max_requestes_general", "max_requests_outcome", "max_requests_pricing")
        }
    },
}

BODIES = {
    call.encode(): json.dumps({"msg_type": call, call: payload})[1:-1].encode() for call, payload in PAYLOADS.items()
}


class Server(asyncio.BufferedProtocol):
    """One connection. Clients send whole short messages, which are read and answered here."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.protocol = ServerProtocol(max_size=None)
        self.buffer = bytearray(64 * 2**10)
        self.rest = b""
        self.answers: list[bytes] = []

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self.buffer)  # of a bytearray, TLS would copy the rest with every record

    def buffer_updated(self, nbytes: int) -> None:
        data = self.rest + self.buffer[:nbytes]
        start, size = 0, len(data)
        if self.protocol.state is State.OPEN:
            while size - start >= 6 and data[start] == 0x81 and (length := data[start + 1] & 0x7F) < 126:
                end = start + 6 + length
                if end > size:
                    break
                self.answer(apply_mask(data[start + 6 : end], data[start + 2 : start + 6]))
                start = end
            self.flush()
        self.rest = data[start:]
        if self.rest and (self.protocol.state is not State.OPEN or self.rest[0] != 0x81):
            self.protocol.receive_data(self.rest)
            self.rest = b""
            for event in self.protocol.events_received():
                if isinstance(event, Request):
                    self.protocol.send_response(self.protocol.accept(event))
            for sent in self.protocol.data_to_send():
                self.transport.write(sent) if sent else self.transport.close()

    def answer(self, request: bytes) -> None:
        found = re.search(rb'"req_id": ?(\d+)', request)
        req_id = b',"req_id":' + found[1] if found else b""
        if b'"ticks"' in request:
            self.stream(json.loads(request), req_id)
            return
        call = next((name for name in BODIES if b'"' + name + b'"' in request), b"ping")
        self.say(b'{"echo_req":' + request + b"," + BODIES[call] + req_id + b"}")

    def stream(self, request: dict[str, Any], req_id: bytes) -> None:
        for number in range(request["passthrough"]["messages"]):
            tick = {"symbol": "R_100", "epoch": 1_790_000_000 + number, "quote": 100.5, "id": "s" * 32, "pip_size": 2}
            body = {"echo_req": request, "msg_type": "tick", "tick": tick, "subscription": {"id": "s" * 32}}
            self.say(json.dumps(body)[:-1].encode() + req_id + b"}")
            if number % 1000 == 999:  # asyncio's TLS copies the rest of a write with every record that it makes of it
                self.flush()

    def flush(self) -> None:
        self.transport.write(b"".join(self.answers))
        self.answers.clear()

    def say(self, message: bytes) -> None:
        size = len(message)
        header = struct.pack("!BB", 0x81, size) if size < 126 else struct.pack("!BBH", 0x81, 126, size)
        self.answers.append(header + message)


async def serve(port: int, certificate: str | None) -> None:
    """Serve until killed."""
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    port, certificate = [*sys.argv[1:], None, None][:2]
    asyncio.run(serve(int(port or 0), certificate))
