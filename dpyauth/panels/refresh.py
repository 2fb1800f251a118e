"""Keep a panel up to date, on its own thread and event loop.

It cannot run on the kernel's loop, which a running cell blocks, nor on the background loop of the connections, which
slow work for a panel would hold up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dpyauth import _forks
from dpyauth._threads import Thread

if TYPE_CHECKING:
    from dpyauth.session import Session

log = logging.getLogger("dpyauth")

Work = Callable[[], Coroutine[Any, Any, None]]


class Refresher:
    """Worker that keeps a panel up to date until it is stopped or the session is closed.

    With every change of the session, the work is cancelled and started again, so it need not check for changes itself.

    Parameters
    ----------
    session : Session
        The session that the panel shows.
    work : callable
        Function that returns a coroutine for the work.
    name : str
        Name of the panel.
    """

    def __init__(self, session: Session, work: Work, name: str) -> None:
        self._session = session
        self._work = work
        self._name = name
        self._news = asyncio.Event()
        self._loop = _forks.new_event_loop()
        self._task = self._loop.create_task(self._keep())
        self._unwatch = session.core.watch(lambda: self._hop(self._news.set))
        beside(self._loop, self._task, name)

    def end(self) -> None:
        """Stop without waiting for the end. May be called from any thread, and twice."""
        self._hop(self._task.cancel)

    def _hop(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function)

    async def _keep(self) -> None:
        try:
            while self._session.state != "closed":
                self._news.clear()
                work = asyncio.create_task(careful(self._work(), self._name))
                try:
                    await self._news.wait()
                finally:
                    work.cancel()
                    await asyncio.wait([work])
        finally:
            self._unwatch()


async def careful(work: Coroutine[Any, Any, None], name: str) -> None:
    """Do the work; log a bug in it, so that nothing else ends with it."""
    try:
        await work
    except Exception as error:
        log.error("the %s panel failed: %s", name, type(error).__name__)


def once(work: Coroutine[Any, Any, None], name: str, patience: float) -> None:
    """Do work on another thread, and wait for it for at most ``patience`` seconds."""
    loop = _forks.new_event_loop()
    beside(loop, loop.create_task(careful(work, name)), name).join(patience)


def beside(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], name: str) -> Thread:
    """Start a thread that runs a task on its loop, and closes the loop afterwards."""

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    thread = Thread(run, f"dpyauth-{name}")
    thread.start()
    return thread
