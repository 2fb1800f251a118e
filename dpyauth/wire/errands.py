"""Calls that go over HTTP instead of the WebSocket, with the face that a connection shows to callers."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import BadReply, CallTimeout, DpyauthError, SessionClosed
from dpyauth.wire.background import background
from dpyauth.wire.calls import Pending, outcome_unknown

if TYPE_CHECKING:
    from dpyauth.apis.catalog import Call
    from dpyauth.wire.replies import Reply

log = logging.getLogger("dpyauth")

CLOSE_TIMEOUT = 3.0
SLACK = 1.0
"""How much longer than its time-out a call may take to say so, in seconds."""


class Errands:
    """Carries calls out on the background thread.

    Parameters
    ----------
    ask : callable
        Makes one call: awaited with the call, its fields, its time-out in seconds, and whether numbers must be exact.
    end : callable
        Awaited once, when no more calls will come.
    """

    def __init__(
        self,
        ask: Callable[[Call, Mapping[str, Any], float, bool], Awaitable[Reply]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self.failure: DpyauthError | None = None
        self._ask = ask
        self._at_end = end
        self._closing = threading.Lock()
        self._ended = threading.Event()
        self._loop = background.acquire()
        self._tasks: dict[Pending, asyncio.Task[None]] = {}
        self._watches: dict[Callable[[], float | None], asyncio.TimerHandle] = {}

    @property
    def alive(self) -> bool:
        """Whether calls still come to an end by themselves."""
        return self.failure is None

    def submit(
        self,
        call: Call,
        fields: Mapping[str, Any],
        *,
        timeout: float,
        deliver: Callable[[Pending], None],
        exact: bool = False,
    ) -> Pending:
        """Make a call. It ends, at the latest after its time-out, by calling ``deliver``; from any thread."""
        pending = Pending(
            call.name, 0, "", time.monotonic() + timeout, timeout, deliver=deliver, changes=call.changes_with(fields)
        )
        if self.failure is not None:
            pending.fail(self.failure.again(call.name))
        else:
            self._loop.call_soon_threadsafe(self._start, pending, call, fields, exact)
        return pending

    def abandon(self, pending: Pending) -> None:
        """Nobody waits for this call any more."""
        if self.failure is None:
            self._loop.call_soon_threadsafe(self._cancel, pending)

    def close(self, error: DpyauthError | None = None) -> None:
        """End for good; calls in flight end with an error. Safe to call twice, and from any thread."""
        with self._closing:
            if self.failure is not None:
                return
            self.failure = error or SessionClosed("The session has signed in anew. Run the cell again.")
        ending = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        if background.inside():
            ending.add_done_callback(lambda _: background.release())  # not before: the loop may end with it
        else:
            self._ended.wait(timeout=CLOSE_TIMEOUT)
            background.release()

    def watch(self, look: Callable[[], float | None]) -> None:
        """Have a function called now and again, on the background thread, until this ends.

        It returns in how many seconds it wants to be called next; None when no more.
        """
        self._loop.call_soon_threadsafe(self._look, look)

    # On the loop

    def _start(self, pending: Pending, call: Call, fields: Mapping[str, Any], exact: bool) -> None:
        if self.failure is not None:
            pending.fail(self.failure.again(call.name))
            return
        task = self._loop.create_task(self._run(pending, call, fields, exact))
        self._tasks[pending] = task
        task.add_done_callback(lambda _: self._finish(pending))

    def _finish(self, pending: Pending) -> None:
        del self._tasks[pending]
        if not pending.done:  # called off before its first step
            pending.fail(self._unfinished(pending, "it was called off"))

    async def _run(self, pending: Pending, call: Call, fields: Mapping[str, Any], exact: bool) -> None:
        pending.sent_at = time.monotonic()
        try:
            async with asyncio.timeout(pending.timeout + SLACK):
                pending.resolve(await self._ask(call, fields, pending.timeout, exact))
        except DpyauthError as error:
            pending.fail(error.again(call.name))
        except asyncio.CancelledError:
            pending.fail(self._unfinished(pending, "it was called off"))
        except TimeoutError:
            pending.fail(self._unfinished(pending, f"no answer within {pending.timeout:g} s", CallTimeout))
        except Exception as error:  # a defect of ours must not leave callers waiting
            log.error("the call %s failed: %s", call.name, type(error).__name__)
            pending.fail(self._unfinished(pending, f"an internal error, {type(error).__name__}"))

    def _unfinished(self, pending: Pending, reason: str, kind: type[DpyauthError] = BadReply) -> DpyauthError:
        if pending.changes and pending.sent:
            return outcome_unknown(pending.call, reason)
        if self.failure is not None:
            return self.failure.again(pending.call)
        return kind(f"'{pending.call}' came to nothing ({reason}). Run the cell again.", call=pending.call)

    def _cancel(self, pending: Pending) -> None:
        task = self._tasks.get(pending)
        if task is not None:
            task.cancel()

    def _look(self, look: Callable[[], float | None]) -> None:
        self._watches.pop(look, None)
        again = look() if self.failure is None else None
        if again is not None:
            self._watches[look] = self._loop.call_later(again, self._look, look)

    async def _end(self) -> None:
        try:
            for timer in self._watches.values():
                timer.cancel()
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._at_end()
        finally:
            self._ended.set()
