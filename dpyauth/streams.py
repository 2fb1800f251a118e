"""A stream of updates, as its reader sees it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Self

from dpyauth.errors import CallTimeout, DpyauthError, SessionClosed
from dpyauth.secret import scrub
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.session import Session
    from dpyauth.widgets.stream import StreamPanel
    from dpyauth.wire.connection import Connection
    from dpyauth.wire.subscriptions import Subscription

STEP = 0.5 if sys.platform != "win32" else 0.1


class Stream:
    """Updates that keep coming, made by `Session.stream`.

    Use it in a ``with`` statement, and iterate over it: ``for update in stream`` waits for each update, and
    ``async for`` does the same without blocking. It outlives reconnects: the first update after a break has the key
    ``gap``, a dict of ``since``, ``until``, ``reason`` and ``filled``. Ticks missed in the break are fetched and come
    first, marked ``backfilled``.

    The latest ``keep`` updates stay in memory, for `frame` and for readers that are slower than the stream. A reader
    that falls further behind misses the oldest ones; ``dropped`` counts them.

    Attributes
    ----------
    call : str
        The call that opened it.
    dropped : int
        Updates that this reader missed because it was too slow.
    kept : pandas.DataFrame or None
        What the button "Keep as frame" of `view` kept last.
    """

    def __init__(
        self,
        call: str,
        keep: int,
        error_of: Callable[[Reply], DpyauthError | None],
        *,
        many: bool,
        named: Callable[[Reply], Reply] = lambda reply: reply,
    ) -> None:
        self.call = call
        self.dropped = 0
        self.kept: pd.DataFrame | None = None
        self._error_of = error_of
        self.many = many
        self._named = named  # a reply as v3 names its parts, for frames
        self._kept: deque[tuple[float, Reply]] = deque(maxlen=keep)
        self._count = 0  # updates that came in, ever
        self._read = 0  # of these, how many the reader has passed
        self._ended = False
        self._process = os.getpid()
        self._error: DpyauthError | None = None
        self._changed = threading.Condition()
        self._wakers: set[Callable[[], None]] = set()
        self._session: Session | None = None
        self._connection: Connection | None = None
        self._subscription: Subscription | None = None

    def __repr__(self) -> str:
        updates = f"{self._count} update{'' if self._count == 1 else 's'}"
        return f"<dpyauth stream of {self.call}: {updates}, {'ended' if self._ended else 'open'}>"

    @property
    def ended(self) -> bool:
        """Whether no more updates will come; those kept can still be read."""
        return self._ended

    def next(self, timeout: float | None = None) -> Reply:
        """The next update.

        Parameters
        ----------
        timeout : float, optional
            How long to wait for it, in seconds; else as long as the stream lasts.

        Returns
        -------
        dict
            The whole reply, with the payload under its ``msg_type``.

        Raises
        ------
        StopIteration
            The stream has ended.
        CallTimeout
            No update in that time; the stream goes on.
        DpyauthError
            What ended the stream.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True).stream("ticks", ticks="R_100") as stream:
        ...     stream.next(timeout=10)["tick"]["symbol"]
        'R_100'
        """
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                update = self._take()
                if update is not None:
                    return update
                left = STEP if end is None else end - time.monotonic()
                if left <= 0:
                    raise CallTimeout(f"No update of '{self.call}' came within {timeout:g} s.", call=self.call)
                self._changed.wait(min(left, STEP))

    def __iter__(self) -> Iterator[Reply]:
        return self

    def __next__(self) -> Reply:
        return self.next()

    def __aiter__(self) -> AsyncIterator[Reply]:
        return self

    async def __anext__(self) -> Reply:
        loop = asyncio.get_running_loop()
        while True:
            woken = loop.create_future()

            def wake(woken: asyncio.Future[None] = woken) -> None:
                try:
                    loop.call_soon_threadsafe(_set, woken)
                except RuntimeError:  # that loop is closed
                    pass

            with self._changed:
                try:
                    update = self._take()
                except StopIteration:
                    raise StopAsyncIteration from None
                if update is not None:
                    return update
                self._wakers.add(wake)
            try:
                # Looking up now and then lets an interrupt of the kernel through.
                await asyncio.wait([woken], timeout=STEP)
            finally:
                with self._changed:
                    self._wakers.discard(wake)

    def frame(self) -> pd.DataFrame:
        """What is kept of the stream, as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per update, the oldest first; columns and dtypes as `dpyauth.frames.updates` says.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True).stream("balance") as stream:
        ...     stream.frame()["currency"].tolist()
        ['USD']
        """
        from dpyauth import frames

        return frames.updates(self.call, self._beyond(0)[1])

    def view(self) -> StreamPanel:
        """Show the stream as it comes in: ticks and candles as a live chart, anything else as a live table.

        Make it the last line of a cell, on a stream that stays open after the cell, so not in a ``with`` statement.
        Looking takes nothing from those who iterate over the stream, and closing the panel does not close the stream.

        Returns
        -------
        StreamPanel
            The panel. Its button "Pause" holds the picture while updates keep coming in; "Keep as frame" puts what
            `frame` gives at that moment into ``stream.kept``.

        Examples
        --------
        >>> import dpyauth
        >>> stream = dpyauth.login(sandbox=True).stream("ticks", ticks="R_100")
        >>> panel = stream.view()
        """
        from dpyauth.panels.streaming import StreamDesk
        from dpyauth.widgets.stream import StreamPanel

        assert self._session is not None  # what `Session.stream` returns has one
        return StreamPanel(StreamDesk(self._session, self))

    def close(self) -> None:
        """End the stream. What is kept can still be read."""
        self.end(None)
        connection, subscription = self._connection, self._subscription
        self._connection = self._subscription = None
        if connection is not None and subscription is not None:
            connection.leave(subscription, self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    # What the connection says, on its thread

    def push(self, reply: Reply) -> None:
        """An update came in."""
        with self._changed:
            if self._ended:
                return
            if "error" in reply and not self.many:
                self._error = self._error_of(reply)
            else:
                if "error" in reply:
                    reply = {**reply, "error": scrub(reply["error"])}
                self._kept.append((time.time(), reply))
                self._count += 1
            self._wake()

    def end(self, error: DpyauthError | None) -> None:
        """No more updates will come."""
        with self._changed:
            self._ended = True
            self._error = self._error or error
            self._wake()

    # For who looks on without reading

    def _wait_beyond(self, count: int, enough: Callable[[], bool]) -> None:
        """Wait until there were more updates than that, or the stream has ended, or until it is enough."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > count or self._ended or enough())

    def _nudge(self) -> None:
        """Have those who wait look whether it is enough."""
        with self._changed:
            self._changed.notify_all()

    def _beyond(self, count: int) -> tuple[int, list[tuple[float, Reply]]]:
        """How many updates there were, and those kept that came after the first ``count``, with when they came."""
        with self._changed:
            total, found = self._count, list(islice(reversed(self._kept), self._count - count))
        return total, [(when, self._named(reply)) for when, reply in reversed(found)]

    # Inside

    def _attach(self, connection: Connection, subscription: Subscription, session: Session) -> None:
        self._connection, self._subscription, self._session = connection, subscription, session

    def _take(self) -> Reply | None:
        """The next update that the reader has not had; with the lock held."""
        if self._process != os.getpid():
            raise SessionClosed("This process was forked from the one whose stream this is.", call=self.call)
        oldest = self._count - len(self._kept)
        if self._read < oldest:
            self.dropped += oldest - self._read
            self._read = oldest
        if self._read < self._count:
            update = self._kept[self._read - oldest][1]
            self._read += 1
            return update
        if self._error is not None:
            raise self._error.again()
        if self._ended:
            raise StopIteration
        return None

    def _wake(self) -> None:
        self._changed.notify_all()
        for waker in self._wakers:
            waker()
        self._wakers.clear()


def _set(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
