"""Run one background thread, whose event loop owns every socket.

A socket on the kernel's own loop dies while a cell is busy; one on this loop does not. The thread starts when there is
work and ends when nothing uses it. It is a daemon thread made with the standard library only: the portal of a thread
pool would delay the interpreter's exit, and costs a coroutine for every call.

An interrupt may stop the user's thread between any two lines. So the user's thread does nothing that must not be left
half done: it hands work over in one step, an append to a deque, and everything else happens on this thread, which no
interrupt reaches (Python raises KeyboardInterrupt in the main thread only). For the same reason the user's thread
takes no lock here, since an interrupt could leave it locked forever.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from dpyauth import _forks
from dpyauth._threads import Thread

T = TypeVar("T")

log = logging.getLogger("dpyauth")


def call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    """Make an event loop call a function soon, from any thread; no effect if the loop is closed or gone.

    The loop may be a ``weakref.proxy``. asyncio takes no lock for this, so an interrupt cannot leave one locked.
    """
    with suppress(RuntimeError, ReferenceError):
        loop.call_soon_threadsafe(function)


class Background:
    """Event loop on a separate thread, which lives as long as something uses it."""

    def __init__(self) -> None:
        self._work: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._afterwards: dict[Callable[[], object], None] = {}
        self._users: set[object] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._registering = threading.Lock()  # taken by background threads only, never by the user's thread
        _forks.own(self)

    # From any thread

    def post(self, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call a function on the background thread, after everything that was posted before.

        An interrupt in here leaves the work either not handed over or handed over, never in between.
        """
        try:
            # deque.append is atomic: after it, the work belongs to the background thread.
            self._work.append((function, argument))
            # `_woken` saves a system call for each further piece of work. The loop clears it before it looks at the
            # work; if it cleared it afterwards, work posted in between would wait until something else woke the loop.
            if not self._woken:
                self._woken = True
                self.wake()
        except BaseException:
            # An interrupt may come after `_woken` was set and before the loop was woken. Without this, no later post
            # would wake it either, as the flag says that it is awake.
            self.wake()
            raise

    def leave(self, function: Callable[[Any], object]) -> None:
        """Post work from code that must not wait or start a thread, such as a finalizer."""
        # A finalizer runs wherever the garbage collector does, also at the interpreter's exit and on any thread.
        self._work.append((function, None))
        loop = self._loop
        if loop is not None:
            call_soon(loop, self._empty)

    def now(self, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call a function at once if the caller is on the background thread; otherwise post it."""
        (self._do if self.inside() else self.post)(function, argument)

    def wake(self) -> None:
        """Wake the loop so that it looks at what was posted; start the thread if there is none."""
        loop = self._loop
        if loop is None:
            # Two threads may come here at the same time; `_live` lets only one of the new threads go on.
            Thread(self._live, "dpyauth").start()
        else:
            # The loop may have ended just now. That does no harm: `_empty` looks for new work after it has cleared
            # `_loop`, and starts a new thread for it.
            call_soon(loop, self._empty)

    def run(self, steps: Callable[[], Coroutine[Any, Any, T]], outcome: Future[T]) -> None:
        """Run a coroutine on the background thread; cancelling the outcome cancels it."""
        self.post(self._begin, (steps, outcome))

    def inside(self) -> bool:
        """Return whether the caller is on the background thread, which must never wait for itself."""
        return self._thread is threading.current_thread()

    def join(self, timeout: float = 5.0) -> None:
        """Wait until the thread ends, unless something uses it."""
        thread, end = self._thread, time.monotonic() + timeout
        if thread is threading.current_thread():
            return
        while thread is not None and thread.is_alive() and not self._users and time.monotonic() < end:
            thread.join(0.05)

    # On the background thread

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop."""
        assert self._loop is not None
        return self._loop

    def hold(self, user: object) -> None:
        """Keep the thread until this user lets go."""
        self._users.add(user)

    def let_go(self, user: object) -> None:
        """Stop keeping the thread for this user. Safe to call twice."""
        self._users.discard(user)
        # Not at once: the loop may stop in `_empty`, and the caller still has to finish its step on it.
        self.loop.call_soon(self._empty)

    def afterwards(self, function: Callable[[], object]) -> None:
        """Call a function once, after all work that has been posted."""
        self._afterwards[function] = None

    # Inside

    def _live(self) -> None:
        # Not asyncio.Runner, which handles signals: only the main thread may do that.
        loop, users = _forks.new_event_loop(), self._users
        with self._registering:
            if self._loop is not None:  # another thread was faster: see `wake`
                loop.close()
                return
            asyncio.set_event_loop(loop)
            loop.set_exception_handler(_complain)
            loop.set_default_executor(_Lookups(1))
            loop.call_soon(self._empty)
            self._thread, self._loop = threading.current_thread(), loop
        try:
            loop.run_forever()
            if self._users is not users:
                return  # in a child that this thread has forked: the sockets and tasks belong to the parent
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _empty(self) -> None:
        if not self.inside():
            return  # called after this loop has ended: the work belongs to the next one
        self._woken = False
        while self._work:
            function, argument = self._work.popleft()
            self._do(function, argument)
        while self._afterwards:
            each, _ = self._afterwards.popitem()
            self._do(each)
        if not self._users and not self._work:
            self.loop.stop()
            self._thread = self._loop = None
            self._woken = False
            # Work posted since the last look has woken this loop, which is about to end, so start a new one for it.
            # Work posted from here on finds no loop, and starts a thread itself.
            if self._work:
                self.wake()

    @staticmethod
    def _do(function: Callable[..., object], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:  # a bug in one piece of work must not stop the others
            log.error("work for the background thread failed: %s", type(error).__name__)

    def _begin(self, given: tuple[Callable[[], Coroutine[Any, Any, T]], Future[T]]) -> None:
        steps, outcome = given
        if outcome.cancelled():
            return
        loop = self.loop
        try:
            task = loop.create_task(steps())
        except Exception as error:
            outcome.set_exception(error)
            return
        self.hold(outcome)
        task.add_done_callback(lambda task: self._ended(task, outcome))
        outcome.add_done_callback(lambda _: loop.call_soon_threadsafe(task.cancel) if outcome.cancelled() else None)

    def _ended(self, task: asyncio.Task[T], outcome: Future[T]) -> None:
        error = None if task.cancelled() else task.exception()
        try:
            if task.cancelled():
                outcome.cancel()
            elif outcome.set_running_or_notify_cancel():
                if error is None:
                    outcome.set_result(task.result())
                else:
                    outcome.set_exception(error)
        finally:
            self.let_go(outcome)  # only now: a cancelled coroutine needs the loop for its clean-up

    def _forked(self) -> None:
        """Start again without the thread, in a forked process, which does not have it."""
        self.__init__()  # type: ignore[misc]


class _Lookups(ThreadPoolExecutor):
    """Executor for the loop's DNS look-ups, with a daemon thread for each.

    With the standard library's own pool, the interpreter could not exit before a resolver that does not answer gives
    up, because it joins the pool's threads.
    """

    def submit(self, function: Callable[..., T], /, *arguments: Any, **more: Any) -> Future[T]:
        """Start the work at once, on a new thread."""
        outcome: Future[T] = Future()

        def work() -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                outcome.set_result(function(*arguments, **more))
            except BaseException as error:
                outcome.set_exception(error)

        Thread(work, "dpyauth-lookup").start()
        return outcome


def _complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Do not log the EOFError of a proxy that closes the connection: the attempt itself fails with it as well."""
    if not isinstance(context.get("exception"), EOFError):
        loop.default_exception_handler(context)


background = Background()
