"""One definition for a method's two faces: blocking, and awaitable under ``.aio``.

A method of the session is written once, as a generator that yields requests and is sent their replies. Blocking
and awaiting are then two ways to drive it, in two small functions here.
"""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from dpyauth.errors import CallTimeout, DpyauthError
from dpyauth.wire.calls import Pending, Reply

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound="Driver")

HEARTBEAT = 0.2
GRACE = 5.0
"""A waiter gives the connection this long, in seconds, to end a call whose time is up; then it ends by itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call that a plan asks for."""

    call: str
    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout: float | None = None
    exact: bool = False
    """Whether numbers come as `decimal.Decimal`."""


Plan = Generator[Request, Reply, T]


class Driver(Protocol):
    """What a plan is driven by: the session."""

    def _begin(self, request: Request) -> Ticket: ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request on its way."""

    pending: Pending
    finish: Callable[[Reply], Reply]
    """Turns an error reply into an exception; runs on the caller's thread, so that tracebacks are the caller's."""
    abandon: Callable[[], None]


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

        return awaitable

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self._session)) if hasattr(getattr(type(self._session), name), "plan")]


def _drive(driver: Driver, plan: Plan[T]) -> T:
    try:
        request = next(plan)
        while True:
            try:
                reply = _wait(driver._begin(request))
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
                reply = await _wait_async(driver._begin(request))
            except DpyauthError as error:
                request = plan.throw(error)
            else:
                request = plan.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _wait(ticket: Ticket) -> Reply:
    pending = ticket.pending
    try:
        reply = result_of(pending.future, pending.timeout + GRACE)
    except TimeoutError:
        ticket.abandon()
        raise _overdue(pending) from None
    except BaseException as interrupt:  # a kernel interrupt frees the cell; the session lives on
        _interrupted(ticket, interrupt)
        raise
    return ticket.finish(reply)


async def _wait_async(ticket: Ticket) -> Reply:
    pending = ticket.pending
    future = asyncio.wrap_future(pending.future)
    # An interrupt reaches a cell that only awaits when its loop next wakes: see to it that it does.
    loop = asyncio.get_running_loop()
    ticking: asyncio.TimerHandle

    def beat() -> None:
        nonlocal ticking
        ticking = loop.call_later(HEARTBEAT, beat)

    ticking = loop.call_later(HEARTBEAT, beat)
    try:
        reply = await asyncio.wait_for(future, pending.timeout + GRACE)
    except TimeoutError:
        ticket.abandon()
        raise _overdue(pending) from None
    except BaseException as interrupt:
        _interrupted(ticket, interrupt)
        raise
    finally:
        ticking.cancel()
    return ticket.finish(reply)


def result_of(future: Future[T], timeout: float | None) -> T:
    """Wait for a future so that a kernel interrupt gets through, on every platform.

    Raises ``TimeoutError`` when the time is up.
    """
    # In small steps: a wait on a lock cannot be interrupted on Windows, and elsewhere it misses an interrupt that
    # comes just before it begins.
    end = math.inf if timeout is None else time.monotonic() + timeout
    while not future.done() and (left := end - time.monotonic()) > 0:
        try:
            return future.result(min(HEARTBEAT, left))
        except TimeoutError:
            pass  # of this step, or the future's own
    return future.result(0)


def _interrupted(ticket: Ticket, interrupt: BaseException) -> None:
    if isinstance(interrupt, DpyauthError):
        return
    pending = ticket.pending
    ticket.abandon()
    if pending.changes and pending.sent:
        interrupt.add_note(
            f"'{pending.call}' had already been sent: it may or may not have happened. "
            "Check at Deriv before you send it again."
        )


def _overdue(pending: Pending) -> DpyauthError:
    return CallTimeout(f"'{pending.call}' was not answered within {pending.timeout:g} s.", call=pending.call)
