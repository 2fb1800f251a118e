"""A handshake ends at the address it was sent to: redirects to other addresses are not followed."""

from __future__ import annotations

import http
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from dpyauth.credentials import api_token
from dpyauth.errors import ConnectionFailed, SessionClosed
from dpyauth.net.connection import Connection
from dpyauth.net.state import State
from dpyauth.session import Session
from dpyauth.settings import settings

TOKEN = "C4nary-redirect-t0ken"
STATUSES = [300, 301, 302, 303, 307, 308]
MALFORMED = ["http://[", "ws://:bad:port/", "wss://a b/", "mailto:me@example.org", "//", "ws://", "", "\x7f"]


@contextmanager
def running(*args: Any, **kwargs: Any) -> Iterator[tuple[str, Server]]:
    with serve(*args, "127.0.0.1", 0, **kwargs) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/websockets/v3", server
        finally:
            server.shutdown()
            thread.join()


def answer(client: ServerConnection) -> None:
    """Answer any request as Deriv would."""
    for message in client:
        asked = json.loads(message)
        call = next(name for name in asked if name != "req_id")
        payload = {"loginid": "CR1", "currency": "USD", "scopes": ["read"], "account_list": []}
        client.send(json.dumps({"msg_type": call, call: payload, "req_id": asked["req_id"]}))


class Elsewhere:
    """A server that must not be contacted."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, client: ServerConnection, request: Request) -> None:
        self.heard.append(request.path)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, Elsewhere]]:
    visits = Elsewhere()
    with running(answer, process_request=visits) as (url, _):
        yield url, visits


def leading(location: str | None, status: int) -> Callable[[ServerConnection, Request], Response]:
    headers = Headers({} if location is None else {"Location": location})
    return lambda client, request: Response(status, http.HTTPStatus(status).phrase, headers, b"")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("where", ["{url}", "{url}?app_id=1089&otp=1", "//{netloc}/x", "wss://localhost:1/", None])
def test_a_token_does_not_follow_a_redirect(
    status: int, where: str | None, elsewhere: tuple[str, Elsewhere], nothing_left: None
) -> None:
    url, visits = elsewhere
    location = where and where.format(url=url, netloc=url.split("/")[2])
    with running(answer, process_request=leading(location, status)) as (asked, _):
        session = Session(settings(1089, asked), timeout=10)
        with pytest.raises(ConnectionFailed, match=f"HTTP {status}; that is a redirect") as refused:
            session.core.sign_in_and_wait(api_token(TOKEN, "a test"))
        session.close()
    assert visits.heard == []
    assert location is None or location not in str(refused.value)
    assert "?." not in str(refused.value)


@pytest.mark.parametrize("status", [302, 308])
def test_a_one_time_address_does_not_follow_a_redirect(
    status: int, elsewhere: tuple[str, Elsewhere], nothing_left: None
) -> None:
    url, visits = elsewhere
    with running(answer, process_request=leading(url, status)) as (asked, _):

        async def address() -> str:
            return f"{asked}?otp=C4nary"

        connection = Connection(address, None, direct=True)

        connection.start()
        assert "that is a redirect" in str(connection.ready.exception(10))
        connection.close(SessionClosed("the test is over"))
    assert visits.heard == []


@pytest.mark.parametrize("location", MALFORMED)
@pytest.mark.parametrize("otp", [False, True])
def test_a_redirect_on_reconnecting_is_a_failed_attempt(
    location: str, otp: bool, at_once: None, nothing_left: None, eventually: Any
) -> None:
    opened = itertools.count()
    redirects = threading.Event()

    def some_of_the_time(client: ServerConnection, request: Request) -> Response | None:
        if next(opened) in {1, 2, 3}:
            redirects.set()
            return leading(location, 302)(client, request)
        return None

    clients: list[ServerConnection] = []

    def behave(client: ServerConnection) -> None:
        clients.append(client)
        answer(client)

    with running(behave, process_request=some_of_the_time) as (asked, _):

        async def address() -> str:
            return asked

        connection = Connection(address if otp else asked, None, direct=True)

        connection.start()
        connection.ready.result(10)
        eventually(lambda: clients)
        clients[0].socket.shutdown(socket.SHUT_RDWR)
        eventually(redirects.is_set)
        eventually(lambda: connection.state is State.OPEN and len(clients) == 2)
        assert connection.protocol.reconnects == 1
        connection.close(SessionClosed("the test is over"))
