"""One definition for a method's two faces: blocking, and awaitable under ``.aio``.

A method of the session is written once, as a generator that yields requests and is sent their replies. Blocking
and awaiting are then two ways to drive it, in two small functions here.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from dpyauth.errors import DpyauthError
from dpyauth.notice import Notice
from dpyauth.wire.calls import Pending, not_sent
from dpyauth.wire.connection import Connection
from dpyauth.wire.mailbox import Mailbox
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    from dpyauth.streams import Stream

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound="Driver")

HEARTBEAT = 0.2
STEP = 0.5 if sys.platform != "win32" else 0.1
"""A blocking wait looks up this often, in seconds."""


@dataclass(slots=True)
class Request:
    """One call that a plan asks for."""

    call: str
    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout: float | None = None
    exact: bool = False
    """Whether numbers come as `decimal.Decimal`."""
    listener: Stream | None = None
    """Who hears the updates, when the call opens a stream."""
    account: str | None = None
    """Login ID of the account to ask for, when it is not the one signed in."""


Plan = Generator[Request | Future[Any], Any, T]
"""Yields what it waits for: the reply to a request, or a future of the session's own."""


class Driver(Protocol):
    """What a plan is driven by: the session."""

    def _begin(self, request: Request, deliver: Callable[[Pending], None]) -> Ticket: ...


@dataclass(slots=True, eq=False)
class Ticket:
    """A request on its way."""

    pending: Pending
    connection: Connection
    finish: Callable[[Reply], Reply]
    """Turns an error reply into an exception; runs on the caller's thread, so that tracebacks are the caller's."""

    def result(self) -> Reply:
        """The reply of a call that has ended, or its error."""
        pending = self.pending
        if pending.error is not None:
            raise pending.error
        assert pending.reply is not None
        return self.finish(pending.reply)

    def interrupted(self, interrupt: BaseException) -> None:
        """The caller stops waiting; the session goes on."""
        pending = self.pending
        self.connection.abandon(pending)
        if pending.changes and pending.sent:
            interrupt.add_note(
                f"'{pending.call}' had already been sent: it may or may not have happened. "
                "Check at Deriv before you send it again."
            )

    def check(self) -> None:
        """See to it that a wait ends: the connection ends its calls in time, unless it has ended itself."""
        if not self.connection.alive and not self.pending.done:
            self.pending.fail(self.connection.failure or not_sent(self.pending.call, "the session has ended"))


def planned(plan: Callable[Concatenate[D, P], Plan[T]]) -> Callable[Concatenate[D, P], T]:
    """Make a blocking method of a plan; the plan itself stays at hand for the awaitable face."""

    @functools.wraps(plan)
    def blocking(self: D, /, *args: P.args, **kwargs: P.kwargs) -> T:
        begun = plan(self, *args, **kwargs)
        del args, kwargs  # tracebacks may show variables, and these may be secret
        return _drive(self, begun)

    blocking.plan = plan  # type: ignore[attr-defined]
    return blocking


class Awaitables:
    """The awaitable twins of a session's methods: ``await session.aio.balance()``.

    Same names, same arguments, same results; they may be awaited on any event loop.
    """

    def __init__(self, session: Driver) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        plan = getattr(getattr(type(self._session), name, None), "plan", None)
        if plan is None:
            raise AttributeError(f"there is no awaitable {name!r}; there are: {', '.join(dir(self))}")

        @functools.wraps(plan)
        async def awaitable(*args: Any, **kwargs: Any) -> Any:
            begun = plan(self._session, *args, **kwargs)
            del args, kwargs
            return await _drive_async(self._session, begun)

        self.__dict__[name] = awaitable
        return awaitable

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self._session)) if hasattr(getattr(type(self._session), name), "plan")]


def _drive(driver: Driver, plan: Plan[T]) -> T:
    try:
        request = next(plan)
        while True:
            try:
                reply = _wait(driver, request) if isinstance(request, Request) else _outcome(request)
            except DpyauthError as error:
                request = plan.throw(error)
            else:
                request = plan.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


async def _drive_async(driver: Driver, plan: Plan[T]) -> T:
    try:
        request = next(plan)
        while True:
            try:
                reply = await (
                    _wait_async(driver, request) if isinstance(request, Request) else _outcome_async(request)
                )
            except DpyauthError as error:
                request = plan.throw(error)
            else:
                request = plan.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _wait(driver: Driver, request: Request) -> Reply:
    gate = threading.Lock()
    gate.acquire()
    ticket = driver._begin(request, lambda pending: gate.release())
    try:
        with Notice() as notice:
            # In steps: on Windows a wait on a lock cannot be interrupted, and a long wait is worth a word.
            while not gate.acquire(timeout=STEP):
                notice.about(ticket.pending)
                ticket.check()
    except BaseException as interrupt:
        ticket.interrupted(interrupt)
        raise
    return ticket.result()


async def _wait_async(driver: Driver, request: Request) -> Reply:
    waiters = _waiters_of(asyncio.get_running_loop())
    future: asyncio.Future[None] = waiters.loop.create_future()

    def ended(pending: Pending) -> None:
        try:
            waiters.mailbox.post(_wake, future)
        except RuntimeError:  # the caller's loop is closed: nobody waits any more
            pass

    ticket = driver._begin(request, ended)
    waiters.add(ticket)
    try:
        await future
    except BaseException as interrupt:
        ticket.interrupted(interrupt)
        raise
    finally:
        waiters.tickets.discard(ticket)
    return ticket.result()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Waiters:
    """Those who await a reply on one event loop.

    While there are any, the loop is woken now and then: an interrupt reaches a cell that only awaits when its loop next
    wakes, which could take very long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.mailbox = Mailbox(loop)
        self.tickets: set[Ticket] = set()
        self._beating = False

    def add(self, ticket: Ticket) -> None:
        self.tickets.add(ticket)
        if not self._beating:
            self._beating = True
            self.loop.call_later(HEARTBEAT, self._beat)

    def _beat(self) -> None:
        for ticket in list(self.tickets):
            ticket.check()
        self._beating = bool(self.tickets)
        if self._beating:
            self.loop.call_later(HEARTBEAT, self._beat)


_waiters: dict[asyncio.AbstractEventLoop, _Waiters] = {}


def _waiters_of(loop: asyncio.AbstractEventLoop) -> _Waiters:
    waiters = _waiters.get(loop)
    if waiters is None:
        for other in [other for other in _waiters.copy() if other.is_closed()]:
            _waiters.pop(other, None)
        waiters = _waiters.setdefault(loop, _Waiters(loop))
    return waiters


LONGEST = 60.0
"""A future of the session's own ends by itself well before this, in seconds."""


def _outcome(future: Future[Any]) -> Any:
    try:
        return result_of(future, LONGEST)
    except DpyauthError as error:
        raise error.again() from None
    finally:
        future.cancel()  # of no effect once it has ended


async def _outcome_async(future: Future[Any]) -> Any:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), LONGEST)
    except DpyauthError as error:
        raise error.again() from None


def result_of(future: Future[T], timeout: float) -> T:
    """Wait for a future so that a kernel interrupt gets through, on every platform.

    Raises ``TimeoutError`` when the time is up.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            return future.result(min(STEP, max(0.0, end - time.monotonic())))
        except TimeoutError:
            if future.done() or time.monotonic() >= end:
                raise
