"""Keep a panel up to date, on a thread and an event loop of its own."""

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
    """Worker that keeps a panel up to date until it is ended or the session is closed.

    The work is called off and begun anew with every change of the session, so that it need not look out for any.

    Parameters
    ----------
    session : Session
        The session that the panel shows.
    work : callable
        Makes the coroutine that does the work.
    name : str
        Of the panel.
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
        """Stop, from any thread, without waiting for it. Safe to call twice."""
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
    """Do the work; a defect of ours in it is logged and ends nothing else."""
    try:
        await work
    except Exception as error:
        log.error("the %s panel failed: %s", name, type(error).__name__)


def once(work: Coroutine[Any, Any, None], name: str, patience: float) -> None:
    """Do work on another thread, and wait for it so many seconds at most."""
    loop = _forks.new_event_loop()
    beside(loop, loop.create_task(careful(work, name)), name).join(patience)


def beside(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], name: str) -> Thread:
    """Start a thread that runs this task of this loop, and leaves nothing of either behind."""

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
