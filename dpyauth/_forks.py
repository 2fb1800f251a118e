"""Begin anew in a forked process: whatever exists once per process is told of a fork here, and nowhere else.

A forked process has a copy of every object and of every open file, but only the thread that forked. So a lock that
another thread held stays locked there, what another thread was importing stays half imported, its loop never runs
again, and what is written to a socket reaches the server in the parent's name. Therefore

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
    """What belongs to the process that made it."""

    def _forked(self) -> None:
        """Give up what is the parent's, in the child. Take no lock: a thread that is gone may hold it."""


F = TypeVar("F", bound=Callable[[], object])

PATIENCE = 5.0
"""How long a fork waits for the threads of ours, in seconds."""

importing = threading.RLock()
"""To hold while a thread of ours imports something; on an event loop made here there is no need."""

_owned: weakref.WeakSet[Owned] = weakref.WeakSet()
_selectors: weakref.WeakValueDictionary[int, _Selector] = weakref.WeakValueDictionary()
_resets: list[Callable[[], object]] = []
_held = threading.local()


def own(thing: Owned) -> None:
    """Have its ``_forked`` called in every child that is forked while it lives."""
    _owned.add(thing)


def in_child(reset: F) -> F:
    """Have a function called in every child, after all objects; a decorator."""
    _resets.append(reset)
    return reset


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop that lets no fork come between its steps, and does nothing for the parent in a child.

    Close it on the thread that has run it.
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
    """Waits for files, and lets a process be forked only meanwhile."""

    loop: Callable[[], asyncio.AbstractEventLoop | None]

    def __init__(self) -> None:
        super().__init__()
        self.turn = threading.RLock()
        self._in_turn = False

    def select(self, timeout: float | None = None) -> Any:
        """Wait. The loop's own thread calls this, and does its work between two calls."""
        self._rest()
        try:
            return super().select(timeout)
        finally:
            self.turn.acquire()
            self._in_turn = True

    def close(self) -> None:
        """Close it, after which there is no work any more."""
        self._rest()
        super().close()

    def cut(self) -> None:
        """Take the files away, in the child.

        Each descriptor stays in use, lest its number be given to another file that its old owner would close; but it
        leads nowhere. What the kernel knows of the waiting is shared with the parent, so the child gets its own.
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
    for lock in (importing, *(selector.turn for selector in _living())):
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
