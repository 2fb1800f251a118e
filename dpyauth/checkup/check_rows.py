"""Represent one line of a check-up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from dpyauth.errors import ApiError
from dpyauth.secret import scrub

Result = Literal["ok", "note", "problem"]


class Row(NamedTuple):
    """One check and its result. It is meant to be published, so it names neither the user nor their files."""

    group: str
    check: str
    result: Result
    found: str
    advice: str = ""
    """Advice; empty if there is nothing to do."""


def clean(text: str) -> str:
    """Return a text without secrets and without the path of the user's home folder."""
    home = str(Path.home())
    return str(scrub(text)).replace(home, "~") if len(home) > 1 else str(scrub(text))


_CODE = re.compile(r"HTTP\d{3}|[A-Z]([A-Za-z]|\d{1,2}(?!\d)){1,63}", re.ASCII)
"""Pattern of Deriv's error codes; nothing personal looks like this."""

_WHOSE = re.compile(
    r"(?<![^\s@])[^\s@]++@[^\s@]+|\b[A-Za-z]{2,5}_?\d{4,}\b|\b(?!127\.)\d{1,3}(\.\d{1,3}){3}\b", re.ASCII
)
"""Pattern of an e-mail address, a login ID or an internet address."""


def code_of(error: ApiError) -> str:
    """Return the code of an error. Its text is not shown, because a server may name the user in it."""
    return error.code if _CODE.fullmatch(error.code) else "an error"


def heard(text: str) -> str:
    """Return a text from a server without anything that identifies the user."""
    return _WHOSE.sub("…", clean(text))


def guarded(group: str, check: str, look: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """Yield the rows of a check. A check that fails yields a row too, so that the other checks still run."""
    try:
        for row in look():
            yield row._replace(found=clean(row.found), advice=clean(row.advice))
    except Exception as error:  # show only its type: the text may contain paths of this machine
        yield Row(group, check, "note", f"could not be checked ({type(error).__name__})")
