"""One definition for a method's two faces: blocking, and awaitable under ``.aio``.

A method of the session is written once, as a generator that yields requests and is sent their replies. Blocking
and awaiting are then two ways to drive it, in two small functions here.
"""

from __future__ import annotations

import asyncio
import functools
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from dpyauth.errors import DpyauthError
from dpyauth.plans.notice import Notice
from dpyauth.plans.waiters import Arrival, waiters_of
from dpyauth.wire.calls import Pending, not_sent
from dpyauth.wire.connection import Connection
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    from dpyauth.streams import Stream
    from dpyauth.wire.errands import Errands

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound="Driver")

STEP = 0.5 if sys.platform != "win32" else 0.1
"""A blocking wait looks up this often, in seconds."""


class Request(NamedTuple):
    """One call that a plan asks for."""

    call: str
    fields: Mapping[str, Any] = MappingProxyType({})
    timeout: float | None = None
    exact: bool = False
    """Whether numbers come as `decimal.Decimal`."""
    listener: Stream | None = None
    """Who hears the updates, when the call opens a stream."""
    account: str | None = None
    """Login ID of the account to ask for, when it is not the one signed in."""

    def __repr__(self) -> str:
        return f"Request({self.call!r})"  # fields may hold secrets


class Together(NamedTuple):
    """Several calls that a plan asks for at once. The first error ends them all."""

    requests: list[Request]
    landed: Callable[[int, Reply], None]
    """Is told of each reply when it comes, with the number of its request; on the caller's thread."""


Plan = Generator[Request | Together | Future[Any], Any, T]
"""Yields what it waits for: the reply to a request, those to several, or a future of the session's own."""


class Driver(Protocol):
    """What a plan is driven by: the session."""

    def _begin(self, request: Request, deliver: Callable[[Pending], None]) -> Ticket: ...


class Ticket(NamedTuple):
    """A request on its way."""

    pending: Pending
    connection: Connection | Errands
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
                reply = _wait(driver, request) if isinstance(request, Request) else _others(driver, request)
            except BaseException as error:  # an interrupt, too: what the plan holds must not depend on its frame
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
                    _wait_async(driver, request) if isinstance(request, Request) else _others_async(driver, request)
                )
            except BaseException as error:
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
    waiters = waiters_of(asyncio.get_running_loop())
    arrival = Arrival(waiters)
    ticket = driver._begin(request, arrival.landed)
    waiters.add(ticket)
    try:
        await arrival
    except BaseException as interrupt:
        ticket.interrupted(interrupt)
        raise
    finally:
        waiters.tickets.discard(ticket)
    return ticket.result()


def _others(driver: Driver, wanted: Together | Future[Any]) -> Any:
    return _wait_all(driver, wanted) if isinstance(wanted, Together) else _outcome(wanted)


async def _others_async(driver: Driver, wanted: Together | Future[Any]) -> Any:
    return await (_wait_all_async(driver, wanted) if isinstance(wanted, Together) else _outcome_async(wanted))


def _wait_all(driver: Driver, together: Together) -> None:
    landed: queue.SimpleQueue[int] = queue.SimpleQueue()
    tickets: list[Ticket] = []

    def begin(number: int, request: Request) -> Ticket:
        return driver._begin(request, lambda pending: landed.put(number))

    try:
        for number, request in enumerate(together.requests):
            tickets.append(begin(number, request))
        with Notice() as notice:
            for _ in tickets:
                number = _next(landed, tickets, notice)
                together.landed(number, tickets[number].result())
    except BaseException as interrupt:
        for ticket in tickets:
            if not ticket.pending.done:
                ticket.interrupted(interrupt)
        with suppress(queue.Empty):  # what had come in by then counts
            while True:
                number = landed.get_nowait()
                with suppress(Exception):
                    together.landed(number, tickets[number].result())
        raise


def _next(landed: queue.SimpleQueue[int], tickets: list[Ticket], notice: Notice) -> int:
    while True:
        try:
            return landed.get(timeout=STEP)
        except queue.Empty:
            for ticket in tickets:
                ticket.check()
            notice.about(next((ticket for ticket in tickets if not ticket.pending.done), tickets[0]).pending)


async def _wait_all_async(driver: Driver, together: Together) -> None:
    tasks = {
        asyncio.ensure_future(_wait_async(driver, request)): number for number, request in enumerate(together.requests)
    }
    landed: set[asyncio.Future[Reply]] = set()
    try:
        while waiting := tasks.keys() - landed:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                landed.add(task)
                together.landed(tasks[task], task.result())
    except BaseException:
        for task in tasks.keys() - landed:
            if task.done():  # what had come in by then counts
                with suppress(Exception, asyncio.CancelledError):
                    together.landed(tasks[task], task.result())
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
