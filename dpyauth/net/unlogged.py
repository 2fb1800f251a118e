"""Keep secrets out of what HTTP libraries log of dpyauth's own requests: headers, and addresses with their queries."""

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
    """Let those libraries log no more than that there was a request, whatever their levels.

    Requests that others make with them are logged as ever, also at the same time.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_bare)  # of no effect where it is there already
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


def _bare(record: logging.LogRecord) -> bool:
    """Return whether a record may be written; remove from our own ones what may be secret."""
    if not _ours.get():
        return True
    record.msg, record.args = re.sub(r"\?[^\s\"']*", "?…", scrub(record.getMessage())), ()
    return record.levelno >= logging.INFO  # below, they write down headers
