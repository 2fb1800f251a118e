"""Read a stream of updates: by iteration, as a frame, or in a panel."""

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

    Use it in a ``with`` statement and iterate over it: ``for update in stream`` waits for each update; ``async for``
    does the same without blocking. It continues across reconnects: the first update after a break has the key ``gap``,
    a dict of ``since``, ``until``, ``reason`` and ``filled``. Ticks that were missed in the break are fetched and come
    first, marked ``backfilled``. A temporary error at Deriv does not end the stream: it is opened again, and ``gap``
    says so.

    The latest ``keep`` updates stay in memory, for `frame` and for loops that are slower than the stream. A loop that
    falls further behind misses the oldest ones; ``dropped`` counts them.

    Attributes
    ----------
    kept : pandas.DataFrame or None
        Frame that the button "Keep as frame" of `view` has kept last.
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
        """Name of the call that opened the stream."""
        return self.feed.call

    @property
    def dropped(self) -> int:
        """Number of updates that were dropped because they were not read in time."""
        return self.feed.dropped

    @property
    def ended(self) -> bool:
        """True if no more updates will come; updates in memory can still be read."""
        return self.feed.ended

    @public
    def next(self, timeout: float | None = None) -> Reply:
        """Wait for the next update and return it.

        Parameters
        ----------
        timeout : float, optional
            How long to wait, in seconds; if left out, until the stream ends.

        Returns
        -------
        dict
            The whole message, with the payload under its ``msg_type``.

        Raises
        ------
        StopIteration
            The stream has ended.
        CallTimeout
            No update arrived in that time; the stream stays open.
        DpyauthError
            The error that ended the stream.

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
                raise CallTimeout(f"No update of '{self.call}' arrived within {timeout:g} s.", call=self.call)
            # In steps, although an update ends the wait: on Windows, a wait on a lock cannot be interrupted.
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
                except RuntimeError:  # the loop is closed, so nothing waits on it any more
                    pass

            try:
                update = feed.take()
            except StopIteration:
                raise StopAsyncIteration from None
            if update is not None:
                return update
            # Added before the last look for news: an update between the two would otherwise not end the wait.
            feed.wakers.add(wake)
            try:
                if not feed.has_news:
                    # In steps: an interrupt reaches a cell that only awaits when its loop next wakes.
                    await asyncio.wait([woken], timeout=STEP)
            finally:
                feed.wakers.discard(wake)

    @public
    def frame(self) -> pd.DataFrame:
        """Return the updates in memory as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per update, oldest first, with the columns and dtypes of `dpyauth.frames.updates`. Its ``attrs``
            have the API, the account that was in use when the stream was opened, and the time of the latest update.

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
        """Show the stream live: ticks and candles as a chart, other updates as a table.

        Make it the last line of a cell, for a stream that stays open after the cell, so not in a ``with`` statement.
        The panel takes no updates away from loops over the stream, and closing the panel does not close the stream.

        Returns
        -------
        AnyWidget
            The panel. Its button "Pause" freezes the picture while updates continue to arrive; "Keep as frame" stores
            what `frame` returns at that moment in ``stream.kept``.

        Examples
        --------
        >>> import dpyauth
        >>> stream = dpyauth.login(sandbox=True).stream("ticks", ticks="R_100")
        >>> panel = stream.view()
        """
        return views.installed().stream(self._session, self)

    @public
    def close(self) -> None:
        """Close the stream. Updates in memory can still be read.

        Examples
        --------
        >>> import dpyauth
        >>> stream = dpyauth.login(sandbox=True).stream("ticks", ticks="R_100")
        >>> stream.close()
        >>> stream.ended
        True
        """
        # Twice, because an interrupt may stop the first: the stream would then stay open at Deriv. The second does no
        # harm.
        try:
            self.feed.leave()
        finally:
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
    with suppress(OverflowError):  # a whole number with hundreds of digits
        if not math.isnan(seconds := float(timeout)):
            return seconds
    raise InvalidSetting("The time-out must be a number of seconds.", field="timeout")
