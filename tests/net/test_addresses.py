"""Test connections whose address is requested before every attempt, works once, and is secret."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from dpyauth.errors import (
    BadReply,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InvalidSetting,
    NotSignedIn,
    PermissionDenied,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.connection import Connection
from dpyauth.net.state import State
from dpyauth.sandbox import Sandbox

CLOSED = SessionClosed("closed by the test")
PASSING = [ConnectionFailed("Later."), CallTimeout("Later."), RateLimited("Later."), BadReply("Later.")]
FINAL = [SignInRefused("No."), NotSignedIn("No."), PermissionDenied("No."), InvalidSetting("No.")]


class Addresses:
    """Returns a new address each time, or fails as planned."""

    def __init__(self, box: Sandbox) -> None:
        self.url = f"{box.url}?app_id={box.app_id}"
        self.given: list[str] = []
        self.failures: list[DpyauthError] = []
        self.threads: set[str] = set()
        self._numbers = itertools.count(1)

    async def __call__(self) -> str:
        self.threads.add(threading.current_thread().name)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.given.append(f"{self.url}&otp=C4nary{next(self._numbers)}")
        return self.given[-1]


@pytest.fixture
def addresses(box: Sandbox) -> Addresses:
    return Addresses(box)


Make = Callable[..., Connection]
Tune = Callable[[str, object], None]


@pytest.fixture
def connect(at_once: None, nothing_left: None) -> Iterator[Make]:
    made: list[Connection] = []

    def connect(url: Callable[[], Awaitable[str]], **more: Any) -> Connection:
        made.append(Connection(url, None, direct=True, **more))
        made[-1].start()
        return made[-1]

    yield connect
    for connection in made:
        connection.close(CLOSED)


def test_every_attempt_requests_a_new_address(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any
) -> None:
    connection = connect(addresses)
    connection.ready.result(5)
    box.faults.drop()
    eventually(lambda: connection.protocol.reconnects == 1)
    assert len(addresses.given) == len(set(addresses.given)) == 2
    assert addresses.threads == {"dpyauth"}


@pytest.mark.parametrize("error", [*PASSING, *FINAL], ids=lambda error: type(error).__name__)
def test_a_failed_first_request_is_final(connect: Make, addresses: Addresses, error: DpyauthError) -> None:
    addresses.failures = [error]
    connection = connect(addresses)
    raised = connection.ready.exception(5)
    assert type(raised) is type(error)
    assert str(raised) == str(error)
    assert raised.__traceback__ is None
    assert addresses.given == []


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_a_failed_later_request_is_repeated(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any, error: DpyauthError
) -> None:
    reasons: list[str] = []
    connection = connect(addresses, on_event=lambda what, why, took: reasons.append(why))
    connection.ready.result(5)
    addresses.failures = [error]
    box.faults.drop()
    eventually(lambda: connection.protocol.reconnects == 1)
    assert "Later" in reasons
    assert len(addresses.given) == 2


@pytest.mark.parametrize("error", FINAL, ids=lambda error: type(error).__name__)
def test_a_refused_later_request_is_final(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any, error: DpyauthError
) -> None:
    connection = connect(addresses)
    connection.ready.result(5)
    addresses.failures = [error]
    box.faults.drop()
    eventually(lambda: not connection.alive)
    assert type(connection.failure) is type(error)
    assert connection.state is State.SIGNED_OUT
    assert len(addresses.given) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_stale_address_is_replaced(box: Sandbox, connect: Make, addresses: Addresses, times: int) -> None:
    box.faults.refuse(401, times=times)
    connection = connect(addresses)
    connection.ready.result(5)
    assert len(addresses.given) == 1 + times


def test_stale_addresses_are_replaced_again_after_every_break(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any
) -> None:
    connection = connect(addresses)
    connection.ready.result(5)
    for reconnects in (1, 2):
        box.faults.refuse(401, times=2)
        box.faults.drop()
        eventually(lambda reconnects=reconnects: connection.protocol.reconnects == reconnects)
    assert len(addresses.given) == 7


def test_three_stale_addresses_in_a_row_end_a_first_connection(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any
) -> None:
    box.faults.refuse(401, times=3)
    connection = connect(addresses)
    eventually(lambda: not connection.alive)
    assert type(connection.failure) is SignInRefused
    assert "401" in str(connection.failure)
    assert "app ID" not in str(connection.failure)


def test_a_later_connection_survives_stale_addresses(
    box: Sandbox, connect: Make, addresses: Addresses, eventually: Any
) -> None:
    connection = connect(addresses)
    connection.ready.result(5)
    box.faults.refuse(401, times=5)
    box.faults.drop()
    eventually(lambda: connection.protocol.reconnects == 1)
    assert len(addresses.given) == 7


def test_other_refusals_are_handled_as_for_any_connection(box: Sandbox, connect: Make, addresses: Addresses) -> None:
    box.faults.refuse(403)
    error = connect(addresses).ready.exception(5)
    assert type(error) is ConnectionFailed
    assert "403" in str(error)
    assert "app ID" not in str(error)


def test_only_refusals_in_a_row_count(box: Sandbox, connect: Make, addresses: Addresses, eventually: Any) -> None:
    connection = connect(addresses)
    connection.ready.result(5)
    for status in (401, 401, 503, 401, 401):
        box.faults.refuse(status)
    box.faults.drop()
    eventually(lambda: connection.protocol.reconnects == 1)
    assert len(addresses.given) == 7


def test_closing_while_an_address_is_requested(connect: Make, tune: Tune) -> None:
    tune("connector.CLOSE_TIMEOUT", 30.0)  # must not be waited for
    asked, called_off = threading.Event(), threading.Event()

    async def never() -> str:
        asked.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            called_off.set()

    connection = connect(never)
    assert asked.wait(5)
    begin = time.monotonic()
    connection.close(CLOSED)
    assert time.monotonic() - begin < 15
    assert called_off.is_set()
    assert connection.ready.exception(0) is CLOSED


def test_a_bug_in_the_request_leaves_no_caller_waiting(connect: Make, caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> str:
        raise ValueError("C4nary")

    error = connect(fail).ready.exception(5)
    assert type(error) is ConnectionFailed
    assert "C4nary" not in str(error) + caplog.text


@pytest.mark.parametrize("url", ["C4nary", "https://C4nary/", "ws://127.0.0.1:9/?otp=C4nary", "ws://[C4nary/"])
def test_an_invalid_address_is_not_repeated_in_the_error(
    connect: Make, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    caplog.set_level(logging.DEBUG)

    async def give() -> str:
        return url

    error = connect(give).ready.exception(5)
    assert type(error) is ConnectionFailed
    assert "C4nary" not in str(error) + caplog.text
    assert error.__context__ is error.__cause__ is None


def test_the_address_is_forgotten_once_connected(
    box: Sandbox, connect: Make, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    caplog.set_level(logging.DEBUG)

    class Address(str):  # an object that the garbage collector tracks
        __slots__ = ()

    async def give() -> str:
        return Address(f"{box.url}?app_id={box.app_id}&otp=C4nary")

    connection = connect(give)
    connection.ready.result(5)

    def kept() -> list[Address]:
        urllib.parse.clear_cache()  # type: ignore[attr-defined]  # the standard library's, of the latest addresses
        gc.collect()
        return [thing for thing in gc.get_objects() if isinstance(thing, Address)]

    eventually(lambda: not kept())
    socket = connection._socket
    assert socket is not None
    assert "C4nary" not in repr(vars(connection)) + repr(vars(socket)) + repr(vars(socket.protocol)) + caplog.text
