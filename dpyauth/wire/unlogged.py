"""Keeps dpyauth's own requests out of what HTTP libraries log: whole headers and addresses, tokens and all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LIBRARIES = ("httpx", "httpcore", "hpack", "h11", "h2", "oauthlib", "urllib3")

_ours = ContextVar("dpyauth_request", default=False)


@contextmanager
def unlogged() -> Iterator[None]:
    """Have those libraries log nothing of what is done within, at any level.

    Requests that others make with them are logged as ever, also at the same time.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_is_not_ours)  # of no effect where it is there already
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


def _is_not_ours(record: logging.LogRecord) -> bool:
    return not _ours.get()
