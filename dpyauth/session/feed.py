"""Pass the updates of one stream from its connection to the `Stream` that reads them."""

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
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.net.connection import Connection


class Feed:
    """Updates of one stream, on their way from the connection to the `Stream` that reads them.

    It has only a weak reference to the `Stream`. So a stream that no variable refers to is collected, and the
    connection then closes it at Deriv (see `orphaned`). Only the background thread adds updates. Readers take no lock,
    which an interrupt could leave locked; they rely on the operations of ``deque`` and ``set``, which are atomic.

    Parameters
    ----------
    call : str
        Name of the call that opened it.
    keep : int
        How many updates to keep.
    error_of : callable
        Function that returns the error in an update, if there is one.
    many : bool
        Whether the stream covers several things, such as symbols, of which one may fail without the others.
    named : callable
        Function that renames the parts of an update to v3's names, for frames.
    api : str
        Deriv API of the stream.
    loginid : str, optional
        Account that was in use when the stream was opened.
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
        self.count = 0  # of all updates so far
        self.dropped = 0
        self.ended = False
        self.error: DpyauthError | None = None  # that ended the stream
        self.wakers: set[Callable[[], None]] = set()
        self.connection: Connection | None = None
        self.reader: weakref.ref[object] | None = None
        self._error_of = error_of
        self._named = named
        self._kept: deque[tuple[int, float, Reply]] = deque(maxlen=keep)  # number, time of arrival, update
        self._unread: deque[tuple[int, Reply]] = deque(maxlen=keep)
        self._read = 0  # number of the latest update that was read
        _forks.own(self)

    @property
    def has_news(self) -> bool:
        """True if there is something to read: an update, an error or the end."""
        return bool(self._unread) or self.ended or self.error is not None

    @property
    def orphaned(self) -> bool:
        """True if no variable refers to the stream any more, so that the user cannot close it."""
        return self.reader is not None and self.reader() is None

    # Called by the connection, on the background thread

    def push(self, reply: Reply) -> None:
        """Add an update."""
        if self.ended:
            return
        # In a stream of several things, an error is about one of them: it is an update, and the others go on.
        if "error" in reply and not self.many:
            self.error = self._error_of(reply)
        else:
            if "error" in reply:
                reply = {**reply, "error": scrub(reply["error"])}
            # Numbered, so that `take` can tell how many updates were dropped, and panels where they left off.
            self.count += 1
            self._kept.append((self.count, time.time(), reply))
            self._unread.append((self.count, reply))
        self.nudge()

    def refuse(self, reply: Reply) -> None:
        """End with the error in a reply, which is about the whole stream, also if it covers several things."""
        if not self.ended:
            self.end(self._error_of(reply))

    def end(self, error: DpyauthError | None) -> None:
        """End the stream: no more updates will come."""
        self.error = self.error or error
        self.ended = True
        self.nudge()

    def _forked(self) -> None:
        """End in a forked process: the connection is its parent's."""
        self.connection, self.wakers = None, set()
        self._unread.clear()
        self.error = SessionClosed(said("stream_forked"), call=self.call)
        self.ended = True

    # Called by the stream and by panels, on any thread

    def leave(self) -> None:
        """Stop listening, from any thread. Safe to call twice."""
        # The connection first: ended here but not there, the stream would stay subscribed at Deriv.
        connection = self.connection
        if connection is not None:
            connection.leave(self)
        self.end(None)

    def take(self) -> Reply | None:
        """Return the next unread update; None if there is none yet.

        Raises
        ------
        StopIteration
            The stream has ended.
        DpyauthError
            The error that ended the stream.
        """
        # Before looking for updates: none is added after the end. Read afterwards, the end could hide an update that
        # was added between the two looks.
        ended = self.ended
        try:
            number, reply = self._unread.popleft()
        except IndexError:
            pass
        else:
            # The deque drops its oldest items by itself; the gap in the numbers tells how many.
            self.dropped += number - self._read - 1
            self._read = number
            return reply
        if self.error is not None:
            raise self.error.copy()
        if ended:
            raise StopIteration
        return None

    def wait(self, enough: Callable[[], object], seconds: float) -> None:
        """Wait for a change, at most ``seconds``, unless ``enough`` returns true already."""
        gate = threading.Lock()
        gate.acquire()

        def open_gate() -> None:
            with suppress(RuntimeError):  # released already, by another change
                gate.release()

        # Added before the last look: a change between the two would otherwise not end the wait.
        self.wakers.add(open_gate)
        try:
            if not enough():
                gate.acquire(timeout=seconds)
        finally:
            self.wakers.discard(open_gate)

    def nudge(self) -> None:
        """Wake everything that waits for a change."""
        for waker in list(self.wakers):
            waker()

    def beyond(self, count: int) -> tuple[int, list[tuple[float, Reply]]]:
        """Return the number of all updates, and those in memory after the first ``count``, with times of arrival."""
        kept = list(self._kept)
        total = kept[-1][0] if kept else 0
        return total, [(when, self._named(reply)) for number, when, reply in kept if number > count]
