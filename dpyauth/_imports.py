"""Imports that an interrupt cannot break off in the middle."""

from __future__ import annotations

import importlib
import sys
import threading

from dpyauth import _forks
from dpyauth._threads import Thread


def load(*names: str) -> None:
    """Import other people's packages on a thread of its own, which no interrupt reaches, and wait for that.

    Some of them, such as numpy, cannot be imported again in a process where their import was broken off. Where one
    is missing, that shows when it is imported where it is needed.
    """
    if all(name in sys.modules for name in names) or threading.current_thread() is not threading.main_thread():
        return
    done = threading.Event()

    def work() -> None:
        try:
            with _forks.importing:
                for name in names:
                    importlib.import_module(name)
        except Exception:
            pass
        finally:
            done.set()

    Thread(work, "dpyauth-import").start()
    while not done.wait(0.5):
        pass
