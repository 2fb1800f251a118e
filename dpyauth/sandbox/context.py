"""State that every part of a sandbox shares: people, settings, faults and open connections."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from dpyauth import _forks
from dpyauth.sandbox.faults import Fault, Faults
from dpyauth.sandbox.limits import Limits, Meter
from dpyauth.sandbox.options import Options
from dpyauth.sandbox.world import World

T = TypeVar("T")
HOST: Final = "127.0.0.1"
_REMEMBERED: Final = 10_000


class Received(NamedTuple):
    """Request that the sandbox got: name of the call (``?`` if there is no such call), req_id, connection."""

    call: str
    req_id: int | None
    connection: int


class OpenSocket(Protocol):
    """A client's WebSocket."""

    def publish(self, topic: str, event: Any) -> None:
        """Send an event to its streams."""

    def strike(self, fault: Fault) -> None:
        """Apply a fault to it."""

    def end(self, code: int) -> None:
        """Close it properly."""

    def abort(self) -> None:
        """Cut it off."""


class Context:
    """State of a sandbox, for the handlers of requests. It must be used on the server's thread only.

    Parameters
    ----------
    clock : callable
        Function that returns the time in epoch seconds.
    limits : Limits or None
        Rate limits of v3; if None, the Options API has none either.
    token_lifetime : float or None
        Seconds after which a token from the sign-in pages expires.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits | None, token_lifetime: float | None) -> None:
        self.clock = clock
        self.port = 0
        self.idle_timeout: float | None = None
        self.compress = False
        self.echo_state = True
        self.redirect_denial = False
        self.connections_opened = 0
        self.sockets: set[OpenSocket] = set()
        self.world = World(clock, token_lifetime, self._tell)
        self.options = Options(self.world, clock, token_lifetime, limited=limits is not None)
        self.meter = Meter(limits)
        self.faults = Faults(
            lambda fault: self.run(functools.partial(self._strike, fault)),
            lambda token: self.run(functools.partial(self._revoke, token)),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._received: deque[Received] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()
        _forks.own(self)

    def _forked(self) -> None:
        """Become a sandbox that does not run, because the original goes on in the parent process."""
        self._loop = None
        self._changed = threading.Condition()
        self.sockets = set()

    @property
    def url(self) -> str:
        """Return the WebSocket address of v3, without ``?app_id=``."""
        return f"ws://{HOST}:{self.port}/websockets/v3"

    @property
    def received(self) -> list[Received]:
        """Return the latest requests, oldest first, without the values that clients sent."""
        with self._changed:
            return list(self._received)

    def note(self, call: str = "", req_id: int | None = None, connection: int = 0) -> None:
        """Record a request, or only that something has changed, and wake up all waiting threads."""
        with self._changed:
            if call:
                self._received.append(Received(call, req_id, connection))
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until a condition holds; return whether it does. It is checked at every `note`."""
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout))

    def begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the loop that this sandbox runs on; None when it stops."""
        self._loop = loop

    def run(self, action: Callable[[], T]) -> T:
        """Run a function on the server's thread, or here if the server is not running; return its result."""
        if self._loop is None or self._loop is _current_loop():
            return action()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(action())
            except Exception as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result()

    def publish(self, topic: str, event: Any) -> None:
        """Send an event to the streams of every client."""
        for client in tuple(self.sockets):
            client.publish(topic, event)

    def _tell(self, topic: str, event: object) -> None:
        """Send an event to the streams, after the reply to the request that caused it."""
        if self._loop is not None:
            self._loop.call_soon(self.publish, topic, event)

    def _revoke(self, token: str) -> None:
        if not self.options.revoke(token):
            self.world.revoke(token)

    def _strike(self, fault: Fault) -> None:
        if fault.kind == "site":
            self.world.site = {"site_status": fault.args[0]}
            if fault.args[0] != "up":
                self.world.site["message"] = "The sandbox is under maintenance, as requested."
            self.publish("site", None)
        elif fault.kind == "move":
            self.options.move(*fault.args)
        else:
            for client in tuple(self.sockets):
                client.strike(fault)


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
