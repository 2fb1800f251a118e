"""What several test modules use, and no fixture has to make."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def on_thread(function: Callable[[], Any]) -> Future[Any]:
    """Run something on a thread of its own."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


class Time:
    """Stands in for the module `time`; goes on when told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True
