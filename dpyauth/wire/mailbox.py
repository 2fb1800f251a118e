"""From any thread into an event loop, waking it once for many messages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class Mailbox:
    """Work for one event loop, done there in the order it was posted."""

    __slots__ = ("_after", "_called", "_loop", "_work")

    def __init__(self, loop: asyncio.AbstractEventLoop, after: Callable[[], None] | None = None) -> None:
        self._loop = loop
        self._after = after
        self._work: deque[tuple[Callable[..., Any], Any]] = deque()
        self._called = False

    def post(self, function: Callable[[Any], Any], argument: Any) -> None:
        """Have the loop call a function. Raises ``RuntimeError`` when the loop is closed."""
        self._work.append((function, argument))
        # Whoever sets the flag wakes the loop. The loop clears it before it looks, so nothing stays behind.
        if not self._called:
            self._called = True
            try:
                self._loop.call_soon_threadsafe(self._empty)
            except RuntimeError:
                self._called = False  # so that the next one is told, too
                raise

    def _empty(self) -> None:
        self._called = False
        work = self._work
        try:
            while work:
                function, argument = work.popleft()
                function(argument)
        finally:
            if work:  # a function failed: the others are not to suffer for it
                self._loop.call_soon(self._empty)
            if self._after is not None:
                self._after()
