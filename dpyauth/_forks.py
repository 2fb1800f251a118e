"""Reset state in a forked process. Everything that exists once per process is told of a fork here, and only here.

A forked process has a copy of every object and of every open file, but only the thread that forked. So a lock that
another thread held stays locked there, what another thread was importing stays half imported, its loop never runs
again, and data written to a socket reaches the server in the parent's name. Therefore

- a fork waits until the event loops made here wait, and until nothing is being `importing`;
- before any other code runs in the child, those loops lose their files, each object that is `own` to a process gives
  up what it shares with the parent, and each function given to `in_child` is called.
"""

from __future__ import annotations

# Those with locks to take before a fork come first: theirs are then taken last, so that ours can be had at all.
import concurrent.futures.thread  # noqa: F401
import logging  # noqa: F401
import os
import selectors
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio


class Owned(Protocol):
    """Object that belongs to the process that made it."""

    def _forked(self) -> None:
        """Give up the parent's resources, in the child. Take no lock: a thread that is gone may hold it."""


F = TypeVar("F", bound=Callable[[], object])

PATIENCE = 5.0
"""Time that a fork waits for dpyauth's threads, in seconds."""

importing = threading.RLock()
"""Lock to hold while one of dpyauth's threads imports something; not needed on an event loop made here."""

loading = threading.RLock()
"""Lock of the thread that imports for another one, which waits for it and may hold `importing`."""

_owned: weakref.WeakSet[Owned] = weakref.WeakSet()
_selectors: weakref.WeakValueDictionary[int, _Selector] = weakref.WeakValueDictionary()
_resets: list[Callable[[], object]] = []
_held = threading.local()


def own(thing: Owned) -> None:
    """Call the ``_forked`` method of an object in every child that is forked while it lives."""
    _owned.add(thing)


def in_child(reset: F) -> F:
    """Call a function in every child, after the methods of objects; a decorator."""
    _resets.append(reset)
    return reset


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop that delays a fork until the end of its current step, and stops in the child.

    Close it on the thread that ran it.
    """
    import asyncio  # not before: it is slow to import

    if not hasattr(os, "fork"):
        return asyncio.new_event_loop()
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)
    selector.loop = weakref.ref(loop)
    _selectors[id(selector)] = selector
    return loop


class _Selector(selectors.DefaultSelector):
    """Selector that lets the process be forked only while it waits for files."""

    loop: Callable[[], asyncio.AbstractEventLoop | None]

    def __init__(self) -> None:
        super().__init__()
        self.turn = threading.RLock()
        self._in_turn = False

    def select(self, timeout: float | None = None) -> Any:
        """Wait for files. The loop's own thread calls this, and works between two calls."""
        self._rest()
        try:
            return super().select(timeout)
        finally:
            self.turn.acquire()
            self._in_turn = True

    def close(self) -> None:
        """Close the selector; the loop does no more work after this."""
        self._rest()
        super().close()

    def cut(self) -> None:
        """Take the files away, in the child.

        Each descriptor stays in use but leads nowhere: if its number were given to another file, its old owner would
        close that one. The operating system shares the selector's own state with the parent, so the child gets its own.
        """
        files = self.get_map()
        if files is None:
            return  # closed
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for key in list(files.values()):
            os.dup2(nowhere, key.fd, inheritable=False)
        os.close(nowhere)
        if hasattr(self, "fileno"):
            with selectors.DefaultSelector() as fresh:
                os.dup2(fresh.fileno(), self.fileno(), inheritable=False)
        loop = self.loop()
        if loop is not None:
            loop.stop()  # in case it was its own thread that forked

    def _rest(self) -> None:
        if self._in_turn:
            self._in_turn = False
            with suppress(RuntimeError):  # closed by another thread
                self.turn.release()


def _living() -> list[_Selector]:
    return [selector for reference in _selectors.valuerefs() if (selector := reference()) is not None]


def _hold() -> None:
    until, _held.locks = time.monotonic() + PATIENCE, []
    for lock in (importing, loading, *(selector.turn for selector in _living())):
        if lock.acquire(timeout=max(0.0, until - time.monotonic())):
            _held.locks.append(lock)


def _go_on() -> None:
    while _held.locks:
        _held.locks.pop().release()


def _forked() -> None:
    _go_on()
    for selector in _living():
        with suppress(OSError):  # no descriptors are left
            selector.cut()
    for thing in list(_owned):
        thing._forked()
    for reset in _resets:
        reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_go_on, after_in_child=_forked)
