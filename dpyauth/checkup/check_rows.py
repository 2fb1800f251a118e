"""One line of a check-up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from dpyauth.errors import ApiError
from dpyauth.secret import scrub

Result = Literal["ok", "note", "problem"]


class Row(NamedTuple):
    """One check and its result. It is made for the public: it names no user, and no place of theirs."""

    group: str
    check: str
    result: Result
    found: str
    advice: str = ""
    """Advice; empty where there is nothing to be done."""


def clean(text: str) -> str:
    """Return a text without secrets and without the user's home folder, whatever brought it."""
    home = str(Path.home())
    return str(scrub(text)).replace(home, "~") if len(home) > 1 else str(scrub(text))


_CODE = re.compile(r"HTTP\d{3}|[A-Z]([A-Za-z]|\d{1,2}(?!\d)){1,63}", re.ASCII)
"""Pattern of what can only be a code of Deriv's."""

_WHOSE = re.compile(
    r"(?<![^\s@])[^\s@]++@[^\s@]+|\b[A-Za-z]{2,5}_?\d{4,}\b|\b(?!127\.)\d{1,3}(\.\d{1,3}){3}\b", re.ASCII
)
"""An e-mail address, a login ID or an address on the internet."""


def code_of(error: ApiError) -> str:
    """Return the code of an error, which is all that is shown of it: a server's words may say whose it is."""
    return error.code if _CODE.fullmatch(error.code) else "an error"


def heard(text: str) -> str:
    """Return a text that may hold a server's words without what tells whose they are."""
    return _WHOSE.sub("…", clean(text))


def guarded(group: str, check: str, look: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """Go through the rows of a check. One that fails is a row, too: what is checked here may be broken in any way."""
    try:
        for row in look():
            yield row._replace(found=clean(row.found), advice=clean(row.advice))
    except Exception as error:  # its text is not shown: it may name places of this machine
        yield Row(group, check, "note", f"could not be looked at ({type(error).__name__})")
