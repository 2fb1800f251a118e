"""The one sandbox of this process, for all lessons and cells to share."""

from __future__ import annotations

import atexit
import functools
import threading

from dpyauth import _forks
from dpyauth.sandbox.sandbox import Sandbox

_sharing = threading.RLock()


def shared() -> Sandbox:
    """Return the one sandbox of this process, started when first asked for.

    Returns
    -------
    Sandbox
        Running until the process ends. A forked process has one of its own.

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
