"""Drive steps on the caller's thread, which waits for each reply."""

from __future__ import annotations

import queue
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from dpyauth.errors import DpyauthError
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply
from dpyauth.progress import Notice
from dpyauth.session.in_flight import Driver, InFlight, leave_all, settle
from dpyauth.session.steps import Batch, LoopWork, Request, Steps

T = TypeVar("T")

STEP = 0.5 if sys.platform != "win32" else 0.1
"""Longest single wait, in seconds. On Windows, a wait on a lock cannot be interrupted, so it is shorter there."""

LONGEST = 60.0
"""Longest wait for work on the background loop, in seconds. The session's own work ends well before."""


def run(driver: Driver, steps: Steps[T]) -> T:
    """Drive steps outside of a method made by `dual`."""
    calls: list[InFlight] = []
    try:
        return drive(driver, steps, calls)
    except BaseException as error:
        leave_all(calls, error)
        raise


def drive(driver: Driver, steps: Steps[T], calls: list[InFlight]) -> T:
    """Take all steps and return their result; ``calls`` receives the calls in flight, for error handling."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = steps.send(result) if error is None else steps.throw(error)
            result, error = _take(driver, wanted, calls), None
        except StopIteration as done:
            returned: T = done.value
            return returned
        # Errors and interrupts go into the generator, so that it can clean up and keep partial results. Raised past it,
        # its finally clauses would only run when the generator is collected.
        except BaseException as raised:
            if getattr(steps, "gi_frame", None) is None:  # the steps have ended
                raise
            error = raised


def _take(driver: Driver, wanted: Request | Batch | LoopWork[Any], calls: list[InFlight]) -> Any:
    if isinstance(wanted, Request):
        return _wait(driver, wanted, calls)
    return _wait_all(driver, wanted, calls) if isinstance(wanted, Batch) else on_loop(wanted, LONGEST)


def _wait(driver: Driver, request: Request, calls: list[InFlight]) -> Reply:
    # A plain lock, which the background thread releases once. A Condition or Event holds a lock of its own while it is
    # used, which an interrupt could leave locked.
    gate = threading.Lock()
    gate.acquire()
    call = driver.begin(request, lambda pending: gate.release())
    # In this order: a call that is sent before it is in the list could be sent without the user learning of it.
    calls.append(call)
    call.submit()
    with Notice() as notice:
        while not gate.acquire(timeout=STEP):
            notice.about(call.pending)
            call.check()
    return settle(call, calls)


def _wait_all(driver: Driver, batch: Batch, calls: list[InFlight]) -> None:
    # Replies are handled here and not in `deliver`: they belong on the caller's thread, on which an error can be
    # raised. SimpleQueue, because a Queue has locks that an interrupt could leave locked.
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
    handled: set[int] = set()
    own: list[InFlight] = []

    def begin(number: int, request: Request) -> None:
        own.append(driver.begin(request, lambda pending: arrived.put(number)))
        calls.append(own[-1])
        own[-1].submit()

    try:
        for number, request in enumerate(batch.requests):
            begin(number, request)
        with Notice() as notice:
            for _ in batch.requests:
                number = _next(arrived, own, notice)
                batch.on_reply(number, settle(own[number], calls))
                handled.add(number)
    except BaseException as error:
        for call in own:
            call.leave(error)
        # Replies that have arrived by now are kept: a history shows them as its partial result.
        for number, call in enumerate(own):
            if call.pending.reply is not None and number not in handled:
                with suppress(Exception):
                    batch.on_reply(number, call.result())
        raise


def _next(arrived: queue.SimpleQueue[int], calls: list[InFlight], notice: Notice) -> int:
    """Return the number of the next call that has ended."""
    while True:
        try:
            return arrived.get(timeout=STEP)
        except queue.Empty:
            for call in calls:
                call.check()
            notice.about(next((call for call in calls if not call.pending.done), calls[0]).pending)


def on_loop(work: LoopWork[T], timeout: float) -> T:
    """Run work on the background loop and wait for it. An interrupt cancels the work.

    Raises
    ------
    TimeoutError
        The time is up.
    """
    outcome: Future[T] = Future()
    try:
        background.run(work, outcome)
        return result_of(outcome, timeout)
    except DpyauthError as error:
        raise error.copy() from None  # the original has a traceback on the background thread
    finally:
        outcome.cancel()  # of no effect once it has ended


def result_of(future: Future[T], timeout: float) -> T:
    """Wait for a future in short steps, so that a kernel interrupt gets through on every platform.

    Raises
    ------
    TimeoutError
        The time is up.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            return future.result(min(STEP, max(0.0, end - time.monotonic())))
        except TimeoutError:
            if future.done() or time.monotonic() >= end:
                raise
