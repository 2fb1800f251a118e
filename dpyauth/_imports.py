"""Import packages so that an interrupt cannot stop an import halfway."""

from __future__ import annotations

import importlib
import sys
import threading

from dpyauth import _forks
from dpyauth._threads import Thread


def load(*names: str) -> None:
    """Import packages on a separate thread, which no interrupt reaches, and wait for it.

    Some packages, such as numpy, cannot be imported again in a process in which their import was interrupted. A package
    that is missing raises no error here, but where it is used.
    """
    if all(name in sys.modules for name in names) or threading.current_thread() is not threading.main_thread():
        return
    done = threading.Event()

    def work() -> None:
        try:
            with _forks.loading:
                for name in names:
                    importlib.import_module(name)
        except Exception:
            pass
        finally:
            done.set()

    Thread(work, "dpyauth-import").start()
    while not done.wait(0.5):
        pass
