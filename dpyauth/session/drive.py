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
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from dpyauth._traceback import leaving
from dpyauth.arguments import Names, Takes
from dpyauth.errors import DpyauthError, NotInThisApi
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply, error_code
from dpyauth.net.pending import PendingCall, look_first, not_sent, outcome_unknown
from dpyauth.session.notice import Notice
from dpyauth.session.waiters import waiters_of

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.session.stream import Feed

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound="Driven")

STEP = 0.5 if sys.platform != "win32" else 0.1
"""A blocking wait looks up this often, in seconds."""


class Request(NamedTuple):
    """One call that a plan asks for."""

    call: str
    fields: Mapping[str, Any] = MappingProxyType({})
    timeout: float | None = None
    exact: bool = False
    """Whether numbers come as `decimal.Decimal`."""
    listener: Feed | None = None
    """Who hears the updates, when the call opens a stream."""
    account: str | None = None
    """Login ID of the account to ask for, when it is not the one signed in."""

    def __repr__(self) -> str:
        return f"Request({self.call!r})"  # fields may hold secrets


class Batch(NamedTuple):
    """Several calls that a plan asks for at once. The first error ends them all."""

    requests: list[Request]
    on_reply: Callable[[int, Reply], None]
    """Is told of each reply when it comes, with the number of its request; on the caller's thread."""


LoopWork = Callable[[], Coroutine[Any, Any, T]]
"""Makes a coroutine, which is run on the background thread."""

Steps = Generator[Request | Batch | LoopWork[Any], Any, T]
"""Yields what it waits for: the reply to a request, those to several, or steps to take on the background thread."""


class Driver(Protocol):
    """Sends the requests of a plan: the core of a session."""

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight: ...


class Driven(Protocol):
    """Object with methods that `dual` has made: a session."""

    @property
    def core(self) -> Driver:
        """What drives their plans."""


class InFlight(ABC):
    """A request that is ready to be sent, or on its way.

    It exists before anything is sent, so that whatever interrupts its caller finds it: what may have left is told.

    Parameters
    ----------
    pending : PendingCall
        The call.
    """

    __slots__ = ("_left", "_told", "line", "pending")

    def __init__(self, pending: PendingCall) -> None:
        self.pending = pending
        self.line: Connection | HttpDispatcher | None = None
        """By what it was sent."""
        self._left = False
        self._told: BaseException | None = None  # the error that says what became of it

    @abstractmethod
    def send(self) -> None:
        """Send it; called on the background thread."""

    @abstractmethod
    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error that it is; on the caller's thread, so that tracebacks are theirs."""

    def submit(self) -> None:
        """Have it sent."""
        background.post(type(self).send, self)

    @property
    def matters(self) -> bool:
        """Whether the caller must be told of it, whatever comes between: it changes something, or opens a stream."""
        return self.pending.changes or self.pending.listener is not None

    def result(self) -> Reply:
        """Return the reply of a call that has ended, or raise its error."""
        pending = self.pending
        try:
            if pending.error is not None:
                raise pending.error.copy()  # a copy: the call may outlive its caller, whom a traceback would keep
            assert pending.reply is not None
            return self.finish(pending.reply)
        except DpyauthError as error:
            self._told = error
            raise

    def leave(self, error: BaseException) -> None:
        """Stop waiting, because of this error. It says of a change whether that may have happened. May be repeated."""
        pending = self.pending
        unsent = pending.withdraw()
        if not self._left and (pending.listener is not None or not pending.done):
            background.post(InFlight._abandon, self)
            self._left = True
        if pending.changes and not unsent and error is not self._told:
            note = _what_became_of(pending)
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)

    def check(self) -> None:
        """See to it that a wait ends: the connection ends its calls in time, unless it has ended itself."""
        pending, line = self.pending, self.line
        background.wake()  # an interrupt may have kept somebody from it
        if line is None or line.alive or pending.done:
            return
        if pending.changes and not pending.withdraw():
            pending.fail(outcome_unknown(pending.call, "the session has ended", pending.look, pending.key))
        else:
            pending.fail(line.failure or not_sent(pending.call, "the session has ended"))

    def _abandon(self) -> None:
        if self.line is not None:
            self.line.abandon(self.pending)


_SENT = "had already been sent"


def sent_by(error: BaseException) -> list[str]:
    """Return what an error says of changes that had been sent when it came between."""
    return [note for note in getattr(error, "__notes__", ()) if _SENT in note]


def _what_became_of(pending: PendingCall) -> str:
    sent = f"'{pending.call}' {_SENT}"
    if pending.reply is None:
        return f"{sent}: it may or may not have happened. {look_first(pending.look)}"
    if "error" in pending.reply:
        return f"{sent}, and Deriv has answered with {error_code(pending.reply)}. {look_first(pending.look)}"
    return f"{sent}, and Deriv has carried it out. {look_first(pending.look)}"


