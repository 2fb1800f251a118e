"""Open plain HTTP and WebSocket clients of the options API, because the sandbox must need no special client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from dpyauth.sandbox import Sandbox

PUBLIC = "/trading/v1/options/ws/public"
ACCOUNTS = "/trading/v1/options/accounts"


class Socket:
    """A minimal WebSocket client."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, **request: Any) -> None:
        self.socket.send(json.dumps(request))

    def receive(self, timeout: float = 10.0) -> dict[str, Any]:
        return json.loads(self.socket.recv(timeout=timeout))

    def ask(self, **request: Any) -> dict[str, Any]:
        self.send(**request)
        return self.receive()

    def code(self, **request: Any) -> str:
        """Return the error code of the reply to a request."""
        return self.ask(**request)["error"]["code"]


class Rest:
    """A REST client with a token; `label` is the beginning of the label of a sample token."""

    def __init__(self, box: Sandbox, label: str = "rich") -> None:
        self.box = box
        self.token = box.options_token(label).token
        self.http = httpx.Client(base_url=box.rest, trust_env=False, timeout=10)
        self.http.headers.update({"Authorization": f"Bearer {self.token}", "Deriv-App-ID": box.options_app_id})

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: object = None) -> httpx.Response:
        return self.http.post(path, json=body) if body is not None else self.http.post(path)

    def otp(self, account: str) -> str:
        """Return a one-time address."""
        answer = self.post(f"{ACCOUNTS}/{account}/otp")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["url"]


@pytest.fixture
def rest(box: Sandbox) -> Iterator[Callable[..., Rest]]:
    """Return a function that makes REST clients."""
    made: list[Rest] = []

    def make(label: str = "rich", on: Sandbox = box) -> Rest:
        made.append(Rest(on, label))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@pytest.fixture
def socket(box: Sandbox, rest: Callable[..., Rest]) -> Iterator[Callable[..., Socket]]:
    """Return a function that opens WebSockets, of an account or public."""
    with ExitStack() as opened:

        def open_one(account: str | None = None, label: str = "rich", on: Sandbox = box) -> Socket:
            url = rest(label, on).otp(account) if account else on.rest.replace("http", "ws", 1) + PUBLIC
            return Socket(opened.enter_context(connect(url)))

        yield open_one
        box.faults.clear()


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
