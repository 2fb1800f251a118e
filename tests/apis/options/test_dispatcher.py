"""Test the dispatcher that runs HTTP calls on the background thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from dpyauth.apis.options import dispatcher
from dpyauth.apis.options.dispatcher import HttpDispatcher
from dpyauth.catalog.calls import Call, load
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    DpyauthError,
    OutcomeUnknown,
    SessionClosed,
)
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall

CLOSED = SessionClosed("closed by the test")
READ, WRITE = load("options")["get_accounts"], load("options")["reset_demo_balance"]


class Server:
    """A server that answers when told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], float, bool]] = []
        self.arrived = threading.Event()
        self.answer: Callable[[], Any] = lambda: {"data": 1}
        self.ended = 0
        self.held: asyncio.Event | None = None
        self.hold = False

    async def ask(self, call: Call, fields: Mapping[str, Any], timeout: float, exact: bool) -> Any:
        self.asked.append((call.name, dict(fields), timeout, exact))
        self.arrived.set()
        if self.hold:
            await asyncio.Event().wait()
        return self.answer()

    async def end(self) -> None:
        self.ended += 1


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def line(server: Server, nothing_left: None) -> Iterator[HttpDispatcher]:
    made = HttpDispatcher(server.ask, server.end)
    yield made
    made.close(CLOSED)


def send(
    line: HttpDispatcher, call: Call = READ, *, timeout: float = 5.0, **fields: Any
) -> tuple[PendingCall, threading.Event]:
    done = threading.Event()
    pending = PendingCall(
        call.name,
        0,
        "",
        time.monotonic() + timeout,
        timeout,
        deliver=lambda pending: done.set(),
        changes=call.changes_with(fields),
    )
    background.post(lambda _: line.submit(pending, call, fields))
    return pending, done


def outcome(sent: tuple[PendingCall, threading.Event]) -> PendingCall:
    assert sent[1].wait(10)
    return sent[0]


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def test_a_call_gets_its_answer(line: HttpDispatcher, server: Server) -> None:
    pending = outcome(send(line, WRITE, account_id="DOT1"))
    assert pending.reply == {"data": 1}
    assert server.asked == [("reset_demo_balance", {"account_id": "DOT1"}, 5.0, False)]


def test_each_caller_gets_a_copy_of_the_error(line: HttpDispatcher, server: Server) -> None:
    error = ApiError("no", call="get_accounts", code="NotFound", details={"a": 1})
    server.answer = raising(error)
    pending = outcome(send(line))
    assert isinstance(pending.error, ApiError)
    assert (str(pending.error), pending.error.code, pending.error.details) == ("no", "NotFound", {"a": 1})
    assert pending.error is not error


@pytest.mark.parametrize(("call", "kind"), [(READ, BadReply), (WRITE, OutcomeUnknown)])
def test_a_bug_leaves_no_caller_waiting(
    line: HttpDispatcher, server: Server, call: Call, kind: type[DpyauthError], caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = raising(KeyError("a secret"))
    pending = outcome(send(line, call))
    assert isinstance(pending.error, kind)
    assert "secret" not in f"{pending.error}{caplog.text}"


def test_a_call_that_is_given_up_is_cancelled(line: HttpDispatcher, server: Server) -> None:
    server.hold = True
    sent = send(line)
    assert server.arrived.wait(5)
    background.post(line.abandon, sent[0])
    assert isinstance(outcome(sent).error, BadReply)


def test_every_call_times_out(line: HttpDispatcher, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "SLACK", 0.0)
    server.hold = True
    began = time.monotonic()
    assert isinstance(outcome(send(line, timeout=0.05)).error, CallTimeout)
    assert isinstance(outcome(send(line, WRITE, timeout=0.05)).error, OutcomeUnknown)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("call", "kind"), [(READ, SessionClosed), (WRITE, OutcomeUnknown)])
def test_closing_ends_calls_under_way(
    line: HttpDispatcher, server: Server, call: Call, kind: type[DpyauthError]
) -> None:
    server.hold = True
    sent = send(line, call)
    assert server.arrived.wait(5)
    line.close(CLOSED)
    line.close(CLOSED)
    assert isinstance(outcome(sent).error, kind)
    assert server.ended == 1
    assert not line.alive


def test_nothing_is_sent_after_closing(line: HttpDispatcher, server: Server) -> None:
    line.close(CLOSED)
    pending = outcome(send(line, WRITE))
    assert isinstance(pending.error, SessionClosed)
    assert pending.error.call == "reset_demo_balance"
    background.post(line.abandon, pending)
    assert server.asked == []


def test_it_may_be_closed_on_the_background_thread(server: Server) -> None:
    line = HttpDispatcher(server.ask, server.end)
    done = threading.Event()
    background.post(lambda _: (line.close(CLOSED), done.set()))
    assert done.wait(5)
    line.close(CLOSED)  # waits here until closing is done
    assert server.ended == 1


def test_watching(line: HttpDispatcher) -> None:
    looks, enough = [], threading.Event()

    def look() -> float | None:
        looks.append(threading.current_thread().name)
        if len(looks) < 3:
            return 0.0
        enough.set()
        return None

    line.watch(look)
    assert enough.wait(5)
    assert set(looks) == {"dpyauth"}
    line.watch(lambda: 3600.0)  # closing cancels it, or nothing_left would find it


def test_closing_on_the_background_thread_finishes(
    server: Server, nothing_left: None, eventually: Callable[..., None]
) -> None:
    """The thread must not end before the closing does if it is the thread's last user."""
    line = HttpDispatcher(server.ask, server.end)
    server.hold = True
    sent = send(line, WRITE)
    assert server.arrived.wait(5)
    background.post(line.close, CLOSED)
    assert isinstance(outcome(sent).error, OutcomeUnknown)
    eventually(lambda: not any(thread.name == "dpyauth" for thread in threading.enumerate()))
    assert server.ended == 1


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize("end", ["abandon", "close"])
def test_a_call_cancelled_before_it_has_begun(line: HttpDispatcher, server: Server, call: Call, end: str) -> None:
    ready, go_on = threading.Event(), threading.Event()
    background.post(lambda _: (ready.set(), go_on.wait(5)))
    assert ready.wait(5)
    if end == "close":
        background.post(line.close, CLOSED)
    sent = send(line, call)
    if end == "abandon":
        background.post(line.abandon, sent[0])
    go_on.set()
    assert isinstance(outcome(sent).error, BadReply if end == "abandon" else SessionClosed)
    assert server.asked == []
    assert not sent[0].sent
