"""Run HTTP calls on the background loop, with the same interface as `Connection`.

The rules are those of a socket's calls: a call that changes something is sent at most once, and every call ends within
its time-out. Only a transfer whose reply was lost takes longer, because it is looked up.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.apis.options.lookup import look_up
from dpyauth.errors import BadReply, CallTimeout, DpyauthError, OutcomeUnknown
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall, current_call, outcome_unknown, unfinished
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.catalog.calls import Call
    from dpyauth.net.messages import Reply

log = logging.getLogger("dpyauth")

CLOSE_TIMEOUT = 3.0
SLACK = 1.0
"""Extra time for a call to report its own time-out, in seconds."""


class HttpDispatcher:
    """Dispatcher of calls to the background thread.

    Parameters
    ----------
    ask : callable
        Coroutine function that makes one call. Its arguments are the call, the fields, the time-out in seconds, and
        whether numbers must be exact.
    end : callable
        Coroutine function that is called once, when there will be no more calls.
    """

    def __init__(
        self,
        ask: Callable[[Call, Mapping[str, Any], float, bool], Awaitable[Reply]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self.failure: DpyauthError | None = None
        self._ask = ask
        self._at_end = end
        self._ended = threading.Event()
        self._tasks: dict[PendingCall, asyncio.Task[None]] = {}
        self._watches: dict[Callable[[], float | None], asyncio.TimerHandle] = {}

    @property
    def alive(self) -> bool:
        """True as long as calls still succeed or fail by themselves."""
        return self.failure is None

    def end(self, error: DpyauthError) -> None:
        """Start to close for good; calls in flight fail with the error. Safe to call twice, and from any thread."""
        if not self._ended.is_set():
            background.now(self._end, error)

    def close(self, error: DpyauthError) -> None:
        """Close for good, and wait for it unless the caller is on the background thread. Safe to call twice."""
        self.end(error)
        if not background.inside():
            self._ended.wait(timeout=CLOSE_TIMEOUT)
            background.join()

    def watch(self, look: Callable[[], float | None]) -> None:
        """Call a function repeatedly on the background thread, until the dispatcher is closed.

        The function returns the number of seconds until it is to be called again, or None for never.
        """
        background.post(self._look, look)

    # On the background thread

    def submit(self, pending: PendingCall, call: Call, fields: Mapping[str, Any]) -> None:
        """Make a call. When it has ended, its ``deliver`` is called.

        That happens within its time-out; later only if the reply to a change is lost and the change is looked up.
        """
        if self.failure is not None:
            pending.fail(self.failure.copy(call.name))
            return
        background.hold(self)
        task = background.loop.create_task(self._run(pending, call, fields))
        self._tasks[pending] = task
        task.add_done_callback(lambda _: self._finish(pending))

    def _finish(self, pending: PendingCall) -> None:
        del self._tasks[pending]
        if not pending.done:  # the task was cancelled before its first step, so `_run` never ran
            pending.fail(self._unfinished(pending, said("it_was_cancelled")))

    async def _run(self, pending: PendingCall, call: Call, fields: Mapping[str, Any]) -> None:
        if pending.changes and not pending.take():
            return  # the caller has withdrawn it after an interrupt, and the user was told that it was not sent
        pending.sent_at = time.monotonic()
        current_call.set(pending)  # in the context of this task only
        try:
            pending.resolve(await self._outcome(pending, call, fields))
        except DpyauthError as error:
            pending.fail(error.copy(call.name))
        except asyncio.CancelledError:
            pending.fail(self._unfinished(pending, said("it_was_cancelled")))
        except Exception as error:  # a bug in dpyauth must not leave callers waiting
            log.error("the call %s failed: %s", call.name, type(error).__name__)
            pending.fail(self._unfinished(pending, said("internal_error_while", error=type(error).__name__)))

    async def _outcome(self, pending: PendingCall, call: Call, fields: Mapping[str, Any]) -> Reply:
        try:
            async with asyncio.timeout(pending.timeout + SLACK):
                reply = await self._ask(call, fields, pending.timeout, pending.exact)
            if not pending.key or not _is_empty(reply):
                return reply
            # An empty reply to a transfer says neither that it was made nor that it failed: treat it as lost.
            unknown = outcome_unknown(pending.call, said("reply_empty"), pending.look)
        except OutcomeUnknown as error:
            unknown = error
        except TimeoutError:
            late = self._unfinished(pending, said("no_answer_within", seconds=pending.timeout), CallTimeout)
            if not isinstance(late, OutcomeUnknown):
                raise late from None
            unknown = late
        unknown.request_id = pending.key or None
        if not pending.key:
            raise unknown
        pending.looking = True
        return await look_up(
            unknown, call, pending.key, lambda read, asked, left: self._ask(read, asked, left, pending.exact)
        )

    def _unfinished(self, pending: PendingCall, reason: str, kind: type[DpyauthError] = BadReply) -> DpyauthError:
        error = unfinished(pending, reason, kind)
        return error if self.failure is None or isinstance(error, OutcomeUnknown) else self.failure.copy(pending.call)

    def abandon(self, pending: PendingCall) -> None:
        """Stop waiting for a call."""
        task = self._tasks.get(pending)
        if task is not None:
            task.cancel()

    def _look(self, look: Callable[[], float | None]) -> None:
        self._watches.pop(look, None)
        again = look() if self.failure is None else None
        if again is not None:
            background.hold(self)
            self._watches[look] = background.loop.call_later(again, self._look, look)

    def _end(self, error: DpyauthError) -> None:
        if self.failure is None:
            self.failure = error
            background.hold(self)
            ending = background.loop.create_task(self._ending())
            ending.add_done_callback(self._over)

    async def _ending(self) -> None:
        for timer in self._watches.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._at_end()

    def _over(self, _: asyncio.Task[None]) -> None:
        background.let_go(self)
        self._ended.set()


def _is_empty(reply: Reply) -> bool:
    """Return True if a reply says nothing about a transfer."""
    return not reply.get("data", reply)
