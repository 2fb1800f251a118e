"""The one background thread whose event loop owns every socket.

A socket on the kernel's own loop dies while a cell is busy; one on this loop does not. The thread starts with the
first session and ends with the last. It is a daemon and made of the standard library only: a thread pool's portal
would hold up the interpreter's exit, and costs a coroutine for every call.
"""

from __future__ import annotations

import asyncio
import threading

from dpyauth.threads import Thread


class Background:
    """A reference-counted event loop in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def acquire(self) -> asyncio.AbstractEventLoop:
        """The running loop; give it back with ``release``."""
        with self._lock:
            if self._loop is None:
                loop = self._loop = asyncio.new_event_loop()
                self._thread = Thread(lambda: self._run(loop), "dpyauth")
                self._thread.start()
            self._users += 1
            return self._loop

    def release(self) -> None:
        """One user less; the last one stops the thread and waits for its end."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        assert loop is not None
        assert thread is not None
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(timeout=5)

    def inside(self) -> bool:
        """Whether the caller runs on the background thread, where waiting for it would never end."""
        return self._thread is threading.current_thread()

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        # Not asyncio.Runner: it handles signals, which is the main thread's business.
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


background = Background()
