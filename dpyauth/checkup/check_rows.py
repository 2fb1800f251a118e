"""Represent one line of a check-up."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Self

from dpyauth.errors import ApiError
from dpyauth.secret import scrub
from dpyauth.texts.said import Said, in_language, said

Result = Literal["ok", "note", "problem"]


class Row(NamedTuple):
    """One check and its result. It is meant to be published, so it names neither the user nor their files."""

    group: str
    check: str
    result: Result
    found: str
    advice: str = ""
    """Advice; empty if there is nothing to do."""

    def in_language(self, language: str) -> Self:
        """Return the row with its texts in a language."""
        group, check, _, found, advice = (in_language(text, language) for text in self)
        return self._replace(group=group, check=check, found=found, advice=advice)


def clauses(*texts: str) -> str:
    """Return one text that says all of this, one after the other, without those that are empty."""
    return _joined("clauses", texts)


def both(*names: str) -> str:
    """Return names within a sentence, with "and" between them."""
    return _joined("both", names)


def _joined(key: str, texts: Iterable[str]) -> str:
    there = [text for text in texts if text]
    return functools.reduce(lambda first, second: said(key, first=first, second=second), there) if there else ""


def clean(text: str) -> str:
    """Return a text without secrets and without the path of the user's home folder."""
    home = str(Path.home())
    return _changed(scrub(text), lambda part: part.replace(home, "~") if len(home) > 1 else part)


def _changed(text: str, change: Callable[[str], str]) -> str:
    return text.changed(change) if isinstance(text, Said) else change(text)


_CODE = re.compile(r"HTTP\d{3}|[A-Z]([A-Za-z]|\d{1,2}(?!\d)){1,63}", re.ASCII)
"""Pattern of Deriv's error codes; nothing personal looks like this."""

_WHOSE = re.compile(
    r"(?<![^\s@])[^\s@]++@[^\s@]+|\b[A-Za-z]{2,5}_?\d{4,}\b|\b(?!127\.)\d{1,3}(\.\d{1,3}){3}\b", re.ASCII
)
"""Pattern of an e-mail address, a login ID or an internet address."""


def code_of(error: ApiError) -> str:
    """Return the code of an error. Its text is not shown, because a server may name the user in it."""
    return error.code if _CODE.fullmatch(error.code) else said("an_error")


def heard(text: str) -> str:
    """Return a text from a server without anything that identifies the user."""
    return _changed(clean(text), lambda part: _WHOSE.sub("…", part))


def guarded(group: str, check: str, look: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """Yield the rows of a check. A check that fails yields a row too, so that the other checks still run."""
    try:
        for row in look():
            yield row._replace(found=clean(row.found), advice=clean(row.advice))
    except Exception as error:  # show only its type: the text may contain paths of this machine
        yield Row(group, check, "note", said("not_checked", error=type(error).__name__))
