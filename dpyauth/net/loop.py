"""One background thread, whose event loop owns every socket.

A socket on the kernel's own loop dies while a cell is busy; one on this loop does not. The thread starts when there is
work and ends when nothing uses it. It is a daemon and made of the standard library only: a thread pool's portal would
hold up the interpreter's exit, and costs a coroutine for every call.

An interrupt may stop the user's thread between any two lines. So nothing that must be whole is done there: that thread
hands work over in one step, an append, and everything else happens on this one, which no interrupt reaches. For the
same reason the user's thread takes no lock, which an interrupt could leave locked.
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
    """Have an event loop call a function soon, from any thread; of no effect once the loop is closed or gone.

    The loop may be a ``weakref.proxy``. asyncio takes no lock for this, so no interrupt can leave one locked.
    """
    with suppress(RuntimeError, ReferenceError):
        loop.call_soon_threadsafe(function)


class Background:
    """Event loop in a thread of its own, for as long as something uses it."""

    def __init__(self) -> None:
        self._work: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._afterwards: dict[Callable[[], object], None] = {}
        self._users: set[object] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._registering = threading.Lock()  # of background threads; the user's never takes it
        _forks.own(self)

    # From any thread

    def post(self, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call a function on the background thread, after what was posted before.

        An interrupt in here leaves the work undone or handed over, and what is posted next brings it along.
        """
        try:
            self._work.append((function, argument))
            # The thread that sets the flag wakes the loop, which clears it before it looks: nothing stays behind.
            if not self._woken:
                self._woken = True
                self.wake()
        except BaseException:
            self.wake()
            raise

    def leave(self, function: Callable[[Any], object]) -> None:
        """Post work from where nothing may wait and no thread may be started, such as a finalizer."""
        self._work.append((function, None))
        loop = self._loop
        if loop is not None:
            call_soon(loop, self._empty)

    def now(self, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call a function at once where the caller is on the background thread, else post it."""
        (self._do if self.inside() else self.post)(function, argument)

    def wake(self) -> None:
        """Wake the loop, to look at what was posted; start the thread if there is none."""
        loop = self._loop
        if loop is None:
            Thread(self._live, "dpyauth").start()  # if there is one already, it ends at once
        else:
            call_soon(loop, self._empty)  # if its loop has just ended, that has looked for what was posted since

    def run(self, steps: Callable[[], Coroutine[Any, Any, T]], outcome: Future[T]) -> None:
        """Run a coroutine on the background thread; cancelling the outcome cancels it."""
        self.post(self._begin, (steps, outcome))

    def inside(self) -> bool:
        """Return whether the caller runs on the background thread, where waiting for it would never end."""
        return self._thread is threading.current_thread()

    def join(self, timeout: float = 5.0) -> None:
        """Wait for the end of the thread, unless something uses it."""
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
        """Keep the thread no longer for this user. Safe to call twice."""
        self._users.discard(user)
        self.loop.call_soon(self._empty)  # not at once: the loop may end with it

    def afterwards(self, function: Callable[[], object]) -> None:
        """Call a function once, when all that has been posted is done."""
        self._afterwards[function] = None

    # Inside

    def _live(self) -> None:
        # Not asyncio.Runner: it handles signals, which is the main thread's business.
        loop, users = _forks.new_event_loop(), self._users
        with self._registering:
            if self._loop is not None:
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
                return  # in a child that was forked on this thread: what is open is the parent's
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _empty(self) -> None:
        if not self.inside():
            return  # called late: this loop has ended, and the work is for the next one
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
            # What was posted since the loop was empty woke this loop, which is about to end. What is posted from here
            # on finds no loop, and starts a thread by itself.
            if self._work:
                self.wake()

    @staticmethod
    def _do(function: Callable[..., object], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:  # a defect of ours in one must not stop the others
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
            self.let_go(outcome)  # not before: a coroutine that is cancelled has to clean up

    def _forked(self) -> None:
        """Begin anew, without the thread."""
        self.__init__()  # type: ignore[misc]


class _Lookups(ThreadPoolExecutor):
    """Look up names of servers, which the loop leaves to it, in a thread each that ends with the program.

    The standard library's own threads hold up the interpreter's exit until a resolver that is silent gives up.
    """

    def submit(self, function: Callable[..., T], /, *arguments: Any, **more: Any) -> Future[T]:
        """Begin with it at once."""
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
    """Ignore the EOFError of a proxy that ends without a word: websockets raises it for the attempt as well."""
    if not isinstance(context.get("exception"), EOFError):
        loop.default_exception_handler(context)


background = Background()
