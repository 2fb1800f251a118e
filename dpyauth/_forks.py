"""Reset state in a forked process. All of dpyauth's handling of forks is in this module.

A forked process has a copy of every object and of every open file, but only the thread that forked. So in the child a
lock that another thread held stays locked, a module that another thread was importing stays half imported, the event
loop of another thread never runs again, and data written to a socket reaches the server in the parent's name.
Therefore

- a fork waits until the event loops made here are idle, and until no thread holds `importing`;
- before any other code runs in the child, those loops lose their files, each object registered with `own` gives up
  what it shares with the parent, and each function registered with `in_child` is called.
"""

from __future__ import annotations

# Imported only for the order: these two register fork handlers that take locks, and handlers run in reverse order of
# registration. So ours runs first. If logging's lock were taken first, our loop could be waiting for it to write a
# log line, would never become idle, and every fork would take PATIENCE seconds.
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
"""Longest time that a fork waits for dpyauth's threads, in seconds."""

importing = threading.RLock()
"""Lock to hold while one of dpyauth's threads imports something; not needed on an event loop made here."""

loading = threading.RLock()
"""Lock of a thread that imports on behalf of another one. The other thread waits for it and may hold `importing`."""

_owned: weakref.WeakSet[Owned] = weakref.WeakSet()
_selectors: weakref.WeakValueDictionary[int, _Selector] = weakref.WeakValueDictionary()
_resets: list[Callable[[], object]] = []
_held = threading.local()


def own(thing: Owned) -> None:
    """Call the ``_forked`` method of an object in every child that is forked during the object's life."""
    _owned.add(thing)


def in_child(reset: F) -> F:
    """Call the decorated function in every child, after the ``_forked`` methods of objects."""
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
    """Selector that allows a fork only while its loop waits for files.

    The loop's thread holds the lock ``turn`` while it runs callbacks, and a fork takes the locks of all loops. So the
    child never gets a copy of a callback's half finished work, such as a message that is in no list or in two.
    """

    loop: Callable[[], asyncio.AbstractEventLoop | None]

    def __init__(self) -> None:
        super().__init__()
        self.turn = threading.RLock()
        self._in_turn = False

    def select(self, timeout: float | None = None) -> Any:
        """Wait for files. Only the loop's own thread calls this; it runs callbacks between two calls."""
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
        """Detach the loop from its files, in the child.

        Each descriptor stays in use but leads to the null device. If it were closed, the system could give its number
        to another file, which the descriptor's old owner would close later. The operating system shares the state of
        an epoll or kqueue object with the parent, so the child gets a new one under the same number.
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
            loop.stop()  # in case the loop's own thread forked: that thread goes on in the child

    def _rest(self) -> None:
        if self._in_turn:
            self._in_turn = False
            with suppress(RuntimeError):  # closed by another thread
                self.turn.release()


def _living() -> list[_Selector]:
    return [selector for reference in _selectors.valuerefs() if (selector := reference()) is not None]


def _hold() -> None:
    # A lock that cannot be taken in time is left out: a thread that hangs must not make every fork hang as well.
    until, _held.locks = time.monotonic() + PATIENCE, []
    for lock in (importing, loading, *(selector.turn for selector in _living())):
        if lock.acquire(timeout=max(0.0, until - time.monotonic())):
            _held.locks.append(lock)


def _go_on() -> None:
    while _held.locks:
        _held.locks.pop().release()


def _forked() -> None:
    _go_on()  # the thread that took the locks is the one that goes on in the child, so it can release its copies
    for selector in _living():
        with suppress(OSError):  # no descriptors are left
            selector.cut()
    for thing in list(_owned):
        thing._forked()
    for reset in _resets:
        reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_go_on, after_in_child=_forked)
