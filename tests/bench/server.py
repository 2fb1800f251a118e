"""The quickest Deriv-shaped server there is, for measuring clients: it answers at once and checks nothing.

    python tests/bench/server.py [PORT]

Prints its port. ``ping``, ``time``, ``balance``, ``authorize`` and ``website_status`` are answered; ``ticks`` with
``subscribe`` starts a stream of as many messages as ``passthrough.messages`` says.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

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


class Server(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.protocol = ServerProtocol(max_size=None)

    def data_received(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.protocol.send_response(self.protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.answer(bytes(event.data))
        self.flush()

    def answer(self, request: bytes) -> None:
        found = re.search(rb'"req_id": ?(\d+)', request)
        req_id = b',"req_id":' + found[1] if found else b""
        if b'"ticks"' in request:
            self.stream(json.loads(request), req_id)
            return
        call = next((name for name in BODIES if b'"' + name + b'"' in request), b"ping")
        self.protocol.send_text(b'{"echo_req":' + request + b"," + BODIES[call] + req_id + b"}")

    def stream(self, request: dict[str, Any], req_id: bytes) -> None:
        for number in range(request["passthrough"]["messages"]):
            tick = {"symbol": "R_100", "epoch": 1_790_000_000 + number, "quote": 100.5, "id": "s" * 32, "pip_size": 2}
            body = {"echo_req": request, "msg_type": "tick", "tick": tick, "subscription": {"id": "s" * 32}}
            self.protocol.send_text(json.dumps(body)[:-1].encode() + req_id + b"}")

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.close()


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
