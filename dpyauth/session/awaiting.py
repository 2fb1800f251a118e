"""Drive steps on the caller's event loop, which awaits each reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from dpyauth.errors import DpyauthError
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply
from dpyauth.session.blocking import LONGEST
from dpyauth.session.in_flight import Driver, InFlight, leave_all, settle
from dpyauth.session.steps import Batch, LoopWork, Request, Steps
from dpyauth.session.waiters import waiters_of

T = TypeVar("T")


async def run_async(driver: Driver, steps: Steps[T]) -> T:
    """Drive steps outside of a method made by `dual`."""
    calls: list[InFlight] = []
    try:
        return await drive_async(driver, steps, calls)
    except BaseException as error:
        leave_all(calls, error)
        raise


async def drive_async(driver: Driver, steps: Steps[T], calls: list[InFlight]) -> T:
    """Take all steps and return their result; ``calls`` receives the calls in flight, for error handling."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            wanted = steps.send(result) if error is None else steps.throw(error)
            result, error = await _take(driver, wanted, calls), None
        except StopIteration as done:
            returned: T = done.value
            return returned
        except BaseException as raised:  # also a cancellation: see `blocking.drive`
            if getattr(steps, "gi_frame", None) is None:  # the steps have ended
                raise
            error = raised


def _take(driver: Driver, wanted: Request | Batch | LoopWork[Any], calls: list[InFlight]) -> Awaitable[Any]:
    if isinstance(wanted, Request):
        return _wait(driver, wanted, calls)
    return _wait_all(driver, wanted, calls) if isinstance(wanted, Batch) else _on_loop(wanted)


async def _wait(driver: Driver, request: Request, calls: list[InFlight]) -> Reply:
    # The reply arrives on the background thread, and a future may be set only on the thread of its own loop.
    loop = asyncio.get_running_loop()
    waiters, arrival = waiters_of(loop), loop.create_future()
    call = driver.begin(request, lambda pending: waiters.on_reply(arrival))
    calls.append(call)  # before it is sent: see `blocking`
    try:
        # `waiters` wakes the loop once for many replies, and regularly while it waits, to let interrupts in.
        waiters.add(call, arrival)
        call.submit()
        await arrival
    except BaseException as error:
        # Also a cancellation, such as by asyncio.timeout: it gets the note that a change was sent, too.
        call.leave(error)
        raise
    finally:
        waiters.remove(call)
    return settle(call, calls)


async def _wait_all(driver: Driver, batch: Batch, calls: list[InFlight]) -> None:
    tasks = {
        asyncio.ensure_future(_wait(driver, request, calls)): number for number, request in enumerate(batch.requests)
    }
    handled: set[asyncio.Future[Reply]] = set()
    try:
        while waiting := tasks.keys() - handled:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                handled.add(task)
                batch.on_reply(tasks[task], task.result())
    except BaseException:
        for task in tasks.keys() - handled:
            if task.done():  # replies that have arrived by now are kept, as in `blocking`
                with suppress(Exception, asyncio.CancelledError):
                    batch.on_reply(tasks[task], task.result())
        raise
    finally:
        # Awaited after they are cancelled: each leaves its call, and none is reported as never retrieved.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _on_loop(work: LoopWork[T]) -> T:
    """Run work on the background loop and await it."""
    outcome: Future[T] = Future()
    try:
        background.run(work, outcome)
        return await asyncio.wait_for(asyncio.wrap_future(outcome), LONGEST)
    except DpyauthError as error:
        raise error.copy() from None
    finally:
        outcome.cancel()
