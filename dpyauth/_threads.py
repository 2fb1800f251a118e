"""Start threads so that no interrupt leaves one half started, and ipykernel does not record them."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable


class Thread(threading.Thread):
    """Daemon thread: it does not keep the program from ending.

    ipykernel 6 records the parent of every thread by identifier, and identifiers are reused for new threads. So the
    records can form a circle; a thread in the circle that prints or logs a line then hangs forever. ipykernel does not
    record a thread that has a ``run`` method of its own, and this ``run`` removes the record of an earlier thread with
    the same identifier.

    Parameters
    ----------
    work : callable
        Function to call.
    name : str
        Name of the thread.
    """

    def __init__(self, work: Callable[[], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._running = threading.Event()

    def start(self) -> None:
        """Start in one step that no interrupt can split, and wait until the thread runs."""
        # threading.Thread.start() has several steps, and Python raises KeyboardInterrupt in the main thread between
        # any two of them: the thread could run although start() raised, or stay listed as starting forever. A bare
        # thread does those steps instead, as no interrupt reaches it.
        _thread.start_new_thread(super().start, ())
        self._running.wait()

    def run(self) -> None:
        """Call the function."""
        self._running.set()
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "_thread_to_parent", {}).pop(self.ident, None)
        try:
            self._work()
        finally:
            del self._work  # a reference to the thread must not keep alive what its function refers to

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread ends, for at most ``timeout`` seconds; it must have been started."""
        if self._running.wait(timeout):
            super().join(timeout)
