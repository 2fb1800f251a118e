"""Say an error in English, and let a panel or a prompt say the same in the user's language.

Errors keep their English text, so that a search finds it. Their texts are in the files `FILES` of each language; the
key of a text is also the code of the error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from dpyauth.texts import Words, texts
from dpyauth.texts.languages import ENGLISH

FILES = ("errors", "session", "calls")
"""Names of the files with these texts: of settings and credentials, of sessions, and of calls."""


class Said(str):
    """English text that knows its key and its values, so that `in_language` can say it in another language.

    Parameters
    ----------
    key : str
        Key of the text.
    values : mapping
        Values to fill in. Those that are themselves `Said` are translated, too.
    """

    __slots__ = ("key", "values")

    key: str
    values: Mapping[str, object]

    def __new__(cls, key: str, values: Mapping[str, object]) -> Self:
        """Fill the values in, in English."""
        text = super().__new__(cls, _in(texts(*FILES, language=ENGLISH), key, values))
        text.key, text.values = key, dict(values)
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.key, self.values

    def changed(self, change: Callable[[str], str]) -> str:
        """Return this text with ``change`` made to all its values, such as the removal of secrets."""
        if change(self) == str(self):
            return self
        return Said(self.key, {name: _changed(value, change) for name, value in self.values.items()})


def said(key: str, /, **values: object) -> Said:
    """Return the text of an error in English.

    Examples
    --------
    >>> from dpyauth.texts.said import in_language, said
    >>> text = said("closed_text")
    >>> text == in_language(text, "en")
    True
    """
    return Said(key, values)


def in_language(text: str, language: str) -> str:
    """Return a text in another language, if it is `Said`; any other text stays as it is."""
    return _in(texts(*FILES, language=language), text.key, text.values) if isinstance(text, Said) else text


def _in(words: Words, key: str, values: Mapping[str, object]) -> str:
    language = words["lang"]
    return words(key, **{name: _translated(value, language) for name, value in values.items()})


def _translated(value: object, language: str) -> object:
    if isinstance(value, list | tuple):
        return type(value)(_translated(each, language) for each in value)
    return in_language(value, language) if isinstance(value, str) else value


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, list | tuple):
        return type(value)(_changed(each, change) for each in value)
    if isinstance(value, Said):
        return value.changed(change)
    return change(value) if isinstance(value, str) else value
