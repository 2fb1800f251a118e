"""Cause faults on demand, so that tests and lessons can show what happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dpyauth import _forks

_PAGE = "<!doctype html><title>Error</title><h1>A page of something between you and the API</h1>\n"


@dataclass(slots=True)
class Fault:
    """Fault that waits for a call (``"*"``: for any)."""

    kind: str
    call: str
    times: int = 1
    args: tuple[Any, ...] = ()


class Faults:
    """Faults to apply, each to a call. Every method may be called from any thread.

    A fault waits for a call (``"*"`` for any), and strikes a number of ``times``. Without a call, `drop`, `reset` and
    `stall` strike at once, on every open connection. Calls over HTTP have names as well: those of the catalog, and
    ``otp``, ``token`` and ``revoke``; on these, `duplicate` and `reorder` have no effect.

    Examples
    --------
    >>> from dpyauth.sandbox import Sandbox
    >>> with Sandbox() as sandbox:
    ...     sandbox.faults.swallow("balance", times=2)
    """

    def __init__(self, at_once: Callable[[Fault], None], revoke: Callable[[str], None]) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._at_once = at_once
        self._revoke = revoke
        self._refusing: list[int] = []
        self._opening: list[int | None] = []
        self._down = False
        _forks.own(self)

    def _forked(self) -> None:
        """Continue in a forked process with a new lock, because the old one may be held."""
        self._lock = threading.Lock()

    def swallow(self, call: str = "*", times: int = 1) -> None:
        """Carry out the call, but lose the reply."""
        self._add("swallow", call, times)

    def duplicate(self, call: str = "*", times: int = 1) -> None:
        """Send the reply twice."""
        self._add("duplicate", call, times)

    def delay(self, seconds: float, call: str = "*", times: int = 1) -> None:
        """Send the reply late."""
        self._add("delay", call, times, seconds)

    def reorder(self, count: int, call: str = "*") -> None:
        """Hold this many replies of a connection, then send them in reverse order."""
        self._add("reorder", call, count, count)

    def garbage(self, call: str = "*", times: int = 1, frame: str | bytes = "{not json") -> None:
        """Send this frame instead of the reply; bytes are sent as a binary frame."""
        self._add("garbage", call, times, frame)

    def edit(self, change: Callable[[dict[str, Any]], object], call: str = "*", times: int = 1) -> None:
        """Let a function change the reply, a dict, before it is sent, into one that Deriv may send one day."""
        self._add("edit", call, times, change)

    def oversize(self, size: int, call: str = "*", times: int = 1) -> None:
        """Pad the reply to at least this many bytes; it stays valid JSON."""
        self._add("oversize", call, times, size)

    def error(
        self,
        code: str,
        call: str = "*",
        times: int = 1,
        message: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer with this error and do nothing; ``details`` on sockets only."""
        self._add("error", call, times, code, message, details)

    def rate_limit(self, call: str = "*", times: int = 1) -> None:
        """Answer that the rate limit is reached, and do nothing."""
        self.error("RateLimit", call, times, "You have reached the rate limit.")

    def drop(self, call: str | None = None, times: int = 1, code: int = 1001, reason: str = "") -> None:
        """Close the connection properly, with this close code."""
        self._add("drop", call, times, code, reason)

    def reset(self, call: str | None = None, times: int = 1) -> None:
        """Cut the connection without a closing handshake."""
        self._add("reset", call, times)

    def stall(self, call: str | None = None, times: int = 1, pongs: bool = True) -> None:
        """Stop answering but keep the socket open; without ``pongs``, protocol pings get no reply either."""
        self._add("stall", call, times, pongs)

    def refuse(self, status: int, times: int = 1) -> None:
        """Answer the next handshakes with this HTTP status."""
        with self._lock:
            self._refusing += [status] * times

    def http(
        self, status: int, call: str, times: int = 1, body: str = _PAGE, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer a call over HTTP like this (by default with an HTML page), and do nothing."""
        kind = "text/html" if body.startswith("<") else "application/json"
        self._add("http", call, times, body, status, {"Content-Type": kind, **(headers or {})})

    def zombie(self, times: int = 1) -> None:
        """Let the next private WebSockets of the Options API open, but answer only ping and time with data."""
        with self._lock:
            self._opening += [None] * times

    def hang_up(self, times: int = 1, code: int = 1011) -> None:
        """Close the next WebSockets of the Options API, with this close code, as soon as they are open."""
        with self._lock:
            self._opening += [code] * times

    def move(self, loginid: str, status: str = "complete") -> None:
        """Set the stage of the owner's move from v3. v3 does not serve users who have moved."""
        self._at_once(Fault("move", "", args=(loginid, status)))

    def maintenance(self, site_status: str = "down", refuse: bool = True) -> None:
        """Announce ``down`` or ``updating`` to ``website_status`` (``up`` ends it) and refuse handshakes with 503."""
        self._down = refuse and site_status != "up"
        self._at_once(Fault("site", "", args=(site_status,)))

    def revoke(self, token: str) -> None:
        """Make a token invalid, even if a user is signed in with it."""
        self._revoke(token)

    def clear(self) -> None:
        """Forget every fault that has not struck yet, and end maintenance and stalls."""
        with self._lock:
            self._waiting.clear()
            self._refusing.clear()
            self._opening.clear()
        self.maintenance("up")
        self._at_once(Fault("resume", ""))

    def take(self, call: str) -> Fault | None:
        """Return the fault that strikes this call, and count it."""
        if not self._waiting:
            return None
        with self._lock:
            for fault in self._waiting:
                if fault.call in ("*", call):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def handshake(self) -> int | None:
        """Return the HTTP status to refuse this handshake with."""
        with self._lock:
            if self._refusing:
                return self._refusing.pop(0)
        return 503 if self._down else None

    def opening(self, private: bool) -> tuple[bool, int | None]:
        """Return whether a WebSocket of the Options API is a zombie, and the code it closes with."""
        with self._lock:
            if not self._opening or (self._opening[0] is None and not private):
                return False, None
            code = self._opening.pop(0)
        return code is None, code

    @property
    def is_down(self) -> bool:
        """Return whether all requests are refused."""
        return self._down

    def _add(self, kind: str, call: str | None, times: int, *args: Any) -> None:
        fault = Fault(kind, call or "", times, args)
        if call is None:
            self._at_once(fault)
            return
        with self._lock:
            self._waiting.append(fault)
