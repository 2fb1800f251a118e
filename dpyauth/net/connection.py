"""The driver: one WebSocket on the background loop, doing what its protocol asks for. Callable from any thread."""

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
from urllib.parse import parse_qsl, urlsplit

from dpyauth._version import __version__
from dpyauth.errors import (
    BadReply,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    RateLimited,
)
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply
from dpyauth.net.pending import PendingCall
from dpyauth.net.protocol import Protocol
from dpyauth.net.rate_limits import RateLimits
from dpyauth.net.state import Handshake, State, unreachable
from dpyauth.net.subscription import Listener

if TYPE_CHECKING:
    from dpyauth.net.transport import Socket

OPEN_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
MAX_MESSAGE = 16 * 2**20
CLOCK_EVERY = 5.0
CLOCK_JUMP = 5.0
PATIENT = 5.0
"""The longest pause between two attempts to connect while a call waits for one, in seconds."""
OFF_OPEN_TIMEOUT = 4.5
"""The same for opening, and"""
OFF_PATIENT = 1.5
"""the same for pausing, where the server may have been switched off for good: a call hears of it within 5 seconds."""
STALE_TRIES = 2
"""How often in a row an address that was just given out may be refused before that counts as a failed attempt."""

PASSING = (ConnectionFailed, CallTimeout, RateLimited, BadReply)
"""Errors of asking for an address that may be gone the next time."""

log = logging.getLogger("dpyauth")

# websockets logs whole messages at DEBUG, tokens included: that must not happen whatever the root logger's level.
_wire_log = logging.getLogger("dpyauth.net.websocket")
_wire_log.addFilter(lambda record: record.levelno > logging.DEBUG)
_wire_log.setLevel(logging.INFO)


