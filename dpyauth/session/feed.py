"""The updates of one stream, between the connection that brings them and the `Stream` that reads them."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dpyauth import _forks
from dpyauth.errors import DpyauthError, SessionClosed
from dpyauth.net.messages import Reply
from dpyauth.registry import DEFAULT
from dpyauth.secret import scrub

if TYPE_CHECKING:
    from dpyauth.net.connection import Connection


class Feed:
    """The updates of one stream, between the connection that brings them and the `Stream` that reads them.

    It knows nothing of the `Stream`, so that one is forgotten when its reader has forgotten it. Only the connection's
    thread adds to it, and its readers take no lock, which an interrupt could leave locked.

    Parameters
    ----------
    call : str
        The call that opened it.
    keep : int
        How many updates to keep.
    error_of : callable
        The error that an update amounts to, if it is one.
    many : bool
        Whether it is of several things, each of which may fail without the others.
    named : callable
        Makes an update one that has its parts named as v3 names them, for frames.
    api : str
        The Deriv API that it comes from.
    loginid : str, optional
        The account that was in use when it was opened.
    """

    def __init__(
        self,
        call: str,
        keep: int,
        error_of: Callable[[Reply], DpyauthError | None],
        *,
        many: bool,
        named: Callable[[Reply], Reply] = lambda reply: reply,
        api: str = DEFAULT,
        loginid: str | None = None,
    ) -> None:
        self.call = call
        self.api = api
        self.loginid = loginid
        self.many = many
        self.count = 0  # updates that came in, ever
        self.dropped = 0
        self.ended = False
        self.error: DpyauthError | None = None  # what ended it
        self.wakers: set[Callable[[], None]] = set()
        self.connection: Connection | None = None
        self.reader: weakref.ref[object] | None = None
        self._error_of = error_of
        self._named = named
        self._kept: deque[tuple[int, float, Reply]] = deque(maxlen=keep)  # number, when it came, what it is
        self._unread: deque[tuple[int, Reply]] = deque(maxlen=keep)
        self._read = 0  # the number of the update that was read last
        _forks.own(self)

    @property
    def has_news(self) -> bool:
        """True if there is something to read: an update, or the end."""
        return bool(self._unread) or self.ended or self.error is not None

    @property
    def orphaned(self) -> bool:
        """True if the stream has no reference any more, so that nothing can close it."""
        return self.reader is not None and self.reader() is None

    # What the connection says, on its thread

    def push(self, reply: Reply) -> None:
        """Take in an update."""
        if self.ended:
            return
        if "error" in reply and not self.many:
            self.error = self._error_of(reply)
        else:
            if "error" in reply:
                reply = {**reply, "error": scrub(reply["error"])}
            self.count += 1
            self._kept.append((self.count, time.time(), reply))
            self._unread.append((self.count, reply))
        self.nudge()

    def refuse(self, reply: Reply) -> None:
        """End with the error in an answer, also where the stream is of several things: none of them can be had."""
        if not self.ended:
            self.end(self._error_of(reply))

    def end(self, error: DpyauthError | None) -> None:
        """End: no more updates will come."""
        self.error = self.error or error
        self.ended = True
        self.nudge()

    def _forked(self) -> None:
        """End in a forked process: the connection is its parent's."""
        self.connection, self.wakers = None, set()
        self._unread.clear()
        self.error = SessionClosed("This process was forked from the one whose stream this is.", call=self.call)
        self.ended = True

    # For its reader, and who looks on without reading

    def leave(self) -> None:
        """Stop listening, on whatever thread. Safe to call twice."""
        connection = self.connection
        if connection is not None:
            connection.leave(self)
        self.end(None)

    def take(self) -> Reply | None:
        """Return the next unread update."""
        ended = self.ended  # before looking for updates: none comes after the end
        try:
            number, reply = self._unread.popleft()
        except IndexError:
            pass
        else:
            self.dropped += number - self._read - 1
            self._read = number
            return reply
        if self.error is not None:
            raise self.error.copy()
        if ended:
            raise StopIteration
        return None

    def wait(self, enough: Callable[[], object], seconds: float) -> None:
        """Wait for something new, so many seconds at most, unless it is enough already."""
        gate = threading.Lock()
        gate.acquire()

        def open_gate() -> None:
            with suppress(RuntimeError):  # it is open already
                gate.release()

        self.wakers.add(open_gate)
        try:
            if not enough():
                gate.acquire(timeout=seconds)
        finally:
            self.wakers.discard(open_gate)

    def nudge(self) -> None:
        """Have those who wait look whether it is enough."""
        for waker in list(self.wakers):
            waker()

    def beyond(self, count: int) -> tuple[int, list[tuple[float, Reply]]]:
        """Return how many updates there were, and the kept ones after the first ``count``, each with when it came."""
        kept = list(self._kept)
        total = kept[-1][0] if kept else 0
        return total, [(when, self._named(reply)) for number, when, reply in kept if number > count]