def dual(plan: Callable[Concatenate[D, P], Steps[T]]) -> Callable[Concatenate[D, P], T]:
    """Turn a plan into a blocking method that checks its arguments; the plan stays available for `awaitable`."""
    takes = Takes(plan)

    @functools.wraps(plan)
    def blocking(self: D = None, /, *args: P.args, **kwargs: P.kwargs) -> T:  # type: ignore[assignment]
        tickets: list[InFlight] = []
        try:
            try:
                wrong = takes.wrong((self, *args), kwargs)
                begun = plan(self, *args, **kwargs) if wrong is None else None
                del args, kwargs  # tracebacks may show variables, and these may be secret
                if wrong is not None:
                    raise wrong
                assert begun is not None
                return _drive(self.core, begun, tickets)
            except BaseException as error:
                _leave(tickets, error)
                _say_what_was_typed(error, "session", plan.__name__)
                leaving(error)
                raise
        except KeyboardInterrupt as interrupt:  # it may have come while another error was dealt with
            _leave(tickets, interrupt)
            leaving(interrupt)
            raise

    blocking.plan, blocking.takes = plan, takes  # type: ignore[attr-defined]
    return blocking


class Awaitables(Names):
    """The awaitable twins of the methods of something that drives plans.

    Same names, same arguments, same results; they may be awaited on any event loop.
    """

    def __init__(self, session: Driven) -> None:
        self._session = session

    def _instead(self, name: str) -> str:
        there = hasattr(type(self._session), name)
        return f"session.{name} does not wait for anything, so it needs no await." if there else ""

    def __repr__(self) -> str:
        return f"<the awaitable methods of {self._session!r}>"

    def __dir__(self) -> list[str]:
        return sorted(name for name in dir(type(self)) if not name.startswith("_"))


def awaitable(
    blocking: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Awaitables, P], Coroutine[Any, Any, T]]:
    """Return the awaitable twin of a method that `planned` has made."""
    return _awaitable(blocking.plan, blocking.takes)  # type: ignore[attr-defined]


def run(driver: Driver, steps: Steps[T]) -> T:
    """Take steps that are no method of their own, and wait for them."""
    tickets: list[InFlight] = []
    try:
        return _drive(driver, steps, tickets)
    except BaseException as error:
        _leave(tickets, error)
        raise


async def run_async(driver: Driver, steps: Steps[T]) -> T:
    """Do as `run`, and await it."""
    tickets: list[InFlight] = []
    try:
        return await _drive_async(driver, steps, tickets)
    except BaseException as error:
        _leave(tickets, error)
        raise


def _awaitable(
    plan: Callable[Concatenate[Any, P], Steps[T]], takes: Takes
) -> Callable[Concatenate[Awaitables, P], Coroutine[Any, Any, T]]:
    @functools.wraps(plan)
    async def asynchronous(self: Awaitables = None, /, *args: P.args, **kwargs: P.kwargs) -> T:  # type: ignore[assignment]
        tickets: list[InFlight] = []
        try:
            try:
                wrong = takes.wrong((self, *args), kwargs)
                driver = self._session if wrong is None else None
                begun = plan(driver, *args, **kwargs) if wrong is None else None
                del args, kwargs
                if wrong is not None:
                    raise wrong
                assert begun is not None
                assert driver is not None
                return await _drive_async(driver.core, begun, tickets)
            except BaseException as error:
                _leave(tickets, error)
                _say_what_was_typed(error, "session.aio", plan.__name__)
                leaving(error)
                raise
        except KeyboardInterrupt as interrupt:
            _leave(tickets, interrupt)
            leaving(interrupt)
            raise

    return asynchronous


def _say_what_was_typed(error: BaseException, face: str, method: str) -> None:
    if isinstance(error, NotInThisApi) and not method.startswith("_"):
        error.typed(face, method)


def _leave(tickets: list[InFlight], error: BaseException) -> None:
    """Stop waiting for everything that is on its way. A second interrupt changes nothing: the first is on its way."""
    number = 0
    while number < len(tickets):
        try:
            tickets[number].leave(error)
            number += 1
        except KeyboardInterrupt:
            continue


def _drive(driver: Driver, plan: Steps[T], tickets: list[InFlight]) -> T:
    had: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = plan.send(had) if error is None else plan.throw(error)
            had, error = _have(driver, wanted, tickets), None
        except StopIteration as done:
            result: T = done.value
            return result
        except BaseException as raised:  # an interrupt, too: what the plan holds must not depend on its frame
            if getattr(plan, "gi_frame", None) is None:  # it has ended
                raise
            error = raised


async def _drive_async(driver: Driver, plan: Steps[T], tickets: list[InFlight]) -> T:
    had: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = plan.send(had) if error is None else plan.throw(error)
            had, error = await _have_async(driver, wanted, tickets), None
        except StopIteration as done:
            result: T = done.value
            return result
        except BaseException as raised:
            if getattr(plan, "gi_frame", None) is None:  # it has ended
                raise
            error = raised