class Connection:
    """A connection that comes back by itself until it is closed or Deriv refuses the credential.

    ``url`` may be a coroutine function that gives a fresh address for every attempt: a secret that is good once. It
    must come to an end by itself; of its errors, those in `PASSING` mean to try again later, all others are final.
    ``when_off`` is for a server that may have been switched off for good: what to tell those who wait for a connection,
    by the reason why there is none. ``crowded`` is what to add to that reason where the connection may have been
    refused as one too many. ``calls`` are the names of all calls, by which replies are told apart.
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
        """Ends with the handshake's reply when the first connection stands, or with the error that prevented it."""
        self._url = url
        self._direct = direct
        self._when_off = when_off
        self._crowded = crowded
        self._patience = OPEN_TIMEOUT if when_off is None else OFF_OPEN_TIMEOUT
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
        self._stale = 0  # refusals in a row of addresses that were just given out
        self._ended = threading.Event()
        self._awaited = asyncio.Event()  # set by calls
        self.task: asyncio.Task[None] | None = None

    # From any thread

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self._protocol.state

    @property
    def reason(self) -> str:
        """Why it stands there."""
        return self._protocol.reason

    @property
    def failure(self) -> DpyauthError | None:
        """What ended it for good, if it has ended."""
        return self._protocol.failure

    @property
    def alive(self) -> bool:
        """Whether calls on it still come to an end by themselves."""
        return not self._ended.is_set()

    @property
    def protocol(self) -> Protocol:
        """The state machine, to read its figures."""
        return self._protocol

    def start(self) -> None:
        """Begin to connect; without it, the first call does. Safe to call twice."""
        self._post(self._start, None)

    def leave(self, listener: Listener) -> None:
        """Close a stream."""
        self._post(self._leave, listener)

    def end(self, error: DpyauthError) -> None:
        """Begin to close for good; calls in flight end with the error. Safe to call twice."""
        self._post(self._end, error)

    def close(self, error: DpyauthError) -> None:
        """Close for good, and wait for that where the caller is on another thread. Safe to call twice."""
        self.end(error)
        if not background.inside():
            self._ended.wait(timeout=CLOSE_TIMEOUT + 3)
            background.join()

    # On the background thread

    def keep_trying(self) -> None:
        """Take a first connection that fails for a break like any other."""
        self._protocol.retry_first = True

    @property
    def _app_id(self) -> str | None:
        """The app ID in the address, where it has one."""
        return None if not isinstance(self._url, str) else dict(parse_qsl(urlsplit(self._url).query)).get("app_id")

    def _post(self, function: Callable[[Any], object], argument: Any) -> None:
        if not self._ended.is_set():  # then there is nothing left to do
            background.now(function, argument)

    def _start(self, _: None) -> None:
        if self.task is None and not self._ended.is_set():
            background.hold(self)
            self.task = background.loop.create_task(self._run())
            self.task.add_done_callback(self._finish)  # not in _run: cancelled before its first step, it never runs
            self._watch_clock()

    def submit(self, pending: PendingCall) -> None:
        """Send a call. It ends, at the latest after its time-out, by calling its ``deliver``."""
        if not self._ended.is_set():
            self._start(None)
            self._awaited.set()
            background.afterwards(self._pump)
        self._protocol.submit(pending, time.monotonic())

    def abandon(self, pending: PendingCall) -> None:
        """Give up waiting for a call; a stream that it has opened is closed."""
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
        """After anything has happened: send what is to be sent, and wake up in time for the next deadline."""
        socket = self._socket
        if socket is not None and socket.takes_messages:
            now = time.monotonic()
            while (message := self._protocol.next_message(now)) is not None:
                socket.post(message)
            socket.flush()
        elif socket is not None:
            self._socket = None  # it is being closed, which the server may never finish
            background.loop.call_later(CLOSE_TIMEOUT, socket.transport.abort)
        wake_at = self._protocol.wake_at
        if wake_at < self._timer_at:  # a timer that is too early does no harm
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
        """This socket is of no use any more: forget it without waiting for a goodbye."""
        self._dropped = reason
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.on_message = socket.on_batch = socket.on_part = None
            socket.transport.abort()

    def _watch_clock(self) -> None:
        """Look after what nobody tells of.

        A jump of the time of day against the monotonic clock means that the machine has slept.
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
            pass
        except Exception as error:  # a defect of ours must not leave callers waiting
            log.error("the connection's driver failed: %s", type(error).__name__)
            self._protocol.close(unreachable(f"an internal error ({type(error).__name__})"))

    async def _pause(self, delay: float) -> None:
        """Wait before the next attempt, but not long while a call waits for it."""
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
        """One socket from its opening to its end."""
        # Not before: a sign-in panel is shown sooner without websockets.
        from dpyauth.net.connect_errors import STALE, closing, explain, looks_crowded, status_of, stays

        error: DpyauthError | None = None
        final = off = False
        socket: Socket | None = None
        self._dropped = None
        try:
            self._socket = socket = await self._open()
            self._stale = 0
            socket.on_message, socket.on_batch, socket.on_part = self._receive, self._received, self._receive_part
            self._protocol.connection_made(time.monotonic())
            self._pump()
            try:
                await socket.wait_closed()
            finally:
                self._socket = None
                await socket.close()  # says goodbye when the wait was called off; else of no effect
            reason = closing(socket)
        except DpyauthError as raised:
            # A copy: the traceback leads to where the credential is.
            reason, error, final = str(raised).rstrip("."), raised.copy(), not isinstance(raised, PASSING)
        except Exception as raised:  # whatever a server answered, it is a failed attempt and no more
            reason, error, off = explain(raised, self._patience, self._app_id)
            if self._crowded and looks_crowded(status_of(raised)):
                reason += f". {self._crowded}"
            error = error or unreachable(reason, status_of(raised))
            final = stays(raised) and not self._protocol.was_ready
            if not isinstance(self._url, str):
                self._stale = self._stale + 1 if status_of(raised) == 401 else 0
                if self._stale > STALE_TRIES:
                    reason, error = str(STALE).rstrip("."), STALE.copy()
                elif self._stale:
                    return  # it was used or too old: the next attempt asks for a new one
        finally:
            if socket is not None:
                socket.transport.abort()  # when even the goodbye was called off; else of no effect
        if off and self._when_off is not None:
            self._protocol.server_looks_off(reason, time.monotonic(), self._when_off(reason))
        else:
            self._protocol.connection_lost(self._dropped or reason, time.monotonic(), error=error, final=final)
        self._pump()

    async def _open(self) -> Socket:
        """A new socket. An address that was asked for stays in here, and ends with the attempt."""
        from websockets.asyncio.client import connect

        from dpyauth.net.transport import Socket

        url = self._url if isinstance(self._url, str) else await self._url()
        socket = await connect(
            url,
            logger=_wire_log,
            open_timeout=self._patience,
            close_timeout=CLOSE_TIMEOUT,
            # Keepalive is the protocol's business: a JSON ping also proves that Deriv's dispatcher lives, and its
            # deadline makes allowance for a machine that slept. Pings from the server are still answered.
            ping_interval=None,
            max_size=MAX_MESSAGE,
            proxy=None if self._direct else True,
            create_connection=Socket,
            user_agent_header=f"dpyauth/{__version__}",
        )
        assert isinstance(socket, Socket)
        socket.forget_address()
        return socket

    def _receive(self, message: bytes, is_text: bool) -> None:
        reason = self._protocol.received(message if is_text else b"", time.monotonic())
        if reason is not None:
            self._drop(reason)

    def _received(self) -> None:
        """What came in together has been handed over. Mostly it leaves nothing to do."""
        protocol, socket = self._protocol, self._socket
        if protocol.has_messages or protocol.wake_at < self._timer_at or socket is None or not socket.takes_messages:
            self._pump()

    def _receive_part(self) -> None:
        self._protocol.received_part(time.monotonic())

    def _changed(self, state: State, reason: str) -> None:
        self._settle()
        try:
            self._notify(self, state)
        except Exception as error:  # a listener's defect must not end the connection
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
