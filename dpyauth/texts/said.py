"""Say an error in English, and let a panel or a prompt say the same in the user's language.

Errors keep their English text, so that a search finds it. Their texts are in the files `FILES` of each language; the
key of a text is also the code of the error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self, cast, overload

from dpyauth.texts import Either, Translated, fill, texts
from dpyauth.texts.languages import ENGLISH

FILES = ("errors", "session", "calls", "meanings", "doctor", "command")
"""Names of the files with these texts: those of errors and of sessions, and others that are said in several places."""


class Said(Translated):
    """English text that knows its key and its values, so that `in_language` can say it in another language.

    In English, numbers and lists are written as babel would write them, but without it: it is slow to import.

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
        text = super().__new__(cls, cls._say(key, values, ENGLISH))
        text.key, text.values = key, dict(values)
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.key, self.values

    def changed(self, change: Callable[[str], str]) -> Self:
        """Return this text with ``change`` made to all its values, such as the removal of secrets."""
        if change(self) == str(self):
            return self
        made = type(self)(self.key, {name: _changed(value, change) for name, value in self.values.items()})
        left = change(made)  # in a value of another type, or across two values: rather no translation than a secret
        return made if left == str(made) else cast("Self", _Joined(self.key, {"parts": [left], "by": ""}))

    def said_in(self, language: str) -> str:
        """Return this text in a language."""
        return self._say(self.key, self.values, language)

    @staticmethod
    def _say(key: str, values: Mapping[str, object], language: str) -> str:
        words = texts(*FILES, language=language)
        as_written = _in_english if words.english else _translated
        filled = {name: as_written(value, words["lang"]) for name, value in values.items()}
        return fill(words.form(key, values.get("count")), words["lang"], filled)


class _Clause(Said):
    """Text without its full stop."""

    __slots__ = ()

    @staticmethod
    def _say(key: str, values: Mapping[str, object], language: str) -> str:
        return in_language(cast("str", values["text"]), language).rstrip(".")


class _Joined(Said):
    """Whole texts, one after the other."""

    __slots__ = ()

    @staticmethod
    def _say(key: str, values: Mapping[str, object], language: str) -> str:
        parts = cast("list[str]", values["parts"])
        return str(values["by"]).join(in_language(each, language) for each in parts)


def said(key: str, /, **values: object) -> Said:
    """Return the text of an error in English.

    Examples
    --------
    >>> from dpyauth.texts.said import in_language, said
    >>> text = said("internal", error="KeyError")
    >>> text
    'Internal error in dpyauth: KeyError. Try again.'
    >>> in_language(text, "es") == text
    False
    """
    return Said(key, values)


@overload
def clause(text: Said) -> Said: ...


@overload
def clause(text: str) -> str: ...


def clause(text: str) -> str:
    """Return a text without its full stop, to stand after a colon or in brackets within another text."""
    return _Clause(text.key, {"text": text}) if isinstance(text, Said) else text.rstrip(".")


@overload
def joined(first: Said, *others: str, by: str = " ") -> Said: ...


@overload
def joined(first: str, *others: str, by: str = " ") -> str: ...


def joined(first: str, *others: str, by: str = " ") -> str:
    """Return sentences, or items, one after the other; empty ones are left out. The key is that of the first."""
    parts = [*filter(None, (first, *others))]
    if not any(isinstance(each, Said) for each in parts):
        return by.join(parts)
    return _Joined(getattr(parts[0], "key", ""), {"parts": parts, "by": by}) if len(parts) > 1 else parts[0]


def parts(text: str) -> list[str]:
    """Return the texts that `joined` has put one after the other; any other text by itself."""
    return list(cast("list[str]", text.values["parts"])) if isinstance(text, _Joined) else [text]


def in_language(text: str, language: str) -> str:
    """Return a text in another language, if it is `Said`; any other text stays as it is."""
    return text.said_in(language) if isinstance(text, Said) else text


def _translated(value: object, language: str) -> object:
    if isinstance(value, list | tuple):
        return type(value)(_translated(each, language) for each in value)
    if isinstance(value, float):
        return _rounded(value)
    return in_language(value, language) if isinstance(value, str) else value


def _in_english(value: object, language: str) -> str:
    if isinstance(value, list | tuple):
        *most, last = [str(each) for each in value] or [""]
        word = "or" if isinstance(value, Either) else ""
        if not word or not most:
            return ", ".join([*most, last])
        return f"{', '.join(most)}{',' * (len(most) > 1)} {word} {last}"
    if isinstance(value, float):
        value = _rounded(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _rounded(value: float) -> float:
    """Return a number with the digits that a text shows: at most six, and none after the point if they are zeros."""
    rounded = float(f"{value:g}")
    return int(rounded) if rounded.is_integer() else rounded


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, list | tuple):
        return type(value)(_changed(each, change) for each in value)
    if isinstance(value, Said):
        return value.changed(change)
    return change(value) if isinstance(value, str) else value
