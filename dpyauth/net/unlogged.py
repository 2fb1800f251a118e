"""Keep secrets out of what HTTP libraries log about dpyauth's requests: headers, and addresses with queries."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dpyauth.secret import scrub

_LIBRARIES = ("httpx", "httpcore", "hpack", "h11", "h2", "oauthlib", "urllib3")

_ours = ContextVar("dpyauth_request", default=False)


@contextmanager
def unlogged() -> Iterator[None]:
    """Allow those libraries to log only that there was a request, whatever their log levels are.

    Requests that other code makes with them, even at the same time, are logged as usual.
    """
    # On every use, and for every logger: modules that are imported later add further loggers, and the filter of a
    # parent logger does not apply to what its children log.
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_bare)  # has no effect the second time
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


def _bare(record: logging.LogRecord) -> bool:
    """Return whether a record may be logged; remove what may be secret from records about our requests."""
    if not _ours.get():
        return True
    record.msg, record.args = re.sub(r"\?[^\s\"']*", "?…", scrub(record.getMessage())), ()
    return record.levelno >= logging.INFO  # at lower levels the libraries log headers
