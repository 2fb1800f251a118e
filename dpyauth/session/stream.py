"""A stream of updates, as its reader sees it."""

from __future__ import annotations

import asyncio
import math
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from dpyauth._traceback import ends_here, leaving
from dpyauth.arguments import public
from dpyauth.errors import CallTimeout, InvalidSetting
from dpyauth.names import Names
from dpyauth.net.messages import Reply
from dpyauth.session import views
from dpyauth.session.blocking import STEP
from dpyauth.session.feed import Feed

if TYPE_CHECKING:
    import pandas as pd
    from anywidget import AnyWidget

    from dpyauth.session.payloads import Questions


class Stream(Names):
    """Updates that keep coming, made by `Session.stream`.

    Use it in a ``with`` statement, and iterate over it: ``for update in stream`` waits for each update, and
    ``async for`` does the same without blocking. It outlives reconnects: the first update after a break has the key
    ``gap``, a dict of ``since``, ``until``, ``reason`` and ``filled``. Ticks missed in the break are fetched and come
    first, marked ``backfilled``. An error of Deriv's that may be gone in a moment does not end it: it is asked for
    again, and ``gap`` says so.

    The latest ``keep`` updates stay in memory, for `frame` and for readers that are slower than the stream. A reader
    that falls further behind misses the oldest ones; ``dropped`` counts them.

    Attributes
    ----------
    kept : pandas.DataFrame or None
        What the button "Keep as frame" of `view` kept last.
    """

    _called = "A stream"

    @public
    def __init__(self, session: Questions, feed: Feed) -> None:
        self.kept: pd.DataFrame | None = None
        self._session = session
        self.feed = feed
        feed.reader = weakref.ref(self)

    def __repr__(self) -> str:
        feed = self.feed
        updates = f"{feed.count} update{'' if feed.count == 1 else 's'}"
        return f"<dpyauth stream of {self.call}: {updates}, {'ended' if feed.ended else 'open'}>"

    @property
    def call(self) -> str:
        """The call that opened it."""
        return self.feed.call

    @property
    def dropped(self) -> int:
        """Number of updates that were dropped because they were not read in time."""
        return self.feed.dropped

    @property
    def ended(self) -> bool:
        """True if no more updates will come; those kept can still be read."""
        return self.feed.ended

    @public
    def next(self, timeout: float | None = None) -> Reply:
        """Wait for the next update and return it.

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
        end = None if timeout is None else time.monotonic() + _seconds(timeout)
        feed = self.feed
        while True:
            update = feed.take()
            if update is not None:
                return update
            left = STEP if end is None else end - time.monotonic()
            if left <= 0:
                raise CallTimeout(f"No update of '{self.call}' came within {timeout:g} s.", call=self.call)
            feed.wait(lambda: feed.has_news, min(left, STEP))

    def __iter__(self) -> Iterator[Reply]:
        return self

    @ends_here
    def __next__(self) -> Reply:
        return self.next()

    def __aiter__(self) -> AsyncIterator[Reply]:
        return self

    async def __anext__(self) -> Reply:
        try:
            return await self._next()
        except BaseException as error:
            leaving(error)
            raise

    async def _next(self) -> Reply:
        loop, feed = asyncio.get_running_loop(), self.feed
        while True:
            woken = loop.create_future()

            def wake(woken: asyncio.Future[None] = woken) -> None:
                try:
                    loop.call_soon_threadsafe(_set, woken)
                except RuntimeError:  # that loop is closed
                    pass

            try:
                update = feed.take()
            except StopIteration:
                raise StopAsyncIteration from None
            if update is not None:
                return update
            feed.wakers.add(wake)
            try:
                if not feed.has_news:
                    # Looking up now and then lets an interrupt of the kernel through.
                    await asyncio.wait([woken], timeout=STEP)
            finally:
                feed.wakers.discard(wake)

    @public
    def frame(self) -> pd.DataFrame:
        """Return the updates that are kept, as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per update, the oldest first; columns and dtypes as `dpyauth.frames.updates` says. Its ``attrs``
            name the API, the account that was in use when it was opened, and when the latest update came in.

        Examples
        --------
        >>> import dpyauth
        >>> with dpyauth.login(sandbox=True).stream("balance") as stream:
        ...     stream.frame()["currency"].tolist()
        ['USD']
        """
        from dpyauth import frames

        feed, received = self.feed, self.feed.beyond(0)[1]
        latest = datetime.fromtimestamp(received[-1][0], UTC) if received else None
        return frames.updates(self.call, received, frames.Context(self.call, feed.loginid, latest, feed.api))

    @public
    def view(self) -> AnyWidget:
        """Show the stream as it comes in: ticks and candles as a live chart, anything else as a live table.

        Make it the last line of a cell, on a stream that stays open after the cell, so not in a ``with`` statement.
        Looking takes nothing from those who iterate over the stream, and closing the panel does not close the stream.

        Returns
        -------
        AnyWidget
            The panel. Its button "Pause" holds the picture while updates keep coming in; "Keep as frame" puts what
            `frame` gives at that moment into ``stream.kept``.

        Examples
        --------
        >>> import dpyauth
        >>> stream = dpyauth.login(sandbox=True).stream("ticks", ticks="R_100")
        >>> panel = stream.view()
        """
        return views.installed().stream(self._session, self)

    @public
    def close(self) -> None:
        """End the stream. What is kept can still be read."""
        try:
            self.feed.leave()
        finally:  # again, should an interrupt have come between: that does no harm
            self.feed.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()


def _set(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _seconds(timeout: float) -> float:
    with suppress(OverflowError):  # of a whole number with hundreds of digits
        if not math.isnan(seconds := float(timeout)):
            return seconds
    raise InvalidSetting("The time-out must be a number of seconds.", field="timeout")
