"""Run one WebSocket on the background loop, and do what its protocol asks for. Callable from any thread.

All state belongs to the background thread, so this module has no locks. A method that other threads may call either
reads a single attribute or posts work to the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from dpyauth.errors import DpyauthError
from dpyauth.net import connector
from dpyauth.net.connector import Connector, Failure
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply
from dpyauth.net.pending import PendingCall
from dpyauth.net.protocol import Protocol
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.state import Handshake, State, unreachable
from dpyauth.net.subscription import Listener
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.net.transport import Socket

CLOCK_EVERY = 5.0
CLOCK_JUMP = 5.0
PATIENT = 5.0
"""Longest pause between two attempts to connect while a call waits for one, in seconds."""

OFF_PATIENT = 1.5
"""The same if the server may have been switched off: a call must then fail within 5 seconds."""

log = logging.getLogger("dpyauth")


class Connection:
    """Connection that reconnects by itself until it is closed or Deriv refuses the credential.

    Everything happens on the background thread. Other threads post work to it, or read a single attribute of the
    protocol.

    Parameters
    ----------
    url, direct, when_off, crowded
        See `Connector`.
    handshake, rate_limits, on_event, rng, ids, calls
        See `Protocol`; ``calls`` are the names of all calls, with which replies are checked.
    on_change : callable
        Called with this connection and the new state.
    """

    def __init__(
        self,
        url: str | Callable[[], Awaitable[str]],
        handshake: Handshake | None,
        *,
        direct: bool = False,
        when_off: Callable[[str], DpyauthError] | None = None,
        crowded: str = "",
        rate_limits: RateLimits | None = None,
        on_change: Callable[[Connection, State], None] = lambda connection, state: None,
        on_event: Callable[[str, str, float | None], None] = lambda what, why, took: None,
        rng: random.Random | None = None,
        ids: Iterator[int] | None = None,
        calls: Collection[str] = (),
    ) -> None:
        self.ready: Future[Reply | None] = Future()
        """Handshake's reply, once the first connection is ready; or the error that prevented it."""
        self._connector = Connector(url, direct=direct, when_off=when_off, crowded=crowded)
        self._notify = on_change
        self._protocol = Protocol(
            handshake,
            rate_limits=rate_limits,
            on_change=self._changed,
            on_ready=self._became_ready,
            on_event=on_event,
            rng=rng,
            ids=ids,
            calls=calls,
        )
        self._socket: Socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._clock_timer: asyncio.TimerHandle | None = None
        self._clock_offset = _clock_offset()
        self._dropped: str | None = None
        self._ended = threading.Event()
        self._awaited = asyncio.Event()  # set by each call: ends a long pause between attempts
        self.task: asyncio.Task[None] | None = None

    # From any thread

    @property
    def state(self) -> State:
        """Return the state of the connection."""
        return self._protocol.state

    @property
    def reason(self) -> str:
        """Return the reason for that state."""
        return self._protocol.reason

    @property
    def failure(self) -> DpyauthError | None:
        """Return the error that ended the connection for good; None as long as it has not ended."""
        return self._protocol.failure

    @property
    def alive(self) -> bool:
        """Return whether calls on it still succeed or fail by themselves."""
        return not self._ended.is_set()

    @property
    def protocol(self) -> Protocol:
        """Return the state machine, for reading its figures."""
        return self._protocol

    def start(self) -> None:
        """Start to connect. If this is not called, the first call does it. Safe to call twice."""
        self._post(self._start, None)

    def leave(self, listener: Listener) -> None:
        """Close a stream."""
        self._post(self._leave, listener)

    def end(self, error: DpyauthError) -> None:
        """Start to close for good; calls in flight fail with the error. Safe to call twice."""
        self._post(self._end, error)

    def close(self, error: DpyauthError) -> None:
        """Close for good, and wait for it unless the caller is on the background thread. Safe to call twice."""
        self.end(error)
        if not background.inside():  # the background thread would wait for itself
            self._ended.wait(timeout=connector.CLOSE_TIMEOUT + 3)
            background.join()

    # On the background thread

    def keep_trying(self) -> None:
        """Try again if the first connection fails, as after any other break."""
        self._protocol.retry_first = True

    def _post(self, function: Callable[[Any], object], argument: Any) -> None:
        if not self._ended.is_set():  # posting after the end would start the background thread again, for nothing
            background.now(function, argument)

    def _start(self, _: None) -> None:
        if self.task is None and not self._ended.is_set():
            background.hold(self)
            self.task = background.loop.create_task(self._run())
            # Not a `finally` in `_run`: a task that is cancelled before its first step never enters its body, so
            # callers of `close` would wait for an end that does not come.
            self.task.add_done_callback(self._finish)
            self._watch_clock()

    def submit(self, pending: PendingCall) -> None:
        """Send a call. When it has succeeded or failed, within its time-out, its ``deliver`` is called."""
        if not self._ended.is_set():
            self._start(None)
            self._awaited.set()
            background.afterwards(self._pump)  # once for all calls posted together: they leave in one write
        self._protocol.submit(pending, time.monotonic())

    def abandon(self, pending: PendingCall) -> None:
        """Stop waiting for a call, and close the stream if it has opened one."""
        if not self._ended.is_set():
            self._protocol.abandon(pending)
            background.afterwards(self._pump)

    def _leave(self, listener: Listener) -> None:
        self._protocol.leave(listener)
        background.afterwards(self._pump)

    def _end(self, error: DpyauthError) -> None:
        self._protocol.close(error)
        if self.task is not None:
            self.task.cancel()
        else:
            self._finish(None)

    def _pump(self) -> None:
        """Send what is due, and set a timer for the next deadline. Call this after every event."""
        socket = self._socket
        if socket is not None and socket.takes_messages:
            now = time.monotonic()
            while (message := self._protocol.next_message(now)) is not None:
                socket.post(message)
            socket.flush()
        elif socket is not None:
            # The socket is being closed. A server that never finishes its part must not keep `_live` waiting.
            self._socket = None
            background.loop.call_later(connector.CLOSE_TIMEOUT, socket.transport.abort)
        wake_at = self._protocol.wake_at
        # A timer that fires too early does no harm, as `_tick` sets the next one. So replies, which usually move the
        # deadline to a later time, cost no new timer.
        if wake_at < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_at = background.loop.call_at(wake_at, self._tick), wake_at

    def _tick(self) -> None:
        self._timer, self._timer_at = None, math.inf
        reason = self._protocol.tick(time.monotonic())
        if reason is not None:
            self._drop(reason)
        self._pump()

    def _drop(self, reason: str) -> None:
        """Drop this socket without a closing handshake: the server may no longer answer."""
        self._dropped = reason
        socket, self._socket = self._socket, None
        if socket is not None:
            # The protocol has given this connection up, and will send unanswered reads again on the next one. So
            # further messages of the same read must not reach it.
            socket.on_message = socket.on_batch = socket.on_part = None
            socket.transport.abort()

    def _watch_clock(self) -> None:
        """Check regularly for what no event reports: streams whose objects are gone, and a machine that has slept.

        When a machine has slept, the time of day has jumped ahead of the monotonic clock. The socket may be dead
        although nothing has failed yet. Without this check, only the next regular ping would find out.
        """
        self._protocol.leave_orphans()
        if self._protocol.has_messages:
            self._pump()
        offset, before = _clock_offset(), self._clock_offset
        self._clock_offset = offset
        if offset - before > CLOCK_JUMP:
            self._protocol.clock_jumped(time.monotonic())
            self._pump()
        self._clock_timer = background.loop.call_later(CLOCK_EVERY, self._watch_clock)

    async def _run(self) -> None:
        try:
            while (delay := self._protocol.connect_delay(time.monotonic())) is not None:
                if delay:
                    await self._pause(delay)
                self._protocol.connecting(time.monotonic())
                await self._live()
        except asyncio.CancelledError:
            pass  # by `_end`, which has closed the protocol already
        except Exception as error:  # a bug in dpyauth must not leave callers waiting
            log.error("the connection's driver failed: %s", type(error).__name__)
            self._protocol.close(unreachable(said("internal_error_of", error=type(error).__name__)))

    async def _pause(self, delay: float) -> None:
        """Wait before the next attempt; shorten a long wait as soon as a call needs the connection."""
        patient = PATIENT if self._protocol.server_off is None else OFF_PATIENT
        await asyncio.sleep(min(delay, patient))
        if delay > patient and not self._protocol.is_awaited:
            self._awaited.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay - patient):
                    await self._awaited.wait()

    def _finish(self, task: asyncio.Task[None] | None) -> None:
        for timer in (self._timer, self._clock_timer):
            if timer is not None:
                timer.cancel()
        self._settle()
        background.let_go(self)
        self._ended.set()

    async def _live(self) -> None:
        """Open one socket, and serve it until it is closed."""
        failure: Failure | None = None
        socket: Socket | None = None
        reason, self._dropped = "", None
        try:
            self._socket = socket = await self._connector.open()
            socket.on_message, socket.on_batch, socket.on_part = self._receive, self._received, self._receive_part
            self._protocol.connection_made(time.monotonic())
            self._pump()
            try:
                await socket.wait_closed()
            finally:
                self._socket = None
                await socket.close()  # the closing handshake, if the wait was cancelled; otherwise no effect
            from dpyauth.net.connect_errors import closing  # slow to import: see Connector

            reason = closing(socket)
        except Exception as raised:  # whatever a server has sent: one failed attempt must not end the connection
            failure = self._connector.failure(raised, self._protocol.was_ready)
            if failure is None:  # only the address was too old: the next attempt gets a new one, nothing to report
                return
        finally:
            if socket is not None:
                socket.transport.abort()  # if even the closing handshake was cancelled; otherwise no effect
        now = time.monotonic()
        if failure is None:
            self._protocol.connection_lost(self._dropped or reason, now)
        elif failure.off is not None:
            self._protocol.server_looks_off(failure.reason, now, failure.off)
        else:
            reason = self._dropped or failure.reason
            self._protocol.connection_lost(reason, now, error=failure.error, final=failure.final)
        self._pump()

    def _receive(self, message: bytes, is_text: bool) -> None:
        reason = self._protocol.received(message if is_text else b"", time.monotonic())
        if reason is not None:
            self._drop(reason)

    def _received(self) -> None:
        """Send what the replies of one read have made possible; usually there is nothing."""
        protocol, socket = self._protocol, self._socket
        if protocol.has_messages or protocol.wake_at < self._timer_at or socket is None or not socket.takes_messages:
            self._pump()

    def _receive_part(self) -> None:
        self._protocol.received_part(time.monotonic())

    def _changed(self, state: State, reason: str) -> None:
        self._settle()
        try:
            self._notify(self, state)
        except Exception as error:  # a bug in a listener must not end the connection
            log.error("a listener of the session failed: %s", type(error).__name__)

    def _became_ready(self, reply: Reply | None) -> None:
        if not self.ready.done():
            self.ready.set_result(reply)

    def _settle(self) -> None:
        failure = self._protocol.failure
        if failure is not None and not self.ready.done():
            self.ready.set_exception(failure)


def _clock_offset() -> float:
    return time.time() - time.monotonic()
