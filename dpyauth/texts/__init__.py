"""Read the texts that users see, in their language.

Each folder here is a language, named by its BCP 47 tag, with the same files as ``en``: one for each panel, ``common``
for what all panels say, ``errors`` for the errors on the way in, and so on. To add a language, add a folder; no code
names one. A text without a translation appears in English.

In a text, ``{name}`` stands for a value. A text whose value is an object has one form for each plural category of the
language (CLDR's: ``one``, ``other``, …), chosen by ``{count}``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpyauth.texts.languages import ENGLISH, FOLDER, negotiated

if TYPE_CHECKING:
    import datetime

    from babel import Locale


_TAGS = 100
"""Most tags of languages whose texts stay in memory: a browser may send any."""

_PLURAL = frozenset({"zero", "one", "two", "few", "many", "other"})


class Either(tuple[object, ...]):
    """Values of which one is meant. A text that is filled with them has "or" before the last, in its language."""


class Translated(str):
    """Text that can be said in other languages; as a value of another text, it is said in that text's language."""

    __slots__ = ()

    def said_in(self, language: str) -> str:
        """Return the text in a language."""
        raise NotImplementedError


class Words(dict[str, str]):
    """Texts in one language by key; call it to fill in values.

    A text with plural forms has the key of its ``other`` form, and ``key.one`` and so on for the rest, so that all of
    it is flat for the browser. ``lang`` is the tag of the language, with the user's region: that decides how numbers
    and dates look.

    Examples
    --------
    >>> from dpyauth.texts import texts
    >>> texts("card", language="en")("stake_in", count=1)
    'In 1 open contract'
    """

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with values filled in. A number is written as the language writes it, a list with commas."""
        return fill(self.form(key, values.get("count")), self["lang"], values)

    @property
    def english(self) -> bool:
        """True if the language is English, that of raised errors. It needs no babel, which is slow to import."""
        return self["lang"].split("-")[0] == ENGLISH

    def form(self, key: str, count: object = None) -> str:
        """Return a text before values are filled in, in the form for a number of things."""
        if f"{key}.one" not in self or not isinstance(count, int | float | Decimal):
            return self[key]
        if self.english:
            return self[f"{key}.one"] if count == 1 else self[key]
        with localcontext(Context()):
            return self.get(f"{key}.{locale(self['lang']).plural_form(count)}", self[key])


@functools.lru_cache(_TAGS)
def texts(*files: str, language: str, app: bool = False, folder: Path = FOLDER) -> Words:
    """Return the texts of files by key, those of later files first, and in English what this language lacks.

    Parameters
    ----------
    files : str
        Names of files, such as ``"card"``. All have the texts of ``common``, too.
    language : str
        Tag of the language, such as ``"es"`` or ``"pt-BR"``.
    app : bool
        True where the user cannot run cells: texts whose key begins with ``app_`` replace the others there.
    folder : Path
        Folder of the languages.
    """
    found: dict[str, Any] = {}
    for each in dict.fromkeys((ENGLISH, negotiated(language, folder))):
        for name in ("common", *files):
            found |= read(each, name, folder)
        tag = language if each.split("-")[0] == language.split("-")[0] else each
    if app:
        found |= {key.removeprefix("app_"): text for key, text in found.items() if key.startswith("app_")}
    return Words(_flat(found), lang=tag)


@functools.cache
def read(language: str, name: str, folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return a file of a language as it is; empty if the language does not have it."""
    file = folder / language / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def fill(text: str, language: str, values: Mapping[str, object]) -> str:
    """Fill values in for the ``{names}`` of a text. The signs ``{{`` and ``}}`` stand for single braces."""
    return text.format_map({name: _written(value, language) for name, value in values.items()})


def number(value: float | Decimal, language: str, *, places: int = 0) -> str:
    """Return a number as the language writes it, with all its digits and at least so many decimal places."""
    from babel.numbers import format_decimal

    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    _, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        return str(value)  # not a number, or infinite
    places = max(places, -exponent)
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    with localcontext(Context(prec=len(digits) + abs(exact.adjusted()) + places + 1)):  # babel rounds to the user's
        return format_decimal(exact, pattern, locale(language))


def listed(items: Iterable[object], language: str, last: str = "") -> str:
    """Return items as a list within a sentence.

    Parameters
    ----------
    items : iterable
        Items; each is written with ``str``.
    language : str
        Tag of the language.
    last : {"", "or", "and"}
        Word before the last item, in the language; by default only the comma.
    """
    from babel.lists import format_list

    shown, known = [str(_translated(item, language)) for item in items], locale(language)
    if last:
        return format_list(shown, "or" if last == "or" else "standard", known)
    comma: str = known.list_patterns["standard"]["middle"].format("", "")
    return comma.join(shown)


def date(value: datetime.date, language: str) -> str:
    """Return a date as the language writes it, with the name of the month: that cannot be misread."""
    from babel.dates import format_date

    return format_date(value, "medium", locale=locale(language))


@functools.lru_cache(_TAGS)
def locale(language: str) -> Locale:
    """Return what babel knows about a language; if it does not know the region, without it."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(negotiated(language), sep="-")


def _written(value: object, language: str) -> object:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return number(value, language)
    if isinstance(value, list | tuple):
        return listed(value, language, "or" if isinstance(value, Either) else "")
    return _translated(value, language)


def _translated(value: object, language: str) -> object:
    return value.said_in(language) if isinstance(value, Translated) else value


def _flat(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts with one key for each plural form."""
    flat: dict[str, str] = {}
    for key, text in found.items():
        if isinstance(text, dict):
            flat[key] = text["other"]
            flat |= {f"{key}.{category}": form for category, form in text.items() if category in _PLURAL - {"other"}}
        else:
            flat[key] = text
    return flat
