"""The one sandbox of this process, which all lessons and cells share."""

from __future__ import annotations

import atexit
import functools
import threading

from dpyauth import _forks
from dpyauth.sandbox.sandbox import Sandbox

_sharing = threading.RLock()


def shared() -> Sandbox:
    """Return the one sandbox of this process; start it at the first call.

    Returns
    -------
    Sandbox
        Sandbox that runs until the process ends. A forked process has its own.

    Examples
    --------
    >>> from dpyauth.sandbox import shared
    >>> shared() is shared()
    True
    """
    with _sharing:
        return _shared().start()


@functools.cache
def _shared() -> Sandbox:
    sandbox = Sandbox()
    atexit.register(sandbox.stop)
    return sandbox


@_forks.in_child
def _begin_anew() -> None:
    global _sharing
    _sharing = threading.RLock()
    _shared.cache_clear()
