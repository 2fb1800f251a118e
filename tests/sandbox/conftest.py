"""Run a sandbox and plain WebSocket clients of it, because the sandbox must need no special client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from dpyauth.sandbox import Sandbox

PATIENCE = 10.0


class Client:
    """A minimal v3 client."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, request: object) -> None:
        self.socket.send(request if isinstance(request, str | bytes) else json.dumps(request))

    def receive(self, timeout: float = PATIENCE) -> dict[str, Any]:
        return json.loads(self.socket.recv(timeout=timeout))

    def ask(self, **request: Any) -> dict[str, Any]:
        self.send(request)
        return self.receive()

    def code(self, **request: Any) -> str:
        """Return the error code of the reply to a request."""
        return self.ask(**request)["error"]["code"]


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(limits=None) as running:
        yield running


@pytest.fixture
def client(box: Sandbox) -> Iterator[Callable[..., Client]]:
    """Return a function that opens clients, signed in if a token is given; close them and clear faults afterwards."""
    with ExitStack() as opened:

        def open_one(token: str | None = None, on: Sandbox = box, app_id: object = box.app_id) -> Client:
            one = Client(opened.enter_context(connect(f"{on.url}?app_id={app_id}&l=EN&brand=deriv")))
            if token is not None:
                reply = one.ask(authorize=token)
                assert "error" not in reply, reply
            return one

        yield open_one
        box.faults.clear()