def _have(driver: Driver, wanted: Request | Batch | LoopWork[Any], tickets: list[InFlight]) -> Any:
    if isinstance(wanted, Request):
        return _wait(driver, wanted, tickets)
    return _wait_all(driver, wanted, tickets) if isinstance(wanted, Batch) else take(wanted, LONGEST)


def _have_async(driver: Driver, wanted: Request | Batch | LoopWork[Any], tickets: list[InFlight]) -> Awaitable[Any]:
    if isinstance(wanted, Request):
        return _wait_async(driver, wanted, tickets)
    return _wait_all_async(driver, wanted, tickets) if isinstance(wanted, Batch) else take_async(wanted, LONGEST)


def _wait(driver: Driver, request: Request, tickets: list[InFlight]) -> Reply:
    gate = threading.Lock()
    gate.acquire()
    ticket = driver.begin(request, lambda pending: gate.release())
    tickets.append(ticket)
    ticket.submit()
    with Notice() as notice:
        # In steps: on Windows a wait on a lock cannot be interrupted, and a long wait is worth a word.
        while not gate.acquire(timeout=STEP):
            notice.about(ticket.pending)
            ticket.check()
    return _answer(ticket, tickets)


async def _wait_async(driver: Driver, request: Request, tickets: list[InFlight]) -> Reply:
    loop = asyncio.get_running_loop()
    waiters, arrival = waiters_of(loop), loop.create_future()
    ticket = driver.begin(request, lambda pending: waiters.on_reply(arrival))
    tickets.append(ticket)
    try:
        waiters.add(ticket, arrival)
        ticket.submit()
        await arrival
    except BaseException as error:
        ticket.leave(error)
        raise
    finally:
        waiters.remove(ticket)
    return _answer(ticket, tickets)


def _answer(ticket: InFlight, tickets: list[InFlight]) -> Reply:
    """The answer to a call that has ended; of one that only reads nothing more is to be told."""
    reply = ticket.result()
    if not ticket.matters:
        tickets.remove(ticket)
    return reply


def _wait_all(driver: Driver, together: Batch, tickets: list[InFlight]) -> None:
    on_reply: queue.SimpleQueue[int] = queue.SimpleQueue()
    told: set[int] = set()
    own: list[InFlight] = []

    def begin(number: int, request: Request) -> None:
        own.append(driver.begin(request, lambda pending: on_reply.put(number)))
        tickets.append(own[-1])
        own[-1].submit()

    try:
        for number, request in enumerate(together.requests):
            begin(number, request)
        with Notice() as notice:
            for _ in together.requests:
                number = _next(on_reply, own, notice)
                together.on_reply(number, _answer(own[number], tickets))
                told.add(number)
    except BaseException as error:
        for ticket in own:
            ticket.leave(error)
        for number, ticket in enumerate(own):  # what had come in by then counts
            if ticket.pending.reply is not None and number not in told:
                with suppress(Exception):
                    together.on_reply(number, ticket.result())
        raise


def _next(on_reply: queue.SimpleQueue[int], tickets: list[InFlight], notice: Notice) -> int:
    while True:
        try:
            return on_reply.get(timeout=STEP)
        except queue.Empty:
            for ticket in tickets:
                ticket.check()
            notice.about(next((ticket for ticket in tickets if not ticket.pending.done), tickets[0]).pending)


async def _wait_all_async(driver: Driver, together: Batch, tickets: list[InFlight]) -> None:
    tasks = {
        asyncio.ensure_future(_wait_async(driver, request, tickets)): number
        for number, request in enumerate(together.requests)
    }
    on_reply: set[asyncio.Future[Reply]] = set()
    try:
        while waiting := tasks.keys() - on_reply:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                on_reply.add(task)
                together.on_reply(tasks[task], task.result())
    except BaseException:
        for task in tasks.keys() - on_reply:
            if task.done():  # what had come in by then counts
                with suppress(Exception, asyncio.CancelledError):
                    together.on_reply(tasks[task], task.result())
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


LONGEST = 60.0
"""LoopWork of the session's own end by themselves well before this, in seconds."""


def take(steps: LoopWork[T], timeout: float) -> T:
    """Have steps taken on the background thread, and wait for them; an interrupt calls them off.

    Raises ``TimeoutError`` when the time is up.
    """
    outcome: Future[T] = Future()
    try:
        background.run(steps, outcome)
        return result_of(outcome, timeout)
    except DpyauthError as error:
        raise error.copy() from None
    finally:
        outcome.cancel()  # of no effect once it has ended


async def take_async(steps: LoopWork[T], timeout: float) -> T:
    """Do as `take`, and await it."""
    outcome: Future[T] = Future()
    try:
        background.run(steps, outcome)
        return await asyncio.wait_for(asyncio.wrap_future(outcome), timeout)
    except DpyauthError as error:
        raise error.copy() from None
    finally:
        outcome.cancel()


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
